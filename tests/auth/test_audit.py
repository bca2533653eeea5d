"""Every change leaves a trace with the values before and after, and no trace can be changed."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.exc import DBAPIError

from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.assets.assets import AssetChange, update_asset
from app.usecases.sensors import SensorChange, update_sensor
from db.accounts.accounts import Account
from db.accounts.users import User, role
from db.assets import Asset, asset_type
from db.core import audit, change_tracking
from db.core.audit import AuditEvent
from db.core.database import Database
from db.jobs.automations import Automation
from db.sensors import Sensor

NOW, HOUR = datetime(2026, 1, 5, tzinfo=UTC), timedelta(hours=1)


def events(database: Database) -> list[AuditEvent]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def add_mill(database: Database) -> tuple[int, int]:
    """Return the ids of an account and of its only asset."""
    with database.writing() as session:
        account = Account(name="Mill")
        session.add(account)
        session.flush()
        asset = Asset(name="battery", asset_type_id=asset_type(session, "battery").id, account_id=account.id)
        session.add(asset)
        session.flush()
        return account.id, asset.id


def test_a_change_nobody_mentions_is_written_with_its_values(database: Database) -> None:
    _, asset_id = add_mill(database)
    with database.writing() as session:
        change_tracking.act_as(session, (7, "ada"))
        session.get_one(Asset, asset_id).flex_model = {"soc-max": "10 kWh"}
    last = events(database)[-1]
    assert (last.event, last.active_user_id, last.asset_id) == ("Changed flex_model of asset 'battery'", 7, asset_id)
    assert (last.before, last.after) == ({"flex_model": {}}, {"flex_model": {"soc-max": "10 kWh"}})


def test_what_is_said_about_a_change_is_written_once_beside_its_values(database: Database) -> None:
    account_id, _ = add_mill(database)
    seen = len(events(database))
    with database.writing() as session:
        session.get_one(Account, account_id).name = "Windmill"
        session.flush()
        audit.note(session, "Renamed", at=NOW, by=(7, "ada"), account_id=account_id)
    (last,) = events(database)[seen:]
    assert (last.event, last.before, last.after) == ("Renamed", {"name": "Mill"}, {"name": "Windmill"})


def test_new_and_deleted_sensors_are_told_with_their_units(database: Database) -> None:
    _, asset_id = add_mill(database)
    with database.writing() as session:
        sensor = Sensor(name="power", asset_id=asset_id, unit="kW", resolution=timedelta(minutes=15))
        session.add(sensor)
    with database.writing() as session:
        session.delete(session.get_one(Sensor, sensor.id))
    added, deleted = events(database)[-2:]
    assert (added.event, added.after["unit"], added.after["resolution"]) == ("Added sensor 'power'", "kW", 900.0)
    assert (deleted.event, deleted.before["unit"], deleted.after) == ("Deleted sensor 'power'", "kW", {})


def test_each_of_many_changes_carries_its_own_values(database: Database) -> None:
    _, asset_id = add_mill(database)
    actor = Actor(principal=None, settings=load({}), now=NOW)
    with database.writing() as session:
        sensors = [Sensor(name=f"s{n}", asset_id=asset_id, unit="kW", resolution=timedelta(hours=1)) for n in range(4)]
        session.add_all(sensors)
    seen = len(events(database))
    with database.writing() as session:
        for sensor in reversed(sensors):
            change = SensorChange(name=f"{sensor.name} new", timezone="Asia/Seoul")
            update_sensor(session, actor, sensor.id, change)
        update_asset(session, actor, asset_id, AssetChange(name="store"))
    told = {(row.event, row.before["name"], row.after["name"]) for row in events(database)[seen:]}
    expected = {(f"Changed name, timezone of sensor {s.id}", f"s{n}", f"s{n} new") for n, s in enumerate(sensors)}
    assert told == expected | {("Changed name of asset 'store'", "battery", "store")}
    assert len(events(database)) == seen + 5


def test_roles_are_told_and_password_hashes_are_not(database: Database) -> None:
    account_id, _ = add_mill(database)
    with database.writing() as session:
        ada = User(email="a@b.org", username="ada", password_hash="very secret", account_id=account_id)
        session.add(ada)
        session.flush()
        ada.roles = [role(session, "consultant")]
        ada.password_hash = "more secret"
    last = events(database)[-1]
    assert (last.user_id, last.after["roles"], last.after["password_hash"]) == (ada.id, ["consultant"], "(secret)")


def test_what_moves_by_itself_is_not_told(database: Database) -> None:
    account_id, asset_id = add_mill(database)
    with database.writing() as session:
        ada = User(email="a@b.org", username="ada", password_hash="secret", account_id=account_id)
        hourly = Automation(asset_id=asset_id, name="x", kind="schedule", request={}, every=HOUR)
        hourly.at, hourly.next_at, hourly.created_at = timedelta(0), NOW, NOW
        hourly.active, hourly.on_data = True, False
        session.add_all([ada, hourly])
    seen = len(events(database))
    with database.writing() as session:
        person, timer = session.get_one(User, ada.id), session.get_one(Automation, hourly.id)
        person.last_login_at, person.login_count, person.last_seen_at = NOW, 1, NOW
        person.session_serial, person.preferences = 1, {"theme": "dark"}
        timer.next_at, timer.last_at = NOW + 2 * HOUR, NOW + HOUR
    assert len(events(database)) == seen
    with database.writing() as session:
        person = session.get_one(User, ada.id)
        person.login_count, person.username = 2, "countess"
    (last,) = events(database)[seen:]
    assert (last.before, last.after) == ({"username": "ada"}, {"username": "countess"})


def test_what_fails_leaves_no_trace(database: Database) -> None:
    account_id, _ = add_mill(database)
    seen = len(events(database))
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.get_one(Account, account_id).name = "Windmill"
        session.flush()
        _ = 1 / 0
    assert len(events(database)) == seen


@pytest.mark.parametrize("statement", [delete(AuditEvent), update(AuditEvent).values(event="nothing")])
def test_the_database_refuses_to_change_the_past(database: Database, statement: Executable) -> None:
    add_mill(database)
    with pytest.raises(DBAPIError, match="only ever added"), database.writing() as session:
        session.execute(statement)
    assert events(database)


def test_postgres_refuses_to_empty_the_log(postgres_url: str) -> None:
    opened = Database(postgres_url)
    with pytest.raises(DBAPIError, match="only ever added"), opened.writing() as session:
        session.execute(text("TRUNCATE audit_event"))
    opened.close()
