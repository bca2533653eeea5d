"""What a request costs the server: processor time of the server process and its database backends, per request.

Run ``python -m benchmarks.api`` for SQLite and PostgreSQL; it prints the table of benchmarks/api.md. The load is sent
by this process over real HTTP, so its own time is not counted. Times of machines differ: compare the ratios.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import requests

from db.core.database import Database
from db.migrations import upgrade
from tests import postgres
from tests.http import serving
from tests.http.serving import Api

START = datetime(2025, 1, 1, tzinfo=UTC)
TICKS = os.sysconf("SC_CLK_TCK")
FM_MS = {  # processor time of FlexMeasures 1.0.1 per request, as measured in design work on the same kind of machine
    "POST 1 new": 31, "POST 96 new": 45, "POST 1,000 new": 70, "POST 10,000 new": 383, "POST 96 again": 804,
    "GET day": 21.5, "GET month": 85, "GET year": 730, "GET year hourly": 850,
}  # fmt: skip
GATES = {  # FlexMeasures / ours, at least: SQLite, PostgreSQL
    "POST 1 new": (5, 4), "POST 96 new": (8, 6), "POST 1,000 new": (12, 9), "POST 10,000 new": (40, 28),
    "POST 96 again": (120, 100), "GET day": (4, 4), "GET month": (16, 13), "GET year": (70, 55),
    "GET year hourly": (100, 90),
}  # fmt: skip


def cpu_of(pids: list[int]) -> float:
    """Return the processor time of processes and their ended children so far [s]."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def listening(api: Api) -> int:
    """Return the process that serves."""
    port = api.url.rpartition(":")[2]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if f"port={port}" in command:
            return int(folder.name)
    raise RuntimeError(f"No process serves {api.url}")


