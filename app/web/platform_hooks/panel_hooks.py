"""Hooks into Panel and panel-material-ui; seen with Panel 1.9 and panel-material-ui 0.16."""

from typing import Any

import panel as pn
from bokeh.document import Document
from panel.io import document as panel_document
from panel.io.resources import LOCAL_DIST
from panel.io.server import LoginUrlMixin

_dispatch_messages = panel_document._dispatch_msgs


async def _dispatch_all_messages(document: Document) -> None:
    """Send what waits for the browsers of a document, and what was added while that was sent.

    Panel notes that messages wait (``_WRITE_BLOCK``) and forgets that note once it has sent some. What was added while
    it awaited the sockets then stays until something else changes on the page: a browser shows "Saving" for ever.
    """
    while True:
        await _dispatch_messages(document)
        if not panel_document._WRITE_MSGS.get(document) or document in panel_document._WRITE_BLOCK:
            return  # nothing waits, or a task of Panel's own is on its way
        panel_document._WRITE_BLOCK[document] = True


def deliver_every_message() -> None:
    """Let no change of a page wait for the next one."""
    panel_document._dispatch_msgs = _dispatch_all_messages


def ignore_others(page: Any) -> None:
    """Do not let a page follow what the whole process does, as pmui.Page would: each would hear of all others.

    pmui.Page watches ``pn.state.busy``, which also keeps each page that was ever opened in memory.
    """
    for watcher in list(pn.state.param.watchers.get("busy", {}).get("value", [])):
        if getattr(getattr(watcher.fn, "__self__", None), "self", None) is page:
            pn.state.param.unwatch(watcher)


def serve_own_resources() -> None:
    """Name the server's own folder of scripts: behind several processes Panel would name a host on the internet."""
    if pn.state.curdoc is not None:
        base = f"{pn.state.rel_path}/{LOCAL_DIST}" if pn.state.rel_path else LOCAL_DIST
        pn.state.curdoc._template_variables.setdefault("dist_url", base)


def library_address(document: Document) -> str:
    """Address of the scripts of all components of panel-material-ui, which a page may load early; empty: none."""
    return next((root.esm for root in document.roots if getattr(root, "bundle", None) == "url"), "")


def roots_with(document: Document, name: str) -> list[Any]:
    """Roots of a document whose state in the browser, in ``data``, has a property of some name."""
    return [root for root in document.roots if hasattr(root, "data") and name in root.data.properties()]


def login_address(handler: Any) -> str:
    """Address of the sign-in page for a request; Panel puts a dot before it, which leads astray below the root."""
    login, path = f"{handler.application.prefix}/login", str(handler.request.path)
    return "/" + "../" * (path.count("/") - 1) + login[1:] if isinstance(handler, LoginUrlMixin) else login
