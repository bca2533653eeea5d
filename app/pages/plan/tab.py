"""The tab Plan: what stands above and below the chart of a schedule, what may be done there, its parts."""

from collections.abc import Callable, Mapping

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.schedule_facts import nearness
from app.auth.access.identity import SignedIn
from app.fragments.page import PageForm
from app.fragments.tables import cards
from app.fragments.tabs import TextTab
from app.fragments.templates import note, render
from app.fragments.visit import Visit
from app.pages.plan import changes, chart, held, key_figures, missing, requirements_form, run_form, why
from app.pages.plan.content import PlanContent, plan_address, read_plan
from app.pages.plan.plan_cards import BEFORE_ROWS, breach_text, cost_cards
from engine.site import Status

NO_PLAN = (
    "No schedule yet. Press 'Run schedule', run 'flexscope add schedule' on the server, or request one with "
    "POST /api/v3_0/assets/{id}/schedules/trigger."
)
PARTS: Mapping[str, Callable[[Visit, Session, SignedIn], Markup]] = {
    run_form.PART: run_form.read_run,
    "plan-figures": key_figures.read_figures,
    "plan-why": why.read_why,
    "plan-take": requirements_form.read_take,
    changes.PART: changes.read_changes,
    "plan-table": chart.read_table,
}
"""What the tab asks for alone, by its name in the address."""


def forms(_visit: Visit, content: PlanContent) -> Mapping[str, PageForm]:
    """What the user may do here, by a word of the address."""
    if not content.may_plan:
        return {}
    return {**run_form.forms(content), **held.forms(content), "forecast": missing.forecast_form(content)}


def above(visit: Visit, content: PlanContent) -> Markup:
    """What stands above the chart."""
    running = run_form.run_part(content)
    row = content.row
    if row is None:
        return running + note(BEFORE_ROWS if content.is_older else NO_PLAN.format(id=content.asset.id))
    head = render(
        "plan_head",
        schedule=row.id,
        title=f"{content.moment(row.start)} to {content.moment(row.end)}",
        planned=f"planned {content.moment(row.belief_time)} ({content.local})",
        earlier=plan_address(visit, schedule=content.before.id) if content.before else "",
        later=plan_address(visit, schedule=content.after.id) if content.after else "",
        newest=plan_address(visit, schedule=None) if content.after else "",
    )
    shown = cards(cost_cards(row.costs, row.currency)) if content.reads_site else Markup("")
    figures = lazy_part(visit, "plan-figures", shown)
    notes = missing.warning_notes(content) if content.reads_site else Markup("")
    if row.gap and row.status == Status.WITHIN_GAP:
        notes += note(f"The cost is {nearness(row.gap)}.")
    if content.reads_site and row.breaches:
        notes += note(f"Limits exceeded: {breach_text(row.breaches, content.local)}", "warning")
    return running + head + figures + notes


def below(visit: Visit, content: PlanContent) -> Markup:
    """What stands below the chart."""
    if content.row is None:
        return Markup("")
    return (
        why.panel(visit, content)
        + held.held_rows(content)
        + changes.section(visit, content)
        + chart.table_section(visit, content)
    )


def lazy_part(visit: Visit, name: str, shown: Markup, *, trigger: str = "load") -> Markup:
    """A part that is asked for once the page is there.

    Args:
        visit: The request for the page.
        name: Of the part in the address.
        shown: What stands there meanwhile.
        trigger: When it is asked for, as htmx says it.
    """
    return Markup('<div id="{}" hx-get="{}" hx-trigger="{}" aria-live="polite">{}</div>').format(
        name, plan_address(visit, part=name), trigger, shown
    )


TAB = TextTab(read=read_plan, show=above, forms=forms, parts=PARTS, below=below)
