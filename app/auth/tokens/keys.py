"""Access keys of machines: made, verified, and exchanged for tokens of an hour (OAuth2 client credentials)."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session
from tornado.web import create_signed_value, decode_signed_value

from app.auth.access.identity import Identities, SignedIn
from db.accounts.credentials import SCOPES, AccessKey
from engine.errors import FieldError, UnknownField

PREFIX, SHORT_LIVED = "fsk_", "fso_"
"""How a key begins, and how a token made for a key begins: people and scanners know what they found."""
PURPOSE = "oauth2-token"
LIFE = timedelta(hours=1)
"""Of a token made for a key."""
MOST = 50
"""How many keys a user may have."""


def make(
    session: Session, user_id: int, *, name: str, scopes: Collection[str], now: datetime, expires_at: datetime | None
) -> tuple[AccessKey, str]:
    """Add a key and return it with its text, which cannot be told again.

    Raises:
        InputError: A scope is unknown, or the key would be of no use.
    """
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownField("scope", scope, SCOPES, field="scopes")
    if not scopes:
        raise FieldError("scopes", f"name at least one of {', '.join(SCOPES)}.")
    if expires_at is not None and expires_at <= now:
        raise FieldError("expires-at", "lies in the past; leave it out for a key that does not expire.")
    secret = secrets.token_urlsafe(32)
    key = AccessKey(user_id=user_id, name=name, scopes=sorted(scopes), secret_hash=hashed(secret), created_at=now)
    key.expires_at = expires_at
    session.add(key)
    session.flush()
    return key, f"{PREFIX}{key.id}_{secret}"


def hashed(secret: str) -> str:
    """Hash of a secret, to be stored: with 256 random bits a fast one is as safe as a slow one."""
    return hashlib.sha256(secret.encode()).hexdigest()


def mark(secret_hash: str) -> str:
    """Mark of a stored hash, which tells secrets apart and nothing of them: ids of deleted keys are given again."""
    return hashed(secret_hash)[:16]


def find(identities: Identities, key_id: int, secret_hash: str) -> SignedIn | None:
    """Return the user of a key whose secret has a hash, limited to the key's scopes."""
    return identities.find_key(key_id, lambda stored: hmac.compare_digest(stored, secret_hash))


def parsed(text: str) -> tuple[int, str] | None:
    """Return id and hash of the secret of a key's text; None if it cannot be one."""
    number, _, secret = text.removeprefix(PREFIX).partition("_")
    return (int(number), hashed(secret)) if number.isdecimal() and len(number) < 10 and secret else None


def exchange(key_id: int, secret_hash: str, scopes: Collection[str], *, secret: str) -> str:
    """Return a token of an hour for a key whose secret was checked, limited to some of its scopes."""
    value = f"{key_id}:{' '.join(sorted(scopes))}:{mark(secret_hash)}"
    return SHORT_LIVED + create_signed_value(secret, PURPOSE, value).decode("ascii")


def bearer(token: str, identities: Identities, *, secret: str) -> SignedIn | None:
    """User of a token that was made for a key; it ends with the key."""
    days = LIFE / timedelta(days=1)
    signed = decode_signed_value(secret, PURPOSE, token.removeprefix(SHORT_LIVED), max_age_days=days)
    if signed is None:
        return None
    number, scopes, marked = [*signed.decode("ascii").split(":"), "", ""][:3]
    # By the mark of its key too: an id of a deleted key may be given to a new one
    found = identities.find_key(int(number), lambda stored: hmac.compare_digest(mark(stored), marked))
    return replace(found, scopes=(found.scopes or frozenset()) & set(scopes.split())) if found else None
