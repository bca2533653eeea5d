"""``flexscope delete`` for accounts, users, assets and sensors: with all that is theirs, once that is confirmed."""

from collections.abc import Callable, Iterable

import click
from sqlalchemy.orm import Session

from app.assemble.site.naming import Mention, mentions
from app.cli.opening import acting, reading
from app.usecases.accounts import delete_account
from app.usecases.actor import Actor
from app.usecases.assets.assets import delete_asset
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from app.usecases.sensors import delete_sensor
from app.usecases.users import delete_user
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset, subtree
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
    remove(Account, ids, delete_account, what="users, assets and data", force=force)


@click.command("user")
@IDS
@FORCE
def user(ids: tuple[int, ...], force: bool) -> None:
    """Delete users; what they sent stays."""
    remove(User, ids, delete_user, what="sessions and keys", force=force)


@click.command("asset")
@IDS
@FORCE
def asset(ids: tuple[int, ...], force: bool) -> None:
    """Delete assets with those below them, their sensors and data."""
    remove(Asset, ids, delete_asset, what="the assets below, sensors and data", force=force)


@click.command("sensor")
@IDS
@FORCE
def sensor(ids: tuple[int, ...], force: bool) -> None:
    """Delete sensors with their data."""
    remove(Sensor, ids, delete_sensor, what="data", force=force)


def remove(
    table: type[Table], ids: tuple[int, ...], delete: Callable[[Session, Actor, int], None], *, what: str, force: bool
) -> None:
    """Delete rows and, by the foreign keys, what is theirs: all of them or none."""
    with reading() as session:
        names = _names(session, table, ids)
        naming: Iterable[Mention] = ()
        if table is Sensor:
            naming = mentions(session, {("sensor", key) for key in ids})
        elif table is Asset:
            naming = mentions_elsewhere(session, {each.id for key in ids for each in subtree(session, key)})
        if warning := deletion_warning(None, naming):
            click.secho(warning, fg="yellow", err=True)
    # Asked outside of a transaction: while a person thinks, others go on writing.
    if not force:
        click.confirm(f"Delete {', '.join(names)} with {what}?", abort=True)
    with acting() as (session, actor):
        if _names(session, table, ids) != names:
            raise InputError("What is to be deleted was changed meanwhile; nothing was deleted. Look at it again.")
        for key in dict.fromkeys(ids):  # an id may be given twice
            delete(session, actor, key)
            # So that what went with one is not found again for the next.
            session.flush()
    click.secho(f"Deleted {', '.join(names)}.", fg="green")


def _names(session: Session, table: type[Table], ids: tuple[int, ...]) -> list[str]:
    rows = [get(session, table, key) for key in ids]
    return [str(getattr(row, "name", None) or getattr(row, "username", "")) for row in rows]
