"""State that all charts of a stack share: time range, ruler, annotations, and how moments are written."""

from dataclasses import dataclass, field

from bokeh.models import (
    Annotation,
    ColumnDataSource,
    CustomJSHover,
    CustomJSTicker,
    CustomJSTickFormatter,
    Label,
    Plot,
    Range1d,
    Span,
)

from components import local_time
from components.local_time import MILLISECOND
from components.scripts import Script
from components.theme import FAINT

WITH_UNIT = Script(__file__).call("withUnit", "value", "special_vars.name")


@dataclass(frozen=True, kw_only=True)
class View:
    """One for each stack of charts."""

    time: Range1d
    """The time range [ms since 1970 UTC]."""
    ruler: Span
    """The vertical line that follows the pointer through all charts."""
    moment: Span
    """A vertical line at a moment, such as the belief time of a replay; nowhere at first."""
    zone: str
    """IANA name of the zone times are written in."""
    dark: bool
    """Whether dark mode is on."""
    clock: CustomJSTickFormatter = field(init=False)
    """Writes moments at axes."""
    stamp: CustomJSHover = field(init=False)
    """Writes moments in hover boxes."""
    unit: CustomJSHover = field(default_factory=lambda: CustomJSHover(code=WITH_UNIT))
    """Writes values with their unit in hover boxes."""

    ticks: list[CustomJSTicker] = field(default_factory=list)
    """Where the time axes have ticks, once there is an axis."""
    annotations: ColumnDataSource = field(default_factory=ColumnDataSource)
    """Annotations, see ``annotations.band_columns``."""
    changes: list[Annotation] = field(init=False)
    """Marks where clocks change within the first time range."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "clock", local_time.formatter(self.zone))
        object.__setattr__(self, "stamp", local_time.hover(self.zone))
        object.__setattr__(self, "changes", clock_change_marks(self.zone, self.span_us))

    @classmethod
    def of(cls, start_us: int, end_us: int, *, zone: str, dark: bool) -> "View":
        """View of a time range [µs since 1970 UTC]."""
        start, end = start_us / MILLISECOND, end_us / MILLISECOND
        ruler = Span(dimension="height", line_color=FAINT, line_dash="dotted", line_width=1.5)
        moment = Span(dimension="height", line_color=FAINT, line_width=3)
        shared = Range1d(start=start, end=end, reset_start=start, reset_end=end, min_interval=60_000)
        return cls(time=shared, ruler=ruler, moment=moment, zone=zone, dark=dark)

    def ticker(self, plot: Plot) -> CustomJSTicker:
        """Ticks of a time axis: all charts are of one width, and share those of the first."""
        if not self.ticks:
            self.ticks.append(local_time.ticker(self.zone, plot))
        return self.ticks[0]

    @property
    def span_us(self) -> tuple[int, int]:
        """First and last moment in view [microseconds since 1970 UTC]."""
        return int(self.time.start * MILLISECOND), int(self.time.end * MILLISECOND)


def clock_change_marks(zone: str, span_us: tuple[int, int]) -> list[Annotation]:
    """Line and label at each clock change of a zone within a time range."""
    marks: list[Annotation] = []
    word = {"text": "clocks change", "text_font_size": "11px", "text_color": FAINT}
    for moment in local_time.changes_between(zone, *span_us):
        at = moment / MILLISECOND
        marks.append(Span(location=at, dimension="height", line_color=FAINT, line_dash="dotdash"))
        marks.append(Label(x=at, y=4, y_units="screen", x_offset=5, **word))
    return marks
