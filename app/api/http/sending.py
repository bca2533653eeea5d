"""An answer on its way out: compressed where the client takes that, a file piece by piece."""

import zlib
from contextlib import suppress
from dataclasses import replace
from io import SEEK_END
from typing import BinaryIO

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from app.api.http.route import Reply, to_bytes

SMALL = 2048
"""Answers below this are not compressed [bytes]."""
PIECE = 2**18
"""Bytes of a file that are sent at a time."""


def packed(reply: Reply, accepted: str) -> tuple[Reply, bytes]:
    """Return an answer with its bytes, compressed where the client accepts gzip; off the event loop, as it takes time.

    A file has no bytes here; see ``stream``.
    """
    if reply.file is not None:
        return reply, b""
    body = to_bytes(reply)
    if len(body) > SMALL and "gzip" in accepted:
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
