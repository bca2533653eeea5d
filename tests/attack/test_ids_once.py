"""An id means one row for ever: nobody who gets a new row learns of the one that is gone what was said of that."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from db import migrations
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset, asset_type
from db.core.audit import AuditEvent
from db.core.database import Database, Table
from db.exchange.dump import dump, restore
from db.sensors import Sensor

STEP = timedelta(minutes=15)
KINDS: list[type[Table]] = [Account, User, Asset, Sensor]


def added(database: Database, kind: type[Table], name: str) -> int:
    """Add a row of a kind, with what it needs, and return its id."""
    with database.writing() as session:
        account = session.scalar(select(Account).where(Account.name == "holder")) or Account(name="holder")
        session.add(account)
        session.flush()
        asset = Asset(name=name, asset_type_id=asset_type(session, "battery").id, account_id=account.id)
        rows: dict[type[Table], Any] = {
            Account: Account(name=name),
            User: User(email=f"{name}@x.org", username=name, password_hash="!", account_id=account.id),
            Asset: asset,
            Sensor: Sensor(name=name, asset=asset, unit="kW", resolution=STEP),
        }
        session.add(rows[kind])
        session.flush()
        key: int = rows[kind].id
        return key


def removed(database: Database, kind: type[Table], key: int) -> None:
    with database.writing() as session:
        session.delete(session.get_one(kind, key))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__tablename__)
def test_no_id_is_given_twice(database: Database, kind: type[Table]) -> None:
    gone = added(database, kind, "gone")
    removed(database, kind, gone)
    assert added(database, kind, "new") > gone


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__tablename__)
def test_nor_after_a_restore(database: Database, database_url: str, kind: type[Table], tmp_path: Path) -> None:
    gone = added(database, kind, "gone")
    removed(database, kind, gone)
    dump(database, tmp_path / "copy")
    restore(f"sqlite:///{tmp_path / 'fresh.db'}", tmp_path / "copy")
    restore(database_url, tmp_path / "copy", replace=True)
    for url in (database_url, f"sqlite:///{tmp_path / 'fresh.db'}"):
        opened = Database(url)
        assert added(opened, kind, "new") > gone
        opened.close()


def test_nor_by_a_database_of_before(database: Database, database_url: str) -> None:
    migrations.downgrade(database_url, "0006")
    gone = {kind: added(database, kind, "gone") for kind in (Account, Asset)}
    for kind, key in gone.items():  # as a version of before did, which looks into no table of today
        with database.writing() as session:
            session.connection().execute(delete(kind.__table__).where(kind.__table__.c.id == key))
    migrations.upgrade(database_url)
    for kind, key in gone.items():
        assert added(database, kind, "new") > key


def test_the_log_of_a_new_asset_begins_with_it(database: Database) -> None:
    removed(database, Asset, added(database, Asset, "gone"))
    new = added(database, Asset, "new")
    with database.reading() as session:
        assert "gone" not in str(
            [
                (row.event, row.before, row.after)
                for row in session.scalars(select(AuditEvent).where(AuditEvent.asset_id == new))
            ]
        )


def test_every_table_the_log_speaks_of_gives_ids_once() -> None:
    from db.core.change_tracking import WATCHED

    at_risk = {name for name in WATCHED if "id" in Table.metadata.tables[name].columns}
    once = {name for name in at_risk if Table.metadata.tables[name].dialect_options["sqlite"]["autoincrement"]}
    assert {kind.__tablename__ for kind in KINDS} <= once
