"""Websockets of open pages: closed as soon as the session they were opened with is over."""

import logging
from collections.abc import Callable
from typing import Any

from bokeh.util.token import get_token_payload
from tornado.ioloop import IOLoop, PeriodicCallback

from app.auth.login.sessions import PAYLOAD
from app.web.context import Running
from app.web.platform_hooks import bokeh_hooks

LOG = logging.getLogger(__name__)
EVERY = 5.0
"""How often open pages are looked at [s]: as long as those of a user whom another process ended may stay."""
SIGNED_OUT = 4001
"""Code a websocket is closed with; browsers do not reconnect then."""


def clients(application: Any) -> list[tuple[Any, tuple[Any, ...]]]:
    """Return every open websocket with the verified content of the cookie it was opened with."""
    found = bokeh_hooks.open_pages(application)
    return [(client, tuple(get_token_payload(client.session.token).get(PAYLOAD) or ())) for client in found]


def close(application: Any, is_over: Callable[[tuple[Any, ...]], bool]) -> None:
    """Close the websockets of the sessions that are over."""
    for client, known in clients(application):
        if is_over(known):
            bokeh_hooks.close_page(client, SIGNED_OUT, "signed out")


class Sweep:
    """Looks whose pages are open, and closes those of users who may no longer see them: at once, or from time to time.

    At once, where this process ended their logins; what others did is seen at the next look.
    """

    def __init__(self, application: Any, running: Running) -> None:
        self._application, self._running = application, running
        self._loop = IOLoop.current()
        running.database.on_ended.append(lambda _users: self._loop.add_callback(self.once))
        self._timer = PeriodicCallback(self.once, EVERY * 1000)

    def start(self) -> None:
        """Begin."""
        self._timer.start()

    async def once(self) -> None:
        """Look once."""
        known = {payload for _, payload in clients(self._application)}
        find = self._running.identities.find

        def ended() -> set[tuple[Any, ...]]:
            return {payload for payload in known if not payload or find(*payload) is None}

        if known:  # in a thread: an identity that is not remembered is read from the database
            over = await IOLoop.current().run_in_executor(None, ended)
            close(self._application, over.__contains__)
