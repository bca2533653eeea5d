"""What is known where a forecast begins, as columns of a regression: lags, calendar, regressors."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.forecasting.days import Days, earlier, filled
from engine.forecasting.history import Floats, Regressor, SeriesHistory

COMFORT = 15.5
"""Outdoor temperature below which buildings are heated, the base of heating degrees [°C]."""
LONG_YEAR = 730
"""Days from which on the season is learnt from the calendar; within one year it would be a free trend."""
HALF_LIFE = 10
"""Of the exponentially weighted mean [days]."""


@dataclass
class KnownColumns:
    """Named columns by target: row d, step s is about the event there, as seen ``ahead`` days before it.

    ``ahead`` is 1 for the first day from the origin on. Day d − ahead is the newest one that is known.
    """

    days: Days
    ahead: int
    by_name: dict[str, Floats] = field(default_factory=dict)

    def add(self, name: str, column: Floats) -> None:
        """Add a table of shape (rows, S), or what can be broadcast to it."""
        self.by_name[name] = np.broadcast_to(column, (self.days.rows, self.days.steps))

    def stacked(self) -> NDArray[np.float32]:
        """All columns, 0 where nothing is known, shape (rows, S, p)."""
        stack = np.empty((self.days.rows, self.days.steps, len(self.by_name)), np.float32)
        for number, column in enumerate(self.by_name.values()):
            stack[:, :, number] = column
        return np.nan_to_num(stack, copy=False, posinf=0.0, neginf=0.0)

    def lags(self) -> tuple[int, ...]:
        """Days back to values at the same step that are known: the newest ones and those of the same weekday."""
        weeks = -(-self.ahead // 7) * 7
        return tuple(sorted({self.ahead, self.ahead + 1, self.ahead + 2, weeks, weeks + 7}))


def own_columns(columns: KnownColumns, values: Floats) -> None:
    """Add what the series' own past says, from a table of days with gaps, shape (rows, S)."""
    known, ahead, steps = filled(values), columns.ahead, columns.days.steps
    weeks, hour = -(-ahead // 7) * 7, max(1, steps // 24)
    for days in columns.lags():
        columns.add(f"{days} days ago", earlier(known, days))
    week = np.stack([earlier(known, days) for days in range(ahead, ahead + 7)])
    columns.add("median of a week", np.median(week, axis=0))
    columns.add("mean of a week", week.mean(axis=0))
    columns.add("mean of 4 weeks", np.mean([earlier(known, weeks + 7 * number) for number in range(4)], axis=0))
    columns.add("weighted mean", earlier(weighted_mean(known), ahead))
    beside = neighbours(known)
    columns.add("neighbours", earlier(beside, ahead))
    columns.add("neighbours a week ago", earlier(beside, weeks))
    # Each row's last steps come just before the origin, against what is usual there.
    apart = known - earlier(_rolling_mean(known, 14), 1)
    usual = columns.by_name["weighted mean"]
    columns.add("newest", earlier(known[:, -1:], ahead))
    columns.add("newest 3 h", earlier(known[:, -3 * hour :].mean(axis=1, keepdims=True), ahead))
    for hours in (1, 3, 8, 24):
        mean = apart[:, -hours * hour :].mean(axis=1, keepdims=True)
        columns.add(f"newest {hours} h less usual", earlier(mean, ahead))
    now = earlier(apart[:, -1:], ahead)
    columns.add("newest less usual", now)
    columns.add("newest less usual, by usual", now * usual)
    columns.add("newest change", earlier(known[:, -1:] - known[:, -2:-1], ahead) if columns.days.steps > 1 else now)
    columns.add("newest most", earlier(known[:, -2 * hour :].max(axis=1, keepdims=True), ahead))
    columns.add("newest least", earlier(known[:, -3 * hour :].min(axis=1, keepdims=True), ahead))
    columns.add("newest day", earlier(known.mean(axis=1, keepdims=True), ahead))
    columns.add("newest week", earlier(_rolling_mean(known.mean(axis=1, keepdims=True), 7), ahead))


def weighted_mean(known: Floats) -> Floats:
    """Exponentially weighted mean of each day and those before it, by step, shape (rows, S)."""
    keep, total, weight = 0.5 ** (1.0 / HALF_LIFE), np.zeros(known.shape[1]), 0.0
    means = np.empty_like(known)
    for row, day in enumerate(known):
        total, weight = keep * total + day, keep * weight + 1.0
        means[row] = total / weight
    return means


def neighbours(known: Floats) -> Floats:
    """Mean of the steps before and after; the first and last step of all days have one, shape (rows, S).

    The step after the last one of a day is of the next day, which is not known when that day is the newest.
    """
    before = np.roll(known.reshape(-1), 1).reshape(known.shape)
    before[0, 0] = known[0, 0]
    after = np.concatenate([known[:, 1:], known[:, -1:]], axis=1)
    return np.asarray((before + after) / 2.0)


def _rolling_mean(known: Floats, days: int) -> Floats:
    """Mean of each day and those before it, as many as there are, by step."""
    sums = np.cumsum(np.concatenate([np.zeros((1, known.shape[1])), known]), axis=0)
    ends = np.arange(1, len(known) + 1)
    starts = np.maximum(ends - days, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts)[:, None])


