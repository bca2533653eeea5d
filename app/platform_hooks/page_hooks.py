"""Hooks into Panel's handler of pages: documents are shown inside of ours. Seen with Panel 1.9 and Bokeh 3.9."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.resources import Resources as BokehResources
from bokeh.server.urls import per_app_patterns
from panel.io.resources import Resources, bundle_resources
from panel.io.server import DocHandler, _set_request_route_context

FONTS = "static/extensions/panel-material-ui"
STYLES = (f"/{FONTS}/panel-material-ui.bundle.css", f"/{FONTS}/material-icons.css")
"""Fonts must be declared in the document itself, as components stand in shadows; served once a live part was made."""
_SHARED: WeakKeyDictionary[Document, dict[str, str]] = WeakKeyDictionary()
NAME = "page"
"""Name of the model by which a live part and the page around it tell each other something."""


class LiveHandler(DocHandler):
    """Makes the session of a live part; what is answered with is up to subclasses."""

    def keep_route(self, *args: Any, **kwargs: Any) -> dict[str, str]:
        """Note the parts of the path for the session, and return them by their names in the route."""
        _set_request_route_context(self, *args, **kwargs)
        return dict(self.request.route_params)

    async def live(self, arguments: Mapping[str, str]) -> tuple[Document, str]:
        """Make the document of a session; return it with the token by which a browser opens its websocket.

        Args:
            arguments: They take the place of those of the address.
        """
        self.request.arguments |= {name: [text.encode()] for name, text in arguments.items()}
        making: Any = self.get_session()  # decorated by Tornado, whose type says that handlers return nothing
        session = await making
        return session.document, session.token


def show_pages_by(handler: type[LiveHandler]) -> None:
    """Let a handler answer requests for pages in place of Panel's."""
    # In place, as Bokeh and Panel have imported the list itself.
    per_app_patterns[:] = [(at, handler if kind is DocHandler else kind) for at, kind in per_app_patterns]


def path_of(document: Document | None) -> str:
    """Path of the request that a document is made for."""
    request = getattr(document.session_context, "request", None) if document is not None else None
    path: str = getattr(request, "path", None) or "/"
    # A websocket has the path of its page with /ws behind it.
    return path.removesuffix("/ws")


def begin(document: Document | None, *, heading: str, at: str) -> None:
    """Give a document what it shares with the page around it: heading, menu entry, and the address asked for."""
    if document is None:
        return
    request = getattr(document.session_context, "request", None)
    arguments = getattr(request, "arguments", None) or {}
    asked = [(name, value.decode("utf-8", "replace")) for name, values in arguments.items() for value in values]
    search = f"?{urlencode(asked)}" if asked else ""
    _SHARED[document] = {"heading": heading, "at": at, "search": search}
    document.add_root(ColumnDataSource(name=NAME, data={name: [text] for name, text in _SHARED[document].items()}))


def shared_state(document: Document | None) -> dict[str, str]:
    """What a document shares with the page around it; nothing for one that has not begun."""
    return _SHARED.get(document, {"search": ""})


def share(document: Document | None, **changed: str) -> None:
    """Tell the page around a document something: another heading, or a search of the address."""
    if document is None or document not in _SHARED:
        return
    _SHARED[document] |= changed

    model = document.get_model_by_name(NAME)
    model.data = {name: [text] for name, text in _SHARED[document].items()}


@cache
def library() -> list[str]:
    """Addresses, from the root of the server, of the scripts of live parts, in the order to load them."""
    bundle = bundle_resources(None, Resources.from_bokeh(BokehResources(mode="server", root_url="/")))
    return [f"/{address}" for address in map(str, bundle.js_files)]
