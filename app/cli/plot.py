"""Time series as a plot of characters in the terminal (plotext)."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import plotext

from db.beliefs.chunks import Values
from engine.series.iso_time import MICROSECOND, Microseconds, from_us, to_us

SIZE = (80, 24)
"""Columns and lines where the output goes to no terminal."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One line of a plot."""

    label: str
    events: Microseconds
    """[us since 1970 UTC], increasing, shape (n,)."""
    values: Values
    step: timedelta
    """How long each value holds; zero draws points joined by lines."""


def plot(curves: list[Curve], start: datetime, end: datetime, *, unit: str, place: ZoneInfo) -> str:
    """Return curves of one unit over a time range as text, as wide as the terminal."""
    figure = plotext.figure
    # plotext draws into one figure for the whole process.
    figure.clear()
    columns, lines = shutil.get_terminal_size(SIZE)
    plotext.terminal.limit(False, False)
    figure.plot_size(min(columns, 160), min(max(lines - 6, 12), 24))
    figure.theme("colorless")
    for curve in curves:
        x, y = _corners(curve)
        figure.draw(figure.signal(x, y, marker="braille").lines().label(curve.label))
    figure.legend(len(curves) > 1)
    figure.ruler("x").lim(to_us(start), to_us(end))
    form = "%H:%M" if end - start <= timedelta(days=1) else "%d %b %H:%M"
    ticks = np.linspace(to_us(start), to_us(end), 5).astype(np.int64).tolist()
    figure.ruler("x").ticks(ticks, [from_us(tick).astimezone(place).strftime(form) for tick in ticks])
    figure.label(f"{unit}, times in {place.key}", "x")
    text: str = figure.build().string(True)
    return "\n".join(line.rstrip() for line in text.splitlines())


def _corners(curve: Curve) -> tuple[list[float], list[float]]:
    """Return where the pen goes: along each step, and not over gaps."""
    if not curve.step:
        return curve.events.tolist(), curve.values.tolist()
    ends = curve.events + curve.step // MICROSECOND
    x = np.column_stack([curve.events, ends]).reshape(-1).astype(float)
    y = np.repeat(curve.values, 2)
    gaps = 2 * np.flatnonzero(curve.events[1:] > ends[:-1]) + 2
    return np.insert(x, gaps, x[gaps]).tolist(), np.insert(y, gaps, np.nan).tolist()
