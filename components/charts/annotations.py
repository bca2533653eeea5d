"""Annotations as bands behind the lines of charts, with their text in a hover box."""

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
"""Most characters written into a chart; the hover box has the whole text."""


@dataclass(frozen=True, kw_only=True)
class AnnotationBand:
    """One annotation."""

    start: int
    """[µs since 1970 UTC]."""
    end: int
    """Excluded [µs since 1970 UTC]."""
    text: str
    kind: str = "label"
    """Such as label, holiday, alert, warning."""
    by: str = ""
    """Source of the annotation, for people."""


def band_columns(bands: Sequence[AnnotationBand], *, dark: bool) -> dict[str, list[Any]]:
    """Annotations as the columns of a ColumnDataSource, see ``draw_bands``."""
    lines = [" ".join(f"{band.kind}: {band.text}".split()) for band in bands]
    return {
        "start": [band.start / MILLISECOND for band in bands],
        "end": [band.end / MILLISECOND for band in bands],
        "colour": [COLOURS.get(band.kind, PRIMARY).on(dark) for band in bands],
        "short": [line if len(line) <= SHORT else f"{line[: SHORT - 1]}…" for line in lines],
        "text": [band.text for band in bands],
        "about": [f"{band.kind}{f' by {band.by}' if band.by else ''}" for band in bands],
    }


def draw_bands(made: figure, source: ColumnDataSource) -> None:
    """Draw the annotations in a source behind the lines of a chart."""
    area = {"fill_color": "colour", "fill_alpha": 0.13, "line_color": "colour", "line_alpha": 0.6}
    strips = made.vstrip("start", "end", source=source, level="underlay", **area)
    word: dict[str, Any] = {"text_font_size": "11px", "text_color": "colour", "x_offset": 4}
    made.add_layout(LabelSet(x="start", y=18, y_units="screen", text="short", source=source, **word))
    tips = [("", "@text"), ("", "@about")]
    made.add_tools(HoverTool(tooltips=tips, renderers=[strips], point_policy="follow_mouse", visible=False))
