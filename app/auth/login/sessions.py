"""The provider that guards pages and their websockets, and who looks at a page."""

import logging
from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.application.handlers.handler import Handler
from bokeh.document import Document
from bokeh.server.auth_provider import AuthProvider
from bokeh.util.token import get_token_payload
from tornado.web import HTTPError

from app.auth.access.identity import SignedIn
from app.auth.login import cookies
from app.web.context import Running, current
from app.web.platform_hooks import panel_hooks
from db.core.faults import Unavailable

LOG = logging.getLogger(__name__)
PAYLOAD = "flexscope_user"


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
