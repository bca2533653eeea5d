"""Every endpoint × every kind of user: the answer is the one written down in ``permission_table``."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy.orm import Session

from app.api.http import acting, errors
from app.api.http.multipart import File, MultipartForm, Raw
from app.api.http.route import PARAMETER, Call, Route
from app.api.routes import tables
from app.auth.access.identity import SignedIn
from app.auth.protection import sealing
from app.auth.tokens import keys
from app.running import Running
from app.settings.bounds import Bounds
from app.settings.settings import load
from app.usecases.inputs import read_input
from db import sources
from db.accounts.credentials import KeptSecret
from db.accounts.users import User, role
from db.annotations import Annotation
from db.assets import Asset
from db.core.database import Database
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.overrides import PowerOverride
from db.schedules import POWER, ScheduleInputs
from db.sensors import Sensor
from engine.errors import EngineError
from engine.packing import pack
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from tests.assemble.test_day_costs import planned as stored_row
from tests.auth.permission_table import EVERYONE, OUTSIDE, TABLE
from tests.engine.scheduling.samples import site, store
from tests.http import serving

NOW = datetime(2026, 1, 6, tzinfo=UTC)
ROUTES = {f"{route.method} {prefix}{route.path}": route for prefix, route in tables()}


class Server:
    """What a web process holds, and one row of each kind to ask about."""

    def __init__(self, running: Running, ids: dict[str, Any]) -> None:
        self.running, self.ids = running, ids

    def signed_in(self, kind: str) -> SignedIn | None:
        return None if kind == "anonymous" else self._signed_in(self.ids[f"u:{kind}"])

    def _signed_in(self, user_id: int) -> SignedIn | None:
        with self.running.database.reading() as session:
            return self.running.identities.find(user_id, session.get_one(User, user_id).session_serial)

    def ask(self, route: Route, kind: str, given: dict[str, Any], unless: str = "") -> str:
        """Do what a request does, and forget what it changed."""
        principal = self.signed_in(kind)
        try:
            acting.enter(self.running, route, principal, "127.0.0.1")
            with self.running.database.writing() as session:
                call = Call(
                    running=self.running, principal=principal, session=session, now=NOW, address="http://x", headers={}
                )
                with acting.counting(self.running, principal, route):
                    answer = route.function(call, **arguments(route, given))
                    if route.computes:
                        answer(call)
                session.flush()
                raise Forgotten
        except Forgotten:
            return "allowed"
        except EngineError as error:
            refused = {401: "unknown", 403: "forbidden"}.get(errors.answer(error)[0], str(error))
            return "allowed" if unless and unless in refused else refused


class Forgotten(Exception):
    """Undoes what a request changed."""


def arguments(route: Route, given: dict[str, Any]) -> dict[str, Any]:
    """Return what the function of a route is called with."""
    found = {name: given[name] for name in PARAMETER.findall(route.path)}
    query, body = route.model("query"), route.model("body")
    if query is not None:
        found["query"] = read_input(query, given.get("query", {}), Bounds(), "query")
    if body is MultipartForm:
        found["body"] = MultipartForm(
            files=[File(name="x.csv", media="text/csv", file=io.BytesIO(given["file"].encode()))]
        )
    elif body is Raw:
        found["body"] = Raw(content=orjson.dumps({"data": given["bulk"]}), media="application/json")
    elif body is not None:
        found["body"] = read_input(body, given.get("body", {}), Bounds())
    return found


@pytest.fixture(scope="module")
def server(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A process on the database of the tests, with users of every kind."""
    instance = tmp_path_factory.mktemp("process")
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(instance), "RATELIMIT_ENABLED": "false"})
    running = Running.on(settings, people)
    with people.writing() as session:
        more = populate(session, serving.identifiers(people), running)
    yield Server(running, serving.identifiers(people) | more)
    running.limits.close()


def populate(session: Session, ids: dict[str, Any], running: Running) -> dict[str, Any]:
    """Add the users that the other tests lack, and one row of each kind."""
    for name, account, named in (("stranger", "a:Quay", "consultant"), ("inactive", "a:Mill", "account-admin")):
        hashed = serving.password_hash()
        user = User(email=f"{name}@x.org", username=name, password_hash=hashed, account_id=ids[account])
        user.active, user.roles = name != "inactive", [role(session, named)]
        session.add(user)
    source = sources.of_user(session, ids["u:hand"], name="hand", account_id=ids["a:Mill"])
    session.flush()
    remark = Annotation(content="x", start=NOW, end=NOW + timedelta(hours=1), type="label", source_id=source.id)
    remark.sensor_id = ids["s:power"]
    secret = KeptSecret(asset_id=ids["battery"], name="x", changed_at=NOW)
    secret.sealed = sealing.seal("x", running.settings, secret=running.secret)
    key, _ = keys.make(session, ids["u:hand"], name="x", scopes=["read"], now=NOW, expires_at=None)
    nightly = Automation(asset_id=ids["battery"], name="x", kind="schedule", request={}, every=timedelta(days=1))
    nightly.at, nightly.next_at, nightly.created_at, nightly.active = timedelta(0), NOW, NOW, True
    nightly.on_data = False
    session.add_all([remark, secret, nightly, *jobs(ids, source.id)])
    session.flush()
    battery, power = session.get_one(Asset, ids["battery"]), session.get_one(Sensor, ids["s:power"])
    stored = stored_row(session, battery, (power, POWER, 1.0), belief_time=NOW, job_id="schedule")
    held = PowerOverride(
        asset_id=battery.id, device="battery", start=NOW, end=NOW + timedelta(days=5000), power=0.0, created_at=NOW
    )
    session.add(held)
    session.flush()
    session.add(ScheduleInputs(schedule_id=stored.id, saved_at=datetime.now(UTC), content=inputs()))
    found = {
        "stored": stored.id,
        "override": held.id,
        "remark": remark.id,
        "secret": secret.id,
        "key": key.id,
        "automation": nightly.id,
    }
    found |= {"email": serving.email("boss"), "password": serving.PASSWORD}
    return found | {f"j:{name}": name for name in ("schedule", "forecast", "queued", "failed")}


