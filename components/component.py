"""What every component can do: be saved as one file that needs neither a server nor a network."""

import re
import sys
from base64 import b64encode
from io import StringIO
from mimetypes import guess_type
from pathlib import Path

import panel as pn
from bokeh.resources import INLINE
from panel.io.save import save as panel_save

ELSEWHERE = re.compile(
    r"(?:https://cdn\.holoviz\.org/(panel(?:-[a-z]+)*)/v?[\d.]+/(?:dist/)?|\bstatic/extensions/(panel(?:-[a-z]+)+)/)"
    r"([\w./-]+\.\w+)(?:\?v=[\d.]+)?"
)
"""What Panel, and libraries of it that a process has loaded, would load from elsewhere even where all is to be in the
file: styles, icons, modules."""


class Component(pn.viewable.Viewer):
    """Shows what it is given, in a page, in a notebook and in a file."""

    def save(self, file: str | Path, *, title: str = "Flexscope") -> None:
        """Write what is shown as a page of its own, which any browser opens without a network.

        Args:
            file: Where to; conventionally ends in .html.
            title: Name of its window.
        """
        write(self.__panel__(), file, title)


def write(shown: pn.viewable.Viewable, file: str | Path, title: str) -> None:
    """Write something as a page in one file, see Component.save."""
    made = StringIO()
    panel_save(shown, made, title=title, resources=INLINE)
    Path(file).write_text(ELSEWHERE.sub(_within, made.getvalue()), "utf-8")


def _within(address: re.Match[str]) -> str:
    """Return an address that holds what is at another; the other one where it is not known here."""
    library = sys.modules.get((address[1] or address[2]).replace("-", "_"))
    if library is None or library.__file__ is None:
        return address[0]
    known = Path(library.__file__).with_name("dist") / address[3]
    if not known.is_file():
        return address[0]
    kind = guess_type(known.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{b64encode(known.read_bytes()).decode()}"
