"""The store on PostgreSQL with and without hash partitions in turn: python -m benchmarks.store_partitions"""

import os
from collections.abc import Callable

import numpy as np

from benchmarks.store_bench import Bench, postgresql
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sources import named
from tests.db.samples import DAY, LATER, MINUTE, NOON, add_sensor, steps

STEP, YEAR, SENSORS, ROUNDS = 5 * MINUTE, 105_120, 40, 25


def lowest(bench: Bench, work: Callable[[int], None], times: int) -> float:
    """Return the lowest processor time of a call over some rounds [ms]."""
    work(0)
    found = []
    for lap in range(ROUNDS):
        before = bench.cpu_ms()
        for number in range(times):
            work(1 + lap * times + number)
        found.append((bench.cpu_ms() - before) / times)
    return min(found)


def measure(bench: Bench) -> dict[str, float]:
    """Return what each operation costs [ms]."""
    values = np.random.default_rng(1).normal(size=YEAR)
    with bench.database.writing() as session:
        sensors, source = [add_sensor(session, resolution=STEP) for _ in range(SENSORS)], named(session, "meter")
    for sensor in sensors:
        with bench.database.writing() as session:
            events = steps(NOON, YEAR // 4, STEP)
            store.write(session, sensor, source, events=events, values=values[: len(events)], known_at=NOON)

    def read(count: int, days: int) -> Callable[[int], None]:
        def ask(_: int) -> None:
            with bench.database.reading() as session:
                store.read_many(session, sensors[:count], BeliefQuery(NOON, NOON + days * DAY, known_at=LATER))

        return ask

    def change(number: int) -> None:
        with bench.database.writing() as session:
            event, known = steps(NOON + number % 5000 * STEP, 1, STEP), NOON + (number + 1) * MINUTE
            store.write(session, sensors[0], source, events=event, values=values[number : number + 1], known_at=known)

    return {
        "read a day": lowest(bench, read(1, 1), 20),
        "read a quarter": lowest(bench, read(1, 90), 5),
        "read a week of 20 sensors": lowest(bench, read(20, 7), 5),
        "change one value": lowest(bench, change, 20),
    }


def main() -> None:
    """Print a table."""
    found = {}
    for partitions in (0, 16, 128):
        with postgresql(partitions) as bench:
            found[partitions] = measure(bench)
    for name in found[0]:
        print(f"| {name} | {' | '.join(f'{costs[name]:.2f}' for costs in found.values())} |")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
