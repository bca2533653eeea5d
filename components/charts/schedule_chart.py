"""A schedule: prices, power of each device, power at the connection with its limit, stored energy with its bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import panel as pn
import param

from components.charts.time_series import TimeSeries
from components.charts.traces import Chart, Trace
from components.component import Component

TEMPERATURES = ("°C", "°F", "K")
"""Units in which a stored energy is a temperature."""


@dataclass(frozen=True, eq=False)
class Store:
    """The stored energy of one device."""

    soc: Trace
    bounds: tuple[float, float] | None = None
    """Lowest and highest stored energy allowed [unit of the state of charge]."""


class ScheduleChart(Component):
    """Shows a schedule."""

    prices = param.List(item_type=Trace, doc="Prices the schedule responds to.")
    devices = param.List(item_type=Trace, doc="Power of each device.")
    connection = param.List(item_type=Trace, doc="Power of the whole site.")
    limit = param.Number(default=None, allow_None=True, doc="Connection limit [unit of connection].")
    stores = param.List(item_type=Store, doc="Stored energies with their bounds.")
    zone = param.String(default="UTC", doc="IANA name of the zone times are written in.")
    now = param.Integer(default=None, allow_None=True, constant=True, doc="See TimeSeries.now.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._series = TimeSeries(charts=self.charts(), zone=self.zone, dark=self.dark, now=self.now)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._series.__panel__()

    def charts(self) -> list[Chart]:
        """Charts from top to bottom; those without lines are left out."""
        limits = None if self.limit is None else (-self.limit, self.limit)
        named: list[tuple[str, Sequence[Trace], tuple[float, float] | None]]
        named = [
            ("Prices", self.prices, None),
            ("Devices", self.devices, None),
            ("Connection", self.connection, limits),
        ]
        for store in self.stores:  # of a building or tank it is told as a temperature
            title = "Temperature" if store.soc.unit in TEMPERATURES else "State of charge"
            named.append((title, [store.soc], store.bounds))
        return [Chart(title=title, traces=lines, bounds=bounds).scaled() for title, lines, bounds in named if lines]

    @param.depends("prices", "devices", "connection", "limit", "stores", watch=True)
    def _redraw(self) -> None:
        self._series.charts = self.charts()

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        self._series.dark = self.dark
