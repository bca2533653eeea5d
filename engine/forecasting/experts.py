"""Experts: simple ways to foresee a day, each good where another fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.columns import weighted_mean
from engine.forecasting.days import Days, earlier, filled
from engine.forecasting.history import Floats
from engine.forecasting.linear import Fit, Standardised, many_ridges, median, ridge

MOST_ROWS = 6000
"""Rows per block of steps that a regression learns from; quarter-hours of a year have more, and are nearly copies."""
FEWEST_ROWS = 40
"""Rows below which no regression is fitted."""
LEAST_PENALTY, SHORT_YEARS = 3e-4, 730
"""The least penalty for windows of fewer days."""


@dataclass(frozen=True)
class Task:
    """Days to foresee, each from the same number of days before, and what was known then."""

    days: Days
    ahead: int
    """Days from the newest known day to the target: 1 for the first day from the origin on."""
    values: Floats
    """The series, NaN where nothing is known, shape (rows, S)."""
    columns: NDArray[np.float32]
    """Shape (rows, S, p)."""
    whole_days: Floats
    """KnownColumns of whole days for the regression of all steps at once, shape (rows, q)."""
    targets: NDArray[np.intp]
    """Rows to foresee, increasing; rows before the first one are learnt from."""
    refits: tuple[int, ...]
    """Those of the targets at which regressions are fitted anew."""
    counts: NDArray[np.bool_] | None = None
    """Cells that regressions learn from, such as those by day, shape (rows, S); None: all."""

    def known_until(self, target: int) -> int:
        """Row before which everything is known when a target is foreseen."""
        return target - self.ahead + 1

    def stretches(self) -> Sequence[tuple[int, NDArray[np.intp]]]:
        """Each row at which regressions are fitted anew, and the targets that are foreseen with them."""
        starts = np.searchsorted(self.targets, self.refits)
        return [(int(refit), part) for refit, part in zip(self.refits, np.split(self.targets, starts[1:]), strict=True)]


class Expert(Protocol):
    """A way to foresee days."""

    def foresee(self, task: Task) -> dict[str, Floats]:
        """Forecasts by name, NaN where it has none, each of shape (targets, S)."""
        ...


@dataclass(frozen=True)
class Averages:
    """Yesterday, last week, and means of days: no fit, and therefore never wrong for long."""

    def foresee(self, task: Task) -> dict[str, Floats]:
        """Forecasts by name; ``yesterday`` and ``last week`` are the yardstick.

        Source:
            Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed. (2021), section 5.2.
        """
        known, ahead = filled(task.values), task.ahead
        week = np.stack([earlier(known, days) for days in range(ahead, ahead + 7)])
        tables = {
            "yesterday": earlier(task.values, ahead),
            "last week": earlier(task.values, -(-ahead // 7) * 7),
            "median of a week": np.median(week, axis=0),
            "weighted mean": earlier(weighted_mean(known), ahead),
        }
        return {name: table[task.targets] for name, table in tables.items()}


@dataclass(frozen=True)
class Tall:
    """One regression per block of steps, with a row for each step of each day."""

    window: int
    """Days that it learns from."""
    blocks: int
    """Blocks of a day; each has coefficients of its own."""
    losses: tuple[str, ...] = ("mean", "median", "change")
    """Of these: the conditional mean, the median, and the median of the change since the newest known day."""
    name: str = ""
    """Put before the loss, where there are several."""
    near: tuple[int, ...] = (1, 3)
    """Hours after the origin at which blocks end too: the first ones hang on the newest value."""

    def foresee(self, task: Task) -> dict[str, Floats]:
        """Forecasts by loss."""
        found = {self.name + loss: np.full((len(task.targets), task.days.steps), np.nan) for loss in self.losses}
        newest = earlier(filled(task.values), task.ahead)
        for block in self.parts(task):
            earlier_fits: dict[str, Fit] = {}
            for refit, targets in task.stretches():
                learn = self._learn(task, block, task.known_until(refit))
                if learn is None:
                    continue
                table, places, least = learn
                rows = table.row(task.columns[targets][:, block].reshape(-1, task.columns.shape[2]))
                at = np.searchsorted(task.targets, targets)
                y = task.values.reshape(-1)[places]
                base = newest.reshape(-1)[places]
                for loss in self.losses:
                    target = y - base if loss == "change" else y
                    fit = self._fit(loss, table, target, least, earlier_fits)
                    foreseen = fit.predict(rows).reshape(len(targets), -1)
                    if loss == "change":
                        foreseen += newest[targets][:, block]
                    found[self.name + loss][np.ix_(at, block)] = foreseen
        return found

    def parts(self, task: Task) -> list[NDArray[np.intp]]:
        """Steps of each block."""
        edges = [24 * number // self.blocks for number in range(1, self.blocks)]
        # An hour of each day must be enough to learn from.
        if task.ahead == 1 and task.known_until(task.refits[0]) * task.days.steps // 24 >= 1.5 * FEWEST_ROWS:
            edges = sorted({*self.near, *edges})
        cuts = sorted({edge * task.days.steps // 24 for edge in edges} - {0})
        return np.split(np.arange(task.days.steps), cuts)

    def _learn(
        self, task: Task, block: NDArray[np.intp], until: int
    ) -> tuple[Standardised, NDArray[np.intp], float] | None:
        """The rows to learn from, their cells, and the least penalty; None where there are too few."""
        first = max(0, until - self.window, min(7, until // 3))  # before, most lags are unknown
        cells = (np.arange(first, until)[:, None] * task.days.steps + block).reshape(-1)
        learnt = np.isfinite(task.values.reshape(-1)[cells]) & (cells >= task.ahead * task.days.steps)
        if task.counts is not None:
            learnt &= task.counts.reshape(-1)[cells]
        cells = cells[learnt]
        cells = cells[:: max(1, len(cells) // MOST_ROWS)]
        if len(cells) < FEWEST_ROWS:
            return None
        columns = task.columns.reshape(-1, task.columns.shape[2])[cells]
        # Steps of one block of one day are nearly copies of each other.
        freedom = max(len(cells) / 3.0, 2.0 * len(cells) / len(block))
        least = 0.0 if until - first >= SHORT_YEARS else 0.1 if until - first < 28 else LEAST_PENALTY
        return Standardised.of(columns, freedom), cells, least

    def _fit(self, loss: str, table: Standardised, target: Floats, least: float, before: dict[str, Fit]) -> Fit:
        start = ridge(table, target, least=least)
        if loss != "mean":
            start = before[loss] = median(table, target, start, before.get(loss))
        return start


@dataclass(frozen=True)
class Wide:
    """All steps of a day at once from whole days before: few rows, many columns, as prices of a day clear together.

    Source:
        The layout of Lago, Marcjasz, De Schutter and Weron, Forecasting day-ahead electricity prices, Applied Energy
        293 (2021), with ridge for lasso.
    """

    window: int
    """Days that it learns from."""
    name: str

    def foresee(self, task: Task) -> dict[str, Floats]:
        """The forecast under its name."""
        found = np.full((len(task.targets), task.days.steps), np.nan)
        known = filled(task.values)
        for refit, targets in task.stretches():
            until = task.known_until(refit)
            rows = np.arange(max(0, until - self.window), until)
            rows = rows[np.isfinite(task.values[rows]).mean(axis=1) > 0.8]
            if len(rows) < 28:
                continue
            columns, y = task.whole_days[rows], known[rows]
            mean, deviation, centre = columns.mean(axis=0), columns.std(axis=0), y.mean(axis=0)
            deviation[deviation < 1e-9] = np.inf
            coefficients = many_ridges((columns - mean) / deviation, y - centre)
            new = np.clip((task.whole_days[targets] - mean) / deviation, -6.0, 6.0)
            found[np.searchsorted(task.targets, targets)] = centre + new @ coefficients
        return {self.name: found}


def whole_day_table(days: Days, ahead: int, values: Floats, regressors: Sequence[Floats]) -> Floats:
    """Columns of whole days: the newest days and a week ago, regressors of the day, before and a week ago, weekdays.

    At the resolution of hours, shape (rows, q).
    """
    hour = max(1, days.steps // 24)

    def hours(table: Floats) -> Floats:
        whole = table[:, : table.shape[1] // hour * hour]
        return np.asarray(whole.reshape(len(table), -1, hour).mean(axis=2))

    known = hours(filled(values))
    parts = [earlier(known, back) for back in (ahead, ahead + 1, ahead + 2, -(-ahead // 7) * 7)]
    for regressor in regressors:
        table = hours(regressor)
        parts += [table, earlier(table, 1), earlier(table, 7)]
    parts.append(np.eye(7)[np.asarray(days.clock.day_of_week[:: days.steps])])
    return np.nan_to_num(np.concatenate(parts, axis=1))
