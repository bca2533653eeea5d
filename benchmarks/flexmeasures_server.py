"""A FlexMeasures server with worker, database and Redis of its own, to be measured beside ours.

``PEER_PYTHON`` names the interpreter of an environment that has FlexMeasures; the rest is made and thrown away
here. It starts in about a minute.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests

from tests import postgres
from tests import redis as ephemeral_redis

SETTINGS = """
SECRET_KEY = "only for the time of a measurement, thrown away afterwards"
SECURITY_PASSWORD_SALT = "12345678901234567890"
SECURITY_TOTP_SECRETS = {{"1": "00000000000000000000000000000000"}}
SECURITY_TWO_FACTOR_LOGIN_VALIDITY = "1 weeks"
SQLALCHEMY_DATABASE_URI = "{database}"
FLEXMEASURES_REDIS_URL = "127.0.0.1"
FLEXMEASURES_REDIS_PORT = {redis_port}
FLEXMEASURES_FORCE_HTTPS = False
RATELIMIT_ENABLED = False
TRUSTED_HOSTS = ["127.0.0.1"]
"""
SETUP = """
import subprocess
from flexmeasures.app import create
app = create(env="production")
run = app.test_cli_runner().invoke
for words in (["db", "upgrade"], ["add", "toy-account"]):
    done = run(args=words)
    assert done.exit_code == 0, (words, done.output, done.exception)
"""
SERVE = "from flexmeasures.app import create; create(env='production').run(port={port}, threaded=True)"
WORK = (
    "from flexmeasures.app import create; "
    "create(env='production').test_cli_runner().invoke(args=['jobs', 'run-worker', '--queue', '{queues}'])"
)


@dataclass
class Peer:
    """Speaks to a FlexMeasures server as the user of its toy account."""

    url: str
    database: str
    server: int
    """Process that answers."""
    worker: int
    """Process that computes schedules."""
    home: Path
    """Where its settings are."""
    http: requests.Session = field(default_factory=requests.Session)

    def sign_in(self) -> None:
        """Take a token for all further requests."""
        body = {"email": "toy-user@flexmeasures.io", "password": "toy-password"}
        answer = self.http.post(f"{self.url}/api/requestAuthToken", json=body, timeout=60)
        self.http.headers["Authorization"] = answer.json()["auth_token"]

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Send a request below /api/v3_0."""
        return self.http.request(method, f"{self.url}/api/v3_0{path}", timeout=300, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.ask("POST", path, **more)


@contextmanager
def peer(setup: str = SETUP, queues: str = "scheduling") -> Iterator[Peer]:
    """Run everything until the block ends.

    Args:
        setup: Code that fills the database before the server starts.
        queues: Queues of its worker, joined by ``|``.
    """
    python = os.environ.get("PEER_PYTHON")
    if python is None:
        raise SystemExit("Set PEER_PYTHON to an interpreter that has FlexMeasures.")
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flexmeasures-")))
        database = stack.enter_context(postgres.server(postgres.binaries() or Path())).replace("+psycopg2", "")
        redis_url = stack.enter_context(ephemeral_redis.server())
        redis_port = redis_url.rpartition(":")[2].partition("/")[0]
        (home / ".flexmeasures.cfg").write_text(SETTINGS.format(database=database, redis_port=redis_port))
        port = postgres.free_port()
        log = stack.enter_context((home / "log").open("w"))
        own = os.environ | {"HOME": str(home), "PYTHONPATH": ""}
        given: dict[str, Any] = {"cwd": home, "env": own, "stdout": log, "stderr": log}
        try:
            subprocess.run([python, "-c", setup], check=True, **given)
            codes = (SERVE.format(port=port), WORK.format(queues=queues))
            running = [_begin(stack, [python, "-c", code], given) for code in codes]
            made = Peer(f"http://127.0.0.1:{port}", database, running[0].pid, running[1].pid, home)
            _wait(made, running)
        except Exception as error:
            raise SystemExit(f"FlexMeasures did not start:\n{(home / 'log').read_text()[-3000:]}") from error
        made.sign_in()
        yield made


def _begin(stack: ExitStack, command: list[str], given: dict[str, Any]) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(command, **given)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _wait(made: Peer, running: list["subprocess.Popen[bytes]"]) -> None:
    for _ in range(600):
        if any(process.poll() is not None for process in running):
            break
        try:
            requests.get(f"{made.url}/api/v3_0/health/ready", timeout=20)
            return
        except requests.RequestException:
            time.sleep(0.5)
    raise RuntimeError("no answer")


def load_runs(made: Peer, sensor: int, source: int, runs: int, start: str) -> None:
    """Put rolling forecasts of 576 five-minute values, every 150 minutes, into the table itself.

    Over the API each run would take several seconds.
    """
    with psycopg2.connect(made.database) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO timed_belief (event_start, belief_horizon, event_value, sensor_id, source_id, "
            "cumulative_probability) SELECT %s::timestamptz + (30 * r + k) * interval '5 minutes', "
            "(k + 1) * interval '5 minutes', (r * 7 + k) %% 101, %s, %s, 0.5 "
            "FROM generate_series(0, %s) r, generate_series(0, 575) k",
            (start, sensor, source, runs - 1),
        )
    connection.close()
    vacuum = psycopg2.connect(made.database)
    vacuum.autocommit = True
    vacuum.cursor().execute("VACUUM ANALYZE timed_belief")
    vacuum.close()
