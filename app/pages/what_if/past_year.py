"""A year of scenarios on the tab What-if: the job that compares them over the history of the site, and its table."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.fragments.html_forms import button_html
from app.fragments.page import Done
from app.fragments.tables import facts, following
from app.fragments.templates import note
from app.fragments.threads import triggering
from app.fragments.time_range import length_text
from app.fragments.visit import Visit, address
from app.pages.what_if.scenarios import NamedScenario, read_scenarios
from app.usecases.inputs import Invalid
from app.usecases.jobs.past_years import MOST, PastYearTrigger, request_past_year
from components.tables.fact_table import Cell, Link
from components.what_if.comparison import difference_text, number_text
from db.jobs import jobs
from db.jobs.jobs import Job
from engine.errors import EngineError

EVERY = 1.0
"""Pause between two readings of the job [s]."""
SHORTEST = 0.1
"""Payback times below it are told as this [years]."""
ABOUT = (
    "Plans again every 2 hours through the last 12 months of this site, with the prices that were published then and "
    "loads as on the seven days before, and settles with what was measured. Only full days count."
)


async def compare_past_year(visit: Visit, _values: dict[str, Any]) -> Done:
    """Ask for a comparison of the scenarios in the address over the last year."""
    named = [each for each in read_scenarios(visit.query.get("what-if")).scenarios if each.edits]
    if not named:
        raise EngineError("Nothing differs from the site as it is; change a field first.")
    if not named:
        raise EngineError("Nothing differs from the site as it is; change a field first.")
    if len(named) > MOST:
        raise EngineError(f"At most {MOST} scenarios are compared over a year; remove some of them.")
    asked = {"scenarios": [scenario_of(each) for each in named]}
    (job,) = await triggering(
        lambda session, actor: [request_past_year(session, actor, visit.key, actor.read(PastYearTrigger, asked))],
        visit.principal,
    )
    return Done(text="The year is being computed.", href=visit.href(year=job.id))


def scenario_of(named: NamedScenario) -> dict[str, Any]:
    """A scenario as the use case takes it.

    Raises:
        Invalid: Something of it belongs to one schedule.
    """
    edits = named.edits
    if lost := [part for part in ("limits", "stored", "pins") if edits.get(part)]:
        problem = f"{named.name}: {', '.join(lost)} belong to one schedule; put them back to compare over a year."
        raise Invalid("form", {"state": [problem]})
    price: Mapping[str, float] = next(iter(edits.get("prices", [])), {})
    return {
        "name": named.name,
        "flex-model": edits.get("flex-model", []),
        "flex-context": edits.get("flex-context", {}),
        "loads": edits.get("loads", {}),
        "price-factor": price.get("factor", 1.0),
        "price-more": price.get("more", 0.0),
        "investment": named.investment,
    }


def past_year_html(visit: Visit, session: Session, principal: SignedIn, *, may_ask: bool) -> Markup:
    """Section of the tab: what it is about, the button, and the newest comparison in the address."""
    html = Markup("<h3>Over the last 12 months</h3><p>{}</p>").format(ABOUT)
    html += button_html("past_year", "Compare over the last 12 months") if may_ask else Markup("")
    return html + (
        following("past_year", read_job(visit, session, principal), every=EVERY) if "year" in visit.query else ""
    )


def read_job(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """State of the comparison in the address, and its table once it is there."""
    job = jobs.one(session, visit.query.get("year", ""))
    job_access.check(session, principal, "read", job)
    if job.is_pending:
        since = length_text(datetime.now(UTC) - (job.started_at or job.enqueued_at))
        state = f"Computing for {since}" if job.status == "STARTED" else f"Waiting for a worker for {since}"
        text = Markup('<p role="status">{} <progress value="{:.2f}"></progress> <a href="{}">Details</a></p>')
        return text.format(state, job.progress, address(f"/tasks/{job.id}"))
    if job.status != "FINISHED" or job.kind != "past-year":
        return note(job.message or "This comparison was not finished.", "warning")
    return year_table(visit, job)


def year_table(visit: Visit, job: Job) -> Markup:
    """Scenarios beside each other, each as a link."""
    result, currency = job.result, job.result["currency"]
    rows = [year_row(visit, row, number, currency) for number, row in enumerate(result["scenarios"])]
    columns = ["Scenario", "Cost of a year", "Difference", "Saved by stores", "Cycles", "Investment", "Payback"]
    days = Markup('<p class="small">{} full days from {} to {}.</p>').format(
        result["full-days"], result["first-day"], result["last-day"]
    )
    return facts(columns, rows) + days


def year_row(visit: Visit, row: Mapping[str, Any], number: int, currency: str) -> list[Cell]:
    """One scenario as cells."""
    name: Cell = row["name"]
    if number:
        shown = [each for each in read_scenarios(visit.query.get("what-if")).scenarios if each.name == row["name"]]
        name = Link(row["name"], visit.href(**{"what-if": alone(shown[0])})) if shown else name
    if row["problem"]:
        return [name, row["problem"], "–", "–", "–", "–", "–"]
    paid, invested = row["payback-years"], row["investment"]
    payback = "–" if not invested else "never" if paid is None else f"{max(paid, SHORTEST):,.1f} years"
    return [
        name,
        number_text(row["cost-per-year"], currency),
        difference_text(-row["saved-per-year"], currency) if number else "–",
        number_text(row["saved-by-stores"], currency),
        ", ".join(f"{count:,.0f}" for count in row["cycles"].values()) or "–",
        number_text(invested, currency) if invested else "–",
        payback,
    ]


def alone(scenario: NamedScenario) -> str:
    """One scenario alone, as an address holds it."""
    return read_scenarios(None).with_edits(scenario.edits).renamed(scenario.name).text
