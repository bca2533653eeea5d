"""Hooks into Panel and panel-material-ui; seen with Panel 1.9 and panel-material-ui 0.16."""

from typing import Any

import panel as pn
from bokeh.document import Document
from bokeh.document.events import DocumentPatchedEvent
from panel.io import document as panel_document
from panel.io.resources import LOCAL_DIST
from panel.io.server import LoginUrlMixin


def _send_in_order(document: Document, connections: list[Any], events: list[DocumentPatchedEvent]) -> None:
    """Send changes of a document to its browsers, after what waits for them already."""
    for connection in connections:
        connection._socket.queue(connection.protocol.create("PATCH-DOC", events))
        panel_document._dispatch_write_task(document, connection._socket.send_waiting)


def send_messages_in_order() -> None:
    """Let Panel send changes through the socket of the page (see ``bokeh_hooks.PageSocket``).

    It writes some at once, past those of Bokeh that still wait, and a browser reads of models that it has not been
    told. It keeps others in a list of its own, which it forgets when a change comes while it sends.
    """
    for writer in ("write_events", "schedule_write_events"):
        setattr(panel_document, writer, _send_in_order)


def serve_own_resources() -> None:
    """Name the server's own folder of scripts: behind several processes Panel would name a host on the internet."""
    if pn.state.curdoc is not None:
        base = f"{pn.state.rel_path}/{LOCAL_DIST}" if pn.state.rel_path else LOCAL_DIST
        pn.state.curdoc._template_variables.setdefault("dist_url", base)


def login_address(handler: Any) -> str:
    """Address of the sign-in page for a request; Panel puts a dot before it, which leads astray below the root."""
    login, path = f"{handler.application.prefix}/login", str(handler.request.path)
    return "/" + "../" * (path.count("/") - 1) + login[1:] if isinstance(handler, LoginUrlMixin) else login