def inputs() -> bytes:
    """What a schedule of a battery was made from, packed."""
    window = Window.of_length(NOW - timedelta(days=1), timedelta(hours=4), timedelta(hours=1))
    made_from = {"versions": {}, "request": {}, "flex-context": {}, "flex-model": []}
    made_from |= {"scheduler": StorageScheduler(), "site": site(store("battery"), window=window)}
    return pack(made_from)


def jobs(ids: dict[str, Any], source_id: int) -> Iterator[Job]:
    """A job in each state that matters; its name is its id."""
    start, end = "2026-01-05T00:00:00+00:00", "2026-01-05T01:00:00+00:00"
    forecast = {"sensor": ids["s:power"], "cycles": [[start, end, end]], "source": source_id}
    for name, status, result in (
        *(("schedule", "FINISHED", {}), ("forecast", "FINISHED", forecast)),
        *(("queued", "QUEUED", {}), ("failed", "FAILED", {})),
    ):
        kind = name if name in ("schedule", "forecast") else "schedule"
        yield Job(
            id=name, kind=kind, status=status, request={}, request_hash=name, known_at=NOW,
            user_id=ids["u:hand"], asset_id=ids["battery"], enqueued_at=NOW, result=result, message="", trace="",
        )  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_kind_of_user_gets_the_answer_written_down(server: Server, name: str) -> None:
    line = TABLE[name]
    public = line.allowed >= OUTSIDE
    expected = {kind: "allowed" if kind in line.allowed else "forbidden" for kind in EVERYONE}
    expected |= dict.fromkeys(OUTSIDE, "allowed" if public else "unknown")
    found = {kind: server.ask(ROUTES[name], kind, line.arguments(server.ids), line.unless) for kind in expected}
    assert found == expected


def test_the_table_has_no_line_too_many() -> None:
    assert sorted(TABLE) == sorted(ROUTES)


NAMED = [
    ("PATCH /api/v3_0/assets/{id}", {"id": "battery", "body": {"flex_context": {"consumption-price": {"sensor": 0}}}}),
    ("PATCH /api/v3_0/assets/{id}", {"id": "battery", "body": {"flex_model": {"soc-usage": [{"sensor": 0}]}}}),
    (
        "POST /api/v3_0/assets/{id}/schedules/trigger",
        {"id": "battery", "body": {"flex-context": {"site-power-capacity": {"sensor": 0}}}},
    ),
    ("POST /api/v3_0/assets/{id}/schedules/trigger", {"id": "battery", "body": {"flex-model": [{"sensor": 0}]}}),
    (
        "POST /api/v3_0/assets/{id}/schedules/preview",
        {"id": "battery", "body": {"flex-context": {"inflexible-device-sensors": [0]}}},
    ),
    (
        "POST /api/v3_0/sensors/{id}/forecasts/trigger",
        {"id": "s:power", "body": {"config": {"future-regressors": [0]}}},
    ),
    (
        "POST /api/v3_0/assets/{id}/reports/trigger",
        {"id": "battery", "body": {"parameters": {"input": [{"sensor": 0}]}}},
    ),
    (
        "POST /api/v3_0/assets/{id}/reports/trigger",
        {"id": "battery", "body": {"parameters": {"output": [{"sensor": 0}]}}},
    ),
]


@pytest.mark.parametrize(("name", "asked"), NAMED)
def test_sensors_of_others_cannot_be_named(server: Server, name: str, asked: dict[str, Any]) -> None:
    usual = TABLE[name].arguments(server.ids)
    told = orjson.loads(orjson.dumps(asked["body"]).replace(b"0", str(server.ids["s:pv"]).encode()))
    body = dict(usual["body"])
    for field, value in told.items():
        body[field] = body[field] | value if isinstance(body.get(field), dict) else value
    assert server.ask(ROUTES[name], "boss", usual | {"body": body}) == "forbidden"
    assert server.ask(ROUTES[name], "boss", usual) == "allowed"


def test_an_asset_cannot_be_put_below_one_that_may_only_be_read(server: Server) -> None:
    given = {"id": server.ids["battery"], "body": {"parent_asset_id": server.ids["market"]}}
    change = ROUTES["PATCH /api/v3_0/assets/{id}"]
    assert "may add to" in server.ask(change, "boss", given)
    assert server.ask(change, "root", given) == "allowed"
