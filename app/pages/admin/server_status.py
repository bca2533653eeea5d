"""Page of the state of the server, for those who run it: versions, plugins, database, queues, workers, disk."""

import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn
from app.fragments.page import TextPage
from app.fragments.tables import facts, sections
from app.fragments.time_range import clock_text
from app.fragments.visit import Fragment, Visit
from app.jobs.handlers.kinds import QUEUES
from app.running import current
from app.version import COMPATIBLE
from components.tables.fact_table import Cell, Light
from db import assets, migrations
from db.core import driver
from db.jobs import job_search
from db.jobs.job_search import QueueState, WorkerState
from engine import plugins
from engine.series.iso_time import zone

KINDS = ("schedulers", "forecasters", "reporters")
PACKAGES = ("flexscope", "panel", "bokeh", "sqlalchemy", "highspy", "huey", "pandas", "numpy")
LATELY = timedelta(days=1)
"""How far back workers and ended jobs are counted."""
LEAST_FREE = 1.0
"""Free disk space below which the light turns red [GiB]."""


@dataclass(frozen=True)
class ServerStatusContent:
    """Content of the page."""

    server: dict[str, Cell]
    plugins: list[list[Cell]]
    queues: list[QueueState]
    workers: list[WorkerState]
    local: ZoneInfo
    """Time zone of the user."""


def read_server_status(_visit: Visit, session: Session, principal: SignedIn) -> ServerStatusContent:
    """State of the server.

    Raises:
        NotAllowed: The user is no admin of the server.
    """
    if not principal.roles & {"admin", "admin-reader"}:
        raise NotAllowed("read", "the server status", who="only admins and admin-readers of it")
    since = datetime.now(UTC) - LATELY
    rows: list[list[Cell]] = []
    for kind in KINDS:
        rows += [[name, kind, Light("good", "loaded")] for name in sorted(plugins.known(kind))]
        rows += [[name, kind, Light("bad", "could not be loaded; see the server log")] for name in plugins.broken(kind)]
    return ServerStatusContent(
        server=server_facts(session),
        plugins=rows,
        queues=job_search.queue_states(session, QUEUES, since=since),
        workers=job_search.worker_states(session, since=since),
        local=zone(principal.timezone),
    )


def server_facts(session: Session) -> dict[str, Cell]:
    """Versions, database, queue, workers, asset trees and disk, by name."""
    process = current()
    free = shutil.disk_usage(process.settings.FLEXSCOPE_INSTANCE_PATH).free / 2**30
    expected, revision = migrations.head(), session.scalar(text("SELECT version_num FROM alembic_version"))
    answers, mixed = process.queue.answers(), assets.count_mixed(session)
    workers = "separate processes: flexscope jobs run-worker"
    if process.queue.is_embedded:
        workers = f"{process.settings.FLEXSCOPE_EMBEDDED_WORKERS} in each web process"
    trees = Light("good", "each belongs to one account")
    if mixed:
        trees = Light(
            "warn",
            f"{mixed} assets have a parent in another account. Schedules leave them out; remove their parent, or "
            "choose one in their own account.",
        )
    versions: dict[str, Cell] = {name: version(name) for name in PACKAGES}
    return {
        **versions,
        "FlexMeasures API": f"as of {COMPATIBLE}",
        "Python": platform.python_version(),
        "Database": f"{driver.server_name(session)}, {driver.size_on_disk(session) / 2**20:,.1f} MiB",
        "Database revision": Light("good", expected)
        if revision == expected
        else Light("bad", f"{revision}, expected {expected}: run flexscope db upgrade"),
        "Queue": Light("good" if answers else "bad", "answers" if answers else "does not answer"),
        "Workers": workers,
        "Asset trees": trees,
        "Disk": Light("good" if free > LEAST_FREE else "bad", f"{free:,.1f} GiB free in the instance folder"),
    }


def show_server_status(_visit: Visit, content: ServerStatusContent) -> Fragment:
    """The page."""
    queues: list[list[Cell]] = [
        [
            each.queue,
            *(f"{number:,}" for number in (each.waiting, each.running, each.later, each.finished)),
            Light("bad" if each.failed else "good", f"{each.failed:,}"),
        ]
        for each in content.queues
    ]
    # Workers of other processes and machines too, by what their jobs say.
    workers: list[list[Cell]] = [
        [each.name, f"{each.running:,}", f"{each.ended:,}", clock_text(each.last_at, content.local)]
        for each in content.workers
    ]
    columns = ["Queue", "Waiting", "Running", "Later", "Finished, 24 h", "Failed, 24 h"]
    worker_columns = ["Worker", "Running", "Done, 24 h", f"Newest job started ({content.local})"]
    tables = {
        "": facts(["", ""], [[name, value] for name, value in content.server.items()]),
        "Plugins": facts(["Plugin", "Kind", "State"], content.plugins),
        "Queues": facts(columns, queues),
    }
    if workers:
        tables["Workers active in the last 24 h"] = facts(worker_columns, workers)
    return Fragment(heading="Status", body=sections(tables))


PAGE = TextPage(at="/status", heading="Status", read=read_server_status, show=show_server_status)
