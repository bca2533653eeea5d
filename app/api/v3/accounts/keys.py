"""Access keys of machines: make, list, revoke."""

from datetime import datetime
from typing import Any

from app.api.http.route import Call, delete, get, post
from app.auth.access import access
from app.usecases import credentials
from app.usecases.credentials import NewKey
from db.accounts.credentials import AccessKey, keys_of_user
from db.accounts.users import User
from db.core import database


def list_keys(call: Call, id: int) -> list[dict[str, Any]]:
    """List the access keys of a user that are not revoked; their secrets are told once only, when they are made."""
    user = database.get(call.session, User, id)
    access.check(call.user, "read" if "admin-reader" in call.user.roles else "update", user)
    return [_key_document(key) for key in keys_of_user(call.session, id)]


def make_key(call: Call, id: int, body: NewKey) -> dict[str, Any]:
    """Make an access key, for yourself; only this answer tells it."""
    key, text = credentials.create_key(call.session, call.actor, id, body)
    return _key_document(key) | {"key": text}


def revoke_key(call: Call, id: int) -> None:
    """Revoke an access key, at once."""
    credentials.revoke_key(call.session, call.actor, id)


def _key_document(key: AccessKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "created-at": _iso(key.created_at),
        "expires-at": _iso(key.expires_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


ROUTES = [
    get("/users/{id}/keys", list_keys),
    post("/users/{id}/keys", make_key, status=201, secret_fields=("key",)),
    delete("/keys/{id}", revoke_key),
]
