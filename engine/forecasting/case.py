"""One series to forecast: its days, its kind, and what its experts foresee of any of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.forecasting.columns import (
    KnownColumns,
    calendar_columns,
    heating_columns,
    own_columns,
    past_columns,
    regressor_columns,
    regressor_tables,
    whole_day_columns,
)
from engine.forecasting.days import DAY_US, Days
from engine.forecasting.experts import Averages, Expert, Tall, Task, Wide, whole_day_table
from engine.forecasting.history import UTC, Floats, SeriesHistory
from engine.forecasting.physical.irradiance import Sun
from engine.forecasting.physical.pv import Outdoors, envelope, pv_columns
from engine.series.iso_time import MICROSECOND
from engine.series.window import Window
from engine.units import units

Kind = Literal["price", "pv", "other"]

MOST_CELLS = 150_000
"""Cells of the table of days; of a series by the minute that is 104 days."""
MOST_DAYS_AHEAD = 9
"""Days that are foreseen by regression; beyond, averages know as much."""
BACKCAST = 88
"""Days before the origin that are foreseen too, as if it were then: 28 weigh the experts before 60 give the bands."""
FEWEST_DAYS = 10
"""Days below which averages alone are used."""
EXPERTS: Mapping[Kind, tuple[Expert, ...]] = {
    "price": (
        # A market clears a whole day at once: no hour hangs on the one before the origin.
        Tall(84, 4, ("median",), "84 days, ", near=()),
        Tall(182, 8, ("median",), "182 days, ", near=()),
        Tall(1092, 8, ("median", "mean"), "3 years, ", near=()),
        Wide(84, "84 whole days"),
        Wide(1092, "3 years of whole days"),
    ),
    "pv": (Tall(730, 4, ("median", "mean")),),
    "other": (Tall(730, 4), Tall(56, 4, ("median",), "56 days, ")),
}
"""By kind, beside the averages."""
LONGEST: Mapping[Kind, int] = {"price": 1092, "pv": 730, "other": 730}
"""Days that are learnt from at most."""
SMALLEST_SHARE = 0.02
"""Of the highest power: where no more was seen for weeks, a plant is certain to stand still."""


class CannotTabulate(InputError):
    """A history cannot be laid out as days."""


@dataclass(frozen=True)
class Case:
    """A history as a table of days, and everything about it that does not depend on how far ahead one looks."""

    history: SeriesHistory
    days: Days
    kind: Kind
    end: int
    """When the time to forecast ends [us since 1970 UTC]."""
    backcast: int
    """Days before the origin that are foreseen too, at most half of all."""

    @classmethod
    def of(cls, history: SeriesHistory, window: Window, backcast: int = BACKCAST) -> "Case":
        """The case of forecasting a window.

        Args:
            history: As known when the forecast is made.
            window: What to forecast.
            backcast: Days before it that are to be foreseen too, as if it were then.

        Raises:
            CannotTabulate: Less than a day is known, or events do not divide days.
        """
        step, start = history.step // MICROSECOND, int(window.starts[0])
        if step <= 0 or DAY_US % step:
            raise CannotTabulate("a day is no whole number of its events.")
        before = np.isfinite(history.values) & (history.events < start)
        history = replace(history, events=history.events[before], values=history.values[before])
        known = history.events
        if not len(known) or known[-1] + step - known[0] < DAY_US:
            raise CannotTabulate("less than a day is known.")
        # From the newest value on, however late it comes: earlier days then ask the same question.
        origin, end, kind = int(known[-1]) + step, int(window.starts[-1]) + step, kind_of(history)
        past = min((origin - int(known[0])) // DAY_US, LONGEST[kind] + backcast, MOST_CELLS * step // DAY_US)
        ahead = -((origin - end) // DAY_US) + 1  # one more: a local day may have 25 hours
        zone = UTC if kind == "pv" else history.zone
        return cls(history, Days.around(origin, past, ahead, history.step, zone), kind, end, backcast)

    @cached_property
    def table(self) -> Floats:
        """The series by day, NaN where nothing is known, shape (rows, S)."""
        return self.days.table(self.history.events, self.history.values)

    @property
    def sign_bounds(self) -> tuple[float, float]:
        """Zero on a side of which no value was ever seen, else infinite: a load that never feeds in will not do so.

        Of prices and temperatures no side is barred, nor where few days are known.
        """
        if self.days.past < FEWEST_DAYS or self.kind == "price" or units.same_kind(self.history.unit, "°C"):
            return -np.inf, np.inf
        values = self.history.values
        return 0.0 if values.min() >= 0.0 else -np.inf, 0.0 if values.max() <= 0.0 else np.inf

    @cached_property
    def first_target(self) -> int:
        """First row that is foreseen as if it were then; scales are of the rows before it."""
        return self.days.past - min(self.backcast, self.days.past // 2)

    @cached_property
    def _spread(self) -> tuple[float, float]:
        """Median of a price and its absolute deviation, in deviations of a normal distribution."""
        known = self.table[: max(self.first_target, 1)]
        known = known[np.isfinite(known)] if np.isfinite(known).any() else np.zeros(1)
        centre = float(np.median(known))
        spread = float(np.median(np.abs(known - centre))) / 0.6745
        return centre, spread or float(known.std()) or 1.0

    def _tamed(self, table: Floats) -> Floats:
        """A series in the scale of its regressions: prices as asinh((p - median) / deviation), for their spikes."""
        if self.kind != "price":
            return table
        centre, spread = self._spread
        return np.asarray(np.arcsinh((table - centre) / spread))

    def _restored(self, table: Floats) -> Floats:
        if self.kind != "price":
            return table
        centre, spread = self._spread
        # Beyond, the exponential makes anything of a small error.
        return np.asarray(centre + spread * np.sinh(np.clip(table, -6.0, 6.0)))

    @cached_property
    def regressors(self) -> tuple[dict[str, Floats], dict[str, Floats], list[str]]:
        """Tables without gaps by name, of those known ahead and of the others, and names of those left out."""
        needed = np.arange(self.days.rows * self.days.steps).reshape(self.days.rows, -1)
        last = int(self.days.cells(np.array([self.end]))[0])
        wanted = (needed >= self.days.past * self.days.steps) & (needed < last)
        return regressor_tables(self.days, self.history.regressors, wanted)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be used, and why."""
        _, past, missing = self.regressors
        late = [regressor.name for regressor in self.history.regressors if regressor.ahead and regressor.name in past]
        notes = [f"{name} was left out: it is known for less than half of the past." for name in missing]
        notes += [f"{name} counts by its past alone: it is not known for the time to forecast." for name in late]
        if self.days.past < FEWEST_DAYS:
            notes.append(f"Whole days known: {self.days.past}. Averages serve; regressions need {FEWEST_DAYS}.")
        return tuple(notes)

    def foresee(self, ahead: int, targets: NDArray[np.intp], refits: Sequence[int]) -> dict[str, Floats]:
        """What each expert foresees of some rows in a row, each from so many days before; shape (targets, S).

        Args:
            ahead: 1 for a day that begins where the known ends.
            targets: Rows.
            refits: Those of them at which regressions are fitted anew.
        """
        values = self._tamed(self.table)
        experts: tuple[Expert, ...] = (Averages(),)
        columns, whole, counts = np.zeros((*values.shape, 0), np.float32), np.zeros((len(values), 0)), None
        if self.days.past >= FEWEST_DAYS and ahead <= MOST_DAYS_AHEAD:
            experts += EXPERTS[self.kind]
            columns = self._columns(ahead, values).stacked()
            if self.kind != "pv":
                whole = whole_day_table(self.days, ahead, values, list(self.regressors[0].values()))
            counts = self.sun.height > 0.0 if self.sun else None
        task = Task(self.days, ahead, values, columns, whole, targets, tuple(refits), counts)
        foreseen = {name: self._restored(table) for expert in experts for name, table in expert.foresee(task).items()}
        if counts is None:
            return foreseen
        return {name: np.where(counts[targets], np.maximum(table, 0.0), 0.0) for name, table in foreseen.items()}

    def _columns(self, ahead: int, values: Floats) -> KnownColumns:
        columns, (known, past, _) = KnownColumns(self.days, ahead), self.regressors
        own_columns(columns, values)
        calendar_columns(columns, self.history, people=self.kind != "pv")
        regressor_columns(columns, known, slice(0, max(self.first_target, 1)))
        past_columns(columns, past)
        units_of = {regressor.name: regressor.unit for regressor in self.history.regressors}
        warm = next((table for name, table in known.items() if units.same_kind(units_of[name], "°C")), None)
        if self.kind == "price":
            whole_day_columns(columns, values, known)
        elif self.sun and self.history.place:
            light = next((table for name, table in known.items() if units.same_kind(units_of[name], "W/m²")), None)
            outdoors = Outdoors(self.sun, light, warm)
            pv_columns(columns, values, self.history.place, outdoors, self.first_target)
        elif warm is not None:
            heating_columns(columns, warm)
        return columns

    @cached_property
    def sun(self) -> Sun | None:
        """The sun over a plant, in the middle of each cell; None for what no sun drives."""
        if self.kind != "pv" or self.history.place is None:
            return None
        middle = self.days.first + self.days.step * (np.arange(self.days.rows * self.days.steps) + 0.5)
        sun = Sun.over(np.asarray(middle / 1e6), self.history.place.latitude, self.history.place.longitude)
        return Sun(*(self.days.by_cell(part) for part in (sun.height, sun.azimuth, sun.normal)))

    @cached_property
    def scale(self) -> Floats | None:
        """What errors grow with: for a plant the highest power of 20 days at the step, shape (rows, S); None: alike."""
        if self.kind != "pv":
            return None
        highest = np.nan_to_num(envelope(self.table, 20))
        beside = np.maximum(highest, np.maximum(np.roll(highest, 1, axis=1), np.roll(highest, -1, axis=1)))
        most = np.nanmax(self.table[: self.days.past], initial=0.0)
        return np.where(beside >= SMALLEST_SHARE * most, beside, 0.0)


def kind_of(history: SeriesHistory) -> Kind:
    """What a series is: by its unit, and for a plant by whether it stands still by night and runs by day."""
    if units.currency_in(history.unit):
        return "price"
    if history.place is None or history.step > timedelta(hours=3):
        return "other"
    middle = np.asarray((history.events + (history.step // MICROSECOND) / 2.0) / 1e6)
    height = Sun.over(middle, history.place.latitude, history.place.longitude).height
    power = np.abs(history.values)
    most = power.max(initial=0.0)
    dark, bright = power[height < -0.1], power[height > 0.3]
    if not len(dark) or not len(bright) or most <= 0.0:
        return "other"
    return "pv" if (dark <= 0.005 * most).mean() >= 0.99 and (bright > 0.005 * most).mean() > 0.5 else "other"
