"""API tokens: signed, not stored; they end by age, or at once when the user's session serial is raised."""

from tornado.web import create_signed_value, decode_signed_value

from app.auth.identity import SignedIn
from app.settings import Settings

PURPOSE = "api-token"  # part of what is signed, so that a cookie never passes for a token
SECONDS_PER_DAY = 86_400


def issue(who: SignedIn, *, secret: str) -> str:
    """Return a token that stands for a user."""
    return create_signed_value(secret, PURPOSE, f"{who.id}:{who.serial}").decode("ascii")


def read(token: str, *, secret: str, settings: Settings) -> tuple[int, int] | None:
    """Return user id and session serial of a token; None if it is forged or older than ``SECURITY_TOKEN_MAX_AGE``."""
    days = settings.SECURITY_TOKEN_MAX_AGE / SECONDS_PER_DAY
    return parsed(decode_signed_value(secret, PURPOSE, token, max_age_days=days))


def parsed(signed: bytes | None) -> tuple[int, int] | None:
    """Return user id and session serial of a verified value."""
    if signed is None:
        return None
    user_id, _, serial = signed.decode("ascii").partition(":")
    return int(user_id), int(serial)
