"""Base class of components: each can be saved as one file that needs neither a server nor a network."""

import re
import sys
from abc import abstractmethod
from base64 import b64encode
from io import StringIO
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import panel as pn
from bokeh.resources import INLINE
from panel.io.save import save as panel_save
from param.parameterized import ParameterizedABC

ELSEWHERE = re.compile(
    r"(?:https://cdn\.holoviz\.org/(panel(?:-[a-z]+)*)/v?[\d.]+/(?:dist/)?|\bstatic/extensions/(panel(?:-[a-z]+)+)/)"
    r"([\w./-]+\.\w+)(?:\?v=[\d.]+)?"
)
"""Addresses of styles, icons and modules that Panel writes into a file even where all is to be inside of it."""


class Component(pn.viewable.Viewer):
    """Renders on a page, in a notebook and in a file of its own."""

    def save(self, file: str | Path, *, title: str = "Flexscope") -> None:
        """Write the component as a page of its own, which any browser opens without a network.

        Args:
            file: Path of the file; conventionally ends in .html.
            title: Title of the page.
        """
        write(self.__panel__(), file, title)


class HtmlComponent(Component, ParameterizedABC):
    """Shows HTML of its own, drawn anew by ``_draw`` whenever one of its parameters changes."""

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._pane = pn.pane.HTML(sizing_mode="stretch_width", margin=8)
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane

    @abstractmethod
    def _draw(self) -> None:
        """Write the HTML of the parameters into the pane; a subclass says which parameters it depends on."""


def write(shown: pn.viewable.Viewable, file: str | Path, title: str) -> None:
    """Write a component as a page in one file, see Component.save."""
    page = StringIO()
    panel_save(shown, page, title=title, resources=INLINE)
    Path(file).write_text(ELSEWHERE.sub(data_address, page.getvalue()), "utf-8")


def data_address(address: re.Match[str]) -> str:
    """Data URL with the content of an installed file, for a match of ELSEWHERE; unchanged if it is not installed."""
    library = sys.modules.get((address[1] or address[2]).replace("-", "_"))
    if library is None or library.__file__ is None:
        return address[0]
    known = Path(library.__file__).with_name("dist") / address[3]
    if not known.is_file():
        return address[0]
    kind = guess_type(known.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{b64encode(known.read_bytes()).decode()}"
