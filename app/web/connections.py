"""Protection against slow clients: connections without a request in time are closed, needless bodies refused."""

import time
from collections.abc import Awaitable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.ioloop import PeriodicCallback

from app.platform_hooks.tornado_hooks import waiting_bytes
from app.settings.settings import Settings

SMALL = 2**20
"""Largest body of what is no request to the API, such as a form [bytes]."""
EVERY = 1000
"""How often connections are checked [ms]."""


def options(settings: Settings) -> dict[str, Any]:
    """Arguments of the HTTP server; its largest body is that of an upload to the API."""
    largest = max(settings.FLEXSCOPE_MAX_UPLOAD_BYTES, settings.FLEXMEASURES_MAX_SENSOR_DATA_INGESTION_BYTES)
    return {
        "decompress_request": True,
        "xheaders": settings.FLEXSCOPE_BEHIND_PROXY,
        "max_header_size": 2**16,
        "max_body_size": largest,
        "body_timeout": settings.FLEXSCOPE_SLOW_CLIENT_SECONDS,
        "idle_connection_timeout": settings.FLEXSCOPE_IDLE_CONNECTION_SECONDS,
    }


class SlowClientGuard(HTTPServerConnectionDelegate):
    """Closes slow connections of one HTTP server, until they become websockets."""

    def __init__(self, http: HTTPServer, application: HTTPServerConnectionDelegate, settings: Settings) -> None:
        """Take the place of the application; must be made before the server answers."""
        self._patience, self._prefix = settings.FLEXSCOPE_SLOW_CLIENT_SECONDS, settings.FLEXSCOPE_PATH_PREFIX
        self._since: WeakKeyDictionary[Any, float | None] = WeakKeyDictionary()
        """Connection → since when the head of a request is awaited; None: it rests between two requests."""
        self._seen: WeakSet[Any] = WeakSet()
        """Connections that have made a request."""
        self._application = application
        http.request_callback = self
        self._callback = PeriodicCallback(self.close_slow, EVERY)

    def start(self) -> None:
        """Check connections from now on."""
        self._callback.start()

    def close_slow(self) -> None:
        """Close the connections whose next request has begun, or whose first has not, for too long."""
        now = time.monotonic()
        # A copy, as closing takes connections out of it.
        for connection, since in list(self._since.items()):
            if since is None:
                if waiting_bytes(connection):  # part of a head has arrived
                    self._since[connection] = now
            elif now - since > self._patience:
                self._since.pop(connection)
                connection.stream.close()

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """See HTTPServerConnectionDelegate."""
        self._since[server_conn] = None if server_conn in self._seen else time.monotonic()
        self._seen.add(server_conn)
        return _BoundedRequest(
            self, server_conn, request_conn, self._application.start_request(server_conn, request_conn)
        )

    def head_arrived(self, server_conn: object, request_conn: object, path: str) -> bool:
        """Stop the clock of a request whose head has arrived; return whether its body has to be small."""
        self._since.pop(server_conn, None)
        small = not path.startswith(f"{self._prefix}/api")
        if small and isinstance(request_conn, HTTP1Connection):
            request_conn.set_max_body_size(SMALL)
        return small


class _BoundedRequest(HTTPMessageDelegate):
    """Hands on one request, with no more of its body than is allowed."""

    def __init__(
        self, guard: SlowClientGuard, server_conn: object, request_conn: object, inner: HTTPMessageDelegate
    ) -> None:
        self._guard, self._connections, self._inner = guard, (server_conn, request_conn), inner
        self._small, self._size = True, 0

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """See HTTPMessageDelegate."""
        path = start_line.path if isinstance(start_line, RequestStartLine) else ""
        self._small = self._guard.head_arrived(*self._connections, path)
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """See HTTPMessageDelegate."""
        self._size += len(chunk)
        # Counted as well, as the bound of the connection knows only the size before unpacking.
        if self._small and self._size > SMALL:
            raise HTTPInputError(f"the body is larger than {SMALL} bytes")
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """See HTTPMessageDelegate."""
        self._inner.finish()

    def on_connection_close(self) -> None:
        """See HTTPMessageDelegate."""
        self._inner.on_connection_close()
