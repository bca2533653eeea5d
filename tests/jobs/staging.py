"""A database, a queue and workers for the tests of jobs; workers are real processes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.jobs.queue import Queue
from app.jobs.submission import Order, ask
from app.settings.settings import Settings, load
from db.accounts.accounts import Account
from db.assets import Asset, asset_type
from db.core.database import Database
from db.jobs import jobs
from db.jobs.jobs import Job
from db.sensors import Sensor
from tests.jobs import odd_kinds
from tests.processes import Forked

WORK = "import tests.jobs.odd_kinds; from app.cli.main import main; main(['jobs', 'run-worker', *{args!r}])"
QUICK = {"FLEXSCOPE_JOB_LEASE_SECONDS": "2", "FLEXSCOPE_JOB_RETRY_AFTER": "0.1"}
assert odd_kinds.ODD


@dataclass
class Stage:
    """What a test of jobs plays on."""

    environment: dict[str, str]
    database: Database
    sensor_id: int = 0
    asset_id: int = 0

    @property
    def settings(self) -> Settings:
        return load(self.environment)

    def queue(self, **more: str) -> Queue:
        return Queue(load(self.environment | more), self.database)

    def ask(self, kind: str, *, put: bool = True, order: dict[str, Any] | None = None, **request: Any) -> str:
        """Ask for a job and hand it to the queue; return its id."""
        given = Order(kind=kind, asset_id=self.asset_id, request={"sensor": self.sensor_id, **request}, **(order or {}))
        with self.database.writing() as session:
            job = ask(session, given, now=datetime.now(UTC), settings=self.settings)
        if put and job.status == "QUEUED":
            self.queue().put(job.id)
        return job.id

    def job(self, job_id: str) -> Job:
        with self.database.reading() as session:
            return jobs.one(session, job_id)

    def until(self, job_id: str, *states: str, seconds: float = 120) -> Job:
        """Return the job once it is in one of some states."""
        wait(lambda: self.job(job_id).status in states, seconds, lambda: f"{self.job(job_id).__dict__}")
        return self.job(job_id)

    @contextmanager
    def worker(self, *args: str, **more: str) -> Iterator[Forked]:
        """Run a worker process until the block ends; whatever is left of it is killed."""
        log = Path(self.environment["FLEXSCOPE_INSTANCE_PATH"]) / f"worker-{time.monotonic_ns()}.log"
        code = WORK.format(args=args or ("--queue", "scheduling"))
        process = Forked(code, environment=os.environ | self.environment | more, out=log)
        try:
            wait(lambda: "until Ctrl-C" in log.read_text(), 120, log.read_text)
            yield process
        finally:
            process.kill()
            process.wait()


def wait(condition: Callable[[], bool], seconds: float, told: Callable[[], str] = lambda: "") -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"It did not come in {seconds} s. {told()}")
        time.sleep(0.02)


def furnished(database: Database, environment: dict[str, str]) -> Stage:
    """Return a stage with one asset that has one sensor."""
    with database.writing() as session:
        mill = Account(name="Mill")
        session.add(mill)
        session.flush()
        battery = Asset(name="battery", asset_type_id=asset_type(session, "battery").id, account_id=mill.id)
        session.add(battery)
        session.flush()
        sensor = Sensor(name="power", asset_id=battery.id, unit="kW", resolution=timedelta(minutes=15))
        session.add(sensor)
        session.flush()
        return Stage(environment, database, sensor.id, battery.id)
