"""Hooks into Tornado; seen with Tornado 6.6."""

from typing import Any

from tornado.routing import Rule
from tornado.web import Application, OutputTransform, RequestHandler


class KeepsContentType(RequestHandler):
    """A handler whose answers say what they are even with status 204: published clients read it before the status."""

    def _clear_representation_headers(self) -> None:
        """Tornado would clear the content type."""


def transform_first(application: Application, transform: type[OutputTransform]) -> None:
    """Let every answer be transformed before anything else does so; Tornado adds transforms behind what compresses."""
    application.transforms.insert(0, transform)


def route_first(application: Application, rules: list[Rule]) -> None:
    """Try rules before all others; Bokeh has made the application by then, and Tornado adds rules behind them."""
    application.wildcard_router.rules[:0] = rules


def waiting_bytes(connection: Any) -> int:
    """How much has arrived on a connection of the HTTP server that nobody has read, such as half a head [bytes]."""
    return int(connection.stream._read_buffer_size)
