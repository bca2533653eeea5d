"""Every change leaves a trace with the values before and after, and no trace can be changed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from db.accounts.accounts import Account
from db.accounts.users import User, role
from db.assets import Asset, asset_type
from db.core import audit, change_tracking
from db.core.audit import AuditEvent
from db.core.database import Database
from db.sensors import Sensor

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def events(database: Database) -> list[AuditEvent]:
    with database.reading() as work:
        return list(work.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def add_mill(database: Database) -> tuple[int, int]:
    """Return the ids of an account and of its only asset."""
    with database.writing() as work:
        account = Account(name="Mill")
        work.add(account)
        work.flush()
        asset = Asset(name="battery", asset_type_id=asset_type(work, "battery").id, account_id=account.id)
        work.add(asset)
        work.flush()
        return account.id, asset.id


def test_a_change_nobody_mentions_is_written_with_its_values(database: Database) -> None:
    _, asset_id = add_mill(database)
    with database.writing() as work:
        change_tracking.act_as(work, (7, "ada"))
        work.get_one(Asset, asset_id).flex_model = {"soc-max": "10 kWh"}
    last = events(database)[-1]
    assert (last.event, last.active_user_id, last.asset_id) == ("Changed flex_model of asset 'battery'", 7, asset_id)
    assert (last.before, last.after) == ({"flex_model": {}}, {"flex_model": {"soc-max": "10 kWh"}})


def test_what_is_said_about_a_change_is_written_once_beside_its_values(database: Database) -> None:
    account_id, _ = add_mill(database)
    seen = len(events(database))
    with database.writing() as work:
        work.get_one(Account, account_id).name = "Windmill"
        work.flush()
        audit.note(work, "Renamed", at=NOW, by=(7, "ada"), account_id=account_id)
    (last,) = events(database)[seen:]
    assert (last.event, last.before, last.after) == ("Renamed", {"name": "Mill"}, {"name": "Windmill"})


def test_new_and_deleted_sensors_are_told_with_their_units(database: Database) -> None:
    _, asset_id = add_mill(database)
    with database.writing() as work:
        sensor = Sensor(name="power", asset_id=asset_id, unit="kW", resolution=timedelta(minutes=15))
        work.add(sensor)
    with database.writing() as work:
        work.delete(work.get_one(Sensor, sensor.id))
    added, deleted = events(database)[-2:]
    assert (added.event, added.after["unit"], added.after["resolution"]) == ("Added sensor 'power'", "kW", 900.0)
    assert (deleted.event, deleted.before["unit"], deleted.after) == ("Deleted sensor 'power'", "kW", {})


def test_roles_are_told_and_password_hashes_are_not(database: Database) -> None:
    account_id, _ = add_mill(database)
    with database.writing() as work:
        ada = User(email="a@b.org", username="ada", password_hash="very secret", account_id=account_id)
        work.add(ada)
        work.flush()
        ada.roles = [role(work, "consultant")]
        ada.password_hash = "more secret"
    last = events(database)[-1]
    assert (last.user_id, last.after["roles"], last.after["password_hash"]) == (ada.id, ["consultant"], "(secret)")


def test_what_fails_leaves_no_trace(database: Database) -> None:
    account_id, _ = add_mill(database)
    seen = len(events(database))
    with pytest.raises(ZeroDivisionError), database.writing() as work:
        work.get_one(Account, account_id).name = "Windmill"
        work.flush()
        _ = 1 / 0
    assert len(events(database)) == seen


@pytest.mark.parametrize("statement", [delete(AuditEvent), update(AuditEvent).values(event="nothing")])
def test_the_database_refuses_to_change_the_past(database: Database, statement: Executable) -> None:
    add_mill(database)
    with pytest.raises(DBAPIError, match="only ever added"), database.writing() as work:
        work.execute(statement)
    assert events(database)


def test_postgres_refuses_to_empty_the_log(postgres_url: str) -> None:
    opened = Database(postgres_url)
    with pytest.raises(DBAPIError, match="only ever added"), opened.writing() as work:
        work.execute(text("TRUNCATE audit_event"))
    opened.close()
