"""The numbers of the day on the dashboard: what energy costs, what planning saves, what is wrong, how many assets."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence

from app.assemble.day_costs import DayCost
from components.tables.fact_table import Light
from components.tables.kpis import Kpi

NO_COST = "no site has both power and prices today; set aggregate-consumption and consumption-price in its flex-context"
NO_PLAN = "no device is scheduled today; open an asset and press 'Run schedule'"
COMPARED = "compared with the same energy spread evenly over these hours"
WORDS = {"good": "fresh", "warn": "stale", "bad": "failed or silent", "none": "without measurements"}


def cards(
    days: Sequence[DayCost], *, hours: float, open_alerts: int, states: Collection[Light], alerts_at: str
) -> list[Kpi]:
    """Return the numbers of a day.

    Args:
        days: Of each site.
        hours: Length of the day [h].
        open_alerts: How many alerts are open.
        states: How each asset is doing.
        alerts_at: Address that lists the alerts; empty: there is none.
    """
    told = f"{open_alerts:,}"
    wrong = "on assets you can see" if open_alerts else "no open alerts"
    counted = Counter(light.state for light in states)
    doing = ", ".join(f"{counted[state]} {word}" for state, word in WORDS.items() if counted[state])
    return [*_money(days, hours), Kpi("Open alerts", told, wrong, alerts_at), Kpi("Assets", f"{len(states):,}", doing)]


def _money(days: Sequence[DayCost], hours: float) -> list[Kpi]:
    if not days:
        return [Kpi("Energy cost today", "not known", NO_COST)]
    least, most = min(day.hours for day in days), max(day.hours for day in days)
    known = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    detail = f"{len(days)} site{'s' * (len(days) > 1)}, {known} of {hours:g} h with data: measured, otherwise scheduled"
    cost = Kpi("Energy cost today", _sum(days, lambda day: day.cost), detail)
    planned = [day for day in days if day.even is not None]
    if not planned:
        return [cost, Kpi("Saved today by scheduling", "none yet", NO_PLAN)]
    saved = _sum(planned, lambda day: (day.even or 0) - day.cost)
    return [cost, Kpi("Saved today by scheduling", saved, COMPARED)]


def _sum(days: Sequence[DayCost], of: Callable[[DayCost], float]) -> str:
    """Return a sum in each currency."""
    sums = defaultdict[str, float](float)
    for day in days:
        sums[day.currency] += of(day)
    return " and ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items()))
