"""What schedules are compared by, and what one saves against a site that nobody controls."""

from dataclasses import dataclass

import numpy as np

from app.usecases.explanations.stored_site import StoredSite
from engine.errors import TimedOut
from engine.explain.changes.key_figures import KeyFigures, key_figures
from engine.model.linear import full
from engine.schedulers.uncontrolled import uncontrolled_schedule
from engine.tariffs import energy_prices


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What a schedule saves against the same site without control."""

    amount: float
    """[currency], with what is stored at the end counted."""
    cost: float
    """Of the site without control [currency]."""
    stored: float
    """Energy that is stored at the end beyond what is without control, over all stores; negative: less [kWh]."""
    price: float
    """What that is counted with, the mean price of energy bought [currency/kWh]."""


@dataclass(frozen=True, kw_only=True)
class ScheduleFigures:
    """Key figures of a schedule, and what it saves."""

    figures: KeyFigures
    saving: Saving | None
    """None: without control a hard limit is broken, or there was no time to plan that."""
    levels: dict[str, tuple[float, float]]
    """Least and most energy in each store [kWh]."""


def schedule_figures(stored: StoredSite) -> ScheduleFigures:
    """Return the key figures of a schedule."""
    schedule = stored.schedule
    levels = {name: (float(soc.min()), float(soc.max())) for name, soc in schedule.soc.items()}
    return ScheduleFigures(
        figures=key_figures(stored.site, schedule), saving=saving_against_none(stored), levels=levels
    )


def saving_against_none(stored: StoredSite) -> Saving | None:
    """Return what a schedule saves against the site without control; None where that cannot be planned."""
    schedule, site = stored.schedule, stored.site
    try:
        plain = uncontrolled_schedule(site, stored.scheduler)
    except TimedOut:
        plain = None
    if plain is None:
        return None
    both = next((found for each in site.connections if (found := energy_prices(each.tariffs, site.window.n))), None)
    hours = full(site.window.hours, site.window.n)
    price = 0.0 if both is None else float(np.average(both[0], weights=hours))
    more = float(sum(soc[-1] - plain.soc[name][-1] for name, soc in schedule.soc.items() if name in plain.soc))
    return Saving(amount=plain.cost - schedule.cost + more * price, cost=plain.cost, stored=more, price=price)
