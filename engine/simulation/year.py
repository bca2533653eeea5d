"""A year of a site in figures: cost of full days, savings, cycles of stores, and when an investment is paid back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from engine.model.linear import full
from engine.simulation.rolling import SimulatedTime
from engine.tariffs import energy_prices

DAYS = 365.25
"""Days of a mean year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearFigures:
    """What one scenario would have come to over full days."""

    days: int
    """Number of full days."""
    cost: float
    """Cost of energy, with what stores hold more or less at the end at the mean price [currency]."""
    idle_cost: float
    """The same, had every store rested [currency]."""
    cycles: Mapping[str, float]
    """How often the capacity of each store was drawn from it [1]."""
    plans: int

    @property
    def saving(self) -> float:
        """What the stores saved [currency]."""
        return self.idle_cost - self.cost

    @property
    def cost_per_year(self) -> float:
        """Cost of a mean year [currency]."""
        return self.cost * DAYS / self.days if self.days else 0.0


def year_figures(done: SimulatedTime, days: Sequence[date], zone: ZoneInfo) -> YearFigures:
    """Figures of a simulation over some local days, all of which lie in it."""
    window = done.site.window
    starts = np.zeros(window.n, dtype=bool)
    for day in days:
        midnights = [datetime(each.year, each.month, each.day, tzinfo=zone) for each in (day, day + timedelta(days=1))]
        first, last = (round(window.position(moment)) for moment in midnights)
        starts[max(first, 0) : min(last, window.n)] = True
    cycles, held = {}, 0.0
    for device in done.site.devices:
        drawn = device.drawn_energy(window, done.power)
        if drawn is None:
            continue
        capacity = float(np.max(device.energy_bounds["soc-max"]))
        cycles[device.name] = float(drawn[starts].sum()) / capacity if np.isfinite(capacity) and capacity > 0 else 0.0
        held += float(done.stored[device.name][-1] - done.stored[device.name][int(starts.argmax())])
    known = energy_prices(done.site.connections[0].tariffs, window.n)
    price = 0.0 if known is None or not starts.any() else float(full(known[0], window.n)[starts].mean())
    return YearFigures(
        days=len(days),
        cost=float(done.cost[starts].sum()) - held * price,
        idle_cost=float(done.idle_cost[starts].sum()),
        cycles=cycles,
        plans=done.plans,
    )


def payback(base: YearFigures, other: YearFigures, investment: float) -> float | None:
    """Years after which a scenario has earned what it costs more than another one; None where it never does."""
    saved = base.cost_per_year - other.cost_per_year
    return investment / saved if saved > 0 else None


def full_days(begins: Sequence[datetime], lacking: Sequence[tuple[datetime, datetime]]) -> list[date]:
    """Local days without any time in which something lacks.

    Args:
        begins: Midnight of each day, and of the day after the last one.
        lacking: Times in which a value is not known.
    """
    return [
        first.date()
        for first, after in pairwise(begins)
        if not any(start < after and end > first for start, end in lacking)
    ]
