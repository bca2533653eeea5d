"""The latest plan of an asset as cards: what it costs, buys, sells and peaks at."""

from zoneinfo import ZoneInfo

from app.assemble.plan_summary import PlanSummary
from components.tables.kpis import Kpi, Kpis


def cards(plan: PlanSummary, by: str, local: ZoneInfo) -> Kpis:
    """Return the cards of a plan.

    Args:
        plan: The numbers.
        by: The scheduler, for people.
        local: The zone times are written in.
    """
    start, end, made = (moment.astimezone(local) for moment in (plan.window.start, plan.window.end, plan.made))
    title = (
        f"Latest schedule: {start:%a %-d %b %H:%M} to {end:%a %-d %b %H:%M}, computed {made:%a %-d %b %H:%M} by {by}"
    )
    return Kpis(title=f"{title} ({local})", items=[*_money(plan), *_energy(plan)])


def _money(plan: PlanSummary) -> list[Kpi]:
    shown, unit = [], f"{plan.currency}/kWh"
    if plan.cost is not None:
        detail = f"of {plan.sensor.name}, at current prices"
        shown.append(Kpi("Cost of energy", f"{plan.cost:,.2f} {plan.currency}", detail))
    if plan.paid_price is not None and plan.mean_price is not None:
        shown.append(
            Kpi("Average price paid", f"{plan.paid_price:.3f} {unit}", f"mean over the plan: {plan.mean_price:.3f}")
        )
    return shown or [Kpi("Cost of energy", "not known", "prices are missing for part of the schedule")]


def _energy(plan: PlanSummary) -> list[Kpi]:
    return [
        Kpi("Imported energy", f"{plan.bought:,.1f} kWh"),
        Kpi("Exported energy", f"{plan.sold:,.1f} kWh"),
        Kpi("Peak import power", f"{plan.highest:,.2f} kW", f"mean of {60 * plan.window.hours:g} minutes"),
    ]
