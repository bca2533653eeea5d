"""Writers killed in the middle of their work: python -m benchmarks.store_crashes [kills]"""

import sys
import time

from benchmarks.store_bench import postgresql, sqlite
from tests.db import crashes
from tests.db.samples import MINUTE, sensor_and_source


def main(kills: int) -> None:
    """Kill so many writers on each database, in rounds of 50 on a series each; stop at the first loss."""
    for kind in (sqlite, postgresql):
        with kind() as bench:
            url, runs, begun = bench.database.url.render_as_string(False), 0, time.perf_counter()
            for _ in range(kills // 50):
                sensor, source = sensor_and_source(bench.database, resolution=5 * MINUTE)
                runs += crashes.torment(bench.database, url, sensor, source, kills=50)
            took = time.perf_counter() - begun
            print(
                f"{bench.name}: {kills} kills, {runs} runs of 576 acknowledged, 0 lost, 0 in part; {took:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
