"""``flexscope delete`` for accounts, users, assets and sensors: with all that is theirs, once that is confirmed."""

from datetime import UTC, datetime

import click
from sqlalchemy import false, select
from sqlalchemy.orm import Session

from app.cli.opening import reading, writing
from app.jobs import principal
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.database import Table, get
from db.sensors import Sensor
from engine.errors import InputError

IDS = click.option("--id", "ids", type=int, multiple=True, required=True, help="ID; may be given several times.")
FORCE = click.option("--force", is_flag=True, help="Do not ask.")


@click.command("account")
@IDS
@FORCE
def account(ids: tuple[int, ...], force: bool) -> None:
    """Delete accounts with their users, assets and data."""
    remove(Account, ids, what="users, assets and data", force=force)


@click.command("user")
@IDS
@FORCE
def user(ids: tuple[int, ...], force: bool) -> None:
    """Delete users; what they sent stays."""
    remove(User, ids, what="sessions and keys", force=force)


@click.command("asset")
@IDS
@FORCE
def asset(ids: tuple[int, ...], force: bool) -> None:
    """Delete assets with those below them, their sensors and data."""
    remove(Asset, ids, what="the assets below, sensors and data", force=force)


@click.command("sensor")
@IDS
@FORCE
def sensor(ids: tuple[int, ...], force: bool) -> None:
    """Delete sensors with their data."""
    remove(Sensor, ids, what="data", force=force)


def _users(session: Session, table: type[Table], ids: tuple[int, ...]) -> list[int]:
    """Return the ids of the users that are deleted with some rows."""
    leaving = User.account_id.in_(ids) if table is Account else User.id.in_(ids) if table is User else false()
    return list(session.scalars(select(User.id).where(leaving)))


def remove(table: type[Table], ids: tuple[int, ...], *, what: str, force: bool) -> None:
    """Delete rows and, by the foreign keys, what is theirs: all of them or none."""
    with reading() as session:
        names = _names(session, table, ids)
    if not force:
        click.confirm(f"Delete {', '.join(names)} with {what}?", abort=True)
    with writing() as session:
        if _names(session, table, ids) != names:
            raise InputError("What is to be deleted was changed meanwhile; nothing was deleted. Look at it again.")
        if table is Account:
            _let_go(session, ids)
        principal.leave(session, _users(session, table, ids), now=datetime.now(UTC))
        for key in dict.fromkeys(ids):
            session.delete(get(session, table, key))
    click.secho(f"Deleted {', '.join(names)}.", fg="green")


def _let_go(session: Session, account_ids: tuple[int, ...]) -> None:
    """Take what other accounts have below assets of leaving accounts to the top, so that it does not go with them."""
    owned = select(Asset.id).where(Asset.account_id.in_(account_ids))
    for asset in session.scalars(select(Asset).where(Asset.parent_asset_id.in_(owned))):
        if asset.account_id not in account_ids:
            asset.parent_asset_id = None
    session.flush()


def _names(session: Session, table: type[Table], ids: tuple[int, ...]) -> list[str]:
    rows = [get(session, table, key) for key in ids]
    return [str(getattr(row, "name", None) or getattr(row, "username", "")) for row in rows]
