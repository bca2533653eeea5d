"""Server, workers, database and queue as real processes, each of which can be killed and started again."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import requests

from db.assets import Asset
from db.core.database import Database
from db.migrations import upgrade
from db.sensors import Sensor
from tests import postgres, redis
from tests.http import serving
from tests.http.serving import Api
from tests.jobs.restarting import Restartable
from tests.processes import Forked

SQLITE, POSTGRES = "SQLite, embedded queue", "PostgreSQL, Redis"
BOTH = (SQLITE, POSTGRES)
CLIENTS = 8
WORK = "from app.cli.main import main; main(['jobs', 'run-worker', '--queue', 'scheduling|reporting|forecasting'])"


@dataclass
class Program:
    """A process that may be killed and started again."""

    code: str
    environment: dict[str, str]
    log: Path
    is_preloaded: bool = False
    """Whether it is forked from a process that has imported all, which spares three seconds of computing a start."""
    process: "subprocess.Popen[bytes] | Forked | None" = None

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def start(self) -> None:
        if self.is_preloaded:
            self.process = Forked(self.code, environment=os.environ | self.environment, out=self.log)
            return
        with self.log.open("a") as log:
            command = [sys.executable, "-c", self.code]
            self.process = subprocess.Popen(command, env=os.environ | self.environment, stdout=log, stderr=log)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code; after half a minute of patience the process is killed."""
        if self.process is None:
            return 0
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def memory_mb(self) -> float:
        """Memory of its own [MB]: pages of the database's file that are mapped into it are not counted."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


class Redis:
    """A Redis server that comes back at the same port, with nothing in it."""

    def __init__(self) -> None:
        self.port, self._running = postgres.free_port(), ExitStack()

    def start(self) -> None:
        self._running.enter_context(redis.server(self.port))

    def end(self) -> None:
        self._running.close()


@dataclass
class Site:
    """What one client of the load has to itself: a meter to post to and a battery to plan."""

    meter: int
    battery: int
    power: int


@dataclass
class Services:
    """One installation: a server, one worker process beside it, their database and their queue."""

    kind: str
    folder: Path
    database: Database
    server: Program
    worker: Program
    api: Api
    postgres: Restartable | None = None
    redis: Redis | None = None
    sites: list[Site] = field(default_factory=list)

    def start_server(self) -> float:
        """Start the server; return how long it took until it answered [s]."""
        begun = time.monotonic()
        self.server.start()
        if self.server.process is not None:
            self.api.wait(self.server.process)
        return time.monotonic() - begun

    def is_sound(self) -> bool:
        """Return whether the file of the database is whole; PostgreSQL looks to that itself when it starts."""
        if not self.database.is_sqlite:
            return True
        with self.database.engine.connect() as connection:
            return connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"


@contextmanager
def services(
    kind: str, parent: Path | None = None, *, is_preloaded: bool = False, **settings: str
) -> Iterator[Services]:
    """Run an installation below a folder until the block ends; without limits of rate unless settings say so."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flexscope-", dir=parent)))
        environment = {"FLEXSCOPE_INSTANCE_PATH": str(folder), "RATELIMIT_ENABLED": "false"}
        database_server, queue = None, None
        url = f"sqlite:///{folder / 'flexscope.db'}"
        if kind == POSTGRES:
            binaries = postgres.binaries()
            if binaries is None or redis.binary() is None:
                raise SystemExit(
                    "PostgreSQL's server binaries and redis-server are needed; tests/run.sh installs them."
                )
            database_server = stack.enter_context(Restartable.new(binaries, parent))
            queue, url = Redis(), database_server.url
            queue.start()
            stack.callback(queue.end)
            environment["FLEXMEASURES_REDIS_URL"] = f"redis://127.0.0.1:{queue.port}/0"
        environment |= {"SQLALCHEMY_DATABASE_URI": url, **settings}
        upgrade(url)
        database, port = Database(url), postgres.free_port()
        stack.callback(database.close)
        serving.populate(database)
        server = Program(serving.SERVE.format(port=port), environment, folder / "server.log", is_preloaded)
        worker = Program(WORK, environment, folder / "worker.log", is_preloaded)
        api = Api(f"http://127.0.0.1:{port}", server.log)
        made = Services(kind, folder, database, server, worker, api, database_server, queue, sites(database))
        worker.start()
        stack.callback(worker.end)
        made.start_server()
        stack.callback(server.end)
        yield made


def sites(database: Database) -> list[Site]:
    """Add a battery and a meter for each client."""
    made = []
    with database.writing() as session:
        mill = session.query(Asset).filter_by(name="battery").one()
        for number in range(CLIENTS):
            asset = Asset(name=f"b{number}", asset_type_id=mill.asset_type_id, account_id=mill.account_id)
            session.add(asset)
            session.flush()
            meter = Sensor(name="meter", asset_id=asset.id, unit="kW", resolution=timedelta(minutes=5))
            power = Sensor(name="power", asset_id=asset.id, unit="kW", resolution=timedelta(minutes=15))
            session.add_all([meter, power])
            session.flush()
            made.append(Site(meter.id, asset.id, power.id))
    return made


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for something, not longer than so many seconds; return whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def answers(api: Api) -> bool:
    """Return whether the server finds all it needs."""
    try:
        return requests.get(f"{api.url}/api/v3_0/health/ready", timeout=10).status_code == 200
    except requests.RequestException:
        return False
