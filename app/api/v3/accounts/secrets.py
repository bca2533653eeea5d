"""Secrets of assets and accounts, such as the password of an inverter: set, list by name, delete; never told."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field
from sqlalchemy import select

from app.api.http.route import Call, delete, get, post
from app.api.v3.accounts import audit
from app.auth.access import access
from app.auth.protection import sealing
from app.usecases.fields import Body
from db.accounts import stored_secrets
from db.accounts.accounts import Account
from db.accounts.stored_secrets import KeptSecret
from db.assets import Asset
from db.core import database

Owner: TypeAlias = Account | Asset
KEYS: dict[type[Owner], Literal["account_id", "asset_id"]] = {Account: "account_id", Asset: "asset_id"}


def _of(call: Call, kind: type[Owner], id: int) -> tuple[Owner, dict[str, int]]:
    """Return a row whose secrets the asker may set, and how they point at it."""
    owner: Owner = database.get(call.session, kind, id)
    access.check(call.who, "update", owner)
    return owner, {KEYS[kind]: id}


def _list(call: Call, kind: type[Owner], id: int) -> list[dict[str, Any]]:
    _, of = _of(call, kind, id)
    return [_shown(row) for row in stored_secrets.of(call.session, **of)]


def of_asset(call: Call, id: int) -> list[dict[str, Any]]:
    """List the names of the secrets of an asset."""
    return _list(call, Asset, id)


def of_account(call: Call, id: int) -> list[dict[str, Any]]:
    """List the names of the secrets of an account."""
    return _list(call, Account, id)


class NewSecret(Body):
    """A secret to keep."""

    name: Annotated[str, Field(max_length=255, pattern=r"^[\w-]+(\.[\w-]+)*$", examples=["inverter.password"])]
    value: Annotated[str, Field(min_length=1, max_length=10_000)]


def _set(call: Call, kind: type[Owner], id: int, body: NewSecret) -> dict[str, Any]:
    owner, of = _of(call, kind, id)
    row = call.session.scalar(select(KeptSecret).filter_by(**of, name=body.name))
    if row is None:
        row = KeptSecret(**of, name=body.name)
        call.session.add(row)
    row.sealed, row.changed_at = sealing.seal(body.value, call.running.settings, secret=call.running.secret), call.now
    call.session.flush()
    audit.note(call, f"Set secret {body.name!r} of {_named(owner)}", owner, of=row)
    return _shown(row)


def set_of_asset(call: Call, id: int, body: NewSecret) -> dict[str, Any]:
    """Keep a secret of an asset, in place of one with the same name; it is stored encrypted."""
    return _set(call, Asset, id, body)


def set_of_account(call: Call, id: int, body: NewSecret) -> dict[str, Any]:
    """Keep a secret of an account, in place of one with the same name; it is stored encrypted."""
    return _set(call, Account, id, body)


def delete_secret(call: Call, id: int) -> None:
    """Delete a secret."""
    row = database.get(call.session, KeptSecret, id)
    owner, _ = _of(call, Asset, row.asset_id) if row.asset_id else _of(call, Account, row.account_id or 0)
    audit.note(call, f"Deleted secret {row.name!r} of {_named(owner)}", owner, of=row)
    call.session.delete(row)


def _named(owner: Owner) -> str:
    return f"{owner.__tablename__} {owner.name!r}"


def _shown(row: KeptSecret) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "changed_at": row.changed_at.isoformat()}


ROUTES = [
    get("/assets/{id}/secrets", of_asset),
    post("/assets/{id}/secrets", set_of_asset, status=201),
    get("/accounts/{id}/secrets", of_account),
    post("/accounts/{id}/secrets", set_of_account, status=201),
    delete("/secrets/{id}", delete_secret),
]
