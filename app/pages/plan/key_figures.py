"""What a schedule comes to: cards with its cost and other figures, and what it does in a few sentences."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.tables import cards
from app.fragments.templates import note
from app.fragments.threads import actor_of
from app.fragments.visit import Visit
from app.pages.plan.content import PlanContent, read_plan
from app.pages.plan.plan_cards import cost_cards
from app.usecases.explanations.explanations import ExplainQuery, ScheduleExplanation, explain_schedule
from app.usecases.explanations.figures import ScheduleFigures
from components.tables.kpis import Kpi
from engine.errors import EngineError
from engine.schedulers import uncontrolled


def read_figures(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Cards and sentences of a schedule; of one that cannot be explained, only what was saved with it."""
    content = read_plan(visit, session, principal)
    if content.row is None:
        return Markup("")
    if not content.reads_site:
        return note("This schedule is one of a larger site, whose costs you may not see.")
    try:
        told = explain_schedule(session, actor_of(principal), content.row.id, ExplainQuery(parts="figures,headlines"))
    except EngineError as reason:
        return cards(cost_cards(content.row.costs, content.row.currency)) + note(f"More is not known. {reason}")
    return cards(figure_cards(content, told)) + headline_list(told)


def figure_cards(content: PlanContent, told: ScheduleExplanation) -> list[Kpi]:
    """Key figures with their units, and what each is compared with."""
    row, done = content.row, told.figures
    if row is None or done is None:
        return []
    figures, currency, hours = done.figures, row.currency, (row.end - row.start).total_seconds() / 3600
    parts = ", ".join(f"{name} {cost:,.2f}" for name, cost in row.costs.items()) if len(row.costs) > 1 else ""
    limit = row.connection("electricity").get("consumption-limit")
    items = [
        Kpi("Cost", f"{sum(row.costs.values()):,.2f} {currency}", parts or f"of {hours:.3g} hours"),
        saving_card(done, currency),
        Kpi("Peak import", f"{figures.peak_import:,.2f} kW", "" if limit is None else f"of {limit:,.4g} kW allowed"),
        Kpi("Imported", f"{figures.imported:,.1f} kWh"),
        Kpi("Exported", f"{figures.exported:,.1f} kWh", f"peak {figures.peak_export:,.2f} kW"),
    ]
    if figures.self_consumption is not None:
        items.append(Kpi("Self-consumption", f"{100 * figures.self_consumption:.0f} %", "of own production"))
    for name, cycles in figures.cycles.items():
        low, high = done.levels.get(name, (0.0, 0.0))
        items.append(Kpi(f"Cycles of {name}", f"{cycles:.2f}", f"{low:,.3g} to {high:,.3g} kWh stored"))
    if figures.emissions is not None:
        items.append(Kpi("CO₂", f"{figures.emissions:,.1f} kg", "of energy from the grid"))
    return items


def saving_card(done: ScheduleFigures, currency: str) -> Kpi:
    """What is saved against no control, with how that is counted."""
    saving = done.saving
    if saving is None:
        return Kpi("Saved", "not known", "without control, a limit would be broken")
    against = f"without control {saving.cost:,.2f} {currency}"
    if abs(saving.stored) > 0.05:
        word = "more" if saving.stored > 0 else "less"
        against += f"; {abs(saving.stored):,.3g} kWh {word} stored at the end, at {saving.price:.3f} {currency}/kWh"
    return Kpi("Saved", f"{saving.amount:,.2f} {currency}", against)


def headline_list(told: ScheduleExplanation) -> Markup:
    """What the schedule does, in sentences."""
    stored = told.stored
    sentences = [fact.sentence(stored.place, stored.currency) for fact in told.headlines or []]
    items = Markup("").join(Markup("<li>{}</li>").format(text) for text in sentences)
    if not items:
        return Markup("")
    about = f"Saved is counted against no control: {uncontrolled.WORDS}."
    return Markup('<ul class="headlines">{}</ul><p class="small">{}</p>').format(items, about)
