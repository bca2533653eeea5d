"""What every request passes before anything of it is read: sign-in, scope of the key, limits."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.api.http.errors import ApiError, NotSignedIn
from app.api.http.route import Route
from app.auth.access.identity import SignedIn
from app.auth.protection.limits import Exceeded
from app.web.context import Running


def enter(running: Running, route: Route, asker: SignedIn | None, address: str) -> dict[str, str]:
    """Let a request in and return the headers that tell how many more there may be.

    Raises:
        ApiError: Nobody is signed in, the key is not good for this, or there were too many requests.
    """
    if asker is None and not route.public:
        raise NotSignedIn
    if asker is not None and asker.scopes is not None and route.needs not in asker.scopes:
        told = f"an access key with the scope {route.needs!r}" if route.needs else "a token or a login; no access key"
        raise ApiError(403, "INVALID_SENDER", f"This key may not do that: it takes {told}.")
    if route.pool == "health":  # a monitor is never told to wait, whatever the database does
        return {}
    try:
        state = running.limits.request(asker, address)
    except Exceeded as error:
        raise _too_many(error) from None
    return state.headers if state else {}


@contextmanager
def counting(running: Running, asker: SignedIn | None, route: Route) -> Iterator[None]:
    """Count a trigger that is accepted in this block; all others are let through.

    Raises:
        ApiError: There were too many triggers.
    """
    if not route.is_trigger or asker is None:
        yield
        return
    try:
        with running.limits.trigger(asker):
            yield
    except Exceeded as error:
        raise _too_many(error) from None


def _too_many(error: Exceeded) -> ApiError:
    return ApiError(429, "TOO_MANY_REQUESTS", str(error), headers=error.headers)
