"""Commands about secrets of assets and accounts, such as the password of an inverter: set and delete, never told."""

import click
from sqlalchemy.orm import Session

from app.cli.opening import acting, reading
from app.settings.settings import secret_key
from app.usecases.credentials import NewSecret, SecretOwner, delete_secret, keep_secret
from db.accounts import credentials
from db.accounts.accounts import Account
from db.assets import Asset
from db.core.database import get
from engine.errors import FieldError, UnknownName

OF_ACCOUNT = click.option("--account", "account_id", type=int, help="ID of the account whose secret it is.")
OF_ASSET = click.option("--asset", "asset_id", type=int, help="ID of the asset whose secret it is.")
NAME = click.option("--secret", "--secret-path", "name", required=True, help="Its name, such as inverter.password.")


@click.command("secret")
@OF_ACCOUNT
@OF_ASSET
@NAME
@click.option("--value", help="Its value; without it, it is asked for and not shown.")
@click.option("--prompt", is_flag=True, help="Ask for the value, which is also done where none is given.")
def edit_secret(account_id: int | None, asset_id: int | None, name: str, value: str | None, prompt: bool) -> None:
    """Keep a secret, in place of one with the same name; it is stored encrypted."""
    if value is not None and prompt:
        raise FieldError("value", "give it, or let it be asked for with --prompt; not both.")
    text = value if value is not None else click.prompt("Value", hide_input=True, confirmation_prompt=True)
    with acting() as (session, actor):
        owner = _owner(session, account_id, asset_id)
        new = actor.read(NewSecret, {"name": name, "value": text})
        row = keep_secret(session, actor, owner, new, server_secret=secret_key(actor.settings))
    click.secho(f"Secret {row.name} is kept.", fg="green")


@click.command("secret")
@OF_ACCOUNT
@OF_ASSET
@NAME
@click.option("--force", is_flag=True, help="Do not ask.")
def remove_secret(account_id: int | None, asset_id: int | None, name: str, force: bool) -> None:
    """Delete a secret."""
    with reading() as session:
        owner = _owner(session, account_id, asset_id)
        kept = {row.name: row.id for row in credentials.secrets_of(session, account_id=account_id, asset_id=asset_id)}
    if name not in kept:
        raise UnknownName("secret", name, sorted(kept))
    if not force:
        click.confirm(f"Delete the secret {name} of {owner.name}?", abort=True)
    with acting() as (session, actor):
        delete_secret(session, actor, kept[name])
    click.secho(f"Deleted secret {name}.", fg="green")


def _owner(session: Session, account_id: int | None, asset_id: int | None) -> SecretOwner:
    if (account_id is None) == (asset_id is None):
        raise FieldError("asset", "name whose secret it is: either --asset or --account.")
    return get(session, Account, account_id) if account_id is not None else get(session, Asset, asset_id or 0)
