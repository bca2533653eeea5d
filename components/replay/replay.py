"""Charts as of each moment of the past: play, pause, step; a line marks the belief time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import panel as pn
import param
from numpy.typing import NDArray
from panel.links import Callback

from components.charts.time_series import TimeSeries
from components.charts.traces import Chart, Trace
from components.component import Component
from components.scripts import Script
from engine.series.iso_time import Microseconds, from_us, zone

MOST_FRAMES = 400
"""Most moments that are shown, however many beliefs there are."""
FRAME_MS = 100
KEYS = Script(__file__).call("followKeys", "player", "plot", "cb_context.index")
"""Moves the player by keys, while the replay is visible and nobody is typing."""
HINT = "Keys: space plays and pauses, ← and → show the moment before and after, s stops at the last one."


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """All beliefs of one sensor from one source."""

    every: Trace
    """A line with several values for an event, one for each belief, in order of the time it was formed."""

    @property
    def times(self) -> Microseconds:
        """Belief time of each belief [µs since 1970 UTC], shape (n,)."""
        return np.zeros(0, np.int64) if self.every.known is None else self.every.known

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Index of the first belief about each event, shape (events,)."""
        events = self.every.events
        return np.flatnonzero(np.append(True, events[1:] != events[:-1])) if len(events) else np.zeros(0, np.intp)

    def known(self, moment: int) -> Trace:
        """Newest belief about each event with a belief time until a moment [µs since 1970 UTC]."""
        if not len(self.times):
            return self._taken(np.zeros(0, np.intp))
        places = np.where(self.times <= moment, np.arange(len(self.times)), -1)
        # Beliefs lie by event and then by time: the last known place of each event is its newest belief
        newest = np.maximum.reduceat(places, self._starts)
        return self._taken(newest[newest >= 0])

    def _taken(self, at: NDArray[np.intp]) -> Trace:
        every = self.every
        band = every.band and replace(every.band, low=every.band.low[at], high=every.band.high[at])
        return replace(every, events=every.events[at], values=every.values[at], known=self.times[at], band=band)


@dataclass(frozen=True, eq=False)
class ReplayedChart:
    """One chart with all beliefs of its lines."""

    title: str
    histories: Sequence[History]

    def known(self, moment: int) -> Chart:
        """The chart as of a moment [µs since 1970 UTC]."""
        lines = [history.known(moment) for history in self.histories]
        return Chart(title=self.title, traces=lines, extent=self._extent, empty="There were no data yet at this time.")

    @cached_property
    def _extent(self) -> tuple[float, float] | None:
        """Lowest and highest of all values [unit of the lines], so that the axis stands still."""
        parts = [part for history in self.histories for part in history.every.spread if len(part)]
        return (float(min(part.min() for part in parts)), float(max(part.max() for part in parts))) if parts else None


def moments(histories: Sequence[History], most: int = MOST_FRAMES) -> np.ndarray:
    """Belief times of histories, thinned to at most some number [µs since 1970 UTC], shape (m,)."""
    formed = [history.times for history in histories if len(history.times)]
    if not formed:
        return np.zeros(0, dtype=np.int64)
    times = np.unique(np.concatenate(formed))
    kept: np.ndarray = times[np.unique(np.linspace(0, len(times) - 1, min(most, len(times))).round().astype(int))]
    return kept


class Replay(Component):
    """Shows charts as of one moment, and lets time run."""

    charts = param.List(item_type=ReplayedChart, doc="The charts, from top to bottom.")
    zone = param.String(default="UTC", doc="IANA name of the zone times are written in.")
    span = param.Tuple(default=None, length=2, allow_None=True, doc="Time range in view [µs since 1970 UTC].")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    player_kind = param.Parameter(
        default=pn.widgets.Player, doc="Class of the player; a page gives one of its own look."
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.moments = moments([history for chart in self.charts for history in chart.histories])
        last = max(len(self.moments) - 1, 0)
        # A player needs more than one moment; with one it is there, but disabled.
        self.player = self.player_kind(
            start=0, end=max(last, 1), value=0, interval=FRAME_MS, loop_policy="once", show_loop_controls=False,
            show_value=False, width=320, disabled=last == 0,
        )  # fmt: skip
        self.series = TimeSeries(
            charts=self._known(), zone=self.zone, span=self.span, dark=self.dark, steady=True, moment=self.moment
        )
        self._label = pn.pane.HTML(self._written(), margin=(10, 8), min_width=340)
        self.player.param.watch(self._move, ["value", "interval"])
        # One is enough, as keys move the player and no chart.
        for plot in self.series.figures[:1]:
            Callback(plot, code={"inner_width": KEYS}, args={"plot": plot, "player": self.player})

    def __panel__(self) -> pn.viewable.Viewable:
        hint = pn.pane.HTML(f'<span style="font-size:.75rem;opacity:.8">{HINT}</span>', margin=(10, 8))
        bar = pn.FlexBox(self.player, self._label, hint, align_items="center")
        return pn.Column(bar, self.series, sizing_mode="stretch_width")

    @property
    def moment(self) -> int | None:
        """Belief time that is shown [µs since 1970 UTC]; None without any belief."""
        return int(self.moments[self.player.value]) if len(self.moments) else None

    def _known(self) -> list[Chart]:
        return [chart.known(self.moment or 0) for chart in self.charts]

    def _move(self, _event: object) -> None:
        self.series.param.update(charts=self._known(), moment=self.moment)
        self._label.object = self._written()

    def _written(self) -> str:
        if self.moment is None:
            return '<span role="status">There is nothing to replay in this time range.</span>'
        at = from_us(self.moment).astimezone(zone(self.zone))
        speed = f"<span>{1000 / self.player.interval:.3g} moments a second</span>"
        return f'<span role="status">As known at <b>{at:%a %-d %b %Y %H:%M}</b> ({self.zone})</span> · {speed}'

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        self.series.dark = self.dark
