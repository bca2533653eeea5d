"""Page of all jobs: the state of the queues, and the jobs that match a filter, kept up to date."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access, job_access
from app.auth.access.identity import SignedIn
from app.fragments.filters import Filter, filter_bar, long_list, page_links
from app.fragments.page import PageForm, TextPage
from app.fragments.tables import following
from app.fragments.visit import Fragment, Visit
from app.jobs.handlers.kinds import QUEUES
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine
from app.running import current
from db import assets, listing
from db.assets import Asset
from db.jobs import job_search
from db.jobs.automations import Automation
from db.jobs.job_search import JobQuery, QueueState
from db.jobs.jobs import UNSUCCESSFUL
from engine.series.iso_time import zone

ROWS = 25
"""Jobs on one page of the table."""
GROUPS = {"waiting": ("QUEUED", "SCHEDULED", "DEFERRED"), "running": ("STARTED",), "unsuccessful": UNSUCCESSFUL}
STATES = ("waiting", "running", "finished", "unsuccessful", "failed", "canceled", "queued", "scheduled", "deferred")
OLD_NAMES = {"schedules": "scheduling"} | {queue: queue for queue in QUEUES}
"""Words after /tasks/ that mean the jobs of one queue."""
NO_JOBS = "No jobs match. Change the filters, or run a schedule on the Plan tab of an asset."
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs are shown; it stands in the address of the page."""

    state: str = ""
    """Empty: every state."""
    queue: str = ""
    """Empty: every queue."""
    asset: int = 0
    """Id of an asset: its jobs and those of assets below it; 0: of every asset."""
    automation: int = 0
    page: int = 1

    @classmethod
    def of(cls, visit: Visit) -> Self:
        """Filter that an address asks for; values that it cannot have are ignored."""
        numbers = dict.fromkeys(("asset", "automation", "page"), 0)
        for name in numbers:
            text = visit.query.get(name, "")
            if text.isdecimal() and len(text) < 10:
                numbers[name] = int(text)
        state = visit.query.get("state", "").lower().replace("started", "running")
        queue = visit.query.get("queue") or OLD_NAMES.get(visit.route.get("job", ""), "")
        return cls(
            state=state if state in STATES else "",
            queue=queue if queue in QUEUES else "",
            asset=numbers["asset"],
            automation=numbers["automation"],
            page=max(numbers["page"], 1),
        )

    def job_query(self, session: Session, principal: SignedIn) -> JobQuery:
        """The same filter for the database, limited to jobs that the user may read."""
        below = [row.id for row in assets.subtree(session, self.asset)] if self.asset else None
        states = GROUPS.get(self.state) or ((self.state.upper(),) if self.state else ())
        return JobQuery(
            queues=(self.queue,) if self.queue else QUEUES,
            states=states,
            asset_ids=below,
            automation_id=self.automation or None,
            only=job_access.readable(principal),
        )


@dataclass(frozen=True, kw_only=True)
class JobsContent:
    """Content of the page."""

    filter: JobFilter
    lines: list[JobLine]
    count: int
    """Number of jobs on all pages of the table."""
    queues: list[QueueState] | None
    """None: not for this user."""
    may_clear: bool
    asset: str
    """Name of the asset whose jobs are shown."""
    automation: str
    """Name of the automation whose jobs are shown."""
    local: ZoneInfo


def read_jobs(visit: Visit, session: Session, principal: SignedIn) -> JobsContent:
    """Jobs that match the filter in the address, and, for hosts and in demos, the state of the queues."""
    chosen = JobFilter.of(visit)
    query = chosen.job_query(session, principal)
    rows = job_search.page(session, query, skip=ROWS * (chosen.page - 1), most=ROWS)
    sees_queues = job_access.is_host(principal) or current().settings.FLEXMEASURES_MODE == "demo"
    asset = session.get(Asset, chosen.asset) if chosen.asset else None
    automation = session.get(Automation, chosen.automation) if chosen.automation else None
    automated = session.get(Asset, automation.asset_id) if automation else None
    return JobsContent(
        filter=chosen,
        lines=job_table.job_lines(session, principal, rows),
        count=job_search.count(session, query),
        queues=job_search.queue_states(session, QUEUES, since=datetime.now(UTC) - DAY) if sees_queues else None,
        may_clear="admin" in principal.roles,
        asset=asset.name if asset and access.may(principal, "read", asset) else "",
        automation=automation.name if automation and automated and access.may(principal, "read", automated) else "",
        local=zone(principal.timezone),
    )


def show_jobs(visit: Visit, content: JobsContent) -> Fragment:
    """The page; its tables are kept up to date."""
    every = current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
    queues = Markup("")
    if content.queues is not None:
        queues = following("queues", queue_part(content), every=every)
    jobs = following("jobs", jobs_part(visit, content), every=every)
    return Fragment(heading="Jobs", body=queues + filter_bar(job_filters(content)) + jobs)


def queue_part(content: JobsContent) -> Markup:
    """Table of the queues."""
    return job_table.queue_rows(content.queues or [], may_clear=content.may_clear)


def jobs_part(visit: Visit, content: JobsContent) -> Markup:
    """Table of the jobs, with their number and links to its other pages."""
    counted = f"{content.count:,} job{'s' * (content.count != 1)}"
    count = Markup('<p><span role="status">{}</span>, times in {}</p>').format(counted, content.local)
    rows = job_table.job_rows(content.lines, content.local, empty=NO_JOBS)
    pages = max(-(-content.count // ROWS), 1)
    return count + rows + page_links(visit, min(content.filter.page, pages), pages)


def job_filters(content: JobsContent) -> list[Filter]:
    """Fields of the filter; that of an automation only where the address names one."""
    chosen = content.filter
    states, queues = ({"All": ""} | {name.capitalize(): name for name in names} for names in (STATES, QUEUES))
    filters = [
        Filter(name="state", label="State", value=chosen.state, options=states),
        Filter(name="queue", label="Queue", value=chosen.queue, options=queues),
        Filter(
            name="asset", label="Asset", offered_by="assets", value=str(chosen.asset or ""),
            text=f"{content.asset} ({chosen.asset})" if content.asset else "",
        ),
    ]  # fmt: skip
    if chosen.automation:
        options = {"Any": "", f"{content.automation or 'not known'} ({chosen.automation})": str(chosen.automation)}
        filters.append(Filter(name="automation", label="Automation", value=str(chosen.automation), options=options))
    return filters


def offered_assets(_visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Assets to choose from."""
    known = listing.assets(session, access.readable_assets(principal))
    return long_list({f"{asset.name} ({asset.id})": asset.id for asset in known})


def job_forms(_visit: Visit, content: JobsContent) -> dict[str, PageForm]:
    """What can be done with jobs and, by admins, with queues."""
    return job_table.JOB_FORMS | (job_table.QUEUE_FORMS if content.may_clear else {})


PAGE = TextPage(
    at="/tasks", heading="Jobs", read=read_jobs, show=show_jobs, forms=job_forms,
    parts={
        "jobs": lambda visit, session, principal: jobs_part(visit, read_jobs(visit, session, principal)),
        "queues": lambda visit, session, principal: queue_part(read_jobs(visit, session, principal)),
        "assets": offered_assets,
    },
)  # fmt: skip
