"""Whatever changes a row that people own, over the API or at the terminal, is in the audit log with its values."""

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import delete, insert, select, update

from app.api.http import acting
from app.api.http.acting import Request
from app.cli.main import main
from app.running import Running
from app.settings.settings import load
from db.accounts.users import User
from db.core.audit import AuditEvent
from db.core.change_tracking import COUNTERS, SECRET, WATCHED
from db.core.database import Database, Table
from engine.errors import EngineError
from tests.auth.permission_table import TABLE
from tests.auth.test_every_endpoint import turn
from tests.auth.test_permissions import ROUTES, arguments, populate
from tests.http import serving

ROOT = Path(__file__).parents[2]
Rows = dict[tuple[str, tuple[Any, ...]], dict[str, Any]]


def plain(name: str, value: Any) -> Any:
    """Return a value as the log tells it."""
    if name in SECRET:
        return "(secret)"
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def rows(database: Database) -> Rows:
    """Return every watched row by table and key, without what moves by itself."""
    found: Rows = {}
    with database.reading() as session:
        for name in WATCHED:
            table = Table.metadata.tables[name]
            for row in session.execute(select(table)).mappings():
                key = (name, tuple(row[column.name] for column in table.primary_key))
                found[key] = {column: row[column] for column in row if column not in COUNTERS}
    return found


def entries(database: Database) -> list[AuditEvent]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def plain_values(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(name, value) for name, value in changed.items()}


def unwritten(before: Rows, after: Rows, new: list[AuditEvent]) -> list[str]:
    """Return the changes that no entry tells with the very values."""
    missing = []
    for key in before.keys() | after.keys():
        old, now = before.get(key, {}), after.get(key, {})
        changed = [name for name in old.keys() | now.keys() if old.get(name) != now.get(name)]
        was, became = (plain_values({name: row[name] for name in changed if name in row}) for row in (old, now))
        if changed and not any(_tells(one, was, became) for one in new):
            missing.append(f"{key}: {was} → {became}")
    return missing


def _tells(one: AuditEvent, was: dict[str, Any], became: dict[str, Any]) -> bool:
    if not was:  # what is added is told without what it was not given
        known = {name: value for name, value in one.after.items() if value is not None}
        return not one.before and _inside(known, became)
    if not became:
        return _inside({name: value for name, value in was.items() if value is not None}, one.before)
    return _inside(was, one.before) and _inside(became, one.after)


def _inside(few: dict[str, Any], many: dict[str, Any]) -> bool:
    return bool(few) and all(name in many and many[name] == value for name, value in few.items() if name != "roles")


@pytest.fixture(scope="module")
def asking(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Asks as the server does, with rows that every endpoint can be asked about."""
    instance = tmp_path_factory.mktemp("audited")
    running = Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(instance), "RATELIMIT_ENABLED": "false"}), people)
    with people.writing() as session:
        ids = serving.identifiers(people) | populate(session, serving.identifiers(people), running)

    def ask(name: str) -> None:
        line, route = TABLE[name], ROUTES[name]
        kind = sorted(line.allowed & set(serving.USERS))[0]
        with people.reading() as session:
            serial = session.get_one(User, ids[f"u:{kind}"]).session_serial
        who = running.identities.find(ids[f"u:{kind}"], serial)
        request = Request(running=running, principal=who, now=datetime.now(UTC), address="http://x", headers={})
        acting.done(route, request, arguments(route, line.arguments(ids)))

    yield ask
    running.limits.close()


WRITING = [name for name in sorted(TABLE, key=turn) if ROUTES[name].writes and "restoreData" not in name]


def test_every_change_over_the_api_is_written_with_its_own_values(people: Database, asking: Any) -> None:
    missing, changing = {}, set()
    for name in WRITING:
        before, seen = rows(people), len(entries(people))
        try:
            asking(name)
        except EngineError:
            continue  # it was deleted by one before it, or this server cannot do it
        after = rows(people)
        if before != after:
            changing.add(name)
        if lacking := unwritten(before, after, entries(people)[seen:]):
            missing[name] = lacking
    assert not missing
    assert len(changing) > 15, changing


COMMANDS = (
    "add account --name Extra",
    "add user --username extra --email extra@example.org --account {a:Mill} --password long-enough-now",
    "add asset --name extra --asset-type battery --account {a:Mill} --parent-asset {site}",
    "add sensor --name extra --unit kW --event-resolution PT15M --asset {site}",
    "add source --name extra",
    "add automation --asset {battery} --kind schedule --name nightly --every P1D",
    "edit convert-data --sensor {s:power} --unit MW",
    "edit resample-data --sensor {s:load} --event-resolution PT30M --yes",
    "delete sensor --id {s:soc}",
    "delete user --id {u:hand}",
    "delete asset --id {site}",
    "delete account --id {a:Quay} --id {a:Advice}",
)


def test_every_change_at_the_terminal_is_written_too(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    serving.populate(database)
    ids = serving.identifiers(database)
    for command in COMMANDS:
        before, seen = rows(database), len(entries(database))
        words = re.sub(r"\{(.*?)\}", lambda named: str(ids[named[1]]), command).split()
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0, command
        after = rows(database)
        assert before != after, command
        assert not unwritten(before, after, entries(database)[seen:]), command


@pytest.mark.parametrize("name", WATCHED)
def test_no_statement_passes_by_the_log(people: Database, name: str) -> None:
    table = Table.metadata.tables[name]
    column = [each for each in table.columns if each.name not in COUNTERS][-1]
    for statement in (update(table).values({column: None}), delete(table), insert(table).values({column: None})):
        with pytest.raises(EngineError, match="one by one"), people.writing() as session:
            session.execute(statement)


ALLOWED = {
    "db/exchange/dump.py": "puts a whole database in the place of another, and says so in the log it brings",
    "db/accounts/logins.py": "ends sessions and keys with the change of the user that is in the log",
    "db/core/database.py": "is where sessions are made",
    "db/schedules.py": "writes rows of schedules, which the log does not follow, by plain statements",
}
"""Modules that may write past the session, and why."""


def test_only_some_modules_write_past_the_session() -> None:
    """Neither by the connection nor in the driver's own words, where a table that is followed stands in them."""
    found = set()
    for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "db").rglob("*.py")]:
        nodes = [] if "versions" in path.parts else list(ast.walk(ast.parse(path.read_text())))
        spoken = any(isinstance(each, ast.Constant) and _writes(each.value) for each in nodes)
        if spoken or any(isinstance(each, ast.Call) and _passes_by(each) for each in nodes):
            found.add(str(path.relative_to(ROOT)))
    assert found <= set(ALLOWED), found - set(ALLOWED)


def _passes_by(call: ast.Call) -> bool:
    """Return whether a call is connection.execute(update(…)) or alike."""
    said = ast.unparse(call)
    return "connection" in ast.unparse(call.func) and any(
        f"({word}(" in said for word in ("update", "delete", "insert")
    )


def _writes(text: object) -> bool:
    words = text.lower().split() if isinstance(text, str) else []
    starts = {("insert", "into"): 2, ("delete", "from"): 2, ("update",): 1}
    return any(
        tuple(words[: len(start)]) == start and len(words) > at and words[at].strip('"(') in WATCHED
        for start, at in starts.items()
    )
