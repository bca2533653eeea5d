"""Store against raw SQL in the same run, CPU of both sides: python -m benchmarks.store"""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from benchmarks.store_bench import Bench, postgresql, sqlite
from db.beliefs import store
from db.beliefs.knowledge import AsOf
from db.beliefs.latest import Known
from db.beliefs.series import SeriesRow
from db.beliefs.time_range import BeliefQuery
from db.core.driver import Driver
from db.exchange import frames
from db.sensors import Sensor
from db.sources import Source, named
from tests.db.samples import DAY, LATER, MINUTE, NOON, add_sensor, steps

STEP = 5 * MINUTE
YEAR = 105_120
TABLE = "(series integer, event bigint, belief bigint, value double precision, primary key (series, event, belief))"


class Rows:
    """The same values as rows, in raw SQL: what the store is compared with."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.cursor = bench, bench.raw.cursor()
        self.cursor.execute(f"CREATE TABLE belief {TABLE}" + (" WITHOUT ROWID" if bench.is_sqlite else ""))
        bench.raw.commit()

    def insert(self, series: int, events: list[int], values: list[float]) -> None:
        """Insert without any check, in the fastest way the driver has."""
        if self.bench.is_sqlite:
            self.cursor.execute("BEGIN IMMEDIATE")
            rows = [(series, e, 0, v) for e, v in zip(events, values, strict=True)]
            self.cursor.executemany("INSERT INTO belief VALUES (?, ?, ?, ?)", rows)
        else:
            self.cursor.copy_expert(
                "COPY belief FROM STDIN WITH BINARY", io.BytesIO(self.binary(series, events, values))
            )
        self.bench.raw.commit()

    def binary(self, series: int, events: list[int], values: list[float]) -> bytes:
        kind = np.dtype([("n", ">i2"), ("l1", ">i4"), ("s", ">i4"), ("l2", ">i4"), ("e", ">i8"),
                         ("l3", ">i4"), ("b", ">i8"), ("l4", ">i4"), ("v", ">f8")])  # fmt: skip
        table = np.zeros(len(events), kind)
        for name, value in {"n": 4, "l1": 4, "s": series, "l2": 8, "e": events, "l3": 8, "l4": 8, "v": values}.items():
            table[name] = value
        return b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + table.tobytes() + struct.pack(">h", -1)

    def frame(self) -> pd.DataFrame:
        """Fetch a year as people do."""
        self.cursor.execute("SELECT event, belief, value FROM belief WHERE series = 1 ORDER BY event")
        frame = pd.DataFrame(self.cursor.fetchall(), columns=["event", "belief", "value"])
        self.bench.raw.commit()
        return frame

    def copied(self) -> Any:
        """Fetch a year in the fastest way PostgreSQL has for rows."""
        buffer = io.BytesIO()
        query = "SELECT event, belief, value FROM belief WHERE series = 1 ORDER BY event"
        self.cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH BINARY", buffer)
        kind = np.dtype(
            [("n", ">i2"), ("l1", ">i4"), ("e", ">i8"), ("l2", ">i4"), ("b", ">i8"), ("l3", ">i4"), ("v", ">f8")]
        )
        table = np.frombuffer(buffer.getbuffer()[19:-2], kind)
        self.bench.raw.commit()
        return table["e"].astype(np.int64), table["b"].astype(np.int64), table["v"].astype(np.float64)

    def one(self, session: Session, series: int, event: int, value: float) -> None:
        """Insert one row by the rules of the store: lock the series, compare with the belief before, count it."""
        driver = Driver(session)
        line = SeriesRow.locked(driver, series, 1)
        query = "SELECT belief, value FROM one_row WHERE event = ? AND belief <= ? ORDER BY belief DESC LIMIT 1"
        found = driver.rows(query, (event, 9))
        if line and (not found or found[0][1] != value):
            driver.run("INSERT INTO one_row VALUES (7, ?, ?, ?)", (event, 9, value))
            line._replace(n_beliefs=line.n_beliefs + 1, last_event_us=event, last_value=value).save(driver)


def run(bench: Bench) -> list[tuple[str, float, str]]:
    """Measure everything on one database; return what, milliseconds and the comparison."""
    dice, rows = np.random.default_rng(1), Rows(bench)
    events, values = steps(NOON, 40 * YEAR // 10, STEP), dice.normal(size=40 * YEAR // 10)
    with bench.database.writing() as session:
        sensors = [add_sensor(session, resolution=STEP) for _ in range(210)]
        source = named(session, "meter")
    found: list[tuple[str, float, str]] = []

    def write(sensor: Sensor, part: slice, known_at: Any = NOON) -> None:
        with bench.database.writing() as session:
            store.write(session, sensor, source, events=events[part], values=values[part], known_at=known_at)

    def compare(what: str, ours: float, **others: float) -> None:
        ratios = ", ".join(f"{name.replace('_', ' ')} {ms:.2f} ms: {ms / ours:.1f}x" for name, ms in others.items())
        found.append((what, ours, ratios))
        print(f"{bench.name:11}{what:42}{ours:9.3f} ms  {ratios}", flush=True)

    bulk = bench.measure(lambda i: write(sensors[200 + i], slice(0, YEAR)), times=1)
    compare("write a year (105,120) of a new series", bulk)
    compare("- beliefs per CPU second [million]", YEAR / bulk / 1000)
    rows.insert(1, events[:YEAR].tolist(), values[:YEAR].tolist())
    reads(bench, sensors[200], rows, compare)
    ten = bench.measure(lambda i: write(sensors[0], slice(10_000 * i, 10_000 * (i + 1))), times=4)
    lists = events[:10_000].tolist(), values[:10_000].tolist()
    compare("write 10,000", ten, unchecked=bench.measure(lambda i: rows.insert(100 + i, *lists), times=4))
    one_value(bench, rows, lambda i: write(sensors[1], slice(i, i + 1)), sensors[1], compare)
    overlapping(bench, sensors[2], source, compare)
    for sensor in sensors[:200]:
        write(sensor, slice(50_000, 50_000 + 8 * 288))
    week = NOON + 50_000 * STEP

    def many(_: int) -> None:
        with bench.database.reading() as session:
            store.read_many(session, sensors[:200], BeliefQuery(week, week + 7 * DAY, known_at=LATER))

    compare("200 sensors, a week, one call", bench.measure(many, times=5))
    return found


def one_value(
    bench: Bench, rows: Rows, write: Callable[[int], None], sensor: Sensor, compare: Callable[..., None]
) -> None:
    """Write the next value of a sensor, again and again, and one row by the same rules."""
    one = bench.measure(write, times=200)

    def one_row(i: int) -> None:
        with bench.database.writing() as session:
            rows.one(session, sensor.id, i, 1.0)

    with bench.database.writing() as session:
        Driver(session).run(f"CREATE TABLE one_row {TABLE}" + (" WITHOUT ROWID" if bench.is_sqlite else ""))
    compare("write one value", one, one_row_same_rules=bench.measure(one_row, times=200))


def reads(bench: Bench, sensor: Sensor, rows: Rows, compare: Callable[..., None]) -> None:
    """Read a year in every way."""

    def ours(_: int) -> Known:
        with bench.database.reading() as session:
            return store.read(session, sensor, BeliefQuery(NOON, NOON + 365 * DAY, known_at=LATER))

    others = {"fetchall_to_DataFrame": bench.measure(lambda _: rows.frame(), times=2)}
    if not bench.is_sqlite:
        others["COPY_binary_of_rows"] = bench.measure(lambda _: rows.copied(), times=3)
    compare("read a year to numpy", bench.measure(ours, times=10), **others)
    compare("read a year to pandas", bench.measure(lambda i: frames.series(ours(i), sensor), times=10))


def overlapping(bench: Bench, sensor: Sensor, source: Source, compare: Callable[..., None]) -> None:
    """Write rolling forecasts, 48 hours of 5 minutes every 150 minutes; then read them as known."""
    dice = np.random.default_rng(2)

    def forecast(i: int) -> None:
        start = NOON + i * 150 * MINUTE
        with bench.database.writing() as session:
            run = {"events": steps(start, 576, STEP), "values": dice.normal(size=576), "known_at": start}
            store.write(session, sensor, source, **run)

    compare("forecast run of 576, overlapping", bench.measure(forecast, times=100))
    for i in range(502, 3504):
        forecast(i)

    def read(_: int, known_at: Any = LATER) -> None:
        with bench.database.reading() as session:
            store.read(session, sensor, BeliefQuery(NOON, NOON + 365 * DAY, known_at=known_at))

    ahead = AsOf(known_at=LATER, horizon=6 * 60 * MINUTE)
    compare("read a year of runs, latest", bench.measure(read, times=5))
    compare("read a year of runs, prior", bench.measure(lambda i: read(i, NOON + 180 * DAY), times=3))
    compare("read a year of runs, horizon 6 h", bench.measure(lambda i: read(i, ahead), times=1))

    def replay(_: int) -> None:
        with bench.database.reading() as session:
            store.read_all(session, sensor, BeliefQuery(NOON, NOON + 365 * DAY, known_at=LATER))

    compare("read a year of runs, all 2 M beliefs", bench.measure(replay, times=1))


if __name__ == "__main__":
    for kind in (sqlite, postgresql):
        with kind() as made:
            run(made)
