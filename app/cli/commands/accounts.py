"""Commands about accounts, users, roles and sources."""

from typing import Any

import click
from sqlalchemy import select

from app.auth.login.passwords import hashed
from app.cli.opening import acting, reading
from app.cli.tables import show_table, show_title
from app.usecases.accounts import NewAccount, create_account
from app.usecases.sources import NewSource, create_source
from app.usecases.users import NewUser, create_user
from db import sources
from db.accounts import users
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.database import get
from db.sources import Source


@click.command("account")
@click.option("--name", required=True, help="Name of the organisation.")
@click.option("--consultancy", type=int, help="ID of the account whose consultants may read this one.")
def add_account(name: str, consultancy: int | None) -> None:
    """Add an organisation."""
    fields = {"name": name, "consultancy_account_id": consultancy}
    with acting() as (session, actor):
        new = actor.read(NewAccount, {key: value for key, value in fields.items() if value is not None})
        account = create_account(session, actor, new)
    click.secho(f"Account {account.name} has ID {account.id}.", fg="green")


@click.command("user")
@click.option("--username", required=True, help="Name to sign data with.")
@click.option("--email", required=True, help="Address to sign in with.")
@click.option("--account", "account_id", type=int, required=True, help="ID of the account.")
@click.option("--roles", default="", help=f"Roles, with commas between: {', '.join(users.ROLES)}.")
@click.option("--timezone", help="Zone to show times in; without it that of the server (FLEXMEASURES_TIMEZONE).")
@click.password_option(help="Asked for when not given.")
def add_user(roles: str, password: str, **columns: Any) -> None:
    """Add a user of an account."""
    fields = {name: value for name, value in columns.items() if value is not None}
    names = [name.strip() for name in roles.split(",") if name.strip()]
    # Before the transaction: a hash takes 0.1 s, in which nobody else could write.
    password_hash = hashed(password)
    with acting() as (session, actor):
        new = actor.read(NewUser, fields)
        user = create_user(session, actor, new, password_hash=password_hash, roles=names)
    click.secho(f"User {user.username} has ID {user.id}.", fg="green")


@click.command("accounts")
def show_accounts() -> None:
    """Show all accounts."""
    with reading() as session:
        rows = [(row.id, row.name) for row in session.scalars(select(Account).order_by(Account.id))]
    show_table(["ID", "Name"], rows)


@click.command("account")
@click.option("--id", "account_id", type=int, required=True, help="ID of the account.")
def show_account(account_id: int) -> None:
    """Show one account with its users and assets."""
    with reading() as session:
        account = get(session, Account, account_id)
        people = list(session.scalars(select(User).where(User.account_id == account_id).order_by(User.id)))
        owned = list(session.scalars(select(Asset).where(Asset.account_id == account_id).order_by(Asset.id)))
        show_title(f"Account {account.name} (ID: {account.id})")
        show_title("Users")
        show_table(
            ["ID", "Name", "Email", "Last login", "Last seen", "Roles"],
            [
                (u.id, u.username, u.email, u.last_login_at, u.last_seen_at, ", ".join(r.name for r in u.roles))
                for u in people
            ],
        )
        show_title("Assets")
        show_table(["ID", "Name", "Type", "Location"], [(a.id, a.name, a.asset_type.name, place(a)) for a in owned])


def place(asset: Asset) -> str:
    """Return where an asset is, in degrees north and east."""
    return "" if asset.latitude is None else f"({asset.latitude}, {asset.longitude})"


@click.command("roles")
def show_roles() -> None:
    """Show the roles users can have."""
    show_table(["Name", "Meaning"], users.ROLES.items())


@click.command("source")
@click.option("--name", required=True, help="Who or what tells the data.")
@click.option("--type", "kind", default="script", show_default=True, help=f"Such as {', '.join(sources.TYPES)}.")
@click.option("--model", default="", help="The model that computes them.")
@click.option("--version", default="", help="Version of the model.")
def add_source(name: str, kind: str, model: str, version: str) -> None:
    """Add a source of data."""
    with acting() as (session, actor):
        fields = {"name": name, "type": kind, "model": model, "version": version}
        made = create_source(session, actor, actor.read(NewSource, fields))
    click.secho(f"Source {made.description} has ID {made.id}.", fg="green")


@click.command("data-sources")
@click.option("--id", "source_id", type=int, help="ID of one source; else all.")
def show_sources(source_id: int | None) -> None:
    """Show where data come from."""
    with reading() as session:
        listed = session.scalars(select(Source).order_by(Source.id))
        chosen = listed if source_id is None else [get(session, Source, source_id)]
        rows = [(s.id, s.name, s.type, s.user_id, s.model, s.version) for s in chosen]
    show_table(["ID", "Name", "Type", "User ID", "Model", "Version"], rows)
