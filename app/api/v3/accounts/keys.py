"""Access keys of machines: make, list, revoke."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.http.route import Call, delete, get, post
from app.api.v3.accounts import audit
from app.auth.access import access
from app.auth.tokens import keys
from app.usecases.fields import HYPHENS, Body, Moment
from db.accounts import access_keys
from db.accounts.access_keys import AccessKey
from db.accounts.users import User
from db.core import database


def list_keys(call: Call, id: int) -> list[dict[str, Any]]:
    """List the access keys of a user that are not revoked; their secrets are told once only, when they are made."""
    user = database.get(call.session, User, id)
    access.check(call.who, "read" if "admin-reader" in call.who.roles else "update", user)
    return [_shown(key) for key in access_keys.of_user(call.session, id)]


class NewKey(Body):
    """An access key to make."""

    model_config = HYPHENS

    name: Annotated[str, Field(min_length=1, max_length=100, description="What it is for")]
    scopes: Annotated[list[Literal["read", "data", "schedule"]], Field(min_length=1, max_length=3)]
    expires_at: Annotated[Moment | None, Field(description="Without it the key is valid until it is revoked")] = None


def make_key(call: Call, id: int, body: NewKey) -> dict[str, Any]:
    """Make an access key, for yourself; only this answer tells it."""
    user = database.get(call.session, User, id)
    if user.id != call.who.id and "admin" not in call.who.roles:
        raise access.NotAllowed("create-children", access.described(user))
    key, text = keys.make(
        call.session, user.id, name=body.name, scopes=set(body.scopes), now=call.now, expires_at=body.expires_at
    )
    audit.note(call, f"Made access key {key.name!r} ({key.id}) for {', '.join(key.scopes)}", user, of=key)
    return _shown(key) | {"key": text}


def revoke_key(call: Call, id: int) -> None:
    """Revoke an access key, at once."""
    key = database.get(call.session, AccessKey, id)
    user = database.get(call.session, User, key.user_id)
    access.check(call.who, "update", user)
    key.revoked_at = call.now
    audit.note(call, f"Revoked access key {key.name!r} ({key.id})", user, of=key)
    call.afterwards.append(lambda: call.running.identities.forget(user.id))


def _shown(key: AccessKey) -> dict[str, Any]:
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
    post("/users/{id}/keys", make_key, status=201, told_once=("key",)),
    delete("/keys/{id}", revoke_key),
]
