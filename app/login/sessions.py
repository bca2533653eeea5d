"""The provider that guards pages and their websockets, who looks at a page, and what closes it when a session ends."""

import logging
from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import get_token_payload
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.web import HTTPError

from app.auth.access.identity import SignedIn
from app.login import cookies
from app.platform_hooks import bokeh_hooks, panel_hooks
from app.running import Running, current
from db.core.faults import Unavailable

LOG = logging.getLogger(__name__)
PAYLOAD = "flexscope_user"
EVERY = 5.0
"""How often open pages are looked at [s]: as long as those of a user whom another process ended may stay."""
SIGNED_OUT = 4001
"""Code a websocket is closed with; browsers do not reconnect then."""


def current_user() -> SignedIn | None:
    """User of the page that is being built or whose callback runs; None outside a page."""
    context: Any = pn.state.curdoc.session_context if pn.state.curdoc else None
    known = (context.token_payload.get(PAYLOAD) if context else None) or None
    return current().identities.recall(*known) if known else None


def opens_own(handler: Any, known: tuple[int, int, str]) -> bool:
    """Return whether a request does not open the websocket of a page that was made for somebody else.

    The browser sends what the page carried beside the cookie; both must be of the same session.
    """
    offered = handler.request.headers.get("Sec-WebSocket-Protocol")
    if offered is None:
        return True
    try:
        # Bokeh names its protocol first, and the token of the page last.
        carried = get_token_payload(offered.split(",")[-1].strip()).get(PAYLOAD)
    except Exception:  # it is of the client's making: whatever cannot be read is not of this session
        LOG.info("The token of a websocket cannot be read", exc_info=True)
        return False
    return tuple(carried or ()) == known


class Guard(AuthProvider):
    """Lets only signed-in users see pages and open their websockets."""

    def __init__(self, running: Running) -> None:
        self._running = running
        super().__init__()

    @property
    def get_user(self) -> Callable[[Any], str | None]:
        """See AuthProvider."""

        def user(handler: Any) -> str | None:
            known = cookies.read(handler, self._running)
            try:
                found = self._running.identities.recall(*known) if known and opens_own(handler, known) else None
            except Unavailable as error:
                # Not None: who is signed in would be led to the login, though only the database does not answer.
                raise HTTPError(503) from error
            return found.email if found else None

        return user

    @property
    def get_login_url(self) -> Callable[[Any], str]:
        """See AuthProvider."""
        return panel_hooks.login_address


class CarryUser(Handler):
    """Tells a page's session who signed in; verified for the page and again for its websocket."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._running = running

    def modify_document(self, doc: Document) -> None:
        """See Handler; nothing to add."""

    def process_request(self, request: Any) -> dict[str, Any]:
        """See Handler."""
        cookie = request.cookies.get(cookies.COOKIE)
        return {PAYLOAD: cookies.verified(cookie.value, self._running) if cookie else None}


def open_pages(application: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return every open websocket with the verified content of the cookie it was opened with."""
    found = bokeh_hooks.open_pages(application)
    return [(client, tuple(get_token_payload(client.session.token).get(PAYLOAD) or ())) for client in found]


def close_pages(application: Any, is_over: Callable[[tuple[Any, ...]], bool]) -> None:
    """Close the websockets of the sessions that are over."""
    for client, known in open_pages(application):
        if is_over(known):
            bokeh_hooks.close_page(client, SIGNED_OUT, "signed out")


class Sweep:
    """Looks whose pages are open, and closes those of users who may no longer see them: at once, or from time to time.

    At once, where this process ended their logins; what others did is seen at the next look.
    """

    def __init__(self, application: Any, running: Running) -> None:
        self._application, self._running = application, running
        self._loop = IOLoop.current()
        # Told in the thread that has committed; websockets belong to the loop.
        running.database.on_ended.append(lambda _users: self._loop.add_callback(self.once))
        self._timer = PeriodicCallback(self.once, EVERY * 1000)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    async def once(self) -> None:
        """Look once."""
        known = {payload for _, payload in open_pages(self._application)}
        find = self._running.identities.find

        def ended() -> set[tuple[Any, ...]]:
            return {payload for payload in known if not payload or find(*payload) is None}

        if known:  # in a thread: an identity that is not remembered is read from the database
            over = await IOLoop.current().run_in_executor(None, ended)
            close_pages(self._application, over.__contains__)
