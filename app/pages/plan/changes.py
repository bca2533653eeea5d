"""What is different from the schedule before: when devices do otherwise, and which inputs made it another plan."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.tables import facts
from app.fragments.templates import note
from app.fragments.threads import actor_of
from app.fragments.visit import Visit
from app.pages.plan.content import PlanContent, opened_section, read_plan
from app.usecases.explanations.explanations import ExplainQuery, explain_schedule
from components.tables.fact_table import Cell
from engine.errors import EngineError
from engine.explain.changes.change_sentences import change_sentences
from engine.explain.changes.changed_inputs import PlanChange

PART = "plan-changes"
MOST = 50
"""Most rows of one table."""


def section(visit: Visit, content: PlanContent) -> Markup:
    """Heading of what changed, which is computed once somebody opens it; nothing without a schedule before."""
    if content.before is None or not content.reads_inputs:
        return Markup("")
    return opened_section(visit, PART, "What changed since the previous schedule?")


def read_changes(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """What changed, in words and as tables."""
    content = read_plan(visit, session, principal)
    if content.row is None:
        return Markup("")
    try:
        done = explain_schedule(session, actor_of(principal), content.row.id, ExplainQuery(parts="changes"))
    except EngineError as reason:
        return note(str(reason), "warning")
    if done.changes is None:
        return Markup("")
    currency = done.stored.currency
    words = Markup("").join(Markup("<p>{}</p>").format(text) for text in change_sentences(done.changes, currency))
    return words + moved_table(content, done.changes) + difference_table(done.changes, currency)


def moved_table(content: PlanContent, change: PlanChange) -> Markup:
    """When devices do otherwise than before, the largest energies first."""
    columns = ["Device", "From", "Until", "Before [kW]", "Now [kW]", "More [kWh]"]
    rows: list[list[Cell]] = [
        [
            move.device, content.moment(move.start), content.moment(move.end),
            f"{move.before + 0.0:.4g}", f"{move.now + 0.0:.4g}", f"{move.energy:+.3g}",
        ]
        for move in change.moves[:MOST]
    ]  # fmt: skip
    more = len(change.moves) - MOST
    rest = note(f"{more} times with less energy are left out; the API lists them.") if more > 0 else Markup("")
    return facts(columns, rows, empty="No device runs differently.") + rest


def difference_table(change: PlanChange, currency: str) -> Markup:
    """Numbers that differ, with what each input does to the cost."""
    if not change.differences:
        return Markup("")
    parts = {part.input: f"{part.cost:+.4f}" for part in change.inputs}
    rows: list[list[Cell]] = [
        [
            each.input, each.about, each.unit.replace("currency", currency), str(each.steps),
            f"{each.before:.4g}", f"{each.now:.4g}", parts.get(each.input, "no plan without it"),
        ]
        for each in change.differences[:MOST]
    ]  # fmt: skip
    columns = ["Input", "Number", "Unit", "Moments", "Before, mean", "Now, mean", f"The input costs more [{currency}]"]
    return facts(columns, rows)
