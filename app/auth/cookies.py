"""The signed cookie that stands for a signed-in user."""

from tornado.web import RequestHandler, create_signed_value, decode_signed_value

from app.auth.identity import SignedIn
from app.auth.tokens import parsed
from app.running import Running

COOKIE = "flexscope_session"
DAYS = 7
"""Life of a session [days]."""


def give(handler: RequestHandler, who: SignedIn, running: Running) -> None:
    """Give the browser the cookie that stands for a user."""
    handler.set_cookie(
        COOKIE,
        create_signed_value(running.secret, COOKIE, f"{who.id}:{who.serial}"),
        expires_days=DAYS,
        path=running.settings.FLEXSCOPE_PATH_PREFIX or "/",
        httponly=True,
        samesite="Lax",
        secure=running.settings.FLEXSCOPE_COOKIE_SECURE,
    )


def take_back(handler: RequestHandler, running: Running) -> None:
    """Take the cookie back."""
    handler.clear_cookie(COOKIE, path=running.settings.FLEXSCOPE_PATH_PREFIX or "/")


def read(handler: RequestHandler, running: Running) -> tuple[int, int] | None:
    """Return user id and session serial of the cookie of a request, if it is genuine and young enough."""
    return verified(handler.get_cookie(COOKIE), running)


def verified(cookie: str | None, running: Running) -> tuple[int, int] | None:
    """Return user id and session serial of a cookie's value."""
    return parsed(decode_signed_value(running.secret, COOKIE, cookie, max_age_days=DAYS)) if cookie else None
