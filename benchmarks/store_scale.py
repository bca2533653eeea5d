"""50 million beliefs on both databases, size and speed: python -m benchmarks.store_scale [millions]

A third of the series are rolling forecasts (48 hours of 5 minutes every 150 minutes, 19 beliefs per event), written run
by run as they would come in; the others are a measurement per event, written a day at a time.
"""

import sys
import time

import numpy as np
from sqlalchemy import text

from benchmarks.store_bench import Bench, postgresql, sqlite
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.sensors import Sensor
from db.sources import named
from tests.db.samples import DAY, LATER, MINUTE, NOON, add_sensor, steps

STEP, YEAR, RUNS = 5 * MINUTE, 105_120, 3504


def load(bench: Bench, millions: float) -> int:
    """Write half of the beliefs as forecasts and half as measurements; return how many there are."""
    dice, count, half = np.random.default_rng(3), 0, int(millions * 5e5)
    events, values = steps(NOON, YEAR + 1000, STEP), dice.normal(size=YEAR + 1000)
    with bench.database.writing() as session:
        source = named(session, "model")
    while count < half:
        with bench.database.writing() as session:
            sensor = add_sensor(session, resolution=STEP)
        for run in range(RUNS):
            at = slice(run * 30, run * 30 + 576)
            with bench.database.writing() as session:
                known = NOON + run * 30 * STEP
                drawn = dice.normal(size=len(events[at]))
                count += store.write(session, sensor, source, events=events[at], values=drawn, known_at=known).stored
    while count < 2 * half:
        with bench.database.writing() as session:
            sensor = add_sensor(session, resolution=STEP)
        for day in range(0, YEAR, 288):
            at = slice(day, day + 288)
            with bench.database.writing() as session:
                known = events[at] + 300_000_000
                count += store.write(
                    session, sensor, source, events=events[at], values=values[at], known_at=known
                ).stored
    return count


def megabytes(bench: Bench) -> float:
    """Return the size of everything in the database."""
    if bench.is_sqlite:
        with bench.database.engine.connect() as connection:
            connection.connection.driver_connection.execute("pragma wal_checkpoint(truncate)")
        return (bench.folder / "bench.db").stat().st_size / 1e6
    with bench.database.reading() as session:
        return float(session.execute(text("select pg_database_size(current_database())")).scalar_one()) / 1e6


def measure(bench: Bench, millions: float) -> None:
    """Load one database, weigh and read it."""
    before, wall = bench.cpu_ms(), time.perf_counter()
    count = load(bench, millions)
    cpu, took, size = (bench.cpu_ms() - before) / 1000, time.perf_counter() - wall, megabytes(bench)
    print(f"{bench.name}: {count / 1e6:.1f} M beliefs in {cpu:.0f} s CPU ({count / cpu / 1e6:.2f} M/s), {took:.0f} s")
    print(f"{bench.name}: {size:.0f} MB, {size * 1e6 / count:.1f} bytes each")
    with bench.database.reading() as session:
        sensor = get(session, Sensor, 1)

    def month(_: int) -> None:
        with bench.database.reading() as session:
            store.read(session, sensor, BeliefQuery(NOON + 90 * DAY, NOON + 120 * DAY, known_at=LATER))

    print(f"{bench.name}: month of a forecast sensor, latest: {bench.measure(month, times=20):.2f} ms", flush=True)


if __name__ == "__main__":
    for kind in (sqlite, postgresql):
        with kind() as made:
            measure(made, float(sys.argv[1]) if len(sys.argv) > 1 else 50.0)
