"""Stepped lines over time as SVG: panels below each other with one axis of time, a plan drawn over another one.

Python writes each picture in a millisecond, so that it can follow a slider; no script and no canvas are needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor, log10
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from components.theme import FAINT, Colour

Floats = NDArray[np.float64]
WIDTH, HEIGHT, LEFT, TOP, GAP, FOOT = 960, 112, 64, 20, 18, 22
"""Width of the picture, height of a panel, room for numbers, for a title, between panels and for times [px]."""


@dataclass(frozen=True, eq=False)
class PanelLine:
    """One line of a panel."""

    name: str
    values: Floats
    """One for each step, or for each tick; NaN is a gap."""
    colour: Colour
    is_ghost: bool = False
    """Whether it is drawn faintly, as what would be otherwise."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Lines with one axis."""

    title: str
    unit: str
    lines: Sequence[PanelLine]
    limits: Sequence[float] = field(default=())
    """Values at which a dashed line is drawn."""


def svg(panels: Sequence[Panel], starts: Sequence[datetime], end: datetime, zone: ZoneInfo) -> Markup:
    """A picture of some panels.

    Args:
        panels: From top to bottom.
        starts: Start of each step.
        end: End of the last one.
        zone: On whose clock times are written.
    """
    first, span = starts[0], (end - starts[0]) / timedelta(hours=1)
    edges = np.array([(moment - first) / timedelta(hours=1) for moment in (*starts, end)]) / span
    xs = LEFT + edges * (WIDTH - LEFT - 6)
    height = len(panels) * (TOP + HEIGHT + GAP) + FOOT
    times = list(_ticks(first, end, zone))
    named = [f"{each.title} [{each.unit}]: {', '.join(line.name for line in each.lines)}" for each in panels]
    head = Markup('<svg class="panels" viewBox="0 0 {} {}" role="img" aria-label="{}">')
    parts = [head.format(WIDTH, height, "; ".join(named))]
    beside = Markup('<path d="M{:.1f} {}v{}" stroke="{}" stroke-opacity=".25"/>')
    for number, panel in enumerate(panels):
        top = number * (TOP + HEIGHT + GAP) + TOP
        parts += _panel(panel, xs, top)
        for moment, _ in times:
            x = LEFT + (moment - first) / timedelta(hours=1) / span * (WIDTH - LEFT - 6)
            parts.append(beside.format(x, top, HEIGHT, FAINT))
    for moment, text in times:
        x = LEFT + (moment - first) / timedelta(hours=1) / span * (WIDTH - LEFT - 6)
        parts.append(Markup('<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(x, height - 6, text))
    return Markup("").join(parts) + Markup("</svg>")


def _ticks(first: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, str]]:
    """Give round times of the clock with their texts: at most a dozen."""
    hours = (end - first) / timedelta(hours=1)
    every = next((each for each in (1, 2, 3, 6, 12) if hours / each <= 12), 24 * max(1, round(hours / 24 / 8)))
    local = first.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for at in range(0, int(hours) + 48, every):
        # By the clock: a day on which it changes has other hours.
        moment = (day + timedelta(days=at // 24)).replace(hour=at % 24)
        if first <= moment <= end:
            yield moment, f"{moment:%a %-d %b}" if moment.hour == 0 else f"{moment:%H:%M}"


def _panel(panel: Panel, xs: Floats, top: float) -> Iterator[Markup]:
    known = np.concatenate([*(line.values for line in panel.lines), np.array(panel.limits, dtype=float)])
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    low, high = min(low, 0.0) if low > 0 and low < high / 2 else low, max(high, 0.0)
    if high - low < 1e-9:
        low, high = low - 1.0, high + 1.0

    def y(values: Floats) -> Floats:
        scaled: Floats = top + HEIGHT - 3 - (values - low) / (high - low) * (HEIGHT - 6)
        return scaled

    yield Markup('<text x="{}" y="{}" class="title">{} [{}]</text>').format(LEFT, top - 6, panel.title, panel.unit)
    across = Markup('<path d="M{} {:.1f}H{}" stroke="{}" {}/>')
    for level in _levels(low, high):
        at = float(y(np.array([level]))[0])
        opacity = Markup('stroke-opacity="{}"').format(0.6 if level == 0 else 0.25)
        yield across.format(LEFT, at, WIDTH - 6, FAINT, opacity)
        yield Markup('<text x="{}" y="{:.1f}" text-anchor="end">{:g}</text>').format(LEFT - 8, at + 4, level)
    for limit in panel.limits:
        at = float(y(np.array([limit]))[0])
        yield across.format(LEFT, at, WIDTH - 6, FAINT, Markup('stroke-dasharray="6 4" stroke-width="1.5"'))
    right = float(WIDTH - 6)
    for line in sorted(panel.lines, key=lambda line: not line.is_ghost):
        own = Markup('style="{}"').format(paint(line.colour))
        own = Markup('stroke-dasharray="3 3" stroke="{}"').format(FAINT) if line.is_ghost else own
        yield Markup('<path class="line" d="{}" {}/>').format(_path(line.values, xs, y(line.values)), own)
    for line in reversed([line for line in panel.lines if not line.is_ghost][:4]):
        text = Markup('<text x="{:.0f}" y="{}" text-anchor="end" style="{}">{}</text>')
        yield text.format(right, top - 6, paint(line.colour, "fill"), line.name)
        right -= 8.0 * len(line.name) + 20.0


def paint(colour: Colour, what: str = "stroke") -> str:
    """Style that gives something a colour, in light and in dark mode."""
    return f"{what}: light-dark({colour.light}, {colour.dark})"


def _path(values: Floats, xs: Floats, ys: Floats) -> str:
    """Steps where there is a value for each, straight lines where there is one for each tick."""
    if len(values) == len(xs):
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True) if np.isfinite(y))
    path, is_open = "", False
    for at, (x, y) in enumerate(zip(xs, ys, strict=False)):
        if not np.isfinite(y):
            is_open = False
            continue
        path += f"V{y:.1f}" if is_open else f"M{x:.1f} {y:.1f}"
        path += f"H{xs[at + 1]:.1f}"
        is_open = True
    return path


def _levels(low: float, high: float) -> list[float]:
    """Round numbers of an axis, three to five of them."""
    rough = (high - low) / 4
    unit = 10.0 ** floor(log10(rough))
    step = next(each * unit for each in (1, 2, 5, 10) if each * unit >= rough)
    return [round(step * number, 10) for number in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
