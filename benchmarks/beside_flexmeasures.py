"""What requests cost our server and a FlexMeasures server, one after the other in the same minutes.

    PEER_PYTHON=… python -m benchmarks.beside_flexmeasures [flat]

With ``flat`` it leaves out the year of rolling forecasts, which takes FlexMeasures some minutes to load.
It prints the table of benchmarks/api.md: processor time of the server process and its database backends per request,
lowest of some rounds in which each server has its turn. The answers to each GET are compared first.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import requests
from sqlalchemy import select

from benchmarks.api import GATES, START, at, backends, fill, posting, reading
from benchmarks.flexmeasures_server import Peer, load_runs, peer
from db.beliefs import store
from db.beliefs.series import Series
from db.core.database import Database, get
from db.migrations import upgrade
from db.sensors import Sensor
from db.sources import Source
from tests import postgres
from tests.http import serving

ROUNDS, RUNS = 3, 3504
MORE_GATES = {
    "forecast run of 576, overlapping": (800, 600), "GET year of runs": (180, 130), "GET month of runs": (35, 30),
    "GET year of runs, hourly": (250, 180), "GET year of runs, prior": (80, 50),
    "GET year of runs, horizon 6 h": (30, 18),
}  # fmt: skip
Ask = Callable[[int], requests.Response]


@dataclass
class Side:
    """One of the servers under measurement."""

    name: str
    api: Any
    """Has ``get`` and ``post``."""
    pids: list[int]
    database: str
    battery: int
    """Asset whose sensors are measured."""
    flat: int = 0
    """Sensor with a value per five minutes, a year of them."""
    runs: int = 0
    """Sensor with rolling forecasts of a year; 0: left out."""

    def clocks(self) -> dict[int, float]:
        """Processor time of the server and of each of its backends so far [ms]."""
        own = backends(self.database) if self.database.startswith("postgres") else []
        return {pid: time.clock_gettime((~pid << 3) | 2) * 1000 for pid in self.pids + own if _runs(pid)}

    def cost(self, ask: Ask, numbers: range) -> float:
        """Return the processor time of a request [ms]; what a backend used that ended meanwhile is not seen."""
        before = self.clocks()
        for number in numbers:
            answer = ask(number)
            assert answer.ok, answer.text
        return sum(now - before.get(pid, 0) for pid, now in self.clocks().items()) / len(numbers)


def _runs(pid: int) -> bool:
    """Return whether a process is there and serves clients or requests, not the database's own upkeep."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return False
    return "postgres:" not in command or "127.0.0.1" in command


@contextmanager
def sides() -> Iterator[list[Side]]:
    """Give FlexMeasures, ours on SQLite, ours on PostgreSQL."""
    with ExitStack() as stack:
        theirs: Peer = stack.enter_context(peer())
        battery = next(row["id"] for row in theirs.get("/assets").json() if row["name"] == "toy-battery")
        found = [Side("FlexMeasures", theirs, [theirs.server], theirs.database, battery)]
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pg = stack.enter_context(postgres.server(postgres.binaries() or Path()))
        for name, url in (("SQLite", f"sqlite:///{folder}/flexscope.db"), ("PostgreSQL", pg)):
            upgrade(url)
            database = Database(url)
            serving.populate(database)
            (folder / name).mkdir()
            api = stack.enter_context(serving.server(url, folder / name))
            found.append(Side(name, api, [api.pid], url, serving.identifiers(database)["battery"]))
            database.close()
        yield found


def sensor(side: Side, name: str, unit: str = "kW", resolution: str = "PT5M") -> int:
    """Add a sensor; return its id."""
    body = {"name": name, "unit": unit, "event_resolution": resolution, "generic_asset_id": side.battery}
    answer = side.api.post("/sensors", json=body)
    assert answer.ok, answer.text
    return int(answer.json()["id"])


def prepare(side: Side) -> None:
    """Fill a sensor with a year of values."""
    side.flat = sensor(side, "flat")
    fill(side.api, side.flat)


