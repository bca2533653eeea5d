"""Page of all jobs: the state of the queues, and the jobs that match a filter, kept up to date."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access, job_access
from app.auth.access.identity import SignedIn
from app.jobs.handlers.kinds import QUEUES
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine, JobTable, QueueTable
from app.web.context import current
from app.widgets.async_content import Following
from app.widgets.layout import Shell, query, remember
from db import assets
from db.core import listing
from db.jobs import job_search
from db.jobs.automations import Automation
from db.jobs.job_search import JobQuery, QueueState
from db.jobs.jobs import UNSUCCESSFUL
from engine.series.iso_time import zone

ROWS = 25
"""Jobs on one page of the table."""
GROUPS = {"waiting": ("QUEUED", "SCHEDULED", "DEFERRED"), "running": ("STARTED",), "unsuccessful": UNSUCCESSFUL}
STATES = ("waiting", "running", "finished", "unsuccessful", "failed", "canceled", "queued", "scheduled", "deferred")
ALL = "all"
NO_JOBS = "No jobs match. Change the filters, or run a schedule on the Plan tab of an asset."
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which jobs are shown; kept in the address of the page."""

    state: str = ALL
    queue: str = ALL
    asset: int = 0
    """Id of an asset: its jobs and those of assets below it; 0: of every asset."""
    automation: int = 0
    page: int = 1

    @classmethod
    def from_address(cls, queue: str) -> Self:
        """Filter that the address of the page asks for; values that it cannot have are ignored."""
        numbers = dict.fromkeys(("asset", "automation", "page"), 0)
        for name in numbers:
            text = query(name)
            if text and text.isdecimal() and len(text) < 10:
                numbers[name] = int(text)
        state, queue = (query("state") or ALL).lower().replace("started", "running"), query("queue") or queue
        return cls(
            state=state if state in STATES else ALL,
            queue=queue if queue in QUEUES else ALL,
            asset=numbers["asset"],
            automation=numbers["automation"],
            page=max(numbers["page"], 1),
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """Arguments of the address of the page; those that are as usual are empty."""
        return {name: "" if value == getattr(Filter(), name) else value for name, value in vars(self).items()}

    def job_query(self, session: Session, principal: SignedIn) -> JobQuery:
        """The same filter for the database, limited to jobs that the user may read."""
        below = [row.id for row in assets.subtree(session, self.asset)] if self.asset else None
        states = GROUPS.get(self.state) or (() if self.state == ALL else (self.state.upper(),))
        return JobQuery(
            queues=QUEUES if self.queue == ALL else (self.queue,),
            states=states,
            asset_ids=below,
            automation_id=self.automation or None,
            only=job_access.readable(principal),
        )


@dataclass(frozen=True, kw_only=True)
class JobsContent:
    """Jobs and queues, which are read again and again."""

    lines: list[JobLine]
    count: int
    """Number of jobs on all pages of the table."""
    queues: list[QueueState] | None
    """None: not for this user."""


@dataclass(frozen=True, kw_only=True)
class JobsFrame:
    """What stays the same while the page is open, with its first content."""

    assets: dict[int, str]
    automation: str
    """Name of the automation whose jobs are shown."""
    local: ZoneInfo
    may_clear: bool
    first: JobsContent


def view(queue: str = ALL) -> Shell:
    """The page.

    Args:
        queue: Queue whose jobs are shown unless the address names one.
    """
    page, chosen = Shell("Jobs", at="/tasks"), Filter.from_address(queue)
    page.fill(partial(read_frame, chosen), lambda frame: Tasks(page, chosen, frame).shown())
    return page


def read_frame(chosen: Filter, session: Session, principal: SignedIn) -> JobsFrame:
    """Choices of the filter, and the first content."""
    automation = session.get(Automation, chosen.automation) if chosen.automation else None
    return JobsFrame(
        assets={asset.id: asset.name for asset in listing.assets(session, access.readable_assets(principal))},
        automation=automation.name if automation else "",
        local=zone(principal.timezone),
        may_clear="admin" in principal.roles,
        first=read_jobs(chosen, session, principal),
    )


def read_jobs(chosen: Filter, session: Session, principal: SignedIn) -> JobsContent:
    """Jobs that match a filter, and, for hosts and in demos, the state of the queues."""
    query = chosen.job_query(session, principal)
    found = job_search.page(session, query, skip=ROWS * (chosen.page - 1), most=ROWS)
    sees_queues = job_access.is_host(principal) or current().settings.FLEXMEASURES_MODE == "demo"
    return JobsContent(
        lines=job_table.job_lines(session, principal, found),
        count=job_search.count(session, query),
        queues=job_search.queue_states(session, QUEUES, since=datetime.now(UTC) - DAY) if sees_queues else None,
    )


class Tasks:
    """The page once its first content is read; it is kept up to date."""

    def __init__(self, page: Shell, chosen: Filter, frame: JobsFrame) -> None:
        self._filter, self._frame = chosen, frame
        self._queues = QueueTable(page, may_clear=frame.may_clear, changed=self._refresh)
        self._jobs = JobTable(page, local=frame.local, empty=NO_JOBS, changed=self._refresh)
        self._count = pn.pane.HTML(margin=(4, 8))
        self._pages = pmui.Pagination(count=1, value=0, margin=8)
        self._selects = filter_selects(chosen, frame)
        self._show(frame.first)
        for name, widget in self._selects.items():
            widget.param.watch(lambda event, name=name: self._choose(name, event.new), "value")
        self._pages.param.watch(lambda event: self._choose("page", event.new + 1), "value")
        every = current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
        self._following = Following(
            lambda session, principal: (self._filter, read_jobs(self._filter, session, principal)),
            lambda answer: self._show_if_wanted(*answer),
            every=every,
        )

    def shown(self) -> Sequence[Any]:
        """Parts of the page below its heading."""
        top = [] if self._frame.first.queues is None else [self._queues]
        bar = pmui.FlexBox(*self._selects.values(), sizing_mode="stretch_width")
        return [*top, bar, self._count, self._jobs, self._pages]

    def _choose(self, name: str, value: Any) -> None:
        """Change one field of the filter, in the address as well, and show the jobs that match."""
        if getattr(self._filter, name) == value:
            return
        changed: dict[str, Any] = {"page": 1, name: value}
        self._filter = replace(self._filter, **changed)
        remember(**self._filter.chosen)
        self._refresh()

    def _refresh(self) -> None:
        self._following.refresh()

    def _show_if_wanted(self, used: Filter, content: JobsContent) -> None:
        """Show jobs unless the filter was changed while they were read."""
        if used == self._filter:
            self._show(content)
        else:
            self._refresh()

    def _show(self, content: JobsContent) -> None:
        pages = max(-(-content.count // ROWS), 1)
        self._pages.count = pages
        self._pages.param.update(value=min(self._filter.page, pages) - 1, visible=pages > 1)
        counted = f"{content.count:,} job{'s' * (content.count != 1)}"
        self._count.object = f'<span role="status">{counted}</span>, times in {self._frame.local}'
        self._jobs.put(content.lines)
        if content.queues is not None:
            self._queues.put(content.queues)


def filter_selects(chosen: Filter, frame: JobsFrame) -> dict[str, Any]:
    """Selects of the filter, by field; that of an automation only where the address names one."""
    assets = {"All assets": 0} | {f"{name} ({key})": key for key, name in frame.assets.items()}
    states = {name.capitalize(): name for name in (ALL, *STATES)}
    queues = {name.capitalize(): name for name in (ALL, *QUEUES)}
    size = {"width": 160, "size": "small", "margin": 8}
    selects: dict[str, Any] = {
        "state": pmui.Select(label="State", options=states, value=chosen.state, **size),
        "queue": pmui.Select(label="Queue", options=queues, value=chosen.queue, **size),
        "asset": pmui.Select(
            label="Asset", options=assets, searchable=True, filter_on_search=True,
            value=chosen.asset if chosen.asset in frame.assets else 0, **{**size, "width": 260},
        ),
    }  # fmt: skip
    if chosen.automation:
        one = {f"{frame.automation or 'deleted'} ({chosen.automation})": chosen.automation}
        selects["automation"] = pmui.Select(
            label="Automation", options={"Any": 0} | one, value=chosen.automation, **size
        )
    return selects
