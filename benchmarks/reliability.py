"""Does anything get lost, and does anything stop: real servers that are killed, cut off, filled, locked and crowded.

    python -m benchmarks.reliability [--short] [scenario ...]

Each scenario is bounded in count and time and prints one row of the table of benchmarks/reliability.md per kind of
installation; ``--short`` does a tenth or less. The exit code is 1 if a row does not hold. Only what it started itself
is killed; a full disk is a small one of its own, which needs root.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import reliability_crowds as crowds
from benchmarks import reliability_faults as faults
from benchmarks.reliability_services import BOTH, POSTGRES, SQLITE
from benchmarks.reliability_table import Bound, Row


@dataclass(frozen=True)
class Scenario:
    """One way to make it hard, for some kinds of installation."""

    run: Callable[[str, Bound], Row]
    full: Bound
    short: Bound
    kinds: tuple[str, ...] = BOTH


SCENARIOS = {
    "kills": Scenario(faults.kills, Bound(100, 1500), Bound(4, 30)),
    "database-restart": Scenario(faults.database_restart, Bound(5, 120), Bound(1, 30), (POSTGRES,)),
    "redis-restart": Scenario(faults.redis_restart, Bound(5, 120), Bound(1, 30), (POSTGRES,)),
    "disk-full": Scenario(faults.disk_full, Bound(3, 180), Bound(1, 60)),
    "locked": Scenario(faults.locked, Bound(1, 45), Bound(1, 5), (SQLITE,)),
    "slow": Scenario(crowds.slow, Bound(500, 90), Bound(50, 15)),
    "requests": Scenario(crowds.many_requests, Bound(20_000, 480), Bound(500, 20)),
    "pages": Scenario(crowds.pages, Bound(50, 420), Bound(4, 120), (SQLITE,)),
    "generated": Scenario(crowds.generated, Bound(10_000, 480), Bound(200, 20)),
    "worst": Scenario(crowds.worst, Bound(1000, 120), Bound(20, 15)),
}


def main() -> int:
    """Run the scenarios that are named, or all; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="scenario", help=", ".join(SCENARIOS))
    parser.add_argument("--short", action="store_true", help="a few minutes in all")
    parser.add_argument("--on", choices=("sqlite", "postgres"), help="one kind of installation only")
    asked = parser.parse_args()
    if unknown := set(asked.scenarios) - SCENARIOS.keys():
        parser.error(f"{', '.join(sorted(unknown))} is none of {', '.join(SCENARIOS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended all the same
    held = True
    print("| Scenario | Installation | Asked | Reached | Load | Holds |\n|---|---|---|---|--:|---|", flush=True)
    for name in asked.scenarios or SCENARIOS:
        scenario = SCENARIOS[name]
        for kind in scenario.kinds:
            if asked.on and not kind.lower().startswith(asked.on):
                continue
            row = scenario.run(kind, scenario.short if asked.short else scenario.full)
            print(row, flush=True)
            held &= row.held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
