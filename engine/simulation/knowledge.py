"""What a site could know at a past moment: loads as on the days before, prices as far as they were published."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.model.linear import Floats
from engine.series.window import Window

LOOKS_BACK = 7
"""Days before, of which a load is taken as the mean."""


@dataclass(frozen=True, kw_only=True)
class PastKnowledge:
    """Rules of what is known when."""

    zone: ZoneInfo
    """Of the market: whose days are published."""
    published_at: int = 13
    """Hour of the day from which on prices of the next day are known."""

    def prices_until(self, moment: datetime) -> datetime:
        """End of the days whose prices are known at a moment."""
        local = moment.astimezone(self.zone)
        days = 2 if local.hour >= self.published_at else 1
        midnight = (local + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return midnight.astimezone(moment.tzinfo)


def expected_load(power: Floats, at: int, last: int, steps_per_day: int) -> Floats:
    """Load as it is expected from a step on: the mean of the same time of the last days that are over [kW].

    Args:
        power: What was measured in each step [kW].
        at: The step from which on nothing is known.
        last: The step after the last one that is asked for.
        steps_per_day: Steps of a day of 24 hours.
    """
    steps = np.arange(at, last)
    ahead = (steps - at) // steps_per_day  # a day that is not over yet is left out
    back = steps[:, None] - (ahead[:, None] + np.arange(1, LOOKS_BACK + 1)[None, :]) * steps_per_day
    known = back >= 0
    values = np.where(known, power[np.maximum(back, 0)], 0.0)
    mean: Floats = values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return mean


def expected_price(price: Floats, at: int, last: int, known_until: int, steps_per_day: int) -> Floats:
    """Price as far as it is published, then as on the last published day at the same time [currency/kWh].

    Args:
        price: As it was in each step [currency/kWh].
        at: The first step that is asked for.
        last: The step after the last one.
        known_until: The step after the last one that is published.
        steps_per_day: Steps of a day of 24 hours.
    """
    steps = np.arange(at, last)
    days = np.maximum(0, -(-(steps - known_until + 1) // steps_per_day))
    taken: Floats = price[np.maximum(steps - days * steps_per_day, 0)]
    return taken


def steps_until(window: Window, moment: datetime) -> int:
    """Steps of a window that begin before a moment."""
    return min(max(int(np.ceil(window.position(moment))), 0), window.n)
