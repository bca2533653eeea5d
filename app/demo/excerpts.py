"""The demo's real data, shifted by whole weeks to lie around today (origins: ``app/demo/data/README.md``)."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.series.iso_time import Microseconds
from engine.series.window import Window

FOLDER = Path(__file__).parent / "data"
WEEK = 7 * 24 * 3_600_000_000
HOUR = 3_600_000_000


@cache
def _hourly(name: str) -> tuple[Microseconds, NDArray[np.float64]]:
    """Return hours and values of an excerpt of whole weeks, a missing hour as NaN."""
    table = pd.read_csv(FOLDER / name, parse_dates=["event_start"])
    hours = table["event_start"].dt.tz_convert("UTC").astype("datetime64[us, UTC]").astype("int64").to_numpy()
    # Rounded up to whole weeks: // rounds down, and the length is negative there.
    full = np.arange(hours[0], hours[0] + -(-(hours[-1] - hours[0]) // WEEK) * WEEK, HOUR)
    values = np.full(len(full), np.nan)
    values[(hours - hours[0]) // HOUR] = table.iloc[:, 1].to_numpy(float)
    return full, values


def hourly(name: str, window: Window) -> NDArray[np.float64]:
    """Return what an excerpt says for the hours of a window that is a whole number of weeks later.

    The excerpt repeats after its last week, so weekdays fit always and seasons within a fortnight.

    Args:
        name: A file of the data folder with hourly values.
        window: Hours, on the hour.

    Returns:
        Values in the unit of the file, NaN where the origin has none, shape (n,).
    """
    hours, values = _hourly(name)
    found: NDArray[np.float64] = values[(window.starts - hours[0]) // HOUR % len(values)]
    return found


@cache
def _sessions() -> pd.DataFrame:
    name = FOLDER / "ev_charging_sessions_trondheim_2019.csv.gz"
    return pd.read_csv(name, parse_dates=["session_start", "session_end"])


def charging(window: Window, *, power: float) -> NDArray[np.float64]:
    """Return the mean power that uncontrolled charging of the real sessions takes [kW], shape (n,).

    Each car charges with full power from plugging in until it has the energy of its session or leaves.

    Args:
        window: Any steps; the sessions lie a whole number of weeks earlier and repeat after their last week.
        power: Power of the charge point [kW].
    """
    table = _sessions()
    start = table["session_start"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    left = table["session_end"].astype("datetime64[us, UTC]").astype("int64").to_numpy()
    # From midnight, so that cars come at their own time of day in every repetition
    first = start[0] - start[0] % (24 * HOUR)
    span = -(-(left.max() - first) // WEEK) * WEEK
    full = start + np.minimum(left - start, (table["energy_kwh"].to_numpy() / power * HOUR).astype(np.int64))
    turn = (window.starts[0] - first) // span * span
    total = np.zeros(window.n)
    for shift in range(0, window.ticks[-1] - window.starts[0] + 2 * span, span):
        on, off = start + turn + shift, full + turn + shift
        total += np.diff(_charged(window.ticks, on, off))
    mean: NDArray[np.float64] = total * power / window.step_us
    return mean


def _charged(moments: Microseconds, on: Microseconds, off: Microseconds) -> NDArray[np.float64]:
    """Return the microseconds charged in all sessions up to each moment: a line that rises while a car charges."""
    knots = np.concatenate([on, off])
    rises = np.repeat([1.0, -1.0], len(on))
    order = np.argsort(knots, kind="stable")
    knots, charging_now = knots[order], np.cumsum(rises[order])
    done = np.concatenate([[0.0], np.cumsum(charging_now[:-1] * np.diff(knots))])
    charged: NDArray[np.float64] = np.interp(moments, knots, done)
    return charged
