"""What the API refuses, the terminal refuses with the same sentence; and what it does is in the audit log."""

import getpass

import click
import pytest
from sqlalchemy import select

from db.accounts.accounts import Account
from db.core.audit import AuditEvent
from db.core.database import Database
from db.subscriptions import Subscription
from tests.cli.conftest import Terminal

ASSET = "flexscope add asset --asset-type battery"
SENSOR = "flexscope add sensor --name power --unit kW --asset 1"


@pytest.fixture
def mill(terminal: Terminal) -> Terminal:
    terminal("flexscope add account --name Mill")
    terminal("flexscope add account --name Quay")
    assert terminal(f"{ASSET} --name store --account 1").code == 0
    return terminal


@pytest.mark.parametrize(
    "line, sentence",
    [
        (f"{ASSET} --name store --account 1", "an asset called 'store' is at the top of this account already"),
        (f"{ASSET} --name child --account 2 --parent-asset 1", "a tree belongs to one account"),
        (f"{ASSET} --name child --account 1 --parent-asset 9", "there is no asset 9 that you may add to"),
        (f"{ASSET} --name {'x' * 81} --account 1", "name: write at most 80 characters"),
        (f"{ASSET} --name north --account 1 --latitude 91", "latitude: write 90 or less"),
        (f"{SENSOR} --event-resolution -PT15M", "must not be negative; PT0M is instantaneous"),
        (f"{SENSOR} --event-resolution 15 --timezone Europe/Atlantis", "timezone: "),
        ("flexscope add account --name Mill", "an account called 'Mill' already exists"),
        ("flexscope add user --username a --email a@b.org --account 1 --password long-enough --roles amin", "'admin'"),
    ],
)
def test_the_terminal_is_refused_what_the_api_is_refused(mill: Terminal, line: str, sentence: str) -> None:
    said = mill(line)
    assert said.code == 1 and sentence in said.err and said.err.count("\n") == 1


def test_what_an_account_booked_holds_at_the_terminal(mill: Terminal, database_url: str) -> None:
    opened = Database(database_url)
    with opened.writing() as session:
        session.add(Subscription(name="small", most_assets=1, most_users=0))
        session.flush()
        session.get_one(Account, 1).plan_id = 1
    opened.close()
    assert "allows 1 assets" in mill(f"{ASSET} --name second --account 1").err
    user = "flexscope add user --username a --email a@b.org --account 1 --password long-enough"
    assert "allows 0 users" in mill(user).err


def test_the_audit_log_tells_what_an_operator_did(mill: Terminal, database_url: str) -> None:
    mill(f"{SENSOR} --event-resolution 15")
    mill("flexscope delete beliefs --sensor 1 --yes")
    for noun in ("sensor", "asset", "account"):
        assert mill(f"flexscope delete {noun} --id 1 --force").code == 0
    opened = Database(database_url)
    with opened.reading() as session:
        events = {row.event: row.active_user_name for row in session.scalars(select(AuditEvent))}
    opened.close()
    told = ["Deleted data of sensor 'power' (1)", "Deleted sensor 'power' (1) with its data"]
    told += ["Deleted asset 'store' with everything below it", "Deleted account 'Mill' with its users, assets and data"]
    assert [events.get(event) for event in told] == [f"operator {getpass.getuser()}"] * 4


@pytest.mark.parametrize(
    "line",
    [
        *(f"flexscope delete {noun} --id 1" for noun in ("account", "asset", "sensor")),
        "flexscope delete beliefs --sensor 1",
        "flexscope edit resample-data --sensor 1 --event-resolution PT1H",
    ],
)
def test_nobody_waits_to_write_while_a_person_reads_a_question(
    mill: Terminal, database_url: str, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    mill(f"{SENSOR} --event-resolution 15")

    def answer(_text: str) -> str:
        opened = Database(database_url, patience=0.5)
        with opened.writing() as session:
            session.get_one(Account, 2).name = f"Quay of {line}"[:80]
        opened.close()
        return "y"

    monkeypatch.setattr(click.termui, "visible_prompt_func", answer)
    said = mill(line)
    assert said.code == 0, said.err
    opened = Database(database_url)
    with opened.reading() as session:
        assert session.get_one(Account, 2).name.startswith("Quay of")
    opened.close()
