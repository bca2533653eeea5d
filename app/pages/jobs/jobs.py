"""The page of all jobs: how the queues are doing, and the jobs that somebody looks for, as they go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access, job_access
from app.auth.access.identity import SignedIn
from app.jobs.handlers.kinds import QUEUES
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine, JobTable
from app.pages.jobs.queue_table import QueueTable
from app.web.context import current
from app.widgets.layout import Shell, query
from app.widgets.live import Following
from db import assets
from db.core import listing
from db.jobs import job_search, queue_state
from db.jobs.automations import Automation
from db.jobs.job_search import JobQuery
from db.jobs.jobs import UNSUCCESSFUL
from db.jobs.queue_state import QueueState
from engine.iso_time import zone

ROWS = 25
"""Jobs on one page of the table."""
GROUPS = {"waiting": ("QUEUED", "SCHEDULED", "DEFERRED"), "running": ("STARTED",), "unsuccessful": UNSUCCESSFUL}
STATES = ("waiting", "running", "finished", "unsuccessful", "failed", "canceled", "queued", "scheduled", "deferred")
ALL = "all"
NO_JOBS = "No jobs match. Run a schedule on the Plan tab of an asset, or change the filters."
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which jobs are shown; the address of the page says the same."""

    state: str = ALL
    queue: str = ALL
    asset: int = 0
    """Its jobs and those of assets below it; 0: of every asset."""
    automation: int = 0
    page: int = 1

    @classmethod
    def asked(cls, queue: str) -> Self:
        """Return what the address of the page asks for; what it cannot mean is ignored."""
        numbers = {name: _number(query(name)) for name in ("asset", "automation", "page")}
        state, queue = (query("state") or ALL).lower().replace("started", "running"), query("queue") or queue
        return cls(
            state=state if state in STATES else ALL,
            queue=queue if queue in QUEUES else ALL,
            asset=numbers["asset"],
            automation=numbers["automation"],
            page=max(numbers["page"], 1),
        )

    @property
    def search(self) -> str:
        """What the address of the page ends with; what is as usual is left out."""
        told = {name: value for name, value in vars(self).items() if value != getattr(Filter(), name)}
        return f"?{urlencode(told)}" if told else ""

    def wanted(self, session: Session, who: SignedIn) -> JobQuery:
        """Return the same for the database, of what a user may see."""
        below = [row.id for row in assets.subtree(session, self.asset)] if self.asset else None
        states = GROUPS.get(self.state) or (() if self.state == ALL else (self.state.upper(),))
        return JobQuery(
            queues=QUEUES if self.queue == ALL else (self.queue,),
            states=states,
            asset_ids=below,
            automation_id=self.automation or None,
            only=job_access.readable(who),
        )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


@dataclass(frozen=True, kw_only=True)
class JobsContent:
    """What the page shows."""

    lines: list[JobLine]
    count: int
    """How many jobs there are on all pages."""
    queues: list[QueueState] | None
    """None: not for this user."""


@dataclass(frozen=True, kw_only=True)
class JobsFrame:
    """What stays while the page is open."""

    assets: dict[int, str]
    automation: str
    """Name of the automation whose jobs are looked for."""
    local: ZoneInfo
    may_clear: bool
    first: JobsContent


def view(queue: str = ALL) -> Shell:
    """Return the page.

    Args:
        queue: The queue to look at, where the address does not say.
    """
    page, asked = Shell("Jobs", at="/tasks"), Filter.asked(queue)
    page.fill(partial(_frame, asked), lambda frame: Tasks(page, asked, frame).shown())
    return page


def _frame(asked: Filter, session: Session, who: SignedIn) -> JobsFrame:
    automation = session.get(Automation, asked.automation) if asked.automation else None
    return JobsFrame(
        assets={asset.id: asset.name for asset in listing.assets(session, access.readable_assets(who))},
        automation=automation.name if automation else "",
        local=zone(who.timezone),
        may_clear="admin" in who.roles,
        first=_read(asked, session, who),
    )


