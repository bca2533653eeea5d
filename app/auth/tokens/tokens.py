"""API tokens: signed, not stored; they end by age, or at once when the user's session serial is raised."""

from tornado.web import create_signed_value, decode_signed_value

from app.auth.access.identity import Identities, SignedIn
from app.auth.tokens import keys
from app.settings.settings import Settings

PURPOSE = "api-token"  # part of what is signed, so that a cookie never passes for a token
SECONDS_PER_DAY = 86_400


def issue(principal: SignedIn, *, secret: str) -> str:
    """Return a token that stands for a user."""
    return create_signed_value(secret, PURPOSE, f"{principal.id}:{principal.serial}").decode("ascii")


def read(token: str, *, secret: str, settings: Settings) -> tuple[int, int, str] | None:
    """Return user id and session serial of a token; None if it is forged or older than ``SECURITY_TOKEN_MAX_AGE``."""
    days = settings.SECURITY_TOKEN_MAX_AGE / SECONDS_PER_DAY
    return parsed(decode_signed_value(secret, PURPOSE, token, max_age_days=days))


def parsed(signed: bytes | None) -> tuple[int, int, str] | None:
    """Return user id, session serial and session key of a verified value; a token has an empty session key."""
    if signed is None:
        return None
    user_id, serial, *session = signed.decode("ascii").split(":")
    return int(user_id), int(serial), session[0] if session else ""


def bearer(token: str, identities: Identities, *, secret: str, settings: Settings) -> SignedIn | None:
    """User of a token: one for a password, an access key, or one made for an access key."""
    if token.startswith(keys.PREFIX):
        known = keys.parsed(token)
        return keys.find(identities, *known) if known else None
    if token.startswith(keys.SHORT_LIVED):
        return keys.bearer(token, identities, secret=secret)
    signed = read(token, secret=secret, settings=settings)
    return identities.find(*signed) if signed else None
