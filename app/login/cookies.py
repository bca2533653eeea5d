"""The signed cookies of a browser: who signed in, and what a sign-in that is under way has got so far."""

from datetime import timedelta

from tornado.web import RequestHandler, create_signed_value, decode_signed_value

from app.auth.access.identity import SignedIn
from app.auth.tokens.tokens import parsed
from app.running import Running
from app.settings.settings import Settings

COOKIE = "flexscope_session"
DAYS = 7
"""Life of a session [days]."""
KNOWN, KNOWN_DAYS = "flexscope_known", 365
"""Says who signed in with a browser before, which then is not held up by failures from elsewhere; no more than that."""
DAY = timedelta(days=1)


def is_secure(settings: Settings) -> bool:
    """Return whether cookies are sent over https only."""
    return settings.FLEXSCOPE_COOKIE_SECURE or settings.FLEXMEASURES_ENV == "production"


def keep(handler: RequestHandler, running: Running, name: str, value: str, *, days: float) -> None:
    """Give the browser a signed cookie that scripts cannot read."""
    handler.set_cookie(
        name,
        create_signed_value(running.secret, name, value),
        expires_days=days,
        path=running.settings.FLEXSCOPE_PATH_PREFIX or "/",
        httponly=True,
        # Not Strict: links in mails and from a provider must find who is signed in.
        samesite="Lax",
        secure=is_secure(running.settings),
    )


def kept(handler: RequestHandler, running: Running, name: str, *, days: float) -> str | None:
    """Return the value of a signed cookie, if it is genuine and young enough."""
    cookie = handler.get_cookie(name)
    signed = decode_signed_value(running.secret, name, cookie, max_age_days=days) if cookie else None
    return signed.decode() if signed else None


def drop(handler: RequestHandler, running: Running, name: str) -> None:
    """Take a cookie back."""
    # With the path it was set for, as a browser keeps a cookie of any other path.
    handler.clear_cookie(name, path=running.settings.FLEXSCOPE_PATH_PREFIX or "/")


def give(handler: RequestHandler, principal: SignedIn, session: str, running: Running) -> None:
    """Give the browser the cookie that stands for a session of a user."""
    keep(handler, running, COOKIE, f"{principal.id}:{principal.serial}:{session}", days=DAYS)


def read(handler: RequestHandler, running: Running) -> tuple[int, int, str] | None:
    """Return user id, session serial and session key of the cookie of a request, if genuine and young enough."""
    return verified(handler.get_cookie(COOKIE), running)


def verified(cookie: str | None, running: Running) -> tuple[int, int, str] | None:
    """Return user id, session serial and session key of a cookie's value."""
    known = parsed(decode_signed_value(running.secret, COOKIE, cookie, max_age_days=DAYS)) if cookie else None
    # Without the key of a session it could not be ended by signing out.
    return known if known and known[2] else None