def foresee(side: Side) -> None:
    """Fill a sensor with a year of rolling forecasts."""
    side.runs = sensor(side, "runs")
    answer = side.api.post(f"/sensors/{side.runs}/data", json=run_body(0))
    assert answer.ok, answer.text
    if side.name == "FlexMeasures":
        import psycopg2

        with psycopg2.connect(side.database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT min(source_id) FROM timed_belief WHERE sensor_id = %s", (side.runs,))
            (source,) = cursor.fetchone() or (0,)
            cursor.execute("DELETE FROM timed_belief WHERE sensor_id = %s", (side.runs,))
        connection.close()
        load_runs(side.api, side.runs, source, RUNS, START.isoformat())
        return
    database = Database(side.database)
    for run in range(1, RUNS):
        with database.writing() as session:
            source_id = session.scalar(select(Series.source_id).where(Series.sensor_id == side.runs))
            body = run_body(run)
            events = np.arange(576) * 300_000_000 + store.to_us(datetime.fromisoformat(body["start"]))
            store.write(
                session, get(session, Sensor, side.runs), get(session, Source, int(source_id or 0)),
                events=events, values=np.array(body["values"]), known_at=datetime.fromisoformat(body["prior"]),
            )  # fmt: skip
    database.close()


def run_body(run: int) -> dict[str, Any]:
    """Return one forecast of two days, known when it begins."""
    start = (START + timedelta(minutes=150 * run)).isoformat()
    values = [float((run * 7 + k) % 101) for k in range(576)]
    return {"start": start, "duration": "P2D", "values": values, "unit": "kW", "prior": start}


def posts(servers: list[Side]) -> Iterator[tuple[str, dict[str, Ask], dict[str, int]]]:
    """Give each case of posting: name, requests by server, how many a round."""
    for count, few, many in ((1, 20, 150), (96, 20, 100), (1000, 10, 40), (10_000, 4, 20)):
        asks = {s.name: posting(s.api, sensor(s, f"new {count}"), count) for s in servers}
        yield f"POST {count:,} new", asks, {s.name: few if s.name == "FlexMeasures" else many for s in servers}
    asks = {s.name: posting(s.api, sensor(s, "again"), 96, again=True) for s in servers}
    for ask in asks.values():
        ask(0)
    yield "POST 96 again", asks, {s.name: 2 if s.name == "FlexMeasures" else 100 for s in servers}

    def forecasts(side: Side) -> Ask:
        key = sensor(side, "forecast")
        side.api.post(f"/sensors/{key}/data", json=run_body(0))

        def send(run: int) -> requests.Response:
            answer: requests.Response = side.api.post(f"/sensors/{key}/data", json=run_body(run + 1))
            return answer

        return send

    asks = {s.name: forecasts(s) for s in servers}
    yield "forecast run of 576, overlapping", asks, {s.name: 1 if s.name == "FlexMeasures" else 60 for s in servers}


def gets(servers: list[Side]) -> Iterator[tuple[str, dict[str, Ask], dict[str, int]]]:
    """Give each case of getting."""
    known, ahead = {"prior": at(180)}, {"horizon": "PT6H"}
    for name, of, duration, more, few, many in (
        ("GET day", "flat", "P1D", {}, 20, 150), ("GET month", "flat", "P30D", {}, 8, 60),
        ("GET year", "flat", "P365D", {}, 3, 30),
        ("GET year hourly", "flat", "P365D", {"resolution": "PT1H"}, 3, 30),
        ("GET month of runs", "runs", "P30D", {}, 4, 60), ("GET year of runs", "runs", "P365D", {}, 1, 30),
        ("GET year of runs, hourly", "runs", "P365D", {"resolution": "PT1H"}, 1, 30),
        ("GET year of runs, prior", "runs", "P365D", known, 1, 20),
        ("GET year of runs, horizon 6 h", "runs", "P365D", ahead, 1, 6),
    ):  # fmt: skip
        if not all(getattr(s, of) for s in servers):
            continue
        asks = {s.name: reading(s.api, getattr(s, of), duration, **more) for s in servers}
        answers = [ask(0).json()["values"] for ask in asks.values()]
        same = [np.allclose(*map(_numbers, (answers[0], other)), equal_nan=True) for other in answers[1:]]
        yield (
            name + ("" if all(same) else " (ANSWERS DIFFER)"),
            asks,
            {s.name: few if s.name == "FlexMeasures" else many for s in servers},
        )


def _numbers(values: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values])


def measure(servers: list[Side], cases: Iterator[tuple[str, dict[str, Ask], dict[str, int]]]) -> None:
    """Print a line per case."""
    for name, asks, counts in cases:
        best = {s.name: float("inf") for s in servers}
        for lap in range(ROUNDS):
            for s in servers:
                count = counts[s.name]
                best[s.name] = min(best[s.name], s.cost(asks[s.name], range(lap * count, lap * count + count)))
        theirs, *ours = best.values()
        gates = GATES.get(name) or MORE_GATES.get(name, (0, 0))
        cells = [f"{cost:.2f} | {theirs / cost:.0f} | {gate}" for cost, gate in zip(ours, gates, strict=True)]
        print(f"| {name} | {theirs:.1f} | {' | '.join(cells)} |", flush=True)


def trigger_to_result(side: Side) -> float:
    """Return the median wall time from asking for a plan of one battery, 24 h at 15 min, to holding it [ms]."""
    power, price = sensor(side, "planned power", resolution="PT15M"), sensor(side, "price", "EUR/MWh", "PT1H")
    prices = {"start": at(0), "duration": "P2D", "values": [50, 10, 90] * 16, "unit": "EUR/MWh", "prior": at(-1)}
    assert side.api.post(f"/sensors/{price}/data", json=prices).ok
    took = []
    for number in range(7):
        model = {"sensor": power, "soc-at-start": f"{number} kWh", "soc-max": "10 kWh", "soc-min": "0 kWh"}
        body = {"start": at(0), "duration": "P1D", "flex-model": [model | {"power-capacity": "5 kW"}]}
        body |= {"flex-context": {"consumption-price": {"sensor": price}, "site-power-capacity": "50 kW"}}
        began = time.perf_counter()
        answer = side.api.post(f"/assets/{side.battery}/schedules/trigger", json=body)
        assert answer.ok, answer.text
        job = answer.json().get("schedule") or answer.json()["job"]
        while True:
            plan = side.api.get(f"/sensors/{power}/schedules/{job}", params={"duration": "P1D"})
            if plan.status_code == 200 and "values" in plan.json():
                break
            assert time.perf_counter() - began < 120, plan.text
            time.sleep(0.02)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[len(took) // 2]


def main(*, runs: bool) -> None:
    """Measure everything, with or without a year of rolling forecasts."""
    with sides() as servers:
        print("load", os.getloadavg(), flush=True)
        for side in servers:
            print(f"trigger to result, {side.name}: {trigger_to_result(side):.0f} ms", flush=True)
        for side in servers:
            prepare(side)
            if runs:
                foresee(side)
        measure(servers, gets(servers))
        measure(servers, posts(servers))
        print("load", os.getloadavg())


if __name__ == "__main__":
    main(runs=sys.argv[1:] != ["flat"])
