"""Credentials: access keys of machines, and secrets of assets and accounts such as the password of an inverter."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.access import ADMINS, NotAllowed, described
from app.auth.protection import sealing
from app.auth.tokens import keys
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Moment
from db.accounts import logins, sign_in
from db.accounts.accounts import Account
from db.accounts.credentials import AccessKey, KeptSecret
from db.accounts.users import User
from db.assets import Asset
from db.core import database

SecretOwner: TypeAlias = Account | Asset
KEYS: dict[type[SecretOwner], Literal["account_id", "asset_id"]] = {Account: "account_id", Asset: "asset_id"}
"""Columns of a secret that say whose it is."""


class NewKey(Body):
    """An access key to make."""

    model_config = HYPHENS

    name: Annotated[str, Field(min_length=1, max_length=100, description="What it is for")]
    scopes: Annotated[list[Literal["read", "data", "schedule"]], Field(min_length=1, max_length=3)]
    expires_at: Annotated[Moment | None, Field(description="Without it the key is valid until it is revoked")] = None


def create_key(session: Session, actor: Actor, user_id: int, new: NewKey) -> tuple[AccessKey, str]:
    """Make an access key for oneself, or as an admin for anybody; return it with its text, which is told once.

    Raises:
        NotFound: There is no such user.
        NotAllowed: It is somebody else, and the actor is no admin.
        FieldError: It would be of no use.
    """
    user = database.get(session, User, user_id)
    # An account-admin may change a user, but must not get a key with which to act under that name.
    if user.id != actor.user_id and not actor.is_admin:
        raise NotAllowed("create-children", f"the keys of {described(user)}", who=f"that user and {ADMINS}")
    expires_at: datetime | None = new.expires_at
    key, text = keys.make(session, user.id, name=new.name, scopes=set(new.scopes), now=actor.now, expires_at=expires_at)
    actor.record(session, f"Made access key {key.name!r} ({key.id}) for {', '.join(key.scopes)}", user, of=key)
    return key, text


def revoke_key(session: Session, actor: Actor, key_id: int) -> None:
    """Revoke an access key, at once."""
    key = database.get(session, AccessKey, key_id)
    user = database.get(session, User, key.user_id)
    actor.check("update", user)
    # Kept, not deleted: the log of what it did names it.
    key.revoked_at = actor.now
    actor.record(session, f"Revoked access key {key.name!r} ({key.id})", user, of=key)


def end_browser_session(session: Session, actor: Actor, key: str) -> None:
    """End a session of the acting user in another browser, whose pages lead to the login from then on; if it is open.

    Args:
        session: A writing session.
        actor: Whose session.
        key: Digest of its key, see ``session_digest``.
    """
    user = database.get(session, User, actor.user_id or 0)
    for row in sign_in.open_sessions(session, user.id, datetime.min.replace(tzinfo=UTC)):
        if session_digest(row.key) == key:
            logins.end_web_session(session, user.id, row.key, actor.now)
            actor.record(session, f"Signed out a browser at {row.address or 'an unknown address'}", user)
            return


def session_digest(key: str) -> str:
    """Name of a session for pages: its key is part of a cookie, and is shown to nobody."""
    return sha256(key.encode()).hexdigest()[:16]


class NewSecret(Body):
    """A secret to keep."""

    name: Annotated[str, Field(max_length=255, pattern=r"^[\w-]+(\.[\w-]+)*$", examples=["inverter.password"])]
    value: Annotated[str, Field(min_length=1, max_length=10_000)]


def keep_secret(
    session: Session, actor: Actor, owner: SecretOwner, new: NewSecret, *, server_secret: str
) -> KeptSecret:
    """Keep a secret of an asset or account, in place of one with the same name; it is stored encrypted.

    Args:
        session: A writing session.
        actor: Who keeps it, and may change the owner.
        owner: Whose secret.
        new: Name and value.
        server_secret: What the server encrypts with where the settings name no key for it.
    """
    actor.check("update", owner)
    of = {KEYS[type(owner)]: owner.id}
    row = session.scalar(select(KeptSecret).filter_by(**of, name=new.name))
    if row is None:
        row = KeptSecret(**of, name=new.name)
        session.add(row)
    row.sealed, row.changed_at = sealing.seal(new.value, actor.settings, secret=server_secret), actor.now
    # Its id is part of the entry in the audit log.
    session.flush()
    actor.record(session, f"Set secret {new.name!r} of {_named(owner)}", owner, of=row)
    return row


def delete_secret(session: Session, actor: Actor, secret_id: int) -> None:
    """Delete a secret."""
    row = database.get(session, KeptSecret, secret_id)
    owner: SecretOwner
    if row.asset_id is not None:
        owner = database.get(session, Asset, row.asset_id)
    else:
        owner = database.get(session, Account, row.account_id or 0)
    actor.check("update", owner)
    # The entry tells the name and never the value, which the log must not keep alive.
    actor.record(session, f"Deleted secret {row.name!r} of {_named(owner)}", owner, of=row)
    session.delete(row)


def _named(owner: SecretOwner) -> str:
    return f"{owner.__tablename__} {owner.name!r}"