def _read(asked: Filter, session: Session, who: SignedIn) -> JobsContent:
    wanted = asked.wanted(session, who)
    found = job_search.page(session, wanted, skip=ROWS * (asked.page - 1), most=ROWS)
    demo = current().settings.FLEXMEASURES_MODE == "demo"
    queues = job_access.is_host(who) or demo
    return JobsContent(
        lines=job_table.lines(session, who, found),
        count=job_search.count(session, wanted),
        queues=queue_state.states(session, QUEUES, since=datetime.now(UTC) - DAY) if queues else None,
    )


class Tasks:
    """The page once its first data are there."""

    def __init__(self, page: Shell, asked: Filter, frame: JobsFrame) -> None:
        self._asked, self._frame = asked, frame
        self._queues = QueueTable(page, may_clear=frame.may_clear, changed=self._look)
        self._jobs = JobTable(page, local=frame.local, empty=NO_JOBS, changed=self._look)
        self._count = pn.pane.HTML(margin=(4, 8))
        self._pages = pmui.Pagination(count=1, value=0, margin=8)
        self._filters = self._selects()
        self._show(frame.first)
        for name, widget in self._filters.items():
            widget.param.watch(lambda event, name=name: self._turn(name, event.new), "value")
        self._pages.param.watch(lambda event: self._turn("page", event.new + 1), "value")
        every = current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
        self._following = Following(
            lambda session, who: (self._asked, _read(self._asked, session, who)), self._put, every=every
        )

    def shown(self) -> Sequence[Any]:
        """Return what is below the heading."""
        top = [] if self._frame.first.queues is None else [self._queues]
        bar = pmui.FlexBox(*self._filters.values(), sizing_mode="stretch_width")
        return [*top, bar, self._count, self._jobs, self._pages]

    def _selects(self) -> dict[str, Any]:
        named = {"All assets": 0} | {f"{name} ({key})": key for key, name in self._frame.assets.items()}
        states = {name.capitalize(): name for name in (ALL, *STATES)}
        queues = {name.capitalize(): name for name in (ALL, *QUEUES)}
        size = {"width": 160, "size": "small", "margin": 8}
        found: dict[str, Any] = {
            "state": pmui.Select(label="State", options=states, value=self._asked.state, **size),
            "queue": pmui.Select(label="Queue", options=queues, value=self._asked.queue, **size),
            "asset": pmui.Select(
                label="Asset", options=named, searchable=True, filter_on_search=True,
                value=self._asked.asset if self._asked.asset in self._frame.assets else 0, **{**size, "width": 260},
            ),
        }  # fmt: skip
        if self._asked.automation:
            one = {f"{self._frame.automation or 'deleted'} ({self._asked.automation})": self._asked.automation}
            found["automation"] = pmui.Select(
                label="Automation", options={"Any": 0} | one, value=self._asked.automation, **size
            )
        return found

    def _turn(self, name: str, value: Any) -> None:
        """Look for other jobs, and say so in the address."""
        if getattr(self._asked, name) == value:
            return
        changed: dict[str, Any] = {"page": 1, name: value}
        self._asked = replace(self._asked, **changed)
        if pn.state.location is not None:
            pn.state.location.search = self._asked.search
        self._look()

    def _look(self) -> None:
        self._following.look()

    def _put(self, found: tuple[Filter, JobsContent]) -> None:
        """Show what was found, unless other jobs are looked for by now."""
        if found[0] == self._asked:
            self._show(found[1])
        else:
            self._look()

    def _show(self, found: JobsContent) -> None:
        pages = max(-(-found.count // ROWS), 1)
        self._pages.count = pages
        self._pages.param.update(value=min(self._asked.page, pages) - 1, visible=pages > 1)
        counted = f"{found.count:,} job{'s' * (found.count != 1)}"
        self._count.object = f'<span role="status">{counted}</span>, times in {self._frame.local}'
        self._jobs.put(found.lines)
        if found.queues is not None:
            self._queues.put(found.queues)
