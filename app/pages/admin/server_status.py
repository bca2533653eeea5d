"""The state of the server, for those who run it: versions, plugins, database, queues, workers, disk."""

import platform
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn
from app.jobs.handlers.kinds import QUEUES
from app.pages.asset.context_tab import heading
from app.pages.jobs.job_table import at
from app.version import COMPATIBLE
from app.web.context import Running, current
from app.widgets.layout import Shell
from components.tables.fact_table import Cell, FactTable, Light
from db import assets, migrations
from db.core import size
from db.jobs import queue_state
from db.jobs.queue_state import QueueState, WorkerState
from engine import plugins
from engine.iso_time import zone

KINDS = ("schedulers", "forecasters", "reporters")
PACKAGES = ("flexscope", "panel", "bokeh", "sqlalchemy", "highspy", "huey", "pandas", "numpy")
LATELY = timedelta(days=1)
LITTLE = 1.0
"""Free room on the disk that is too little [GiB]."""


@dataclass(frozen=True)
class ServerStatusContent:
    """What the page shows: of each thing what there is to say, and how each queue is doing."""

    server: dict[str, Cell]
    plugins: list[list[Cell]]
    queues: list[QueueState]
    workers: list[WorkerState]
    local: ZoneInfo
    """Of whoever looks."""


def view() -> Shell:
    """Return the page."""
    page = Shell("Status", at="/status")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> ServerStatusContent:
    if not who.roles & {"admin", "admin-reader"}:
        raise NotAllowed("read", "the server status")
    process = current()
    since = datetime.now(UTC) - LATELY
    states, workers = queue_state.states(session, QUEUES, since=since), queue_state.workers(session, since=since)
    return ServerStatusContent(
        _server(session, process),
        [row for kind in KINDS for row in _plugins(kind)],
        states,
        workers,
        zone(who.timezone),
    )


def _server(session: Session, process: Running) -> dict[str, Cell]:
    free = shutil.disk_usage(process.settings.FLEXSCOPE_INSTANCE_PATH).free / 2**30
    wanted, found = migrations.head(), session.scalar(text("SELECT version_num FROM alembic_version"))
    answers = process.queue.answers()
    versions: dict[str, Cell] = {name: version(name) for name in PACKAGES}
    return {
        **versions,
        "FlexMeasures API": f"as of {COMPATIBLE}",
        "Python": platform.python_version(),
        "Database": f"{size.server(session)}, {size.size(session) / 2**20:,.1f} MiB",
        "Database revision": Light("good", wanted) if found == wanted else Light("bad", f"{found}, not {wanted}"),
        "Queue": Light("good" if answers else "bad", "answers" if answers else "does not answer"),
        "Workers": _workers(process),
        "Asset trees": _trees(session),
        "Disk": Light("good" if free > LITTLE else "bad", f"{free:,.1f} GiB free in the instance folder"),
    }


def _trees(session: Session) -> Light:
    mixed = assets.count_mixed(session)
    told = (
        f"{mixed} assets have a parent in another account. They are left out of schedules; move them to the top level."
    )
    return Light("warn", told) if mixed else Light("good", "each belongs to one account")


def _workers(process: Running) -> Cell:
    if process.queue.is_embedded:
        return f"{process.settings.FLEXSCOPE_EMBEDDED_WORKERS} in each web process"
    return "separate processes: flexscope jobs run-worker"


def _plugins(kind: str) -> list[list[Cell]]:
    good: list[list[Cell]] = [[name, kind, Light("good", "loaded")] for name in sorted(plugins.known(kind))]
    bad: list[list[Cell]] = [
        [name, kind, Light("bad", "could not be loaded; see the server log")] for name in plugins.broken(kind)
    ]
    return good + bad


def _show(page: Shell, found: ServerStatusContent) -> Sequence[Any]:
    queues: list[list[Cell]] = [
        [
            each.queue,
            *(f"{number:,}" for number in (each.waiting, each.running, each.later, each.finished)),
            Light("bad" if each.failed else "good", f"{each.failed:,}"),
        ]
        for each in found.queues
    ]
    columns = ["Queue", "Waiting", "Running", "Later", "Finished, 24 h", "Failed, 24 h"]
    tables = [
        FactTable(columns=["", ""], rows=[[name, value] for name, value in found.server.items()]),
        FactTable(columns=["Plugin", "Kind", "State"], rows=found.plugins),
        FactTable(columns=columns, rows=queues),
    ]
    for table in tables:
        page.follow(table)
    return [tables[0], heading("Plugins"), tables[1], heading("Queues"), tables[2], *_workers_lately(page, found)]


def _workers_lately(page: Shell, found: ServerStatusContent) -> list[Any]:
    """Return the table of the workers that did something lately, those of other processes and machines too."""
    rows: list[list[Cell]] = [
        [each.name, f"{each.running:,}", f"{each.ended:,}", at(each.last_at, found.local)] for each in found.workers
    ]
    table = FactTable(columns=["Worker", "Running", "Done, 24 h", f"Newest job begun, {found.local}"], rows=rows)
    page.follow(table)
    return [heading("Workers active in the last 24 h"), table] if rows else []
