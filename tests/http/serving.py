"""A real server process for the tests, and a client that signs in."""

import asyncio
import os
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import requests

from app.auth.access import passwords
from db.accounts.accounts import Account
from db.accounts.users import User, role
from db.assets import Asset, asset_type
from db.core.database import Database
from db.sensors import Sensor
from tests.postgres import free_port
from tests.processes import Forked

Result = TypeVar("Result")
PASSWORD = "a long enough password"
SERVE = """from app.settings.settings import load
from app.web.server import serve
serve(load(), host='127.0.0.1', port={port})"""


@contextmanager
def server(database_url: str, instance: Path, *, port: int | None = None, **settings: str) -> Iterator["Api"]:
    """Run a server on a database, and on some port, until the block ends; it must then stop by itself and cleanly."""
    port = port or free_port()
    environment = os.environ | {
        "SQLALCHEMY_DATABASE_URI": database_url,
        "FLEXSCOPE_INSTANCE_PATH": str(instance),
        "RATELIMIT_ENABLED": "false",  # all tests together ask more than one account may
        **settings,
    }
    process = Forked(SERVE.format(port=port), environment=environment, out=instance / "log")
    api = Api(f"http://127.0.0.1:{port}", instance / "log", process.pid)
    try:
        api.wait(process)
        yield api
    finally:
        process.terminate()
        code = process.wait(timeout=120)
    assert code == 0, (instance / "log").read_text()


class Api:
    """Speaks to a server, as one of the users of ``populate``; ``ids`` are those of rows a table of requests names."""

    def __init__(self, url: str, log: Path, pid: int = 0) -> None:
        self.url, self.log, self.pid = url, log, pid
        self.http = requests.Session()
        self.tokens: dict[str, str] = {}
        self.ids: dict[str, Any] = {}

    def wait(self, process: Forked) -> None:
        for _ in range(1200):  # a busy machine is slow, not wrong
            try:
                requests.get(f"{self.url}/api/", timeout=120)
                return
            except requests.RequestException:
                if process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError(f"The server did not start:\n{self.log.read_text()}")

    def computed(self) -> float:
        """How long the server has computed so far [s]: on a busy machine what a clock tells on a quiet one."""
        spent = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")

    def token(self, who: str) -> str:
        if who not in self.tokens:
            body = {"email": email(who), "password": PASSWORD}
            answer = requests.post(f"{self.url}/api/requestAuthToken", json=body, timeout=120)
            self.tokens[who] = answer.json()["auth_token"]
        return self.tokens[who]

    def ask(self, method: str, path: str, *, who: str | None = "boss", **more: Any) -> requests.Response:
        """Send a request below /api/v3_0 (or below the root, where the path starts with two slashes)."""
        headers = {"Authorization": self.token(who)} if who else {}
        url = self.url + (path[1:] if path.startswith("//") else f"/api/v3_0{path}")
        headers |= more.pop("headers", {})
        return self.http.request(method, url, headers=headers, timeout=120, allow_redirects=False, **more)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.ask("POST", path, **more)

    def ended(self, job: str) -> requests.Response:
        """Return what the server says of a job once it has ended: it is held back for two seconds at a time."""
        for _ in range(60):
            answer = self.get(f"/jobs/{job}")
            if answer.json().get("status") not in ("QUEUED", "STARTED"):
                return answer
        raise TimeoutError(f"The job has not ended: {answer.text}")

    def patch(self, path: str, **more: Any) -> requests.Response:
        return self.ask("PATCH", path, **more)

    def delete(self, path: str, **more: Any) -> requests.Response:
        return self.ask("DELETE", path, **more)


def email(who: str) -> str:
    return f"{who}@example.org"


@cache
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


USERS = {  # name: (account, role)
    "root": ("Host", "admin"),
    "reader": ("Host", "admin-reader"),
    "boss": ("Mill", "account-admin"),
    "hand": ("Mill", None),
    "rival": ("Quay", "account-admin"),
    "adviser": ("Advice", "consultant"),
}


def populate(database: Database) -> None:
    """Add four accounts with users, and the assets of the mill: a battery and a market that is public."""
    with database.writing() as session:
        accounts = {name: Account(name=name) for name in ("Host", "Mill", "Quay", "Advice")}
        session.add_all(accounts.values())
        session.flush()
        accounts["Mill"].consultancy_account_id = accounts["Advice"].id
        for name, (account, named) in USERS.items():
            user = User(
                email=email(name), username=name, password_hash=password_hash(), account_id=accounts[account].id
            )
            user.roles = [role(session, named)] if named else []
            session.add(user)
        _assets(session, accounts["Mill"].id, accounts["Quay"].id)


def _assets(work: Any, mill: int, quay: int) -> None:
    market = Asset(name="market", asset_type_id=asset_type(work, "process").id, account_id=None)
    site = Asset(name="site", asset_type_id=asset_type(work, "building").id, account_id=mill)
    foreign = Asset(name="foreign", asset_type_id=asset_type(work, "solar").id, account_id=quay)
    work.add_all([market, site, foreign])
    work.flush()
    battery = Asset(
        name="battery", asset_type_id=asset_type(work, "battery").id, account_id=mill, parent_asset_id=site.id
    )
    work.add(battery)
    work.flush()
    sensors = [
        ("price", market, "EUR/MWh", 60),
        ("power", battery, "kW", 15),
        ("soc", battery, "kWh", 0),
        ("pv", foreign, "kW", 15),
        ("load", site, "kW", 15),
    ]
    for name, asset, unit, minutes in sensors:
        work.add(Sensor(name=name, asset_id=asset.id, unit=unit, resolution=timedelta(minutes=minutes)))


def identifiers(database: Database) -> dict[str, int]:
    found: dict[str, int] = {}
    with database.reading() as session:
        for prefix, kind in (("", Asset), ("s:", Sensor), ("a:", Account)):
            rows = session.query(kind).order_by(kind.id.desc())  # of rows of one name the first: tests add others
            found |= {f"{prefix}{row.name}": row.id for row in rows}
        found |= {f"u:{row.username}": row.id for row in session.query(User)}
    return found


def alone(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in a thread of its own: the browser of other tests may hold the loop of this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
