"""Measures jobs: trigger to result, jobs per second, and what a job costs beside its solve and its data.

    python -m benchmarks.jobs latency|throughput [redis]

Wall times on a busy machine tell of its load; CPU times are what to compare.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.queue import Queue
from app.jobs.submission import Order, ask
from app.settings.settings import load
from db import sources
from db.assets import Asset
from db.beliefs import store
from db.core.database import Database, get
from db.jobs import job_search, job_states, jobs
from db.migrations import upgrade
from db.sensors import Sensor
from engine.series.iso_time import to_us
from tests import redis
from tests.http import serving
from tests.jobs import odd_kinds

START = datetime(2026, 4, 1, tzinfo=UTC)
BATTERIES = 100
"""Batteries the jobs of a run are spread over."""
WORK = "from app.cli.main import main; main(['jobs', 'run-worker', '--queue', 'scheduling', '--without-scheduler'])"


def price_series(database: Database, sensor_id: int) -> None:
    with database.writing() as session:
        events = to_us(START) + np.arange(48, dtype=np.int64) * 3_600_000_000
        values = 50 + 30 * np.sin(np.arange(48) / 24 * 2 * np.pi)
        market = sources.named(session, "market", type="market")
        store.write(session, get(session, Sensor, sensor_id), market, events=events, values=values, known_at=START)


def batteries(database: Database) -> list[tuple[int, int]]:
    """Add batteries; return asset and power sensor of each."""
    made = []
    with database.writing() as session:
        first = session.query(Asset).filter_by(name="battery").one()
        for number in range(BATTERIES):
            asset = Asset(name=f"b{number}", asset_type_id=first.asset_type_id, account_id=first.account_id)
            session.add(asset)
            session.flush()
            sensor = Sensor(name="power", asset_id=asset.id, unit="kW", resolution=serving.timedelta(minutes=15))
            session.add(sensor)
            session.flush()
            made.append((asset.id, sensor.id))
    return made


def request(asset_id: int, sensor_id: int, price_id: int) -> ScheduleRequest:
    model = {"sensor": sensor_id, "soc-at-start": "2 kWh", "soc-max": "10 kWh", "soc-min": "0 kWh"}
    model |= {"power-capacity": "5 kW", "roundtrip-efficiency": "90%"}
    context = {"consumption-price": {"sensor": price_id}, "site-power-capacity": "20 kVA"}
    return ScheduleRequest(
        asset=asset_id, start=START, duration=serving.timedelta(days=1), flex_model=(model,), flex_context=context
    )


@contextmanager
def stage(with_redis: bool) -> Iterator[tuple[Database, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/flexscope.db"
        upgrade(url)
        database, environment = Database(url), {"SQLALCHEMY_DATABASE_URI": url, "FLEXSCOPE_INSTANCE_PATH": folder}
        serving.populate(database)
        if with_redis:
            with redis.server() as where:
                yield database, environment | {"FLEXMEASURES_REDIS_URL": where}
        else:
            yield database, environment
        database.close()


def latency(with_redis: bool, count: int = 100) -> None:
    """Time trigger to result over HTTP, after pauses in which the queue falls idle."""
    with stage(with_redis) as (database, environment):
        more = {name: value for name, value in environment.items() if name == "FLEXMEASURES_REDIS_URL"}
        settings = more | {"FLEXMEASURES_API_TRIGGER_RATE_LIMIT": "10000 per 5 minutes"}
        ids = serving.identifiers(database)
        price_series(database, ids["s:price"])
        plain = request(ids["battery"], ids["s:power"], ids["s:price"]).model_dump(mode="json")
        body = {"start": START.isoformat(), "duration": "PT24H", "force-new-job-creation": True}
        body |= {"flex-model": list(plain["flex_model"]), "flex-context": plain["flex_context"]}
        url, folder = environment["SQLALCHEMY_DATABASE_URI"], Path(environment["FLEXSCOPE_INSTANCE_PATH"])
        with serving.server(url, folder, **settings) as server:
            workers = [worker(environment)] if with_redis else []
            took = []
            for number in range(count + 5):
                time.sleep(1.0 if number % 10 == 0 else 0.1)
                began = time.perf_counter()
                job = server.post(f"/assets/{ids['battery']}/schedules/trigger", json=body).json()["job"]
                answer = server.get(f"/sensors/{ids['s:power']}/schedules/{job}", params={"duration": "PT24H"})
                took.append(1000 * (time.perf_counter() - began))
                assert answer.status_code == 200, answer.text
            for each in workers:
                each.terminate()
        print_times("trigger -> result [ms]", np.array(took[5:]))
        with database.reading() as session:
            [line] = job_search.durations(session, since=START)
            print(f"waited {1000 * line.waited:.1f} ms, took {1000 * line.took:.1f} ms (medians of the job rows)")


def print_times(name: str, values: np.ndarray) -> None:
    middle, late = np.percentile(values, [50, 95])
    print(f"{name}: median {middle:.1f}, p95 {late:.1f}, max {values.max():.1f}; load {os.getloadavg()[0]:.1f}")


def worker(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", WORK], env=os.environ | environment, stdout=subprocess.DEVNULL)


def filled(queue: Queue, database: Database, environment: dict[str, str], count: int, kind: str) -> float:
    """Ask for jobs; return the CPU time of asking for one and handing it over [ms]."""
    settings, price = load(environment), serving.identifiers(database)["s:price"]
    made = batteries(database)
    requests = [request(*made[number % BATTERIES], price).model_dump(mode="json") for number in range(count)]
    began, now = time.process_time(), datetime.now(UTC)
    for plain in requests:
        order = Order(kind=kind, asset_id=plain["asset"], request=plain, force=True)
        with database.writing() as session:
            job = ask(session, order, now=now, settings=settings)
        queue.put(job.id)
    return 1000 * (time.process_time() - began) / count


def throughput(with_redis: bool, count: int = 1000) -> None:
    """Let two workers do many scheduling jobs."""
    with stage(with_redis) as (database, environment):
        price_series(database, serving.identifiers(database)["s:price"])
        queue = Queue(load(environment), database)
        asking = filled(queue, database, environment, count, "schedule")
        began, workers = time.perf_counter(), [worker(environment), worker(environment)]
        while done(database) < 20:
            time.sleep(0.02)
        first, began, cpu = done(database), time.perf_counter(), spent(workers)
        while done(database) < count:
            time.sleep(0.1)
        took, cpu = time.perf_counter() - began, spent(workers) - cpu
        left = count - first
        print(f"asking and handing over: {asking:.2f} ms CPU per job")
        print(f"{left} jobs by 2 workers: {left / took:.0f} jobs/s, {1000 * cpu / left:.2f} ms CPU per job of a worker")
        print(f"load {os.getloadavg()[0]:.1f}; with the machine to themselves {2 * left / cpu:.0f} jobs/s of CPU")
        for each in workers:
            each.kill()


def overhead(with_redis: bool, count: int = 400) -> None:
    """Measure the CPU time of jobs that do nothing, and of the same plans without jobs."""
    odd_kinds.KINDS["schedule-nothing"] = lambda session, attempt: lambda writing: {"outputs": {}}
    odd_kinds.QUEUE_OF["schedule-nothing"] = "scheduling"
    with stage(with_redis) as (database, environment):
        price = serving.identifiers(database)["s:price"]
        price_series(database, price)
        queue = Queue(load(environment), database)
        asking = filled(queue, database, environment, count, "schedule-nothing")
        began = time.process_time()
        queue.work(["scheduling"], workers=1, keeps=False)
        while done(database) < count:
            time.sleep(0.2)
        doing = 1000 * (time.process_time() - began) / count
        queue.stop()
        print(f"a job that does nothing: {asking:.2f} ms CPU to ask and hand over, {doing:.2f} ms CPU to do")
        print(f"the plan itself: {per_call(lambda: plan_once(database, price)):.2f} ms CPU to read, solve and save")


def per_call(function: Callable[[], object], count: int = 200) -> float:
    function()
    began = time.process_time()
    for _ in range(count):
        function()
    return 1000 * (time.process_time() - began) / count


def plan_once(database: Database, price: int) -> None:
    with database.reading() as session:
        first = session.query(Sensor).filter_by(name="power").first()
        asked, now = request(first.asset_id, first.id, price), datetime.now(UTC)
        made = schedule.compute(References(session, None), asked, known_at=now)
    with database.writing() as session:
        schedule.save(session, replace(made), known_at=now)


def done(database: Database) -> int:
    with database.reading() as session:
        return sum(n for (_, state), n in job_states.counts(session).items() if state not in jobs.PENDING)


def spent(workers: "list[subprocess.Popen[bytes]]") -> float:
    """Return the CPU time of processes so far [s]."""
    fields = [Path(f"/proc/{each.pid}/stat").read_text().rpartition(")")[2].split() for each in workers]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    {"latency": latency, "throughput": throughput, "overhead": overhead}[sys.argv[1]]("redis" in sys.argv)
