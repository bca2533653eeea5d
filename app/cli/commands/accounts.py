"""Commands about accounts, users, roles and sources."""

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import select

from app.auth.access.passwords import hashed
from app.cli.opening import acting, reading
from app.cli.tables import show_table, show_title, tabular
from app.usecases.accounts import (
    NewAccount,
    NewAccountRole,
    NewPlan,
    PlanLimits,
    account_roles,
    create_account,
    create_account_role,
    create_plan,
    delete_account_role,
    update_plan,
)
from app.usecases.sources import NewSource, create_source
from app.usecases.users import NewUser, create_user
from db import sources, subscriptions
from db.accounts import users
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.users import User
from db.assets import Asset
from db.core.database import get
from db.sources import Source
from db.subscriptions import Subscription
from engine.errors import FieldError


@click.command("account")
@click.option("--name", required=True, help="Name of the organisation.")
@click.option(
    "--consultancy", "consultancy_account_id", type=int, help="ID of the account whose consultants may read this one."
)
@click.option("--roles", default="", help="Account roles, with commas between; see 'flexscope show roles'.")
@click.option("--plan", "plan_id", type=int, help="ID of the plan it has booked; see 'flexscope show plans'.")
@click.option("--primary-color", help="Its colour on pages, such as #00639b.")
@click.option("--secondary-color", help="Its second colour, likewise.")
@click.option("--logo-url", help="Address of its logo, with https:// or from / on.")
def add_account(roles: str, **columns: Any) -> None:
    """Add an organisation."""
    fields = {name: value for name, value in columns.items() if value is not None}
    with acting() as (session, actor):
        if names := _listed(roles):
            fields["account_roles"] = [role.id for role in account_roles(session, names)]
        account = create_account(session, actor, actor.read(NewAccount, fields))
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
    # Before the transaction: a hash takes 0.1 s, in which nobody else could write.
    password_hash = hashed(password)
    with acting() as (session, actor):
        new = actor.read(NewUser, fields)
        user = create_user(session, actor, new, password_hash=password_hash, roles=_listed(roles))
    click.secho(f"User {user.username} has ID {user.id}.", fg="green")


def _listed(text: str) -> list[str]:
    """Words of an option that have commas between."""
    return [word.strip() for word in text.split(",") if word.strip()]


@click.command("account-role")
@click.option("--name", required=True, help="Such as Prosumer.")
@click.option("--description", default="", help="What accounts of this kind are.")
def add_account_role(name: str, description: str) -> None:
    """Add a kind of account, for which pages and settings may differ."""
    with acting() as (session, actor):
        new = actor.read(NewAccountRole, {"name": name, "description": description})
        role = create_account_role(session, actor, new)
    click.secho(f"Account role {role.name} has ID {role.id}.", fg="green")


@click.command("account-role")
@click.option("--name", required=True, help="Its name.")
@click.option("--force", is_flag=True, help="Do not ask.")
def remove_account_role(name: str, force: bool) -> None:
    """Delete a kind of account; accounts of that kind lose it."""
    with reading() as session:
        account_roles(session, [name])
    if not force:
        click.confirm(f"Delete the account role {name}, also from all accounts that have it?", abort=True)
    with acting() as (session, actor):
        delete_account_role(session, actor, name)
    click.secho(f"Deleted account role {name}.", fg="green")


def limits(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a plan allows."""
    for option in (
        click.option(
            "--default-rate-limit", "requests_per_minute", type=int, help="Requests of an account in a minute."
        ),
        click.option(
            "--trigger-rate-limit", "triggers_per_five_minutes", type=int,
            help="Schedules and forecasts that may be asked for in five minutes.",
        ),
        click.option("--max-users", "most_users", type=int, help="Users it may have."),
        click.option("--max-assets", "most_assets", type=int, help="Assets it may have."),
        click.option("--max-clients", "most_clients", type=int, help="Accounts it may consult."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("plan")
@click.option("--name", required=True, help="Its name.")
@limits
def add_plan(name: str, **columns: int | None) -> None:
    """Add a plan that accounts may book; what it does not limit, the server's settings do."""
    with acting() as (session, actor):
        plan = create_plan(session, actor, actor.read(NewPlan, {"name": name, **columns}))
    click.secho(f"Plan {plan.name} has ID {plan.id}.", fg="green")


@click.command("plan")
@click.option("--id", "plan_id", type=int, required=True, help="ID of the plan.")
@limits
@click.option("--clear", type=click.Choice([*PlanLimits.model_fields]), multiple=True, help="A limit to take away.")
def edit_plan(plan_id: int, clear: tuple[str, ...], **columns: int | None) -> None:
    """Change what a plan allows, for all accounts that booked it."""
    fields = {name: value for name, value in columns.items() if value is not None} | dict.fromkeys(clear)
    if not fields:
        raise FieldError("plan", "name a limit to change, such as --max-assets 100.")
    with acting() as (session, actor):
        plan = update_plan(session, actor, plan_id, actor.read(PlanLimits, fields))
    click.secho(f"Plan {plan.name} is changed.", fg="green")


@click.command("plans")
@tabular
def show_plans() -> None:
    """Show the plans that accounts may book."""
    with reading() as session:
        rows = [
            (row.id, row.name, *(getattr(row, name) for name in PlanLimits.model_fields))
            for row in session.scalars(select(Subscription).order_by(Subscription.id))
        ]
    show_table(["ID", "Name", *(name.replace("_", " ").capitalize() for name in PlanLimits.model_fields)], rows)


@click.command("accounts")
@tabular
def show_accounts() -> None:
    """Show all accounts."""
    with reading() as session:
        rows = [(row.id, row.name) for row in session.scalars(select(Account).order_by(Account.id))]
    show_table(["ID", "Name"], rows)


@click.command("account")
@click.option("--id", "account_id", type=int, required=True, help="ID of the account.")
@tabular
def show_account(account_id: int) -> None:
    """Show one account with its users and assets."""
    with reading() as session:
        account = get(session, Account, account_id)
        people = list(session.scalars(select(User).where(User.account_id == account_id).order_by(User.id)))
        owned = list(session.scalars(select(Asset).where(Asset.account_id == account_id).order_by(Asset.id)))
        show_title(f"Account {account.name} (ID: {account.id})", key="account")
        held = select(AccountRole.name).join(RolesAccounts).where(RolesAccounts.account_id == account_id)
        plan = subscriptions.of_account(session, account_id)
        facts = (", ".join(session.scalars(held)), account.consultancy_account_id, plan and plan.name)
        show_table(["ID", "Name", "Roles", "Consultancy ID", "Plan"], [(account.id, account.name, *facts)])
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
@tabular
def show_roles() -> None:
    """Show the roles that users and accounts can have."""
    with reading() as session:
        kinds = [(row.id, row.name, row.description) for row in session.scalars(select(AccountRole))]
    show_title("Roles of users")
    show_table(["Name", "Meaning"], users.ROLES.items())
    show_title("Roles of accounts")
    show_table(["ID", "Name", "Meaning"], kinds)


@click.command("source")
@click.option("--name", required=True, help="Who or what provides the data.")
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
@tabular
def show_sources(source_id: int | None) -> None:
    """Show where data come from."""
    with reading() as session:
        listed = session.scalars(select(Source).order_by(Source.id))
        chosen = listed if source_id is None else [get(session, Source, source_id)]
        rows = [(s.id, s.name, s.type, s.user_id, s.model, s.version) for s in chosen]
    show_table(["ID", "Name", "Type", "User ID", "Model", "Version"], rows)
