"""Which schedule the tab Plan shows, of whom, and what stands beside it: those before and after it, jobs, overrides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.job_access import readable_warnings, reads_inputs
from app.auth.access.references import References
from app.fragments.visit import Visit
from db import assets, listing, overrides, schedules
from db.assets import Asset
from db.core import database
from db.core.database import NotFound
from db.jobs import job_states, jobs
from db.jobs.jobs import Job
from db.overrides import PowerOverride
from db.schedules import StoredSchedule
from engine.series.iso_time import zone

KEPT = timedelta(days=30)
"""How far back jobs are searched."""


@dataclass(kw_only=True)
class PlanContent:
    """One schedule and what stands beside it."""

    asset: Asset
    may_plan: bool
    local: ZoneInfo
    now: datetime
    row: StoredSchedule | None = None
    """The schedule in the address, else the newest one of this asset and those below it."""
    before: StoredSchedule | None = None
    after: StoredSchedule | None = None
    reads_site: bool = False
    """Whether the user may read the asset that is planned, and so what it costs."""
    reads_inputs: bool = False
    """Whether the user may read all that the schedule was made from, and so have it explained."""
    warnings: list[str] = field(default_factory=list)
    """Its warnings, as far as the user may read what they quote."""
    is_older: bool = False
    """Whether there are schedules only of a version that kept nothing but their values."""
    job: Job | None = None
    """The newest job that computes one, or failed to after this one was saved."""
    ahead: int = 0
    """Number of jobs that its queue does before it."""
    held: Sequence[PowerOverride] = ()
    """Powers of the site held by hand that have not ended."""

    def moment(self, moment: datetime, *, day: bool = True) -> str:
        """A moment on the clock of the user."""
        return f"{moment.astimezone(self.local):{'%a %-d %b ' if day else ''}%H:%M}"


def read_plan(visit: Visit, session: Session, principal: SignedIn) -> PlanContent:
    """Schedule in the address, else the newest one of an asset and those below it.

    Raises:
        NotFound: There is no such asset, or no such schedule of it.
        NotAllowed: The user may not read the asset.
    """
    asset = database.get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    now = datetime.now(UTC)
    may_plan = access.may(principal, "create-children", asset)
    content = PlanContent(asset=asset, may_plan=may_plan, local=zone(principal.timezone), now=now)
    tree = [each.id for each in assets.subtree(session, asset.id) if access.may(principal, "read", each)]
    content.row = asked_schedule(session, visit.query.get("schedule"), tree, now)
    row = content.row
    content.job = newest_job(session, asset.id, row, now)
    content.ahead = job_states.ahead(session, content.job) if content.job is not None else 0
    if row is None:
        content.is_older = listing.has_schedule(session, tree)
        return content
    content.before, content.after = schedules.previous(session, row), schedules.following(session, row)
    content.reads_site = access.may(principal, "read", database.get(session, Asset, row.asset_id))
    if content.reads_site:
        references = References(session, principal)
        content.warnings = readable_warnings(references, row)
        content.reads_inputs = reads_inputs(references, row)
        content.held = overrides.overlapping(session, row.asset_id, now, database.LAST_MOMENT)
    return content


def asked_schedule(session: Session, asked: str | None, tree: list[int], now: datetime) -> StoredSchedule | None:
    """Schedule with the id in the address, of assets in a tree or of the site they are part of; else the newest one.

    Raises:
        NotFound: There is none.
    """
    newest = schedules.newest_with_outputs(session, tree, as_of=now)
    if asked is None:
        return newest
    row = session.get(StoredSchedule, int(asked)) if asked.isdecimal() and len(asked) < 10 else None
    own = row is not None and (row.asset_id in tree or (newest is not None and row.asset_id == newest.asset_id))
    if not own:
        raise NotFound("schedule", asked)
    return row


def newest_job(session: Session, asset_id: int, row: StoredSchedule | None, now: datetime) -> Job | None:
    """Newest job that computes a schedule of an asset, or failed to after one was saved; None if there is none."""
    requested = [job for job in jobs.recent(session, [asset_id], since=KEPT, now=now) if job.kind == "schedule"]
    under_way = next((job for job in requested if job.is_pending and (job.tries or not job.due_at)), None)
    if under_way is not None or not requested:
        return under_way
    newest = max(requested, key=lambda job: job.enqueued_at)
    failed = not newest.is_pending and newest.status != "FINISHED"
    return newest if failed and (row is None or newest.enqueued_at > row.created_at) else None


def plan_address(visit: Visit, **arguments: Any) -> str:
    """Address of the tab with other arguments; None leaves one out."""
    kept = {name: text for name in ("start", "end", "schedule") if (text := visit.query.get(name))}
    told = {"tab": "plan"} | kept | arguments
    return f"{visit.path}?{urlencode({name: text for name, text in told.items() if text is not None})}"


def asked_moment(visit: Visit) -> datetime | None:
    """Moment in the address; None if there is none that can be read."""
    try:
        moment = datetime.fromisoformat(visit.query["at"].replace(" ", "+"))
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def opened_section(visit: Visit, part: str, heading: str) -> Markup:
    """Part of the tab below its heading, which is computed once somebody opens it."""
    return Markup(
        '<details class="section" hx-get="{}" hx-trigger="toggle once" hx-target="find .room-below">'
        '<summary><h3>{}</h3></summary><div class="room-below" aria-live="polite"></div></details>'
    ).format(plan_address(visit, part=part), heading)
