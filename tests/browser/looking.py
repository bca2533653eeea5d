"""Look at a page as people do: wait until it is there, take it in with axe-core, try every tab."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.auth.access.passwords import hashed
from app.demo import building, toy
from app.pages.routes import PAGES
from db.accounts import users
from db.accounts.users import User
from db.core.database import Database
from db.jobs.jobs import Job

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
SERIOUS = """async (rules) => (await axe.run({resultTypes: ["violations"], ...rules})).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => `${found.id}: ${found.nodes.length} × ${found.nodes[0].target} ${found.nodes[0].failureSummary}`)"""
COLOURS = {"runOnly": ["color-contrast"]}
"""The only rule whose outcome a theme changes."""
FADED = "() => document.getAnimations().every((one) => one.effect?.getComputedTiming().endTime === Infinity)"
"""Whether nothing moves but what moves for ever."""
SETTLED = """() => !document.querySelector(".htmx-request, .skeleton")
  && (window.Bokeh?.documents ?? []).every((d) => d.is_idle)"""
"""Whether nothing is asked for and nothing is still being drawn."""
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
HOST, JOB = "host@example.org", "example"


def add_host(session: Session) -> None:
    """Add somebody who may see every page, with the password of the toy user."""
    user = User(email=HOST, username="host", password_hash=hashed(toy.PASSWORD), account_id=toy.account(session).id)
    user.roles.append(users.role(session, "admin"))
    session.add(user)


def add_job(session: Session) -> None:
    """Add a job that is done, so that its page can be looked at."""
    now, home = datetime.now(UTC), building.house(session)
    job = Job(id=JOB, kind="schedule", status="FINISHED", request={}, request_hash=JOB, known_at=now)
    job.asset_id, job.enqueued_at, job.result, job.message, job.trace = home and home.id, now, {}, "", ""
    session.add(job)


def change(database: Database, job_id: str, **values: Any) -> None:
    """Change the row of a job, as a worker would."""
    with database.writing() as session:
        session.execute(update(Job).where(Job.id == job_id).values(**values))


def sign_in(page: Page, address: str, email: str = toy.EMAIL) -> None:
    """Open an address and fill in the form it leads to."""
    page.goto(address)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(toy.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


SWAPPED = """(address) => new Promise((resolve) => {
  document.querySelector("#toasts").replaceChildren()
  const link = document.body.appendChild(document.createElement("a"))
  link.href = address
  document.addEventListener("htmx:afterSwap", () => resolve(), {once: true})
  link.click()
  link.remove()
})"""


def visit(page: Page, address: str) -> None:
    """Show a page by a link, inside the frame that is there: a tenth of the work of loading a document."""
    if page.url == "about:blank":
        page.goto(address)
    else:
        page.evaluate(SWAPPED, address)


def addresses(database: Database) -> dict[str, str]:
    """Return the address of an example of every page, by its route; a new kind of id needs a line here."""
    with database.reading() as session:
        home, owner = building.house(session), toy.account(session)
        person = users.by_email(session, toy.EMAIL)
        if home is None or person is None:
            raise LookupError("The demo is not loaded.")
        ids = {"assets": home.id, "sensors": building.house_sensors(session)["load"].id}
        ids |= {"accounts": owner.id, "users": person.id}
    named = {route: route.replace("{id:int}", str(ids.get(route.split("/")[1]))) for route in PAGES}
    return {route: address.replace("{job}", JOB) for route, address in named.items()}


def settle(page: Page) -> None:
    """Wait until a page shows what it has read."""
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    page.wait_for_function(SETTLED)
    expect(page.locator(".MuiSkeleton-root")).to_have_count(0)
    page.wait_for_function(SETTLED)


def tabs(page: Page) -> Iterator[str]:
    """Open one tab of a page after the other; a page without tabs gives one empty name."""
    settle(page)
    found = page.get_by_role("tab")
    for at in range(found.count()):
        found.nth(at).click()
        settle(page)
        yield found.nth(at).inner_text()
    if not found.count():
        yield ""


def findings(page: Page, rules: dict[str, Any] | None = None) -> list[str]:
    """Return what axe-core finds serious or critical by some rules, once colours have faded and no hint is left."""
    page.mouse.move(0, 0)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[str] = []
    for wait in (0, 400, 400, 1000):
        page.wait_for_timeout(wait)
        page.wait_for_function(FADED)
        found = page.evaluate(SERIOUS, rules or {})
        if not found:
            break
    return found


def overflow(page: Page) -> int:
    """Return by how much the page is wider than the window [px]."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
