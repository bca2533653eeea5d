"""Secrets of assets and accounts, such as the password of an inverter: set, list by name, delete; never told."""

from typing import Any

from app.api.http.route import Call, delete, get, post
from app.auth.access import access
from app.usecases.credentials import KEYS, NewSecret, SecretOwner, delete_secret, keep_secret
from db.accounts import credentials
from db.accounts.accounts import Account
from db.accounts.credentials import KeptSecret
from db.assets import Asset
from db.core import database


def _list(call: Call, kind: type[SecretOwner], id: int) -> list[dict[str, Any]]:
    owner: SecretOwner = database.get(call.session, kind, id)
    access.check(call.user, "update", owner)
    return [_secret_document(row) for row in credentials.secrets_of(call.session, **{KEYS[kind]: id})]


def of_asset(call: Call, id: int) -> list[dict[str, Any]]:
    """List the names of the secrets of an asset."""
    return _list(call, Asset, id)


def of_account(call: Call, id: int) -> list[dict[str, Any]]:
    """List the names of the secrets of an account."""
    return _list(call, Account, id)


def _set(call: Call, kind: type[SecretOwner], id: int, body: NewSecret) -> dict[str, Any]:
    owner: SecretOwner = database.get(call.session, kind, id)
    return _secret_document(keep_secret(call.session, call.actor, owner, body, server_secret=call.running.secret))


def set_of_asset(call: Call, id: int, body: NewSecret) -> dict[str, Any]:
    """Keep a secret of an asset, in place of one with the same name; it is stored encrypted."""
    return _set(call, Asset, id, body)


def set_of_account(call: Call, id: int, body: NewSecret) -> dict[str, Any]:
    """Keep a secret of an account, in place of one with the same name; it is stored encrypted."""
    return _set(call, Account, id, body)


def remove(call: Call, id: int) -> None:
    """Delete a secret."""
    delete_secret(call.session, call.actor, id)


def _secret_document(row: KeptSecret) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "changed_at": row.changed_at.isoformat()}


ROUTES = [
    get("/assets/{id}/secrets", of_asset),
    post("/assets/{id}/secrets", set_of_asset, status=201),
    get("/accounts/{id}/secrets", of_account),
    post("/accounts/{id}/secrets", set_of_account, status=201),
    delete("/secrets/{id}", remove),
]
