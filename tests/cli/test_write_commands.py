"""Commands that write go through use cases: rules and sentences of the API, and a line in the audit log."""

import ast
import getpass
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import app.cli.commands
from app.api.http import acting
from app.api.http.acting import Request
from app.running import Running
from app.settings.settings import load
from db.accounts.users import User
from db.assets import Asset
from db.core.audit import AuditEvent
from db.core.database import Database
from db.jobs.jobs import Job
from engine.errors import EngineError
from tests.auth.test_permissions import ROUTES, arguments
from tests.cli.conftest import Terminal
from tests.cli.write_table import OF_THE_WHOLE_SERVER, READS, WRITES, commands

SET_UP = [
    "add account --name Mill",
    "add user --username root --email root@b.org --account 1 --password long-enough --roles admin",
    "add asset --asset-type battery --name store --account 1",
    "add asset --asset-type building --name shed --account 1",
    "add sensor --name power --unit kW --event-resolution 60 --asset 1",
    "add sensor --name sum --unit EUR/kWh --event-resolution 60 --asset 1",
    "add sensor --name price --unit EUR/kWh --event-resolution 60 --asset 1",
    "add sensor --name foreign --unit EUR/kWh --event-resolution 60 --asset 2",
    "add beliefs --sensor 3 --source me values.csv",
    "add asset --asset-type building --name spare --account 1",
]


@pytest.fixture
def mill(terminal: Terminal, database: Database, tmp_path: Path) -> Terminal:
    """The terminal on two assets with sensors, prices of a few hours, and two jobs."""
    lines = ["event_start,event_value", *(f"2030-01-14T{hour:02}:00Z,0.{hour + 1}" for hour in range(6))]
    (tmp_path / "values.csv").write_text("\n".join(lines))
    for name, output in (("report", 2), ("foreign", 4)):
        sensors = {"input": [{"name": "x", "sensor": 3}], "output": [{"sensor": output}]}
        (tmp_path / f"{name}.json").write_text(json.dumps(sensors))
    for line in SET_UP:
        said = terminal(f"flexscope {line}")
        assert said.code == 0, said.err
    now = datetime.now(UTC)
    request = {"asset": 1, "start": "2030-01-14T00:00:00Z", "duration": "PT1H"}
    flex = {"soc-at-start": "1 kWh", "soc-max": "2 kWh", "sensor": 1, "power-capacity": "1 kW"}
    request |= {"flex_model": [flex], "flex_context": {"consumption-price": {"sensor": 3}}}
    with database.writing() as session:
        for key, status in (("failed", "FAILED"), ("waiting", "SCHEDULED")):
            job = Job(id=key, kind="schedule", status=status, request=request, request_hash=key, known_at=now)
            job.asset_id, job.enqueued_at, job.result, job.message, job.trace = 1, now, {}, "", ""
            session.add(job)
        shed = session.get_one(Asset, 2)
        shed.flex_model = {name: flex[name] for name in ("soc-at-start", "soc-max", "power-capacity")}
        shed.flex_model |= {"consumption": {"sensor": 1}}
        shed.flex_context = {"consumption-price": {"sensor": 3}}
    return terminal


def test_every_command_has_a_line() -> None:
    known = READS | set(OF_THE_WHOLE_SERVER) | set(WRITES)
    assert commands() - known == set(), "Say in tests/cli/write_table.py what it writes, and by which rules."
    assert known - commands() == set(), "There is no such command any more."


def test_commands_write_in_the_name_of_the_operator() -> None:
    """A session that writes comes from ``acting``, and what writes in it are use cases."""
    writers = {}
    for path in sorted(Path(app.cli.commands.__path__[0]).glob("*.py")):
        named = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        writers[path.stem] = {each.name for node in named if node.module == "app.cli.opening" for each in node.names}
    assert {name for name, imported in writers.items() if "writing" in imported} == set()


def test_the_terminal_refuses_with_the_sentence_of_the_api(mill: Terminal, database: Database, tmp_path: Path) -> None:
    running = Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path / "server")}), database)
    said = {name: mill(f"flexscope {write.refused}") for name, write in WRITES.items()}
    assert {name: each.code for name, each in said.items() if each.code not in (1, 2)} == {}
    sentences = {name: refusal(running, *write.asks) for name, write in WRITES.items() if write.asks}
    assert {name: said[name].err.strip() for name in sentences} == sentences
    running.limits.close()


def refusal(running: Running, name: str, given: dict[str, Any]) -> str:
    """Return the sentence with which an endpoint refuses a request of an admin."""
    with running.database.reading() as session:
        root = session.scalars(select(User).where(User.username == "root")).one()
        who = running.identities.find(root.id, root.session_serial)
    request = Request(running=running, principal=who, now=datetime.now(UTC), address="http://x", headers={})
    with pytest.raises(EngineError) as refused:
        acting.done(ROUTES[name], request, arguments(ROUTES[name], given))
    return str(refused.value)


def events(database: Database) -> dict[int, str]:
    """Return what the operator of these tests did, by the id of the line in the audit log."""
    with database.reading() as session:
        own = select(AuditEvent).where(AuditEvent.active_user_name == f"operator {getpass.getuser()}")
        return {row.id: row.event for row in session.scalars(own)}


def test_what_is_done_at_the_terminal_is_in_the_audit_log(mill: Terminal, database: Database) -> None:
    before, wrong = events(database), {}
    for name, write in WRITES.items():
        if not write.line:
            continue
        said = mill(f"flexscope {write.line}")
        assert said.code == 0, (name, said.err)
        after = events(database)
        new = [event for key, event in after.items() if key not in before]
        if write.logged not in new and (write.logged or new):
            wrong[name] = new
        before = after
    assert wrong == {}
