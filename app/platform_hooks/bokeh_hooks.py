"""Hooks into Bokeh's server; seen with Bokeh 3.9 and Panel 1.9."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from bokeh.application.handlers.handler import Handler
from bokeh.protocol.message import Message
from bokeh.server.server import Server
from bokeh.server.urls import per_app_patterns
from bokeh.util.token import get_session_id
from panel.io.server import WSHandler
from tornado.httpserver import HTTPServer
from tornado.locks import Lock


class PageSocket(WSHandler):
    """The websocket of a page: what is said first arrives first.

    A message names a model in full once and by its id ever after, so the order in which messages are made is the only
    one in which a browser can read them. Bokeh sends its own only when the lock of the document is free again, and
    forgets them if the callback failed.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self._waiting: deque[Message[Any]] = deque()
        self._sending = Lock()
        super().__init__(*args, **options)

    def send_message(self, message: Message[Any]) -> Awaitable[None]:
        """See WSHandler; its place in the queue is that of the call, not that of the await."""
        self.queue(message)
        return self.send_waiting()

    def queue(self, message: Message[Any]) -> None:
        """Let a message leave with the next that is sent."""
        self._waiting.append(message)

    async def send_waiting(self) -> None:
        """Send every message that waits."""
        with await self._sending.acquire():
            while self._waiting:
                await super().send_message(self._waiting.popleft())


def wait_before_opening(wait: Callable[[str], Awaitable[None]]) -> None:
    """Let the websocket of every page wait for something, by the id of its session, before its document is sent.

    Bokeh sends the document as soon as the socket is there, and has no place to wait at.
    """

    class WaitingSocket(PageSocket):
        """The websocket of a page."""

        async def _async_open(self, token: str) -> None:
            """See WSHandler."""
            await wait(get_session_id(token))
            if self.ws_connection is not None:  # the browser has not left meanwhile
                await super()._async_open(token)

    # In place, as Bokeh and Panel have imported the list itself.
    per_app_patterns[:] = [
        (at, WaitingSocket if issubclass(kind, WSHandler) else kind) for at, kind in per_app_patterns
    ]


def application(server: Server) -> Any:
    """The Tornado application of a server of pages: for what Bokeh has no parameter."""
    return server._tornado


def http_server(server: Server) -> HTTPServer:
    """What listens for a server of pages; Bokeh stops it together with all open pages only."""
    listening: HTTPServer = server._http
    return listening


def add_to_pages(server: Server, handler: Handler) -> None:
    """Let a handler take part in making every page; ``pn.serve`` makes the applications of the pages itself."""
    for context in application(server).applications.values():
        context.application.add(handler)


def open_pages(tornado: Any) -> list[Any]:
    """Connections of all open pages, each with its session; Bokeh only counts them."""
    return list(tornado._clients)


def close_page(connection: Any, code: int, reason: str) -> None:
    """Close the websocket of one page."""
    connection._socket.close(code, reason)
