"""Remarks on stretches of time as bands behind the lines of charts, with their text where the pointer is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bokeh.models import ColumnDataSource, HoverTool, LabelSet
from bokeh.plotting import figure

from components.local_time import MILLISECOND
from components.theme import BAD, FAINT, PRIMARY, WARN, Colour

COLOURS = {"alert": BAD, "error": BAD, "warning": WARN, "holiday": Colour(FAINT, FAINT)}
"""Type → its colour; any other type has that of PRIMARY."""
SHORT = 28
"""Most characters written into a chart; the hover box tells all."""


@dataclass(frozen=True, kw_only=True)
class AnnotationBand:
    """One remark."""

    start: int
    """[µs since 1970 UTC]."""
    end: int
    """Excluded [µs since 1970 UTC]."""
    text: str
    kind: str = "label"
    """Such as label, holiday, alert, warning."""
    by: str = ""
    """Who made it."""


def columns(remarks: Sequence[AnnotationBand], *, dark: bool) -> dict[str, list[Any]]:
    """Return remarks as the columns of a source."""
    return {
        "start": [remark.start / MILLISECOND for remark in remarks],
        "end": [remark.end / MILLISECOND for remark in remarks],
        "ink": [COLOURS.get(remark.kind, PRIMARY).on(dark) for remark in remarks],
        "short": [_short(f"{remark.kind}: {remark.text}") for remark in remarks],
        "text": [remark.text for remark in remarks],
        "about": [f"{remark.kind}{f' by {remark.by}' if remark.by else ''}" for remark in remarks],
    }


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else f"{line[: SHORT - 1]}…"


def draw(made: figure, source: ColumnDataSource) -> None:
    """Draw the remarks in a source behind the lines of a chart."""
    area = {"fill_color": "ink", "fill_alpha": 0.13, "line_color": "ink", "line_alpha": 0.6}
    strips = made.vstrip("start", "end", source=source, level="underlay", **area)
    word: dict[str, Any] = {"text_font_size": "11px", "text_color": "ink", "x_offset": 4}
    made.add_layout(LabelSet(x="start", y=18, y_units="screen", text="short", source=source, **word))
    tips = [("", "@text"), ("", "@about")]
    made.add_tools(HoverTool(tooltips=tips, renderers=[strips], point_policy="follow_mouse", visible=False))
