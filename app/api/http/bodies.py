"""How bodies of requests to the API arrive, bounded in size and time, and how answers leave: packed, or in pieces."""

import asyncio
import zlib
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from io import SEEK_END
from typing import BinaryIO

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler, stream_request_body

from app.api.http.multipart import Received
from app.api.http.route import Reply, Route, to_bytes
from app.api.http.service import Service
from app.fair_pools import network
from app.login import cookies

SMALL = 2048
"""Answers below this are not compressed [bytes]."""
PIECE = 2**18
"""Bytes of a file that are sent at a time."""
SLOWEST, UNTOLD = 50_000, 20_000_000
"""Fewest bytes of a body that must arrive in a second; and how many are expected where its length is not told."""


@stream_request_body
class Receiving(RequestHandler):
    """Takes the body of one request, and knows by what it proves whose it is."""

    routes: Mapping[str, Route]
    service: Service

    def initialize(self, routes: Mapping[str, Route], service: Service) -> None:
        """See RequestHandler."""
        self.routes, self.service = routes, service
        self._told_headers: dict[str, str] = {}
        self._from = network(self.request.remote_ip or "")
        route, settings = routes.get(self.request.method or ""), service.running.settings
        limit = settings.FLEXMEASURES_MAX_SENSOR_DATA_INGESTION_BYTES
        if route is None or not (route.public or self.credential()):
            limit = 0  # nothing is taken of who proves nothing, and has to
        elif self.request.headers.get("Content-Type", "").startswith("multipart/"):
            limit = settings.FLEXSCOPE_MAX_UPLOAD_BYTES
        self.received = Received(limit=limit)
        self._answering = self._ended = self._crowded = False
        service.in_flight += 1

    def prepare(self) -> None:
        """Let what is too long be read to its end, so that the answer arrives; but not for ever."""
        connection, settings = self.request.connection, self.service.running.settings
        if isinstance(connection, HTTP1Connection):
            most = 16 * settings.FLEXSCOPE_MAX_UPLOAD_BYTES
            length = self.request.headers.get("Content-Length", "")
            size = min(int(length), most) if length.isdecimal() and len(length) < 20 else UNTOLD
            connection.set_max_body_size(most)
            connection.set_body_timeout(settings.FLEXSCOPE_SLOW_CLIENT_SECONDS + size / SLOWEST)

    def on_finish(self) -> None:
        """See RequestHandler."""
        self._end()

    def on_connection_close(self) -> None:
        """See RequestHandler; a body that breaks off is never answered."""
        super().on_connection_close()
        if not self._answering:
            self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self.service.in_flight -= 1
            self._let_go()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """See RequestHandler; others have their turn after each megabyte, however small it was when it came."""
        service, before = self.service, self.received.size
        service.receiving[self._from] -= self.received.kept
        self.received.add(chunk)
        service.receiving[self._from] += self.received.kept
        if service.receiving[self._from] > service.running.settings.FLEXSCOPE_MAX_RECEIVING_BYTES:
            self._crowded = True
            self._let_go()
        return asyncio.sleep(0) if before >> 20 != self.received.size >> 20 else None

    def _let_go(self) -> None:
        self.service.receiving[self._from] -= self.received.kept
        self.received.close()
        if not self.service.receiving[self._from]:
            del self.service.receiving[self._from]

    def check_xsrf_cookie(self) -> None:
        """See RequestHandler; the check is made once the body was read, so that the refusal arrives."""

    def _check_xsrf(self) -> None:
        """Only browsers with a session need the check: a token is never sent by itself."""
        reads = self.request.method in ("GET", "HEAD", "OPTIONS")
        if not reads and self._token() is None and self.get_cookie(cookies.COOKIE):
            super().check_xsrf_cookie()

    def credential(self) -> str | None:
        """Token or cookie that the client proves itself with; None: neither."""
        return self._token() or self.get_cookie(cookies.COOKIE)

    def _token(self) -> str | None:
        header = self.request.headers.get(self.service.running.settings.SECURITY_TOKEN_AUTHENTICATION_HEADER)
        return header.removeprefix("Bearer ").strip() if header else None


def packed(reply: Reply, accepted: str) -> tuple[Reply, bytes]:
    """Return an answer with its bytes, compressed where the client accepts gzip; off the event loop, as it takes time.

    A file has no bytes here; see ``stream``.
    """
    if reply.file is not None:
        return reply, b""
    body = to_bytes(reply)
    if len(body) > SMALL and "gzip" in accepted:
        # 16 + 15: the widest window, in the format of gzip.
        packer = zlib.compressobj(level=1, wbits=31)
        body = packer.compress(body) + packer.flush()
        more = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        reply = replace(reply, content=None, headers={**reply.headers, **more})
    return reply, body


async def stream(handler: RequestHandler, file: BinaryIO) -> None:
    """Send a file, each piece once the client has taken the one before, and close it."""
    with file, suppress(StreamClosedError):  # a client may go before the end
        handler.set_header("Content-Length", str(file.seek(0, SEEK_END)))
        file.seek(0)
        while piece := file.read(PIECE):
            handler.write(piece)
            await handler.flush()
        await handler.finish()