def calendar_columns(columns: KnownColumns, history: SeriesHistory, *, people: bool) -> None:
    """Add the time of day, and for what people do the weekday, holidays and whose day the lags were of."""
    days, clock = columns.days, columns.days.clock
    hours = days.by_cell(clock.hour + clock.minute / 60.0)
    waves = _waves(hours / 24.0, 3)
    if not people:
        for name, wave in waves.items():
            columns.add(f"hour {name}", wave)
    else:
        weekday = days.by_cell(clock.day_of_week)
        holidays = pd.DatetimeIndex(sorted(history.days_off)).as_unit("us")
        holiday = days.by_cell(clock.normalize().isin(holidays))
        off = np.maximum(weekday == 6, holiday)
        saturday = (weekday == 5) * (1.0 - holiday)
        for kind, share in (("", np.ones(1)), (" saturday", saturday), (" off", off)):
            if kind:
                columns.add(kind.strip(), share)
            for name, wave in waves.items():
                columns.add(f"hour {name}{kind}", share * wave)
        for day in range(7):
            columns.add(f"weekday {day}", (weekday == day).astype(float))
        if history.days_off:
            columns.add("holiday before", earlier(holiday, 1))
            columns.add("holiday after", np.concatenate([holiday[1:], holiday[-1:]]))
        lagged, week = columns.by_name[f"{columns.ahead} days ago"], columns.by_name["mean of 4 weeks"]
        columns.add("off after", earlier(off, columns.ahead) * lagged)
        columns.add("off, newest", off * lagged)
        columns.add("off, usual", off * week)
        weeks = -(-columns.ahead // 7) * 7
        columns.add("off a week ago", earlier(off, weeks) * columns.by_name[f"{weeks} days ago"])
    if days.past >= LONG_YEAR:
        for name, wave in _waves(days.by_cell(clock.day_of_year) / 365.25, 2).items():
            columns.add(f"year {name}", wave)


def _waves(turns: Floats, most: int) -> dict[str, Floats]:
    return {
        f"{name}{number}": wave(2.0 * np.pi * number * turns)
        for number in range(1, most + 1)
        for name, wave in (("cos", np.cos), ("sin", np.sin))
    }


def regressor_columns(columns: KnownColumns, regressors: Mapping[str, Floats], learn: slice) -> None:
    """Add what regressors say that are known for the target, each a table without gaps of shape (rows, S).

    Args:
        columns: With those of the own past.
        regressors: By name.
        learn: Rows that scales are taken from; what comes later may not change them.
    """
    hours = columns.days.by_cell(columns.days.clock.hour) / 24.0 * 2.0 * np.pi
    for name, values in regressors.items():
        scaled = _in_deviations(values, values[learn])
        columns.add(name, values)
        columns.add(f"{name}, change to yesterday", values - earlier(values, 1))
        columns.add(f"{name}, change to last week", values - earlier(values, 7))
        columns.add(f"{name}, neighbours", neighbours(values))
        columns.add(f"{name}, squared", scaled**2)
        columns.add(f"{name}, above its mean", np.maximum(scaled, 0.0))
        columns.add(f"{name}, mean of 24 h", trailing_mean(values, columns.days.steps))
        columns.add(f"{name}, by hour cos", scaled * np.cos(hours))
        columns.add(f"{name}, by hour sin", scaled * np.sin(hours))
        columns.add(f"{name}, by usual", scaled * columns.by_name["median of a week"])


def _in_deviations(values: Floats, sample: Floats) -> Floats:
    """Values from the mean of a sample, in its deviations; as they are where the sample differs by rounding alone."""
    centre, deviation = float(sample.mean()), float(sample.std())
    return np.asarray((values - centre) / (deviation if deviation > 1e-9 * max(abs(centre), 1.0) else 1.0))


def heating_columns(columns: KnownColumns, temperature: Floats) -> None:
    """Add heating degrees and their means over 24 h and 72 h, as a building is slow [K]."""
    degrees = np.maximum(COMFORT - temperature, 0.0)
    columns.add("heating degrees", degrees)
    for days in (1, 3):
        columns.add(f"heating degrees of {24 * days} h", trailing_mean(degrees, days * columns.days.steps))


def whole_day_columns(columns: KnownColumns, values: Floats, regressors: Mapping[str, Floats]) -> None:
    """Add the shape of the newest day and of what is known of the target's day: prices clear for a whole day."""
    known, ahead, steps = filled(values), columns.ahead, columns.days.steps
    for number in range(8):
        columns.add(f"newest at {number}/8", earlier(known[:, number * steps // 8][:, None], ahead))
    columns.add("least of the day", earlier(known.min(axis=1, keepdims=True), ahead))
    columns.add("most of the day", earlier(known.max(axis=1, keepdims=True), ahead))
    for name, table in regressors.items():
        for number in range(8):
            columns.add(f"{name} at {number}/8", table[:, number * steps // 8][:, None])
        mean = table.mean(axis=1, keepdims=True)
        columns.add(f"{name}, mean of the day", mean)
        columns.add(f"{name}, change of the day", mean - earlier(mean, 1))


def past_columns(columns: KnownColumns, regressors: Mapping[str, Floats]) -> None:
    """Add what is known of regressors that are measured only, each a table without gaps of shape (rows, S)."""
    for name, values in regressors.items():
        columns.add(f"{name}, {columns.ahead} days ago", earlier(values, columns.ahead))
        columns.add(f"{name}, newest", earlier(values[:, -1:], columns.ahead))


def trailing_mean(values: Floats, cells: int) -> Floats:
    """Mean of each cell and those before it, as many as there are, shape (rows, S)."""
    flat = values.reshape(-1)
    sums = np.concatenate([[0.0], np.cumsum(flat)])
    ends = np.arange(1, len(flat) + 1)
    starts = np.maximum(ends - cells, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts)).reshape(values.shape)


def regressor_tables(
    days: Days, regressors: Iterable[Regressor], needed: NDArray[np.bool_]
) -> tuple[dict[str, Floats], dict[str, Floats], list[str]]:
    """Tables without gaps of the regressors known ahead and of the others, and the names of those left out.

    One that is meant to be known ahead, but is not for half of the time to forecast, counts by its past; one that
    is not known for half of the past is left out.

    Args:
        days: All tables have these.
        regressors: Any.
        needed: Cells to forecast, shape (rows, S).
    """
    ahead: dict[str, Floats] = {}
    past: dict[str, Floats] = {}
    missing = []
    for regressor in regressors:
        table = days.table(regressor.events, regressor.values)
        if np.isfinite(table[: days.past]).mean() < 0.5:
            missing.append(regressor.name)
        elif regressor.ahead and np.isfinite(table[needed]).mean() >= 0.5:
            ahead[regressor.name] = filled(table)
        else:
            past[regressor.name] = filled(table)
    return ahead, past, missing
