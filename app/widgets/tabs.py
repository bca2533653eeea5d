"""Parts of a page under tabs: each is read when it is first opened, and the address says which one is open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.widgets.async_content import fill, waiting
from app.widgets.layout import remember


@dataclass(frozen=True)
class Part:
    """The content of one tab."""

    key: str
    """Its name in the address."""
    label: str
    """Its name on the page."""
    read: Callable[[Session, SignedIn], Any]
    """Reads the content."""
    show: Callable[[Any], Sequence[Any]]
    """Turns the content into components."""


class Tabs(pn.viewable.Viewer):
    """Shows one part at a time."""

    def __init__(self, parts: Sequence[Part], *, opened: str | None) -> None:
        super().__init__()
        self._parts = list(parts)
        self._places = [pn.Column(waiting(), sizing_mode="stretch_width") for _ in parts]
        self._filled: set[int] = set()
        keys = [part.key for part in parts]
        first = keys.index(opened) if opened in keys else 0
        named = [(part.label, place) for part, place in zip(parts, self._places, strict=True)]
        self._tabs = pmui.Tabs(*named, active=first, dynamic=True, sizing_mode="stretch_width", margin=(4, 0))
        self._tabs.param.watch(self.open, "active")
        self.refresh(first)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._tabs

    def refresh(self, index: int) -> None:
        """Read one part anew."""
        self._filled.add(index)
        fill(self._places[index], self._parts[index].read, self._parts[index].show)

    def open(self, event: Any) -> None:
        """Show a tab, and read it if it was never open."""
        remember(tab=self._parts[event.new].key)
        # A tab is read when it is first opened, so that a page opens as fast as its first tab
        if event.new not in self._filled:
            self.refresh(event.new)
