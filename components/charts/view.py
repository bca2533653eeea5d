"""State that all charts of a stack share: time range, ruler, annotations, and how moments are written."""

from dataclasses import dataclass, field
from typing import Any

from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    CustomJSTicker,
    CustomJSTickFormatter,
    Plot,
    Range1d,
    Span,
)

from components import local_time
from components.charts.readout import Readout
from components.local_time import MILLISECOND
from components.scripts import Script
from components.theme import FAINT

KEEP_TIME = Script(__file__).call("keepTime", "line", "shade")


@dataclass(frozen=True, kw_only=True)
class View:
    """One for each stack of charts."""

    time: Range1d
    """The time range [ms since 1970 UTC]."""
    ruler: Span
    """The vertical line that follows the pointer through all charts."""
    moment: Span
    """A vertical line at a moment, such as the belief time of a replay; nowhere at first."""
    now: Span
    """A vertical line between what was and what is to come; it moves on in the browser."""
    future: BoxAnnotation
    """The shade of what is to come."""
    zone: str
    """IANA name of the zone times are written in."""
    dark: bool
    """Whether dark mode is on."""
    clock: CustomJSTickFormatter = field(init=False)
    """Writes moments at axes."""
    readout: Readout = field(init=False)
    """Tells what all lines have at the time under the pointer."""
    ticks: list[CustomJSTicker] = field(default_factory=list)
    """Where the time axes have ticks, once there is an axis."""
    annotations: ColumnDataSource = field(default_factory=ColumnDataSource)
    """Annotations, see ``annotations.band_columns``."""
    changes: ColumnDataSource = field(default_factory=ColumnDataSource)
    """Where clocks change within the time range, see ``clock_changes``."""

    def __post_init__(self) -> None:
        # Frozen, but these follow from the other fields.
        object.__setattr__(self, "clock", local_time.formatter(self.zone))
        object.__setattr__(self, "readout", Readout(self.zone))
        self.changes.data = clock_changes(self.zone, *self.span_us)

    @classmethod
    def of(cls, start_us: int, end_us: int, *, zone: str, dark: bool, now_us: int | None = None) -> "View":
        """View of a time range, in which what lies after ``now_us`` is shaded [µs since 1970 UTC]."""
        start, end = start_us / MILLISECOND, end_us / MILLISECOND
        # The browser moves ruler and present without telling: a move of the pointer would be two messages and two back.
        ruler = Span(dimension="height", line_color=FAINT, line_dash="dotted", line_width=1.5, syncable=False)
        moment = Span(dimension="height", line_color=FAINT, line_width=3)
        at = {"visible": now_us is not None, "syncable": False}
        present = Span(dimension="height", line_color=FAINT, line_width=2, location=(now_us or 0) / MILLISECOND, **at)
        future = BoxAnnotation(left=present.location, fill_color=FAINT, fill_alpha=0.1, line_color=None,
            level="underlay", **at)  # fmt: skip
        shared = Range1d(start=start, end=end, reset_start=start, reset_end=end, min_interval=60_000)
        return cls(time=shared, ruler=ruler, moment=moment, now=present, future=future, zone=zone, dark=dark)

    def ticker(self, plot: Plot) -> CustomJSTicker:
        """Ticks of a time axis: all charts are of one width, and share those of the first."""
        if not self.ticks:
            self.ticks.append(local_time.ticker(self.zone, plot))
        return self.ticks[0]

    def move(self, start_us: int, end_us: int) -> None:
        """Show another time range [µs since 1970 UTC]."""
        self.time.update(start=start_us / MILLISECOND, end=end_us / MILLISECOND)
        self.changes.data = clock_changes(self.zone, start_us, end_us)

    @property
    def span_us(self) -> tuple[int, int]:
        """First and last moment in view [microseconds since 1970 UTC]."""
        return int(self.time.start * MILLISECOND), int(self.time.end * MILLISECOND)


def clock_changes(zone: str, start_us: int, end_us: int) -> dict[str, list[Any]]:
    """Columns of a source: where clocks of a zone change within a time range [ms], and what is written there."""
    moments = [moment / MILLISECOND for moment in local_time.changes_between(zone, start_us, end_us)]
    return {"at": moments, "word": ["clocks change"] * len(moments)}
