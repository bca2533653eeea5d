"""Rows 20 to 25: what needs whole numbers, planned within a limit of processor time: seconds taken and gap reached.

python -m benchmarks.scheduling_search [seconds [numpy]]

Machine code is loaded before, unless numpy alone is to be measured.
"""

import sys
from collections.abc import Callable
from time import thread_time

import numpy as np

from engine.schedulers.storage_scheduler import StorageScheduler
from engine.search.paths.machine_code import MACHINE_CODE
from engine.site import Site
from engine.solve import budget, highs
from tests.engine.scheduling.hard_sites import batteries, bent_batteries, cars, day, hourly, machines

CASES: dict[str, Callable[[], Site]] = {
    "1×96, 0.20 / 0.90": lambda: batteries(1, 96, 0.2, 0.9),
    "1×96, hourly / 0.90": lambda: batteries(1, 96, hourly(96, 0.1, 0.4), 0.9),
    "1×192, 0.20 / 0.90": lambda: batteries(1, 192, 0.2, 0.9),
    "1×192, mixed signs": lambda: batteries(1, 192, *np.random.default_rng(1).uniform(-0.1, 0.4, (2, 192))),
    "1×96 with peak, hourly / 0.90": lambda: batteries(1, 96, hourly(96, 0.1, 0.4), 0.9, peak=0.2),
    "1×192 with peak, hourly / 0.35": lambda: batteries(1, 192, hourly(192, 0.1, 0.4), 0.35, peak=1.0),
    "5×192 alike, 0.20 / 0.25": lambda: batteries(5, 192, 0.2, 0.25),
    "5×192 alike, hourly / + 0.05": lambda: batteries(5, 192, hourly(192, 0.1, 0.4), hourly(192, 0.1, 0.4) + 0.05),
    "5×96 unlike, hourly / 0.50": lambda: batteries(5, 96, hourly(96, 0.1, 0.4), 0.5, alike=False),
    "5×192 unlike, hourly / 0.90": lambda: batteries(5, 192, hourly(192, 0.1, 0.4), 0.9, alike=False),
    "1×96 with curves": lambda: bent_batteries(1, 96, day(96)[0], day(96)[0] - 0.02),
    "5×96 with curves": lambda: bent_batteries(5, 96, day(96)[0], day(96)[0] - 0.02),
    "5×96 with curves and a peak": lambda: bent_batteries(5, 96, hourly(96, 0.1, 0.4), 0.08, peak=1.0),
    "cars 2×96": lambda: cars(2, 96),
    "cars 5×96 unlike": lambda: cars(5, 96, alike=False),
    "cars 10×96 unlike": lambda: cars(10, 96, alike=False),
    "cars 20×96": lambda: cars(20, 96),
    "cars 20×96 unlike": lambda: cars(20, 96, alike=False),
    "machines 5×96": lambda: machines(5, 96),
    "machines 10×96": lambda: machines(10, 96),
    "machines 20×96": lambda: machines(20, 96),
}


def measure(limit: float) -> None:
    """Print a row for each case."""
    print("| site | CPU s | gap | status |\n|---|---|---|---|")
    for name, draw in CASES.items():
        site = draw()
        began = thread_time()
        plan = StorageScheduler(time_limit=limit, gap=0.001).compute(site)
        print(f"| {name} | {thread_time() - began:.2f} | {100 * plan.gap:.2g} % | {plan.status.value} |", flush=True)


if __name__ == "__main__":
    # Processor time counts here, however busy the machine is.
    for module in (budget, highs):
        vars(module)["SLOWEST"] = 100.0
    MACHINE_CODE.worthwhile = float("inf")
    if sys.argv[2:] != ["numpy"]:
        MACHINE_CODE.load()
    measure(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