def backends(url: str) -> list[int]:
    """Return the processes of the database server that serves a URL."""
    port = url.rpartition(":")[2].partition("/")[0]
    found = subprocess.run(["pgrep", "-f", f"postgres -D .*--port={port}"], capture_output=True, text=True, check=False)
    own = found.stdout.split()
    children = subprocess.run(["pgrep", "-P", ",".join(own)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in own + children.stdout.split()]


class Measured:
    """Counts the processor time of one server while requests are sent."""

    def __init__(self, api: Api, url: str) -> None:
        self.pid, self.url = listening(api), url

    def cpu(self) -> float:
        return cpu_of([self.pid, *(backends(self.url) if self.url.startswith("postgres") else [])])

    def per_request(self, ask: Callable[[int], requests.Response], count: int, *, rounds: int = 3) -> float:
        """Return the lowest of some rounds [ms per request]."""
        best = float("inf")
        for lap in range(rounds):
            before = self.cpu()
            for number in range(count):
                answer = ask(lap * count + number)
                assert answer.ok, answer.text
            best = min(best, (self.cpu() - before) / count * 1000)
        return best


@contextmanager
def both() -> Iterator[list[tuple[str, Api, dict[str, int]]]]:
    with tempfile.TemporaryDirectory() as folder, postgres.server(postgres.binaries() or Path()) as pg:
        servers = []
        with_sqlite = f"sqlite:///{folder}/flexscope.db"
        stack = []
        for name, url in (("SQLite", with_sqlite), ("PostgreSQL", pg)):
            upgrade(url)
            database = Database(url)
            serving.populate(database)
            instance = Path(folder) / name
            instance.mkdir()
            open_server = serving.server(url, instance, FLEXMEASURES_MODE="play")
            stack.append(open_server)
            servers.append((url, open_server.__enter__(), serving.identifiers(database)))
        yield servers
        for open_server in stack:
            open_server.__exit__(None, None, None)


def at(days: float) -> str:
    return (START + timedelta(days=days)).isoformat()


def sensor_of(api: Api, ids: dict[str, int]) -> int:
    body = {"name": "bench", "unit": "kW", "event_resolution": "PT5M", "generic_asset_id": ids["battery"]}
    return int(api.post("/sensors", json=body).json()["id"])


def posting(api: Api, key: int, count: int, *, again: bool = False) -> Callable[[int], requests.Response]:
    minutes = 5 * count

    def ask(number: int) -> requests.Response:
        start = (START + timedelta(days=4000, minutes=0 if again else number * minutes)).isoformat()
        values = [float(value % 97) + (0 if again else number) for value in range(count)]
        body = {
            "start": start,
            "duration": f"PT{minutes}M",
            "values": values,
            "unit": "kW",
            "prior": "2024-12-31T00:00:00Z",
        }
        return api.post(f"/sensors/{key}/data", json=body)

    return ask


def reading(api: Api, key: int, duration: str, **more: str) -> Callable[[int], requests.Response]:
    params = {"start": START.isoformat(), "duration": duration, "unit": "kW", **more}
    return lambda _number: api.get(f"/sensors/{key}/data", params=params, headers={"Accept-Encoding": "identity"})


def fill(api: Api, key: int) -> None:
    """Post a year of five-minute values."""
    for month in range(12):
        values = [float((month * 7 + value) % 101) / 3 for value in range(8784)]
        body = {"start": at(month * 30.5), "duration": "P30DT12H", "values": values, "unit": "kW"}
        api.post(f"/sensors/{key}/data", json=body | {"prior": "2024-12-31T00:00:00Z"})


def costs(api: Api, ids: dict[str, int], url: str) -> dict[str, float]:
    measured = Measured(api, url)
    found = {}
    for count, times in ((1, 150), (96, 100), (1000, 40), (10_000, 20)):
        found[f"POST {count:,} new"] = measured.per_request(posting(api, sensor_of(api, ids), count), times)
    key = sensor_of(api, ids)
    posting(api, key, 96, again=True)(0)
    found["POST 96 again"] = measured.per_request(posting(api, key, 96, again=True), 100)
    fill(api, key)
    for name, duration, more, times in (
        ("GET day", "P1D", {}, 150), ("GET month", "P30D", {}, 60), ("GET year", "P365D", {}, 30),
        ("GET year hourly", "P365D", {"resolution": "PT1H"}, 30),
    ):  # fmt: skip
        found[name] = measured.per_request(reading(api, key, duration, **more), times)
    found["GET assets"] = measured.per_request(lambda _n: api.get("/assets"), 100)
    return found


def trigger_to_result(api: Api, ids: dict[str, int]) -> float:
    """Return the median wall time from asking for a plan of one battery, 24 h at 15 min, to holding it [ms]."""
    prices = {"start": at(0), "duration": "P2D", "values": [50, 10, 90] * 16, "unit": "EUR/MWh"}
    api.post(f"/sensors/{ids['s:price']}/data", who="root", json=prices)
    model = {"sensor": ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    took = []
    for number in range(15):
        body = {"start": at(0), "duration": "P1D", "flex-model": [model | {"soc-at-start": f"{number % 9} kWh"}]}
        body |= {"flex-context": {"consumption-price": {"sensor": ids["s:price"]}}, "force-new-job-creation": True}
        began = time.perf_counter()
        job = api.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]
        answer = api.get(f"/sensors/{ids['s:power']}/schedules/{job}", params={"duration": "P1D"})
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.text
    return statistics.median(took)


def under_load(api: Api, ids: dict[str, int]) -> tuple[int, float, float]:
    """Return refusals of 8 clients that post the same, and median and p99 of a GET of a day meanwhile [ms]."""
    key = sensor_of(api, ids)
    fill(api, key)
    body = {"start": at(0), "duration": "P1D", "values": [1.0] * 288, "unit": "kW"}

    def post(until: float) -> int:
        own, refused = Api(api.url, api.log), 0
        own.tokens = api.tokens
        while time.time() < until:
            refused += own.post(f"/sensors/{key}/data", json=body).status_code != 200
        return refused

    with ThreadPoolExecutor(8) as clients, ProcessPoolExecutor(1, get_context("spawn")) as apart:
        apart.submit(waits, api.url, api.tokens, key, 0).result()  # a process is there, and has loaded what it needs
        until = time.time() + 8
        took = apart.submit(waits, api.url, api.tokens, key, until)  # in this one it would wait for the posting threads
        refused = sum(clients.map(post, [until] * 8))
    return refused, statistics.median(took.result()), statistics.quantiles(took.result(), n=100)[98]


def waits(url: str, tokens: dict[str, str], key: int, until: float) -> list[float]:
    """Return how long each GET of a day took until a moment, one after the other [ms]."""
    api, took = Api(url, Path()), []
    api.tokens = tokens
    ask = reading(api, key, "P1D")
    while time.time() < until:
        began = time.perf_counter()
        assert ask(0).ok
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(0.01)
    return took


def start_up(api: Api) -> tuple[float, float]:
    """Return processor time since the start [s] and resident memory [MB] of a server."""
    pid = listening(api)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return cpu_of([pid]), int(status["VmRSS"].split()[0]) / 1024


def main() -> None:
    with both() as servers:
        for at_, (url, api, ids) in enumerate(servers):
            cpu, memory = start_up(api)
            print(f"\n{url.partition(':')[0]}: {cpu:.1f} s CPU to start, {memory:.0f} MB resident")
            for case, cost in costs(api, ids, url).items():
                ratio, gate = FM_MS.get(case, 0) / cost, GATES.get(case, (0, 0))[at_]
                print(f"| {case} | {cost:.2f} | {ratio:.0f} | {gate} | {'yes' if ratio >= gate else 'NO'} |")
            print(f"trigger to result: {trigger_to_result(api, ids):.0f} ms (median)")
            refused, median, p99 = under_load(api, ids)
            print(f"8 posting clients: {refused} refused; GET of a day {median:.1f} ms median, {p99:.1f} ms p99")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
