"""A schedule: prices, power at the connection and of each device before its price, stored energy with its bounds.

Powers are positive when consuming; the two directions have a colour each. The step that the page around the chart asks
about is marked, and a click on a device tells the page which step was meant.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import panel as pn
import param
from bokeh.events import Tap
from bokeh.models import BoxAnnotation, ColumnDataSource, CustomJS, CustomJSTickFormatter
from bokeh.plotting import figure

from components.charts.time_series import TimeSeries
from components.charts.traces import Chart, Trace
from components.component import Component
from components.local_time import MILLISECOND
from components.scripts import Script
from components.theme import FAINT, PRIMARY, QUANTITIES

TEMPERATURES = ("°C", "°F", "K")
"""Units in which a stored energy is a temperature."""
MOST_APART = 8
"""Most devices that have a chart each; of more, all share one."""
STRONGEST = 0.45
"""Opacity of the background where the price is highest."""
CONNECTION = "Connection to the grid"
SCRIPT = Script(__file__)
TELL, FOLLOW = SCRIPT.call("tellStep", "cb_obj", "device"), SCRIPT.call("followMark", "mark")
WITH_SHARE = "return `${tick.toLocaleString('en')}\\n${Math.round(100 * tick / full)} %`"
"""Writes a stored energy with its share of what fits in."""


@dataclass(frozen=True, eq=False)
class Store:
    """The stored energy of one device."""

    soc: Trace
    bounds: tuple[float, float] | None = None
    """Lowest and highest stored energy allowed [unit of the state of charge]."""
    device: str = ""
    """Label of the power of its device, below which it is drawn; empty: it is not known."""


class ScheduleChart(Component):
    """Shows a schedule."""

    prices = param.List(item_type=Trace, doc="Prices the schedule responds to.")
    background = param.ClassSelector(
        class_=Trace, allow_None=True, doc="Price drawn behind powers: the deeper its colour, the dearer is energy."
    )
    devices = param.List(item_type=Trace, doc="Power of each device, positive when consuming.")
    connection = param.List(item_type=Trace, doc="Power of the whole site.")
    limit = param.Number(default=None, allow_None=True, doc="Connection limit [unit of connection].")
    stores = param.List(item_type=Store, doc="Stored energies with their bounds.")
    worth = param.List(item_type=Trace, doc="What one more unit of stored energy saves, by the label of its device.")
    before = param.List(item_type=Trace, doc="Lines of the schedule before, drawn grey behind those of their label.")
    zone = param.String(default="UTC", doc="IANA name of the zone times are written in.")
    now = param.Integer(default=None, allow_None=True, constant=True, doc="See TimeSeries.now.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._series = TimeSeries(charts=self.charts(), zone=self.zone, dark=self.dark, now=self.now)
        self._mark = BoxAnnotation(
            visible=False, syncable=False, fill_color=PRIMARY.light, fill_alpha=0.25, line_color=FAINT
        )
        self._strips = ColumnDataSource()
        self._dressed: list[figure] = []
        self._dress()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._series.__panel__()

    def charts(self) -> list[Chart]:
        """Charts from top to bottom; those without lines are left out."""
        limits = None if self.limit is None else (-self.limit, self.limit)
        ghosts = {line.label: as_earlier(line) for line in self.before}
        parts = [Chart(title="Prices", traces=self.prices)]
        lines = [part for line in self.connection for part in by_direction(line, ("bought", "sold"))]
        lines += [ghosts[line.label] for line in self.connection if line.label in ghosts]
        parts.append(Chart(title=CONNECTION, traces=lines, bounds=limits))
        if len(self.devices) > MOST_APART:
            parts.append(Chart(title="Devices", traces=self.devices))
            parts += [part for store in self.stores for part in self._stored(store, ghosts)]
        else:
            parts += self._apart(ghosts)
        return [part.scaled() for part in parts if part.traces]

    def _apart(self, ghosts: dict[str, Trace]) -> Iterator[Chart]:
        """Give the power of each device, and what it stores below it."""
        labels = list(dict.fromkeys(line.label for line in self.devices))
        for label in labels:
            stores = [store for store in self.stores if store.device == label]
            words = ("charging", "discharging") if stores else ("taking", "giving")
            own = [line for line in self.devices if line.label == label]
            lines = [part for line in own for part in by_direction(line, words)]
            yield Chart(title=label, traces=[*lines, *([ghosts[label]] if label in ghosts else [])])
            for store in stores:
                yield from self._stored(store, ghosts)
        for store in self.stores:
            if store.device not in labels:
                yield from self._stored(store, ghosts)

    def _stored(self, store: Store, ghosts: dict[str, Trace]) -> Iterator[Chart]:
        """Give what a store holds and, below it, what one more unit in it saves."""
        # Of a building or tank it is told as a temperature.
        title = "Temperature" if store.soc.unit in TEMPERATURES else "State of charge"
        title = f"{store.device}: {title.lower()}" if store.device else title
        ghost = [ghosts[store.soc.label]] if store.soc.label in ghosts else []
        yield Chart(title=title, traces=[store.soc, *ghost], bounds=store.bounds)
        values = [line for line in self.worth if line.label == store.device]
        yield Chart(title=f"{store.device}: value of one more kWh stored", traces=values)

    @param.depends("prices", "devices", "connection", "limit", "stores", "worth", "before", "background", watch=True)
    def _redraw(self) -> None:
        self._series.charts = self.charts()
        self._dress()

    def _dress(self) -> None:
        """Give figures that are new the price behind powers, the mark of a step, and what a click on them tells."""
        self._strips.data = price_strips(self.background, dark=self.dark)
        labels = {line.label for line in self.devices}
        full = {f"{each.device}: state of charge": each.bounds[1] for each in self.stores if each.bounds}
        for made in self._series.figures:
            if any(made is known for known in self._dressed):
                continue
            made.add_layout(self._mark)
            made.js_on_change("inner_width", CustomJS(code=FOLLOW, args={"mark": self._mark}))
            for line in made.renderers:
                if line.tags and line.tags[0]["role"] == "earlier":
                    line.level = "underlay"  # it is seen where the schedule differs
            if made.name in labels or made.name in (CONNECTION, "Devices"):
                area = {"fill_color": "colour", "fill_alpha": "alpha", "line_color": None}
                made.vstrip("start", "end", source=self._strips, level="underlay", **area)
            if made.name in labels or made.name.partition(": ")[0] in labels:
                device = made.name if made.name in labels else made.name.partition(": ")[0]
                made.js_on_event(
                    Tap, CustomJS(code=SCRIPT.call("tellStep", "cb_obj", "device"), args={"device": device})
                )
            if full.get(made.name, 0.0) > 0:
                made.yaxis.formatter = CustomJSTickFormatter(code=WITH_SHARE, args={"full": full[made.name]})
        self._dressed = self._series.figures

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        self._series.dark = self.dark
        self._strips.data = price_strips(self.background, dark=self.dark)


def by_direction(line: Trace, words: tuple[str, str]) -> list[Trace]:
    """A scheduled power as one line for what it takes and one for what it gives; another line as it is.

    Args:
        line: Positive when consuming.
        words: What it does in either direction.
    """
    if line.role != "scheduled" or not line.stepped:
        return [line]
    gives = line.values < 0
    takes, gives_back = (
        replace(line, label=f"{line.label}, {word}", quantity=quantity, values=np.where(hidden, np.nan, line.values))
        for word, quantity, hidden in ((words[0], "power", gives), (words[1], "production", ~gives))
    )
    rests = not (line.values > 0).any()
    return ([] if rests and gives.any() else [takes]) + ([gives_back] if gives.any() else [])


def as_earlier(line: Trace) -> Trace:
    """The line as that of a schedule before: grey, without an area."""
    return replace(line, label=f"{line.label}, before", quantity="other", source_type="earlier schedule", band=None)


def price_strips(price: Trace | None, *, dark: bool) -> dict[str, Sequence[Any]]:
    """Times of equal price as strips: start and end [ms since 1970 UTC], colour, and how opaque."""
    if price is None or not len(price.present[0]):
        return {"start": [], "end": [], "colour": [], "alpha": []}
    starts, values, _ = price.present
    firsts = np.flatnonzero(np.append(True, (np.diff(values) != 0) | (np.diff(starts) > price.pace)))
    lasts = np.append(firsts[1:] - 1, len(values) - 1)
    low, high = min(float(values.min()), 0.0) if values.min() < 0 else float(values.min()), float(values.max())
    share = (values[firsts] - low) / (high - low) if high > low else np.full(len(firsts), 0.5)
    # Who is paid for taking energy sees it in the colour of production, not as a pale price.
    negative = values[firsts] < 0
    colours = [QUANTITIES["production" if below else "price"].on(dark) for below in negative]
    deepest = abs(low) or 1.0
    alpha = np.where(negative, np.abs(values[firsts]) / deepest, share) * STRONGEST
    return {
        "start": starts[firsts] / MILLISECOND,
        "end": (starts[lasts] + price.pace) / MILLISECOND,
        "colour": colours,
        "alpha": alpha,
    }
