"""The objects that all requests of one web process share: settings, database, queue, threads.

The server gives them to request handlers; page functions, which Panel calls without arguments, call ``current()``.
"""

from dataclasses import dataclass, field

from app.assemble.chart_cache import ChartCache
from app.auth.access.identity import Identities
from app.auth.access.sign_in import PendingSignIn
from app.auth.protection.limits import RateLimits
from app.fair_pools import Pools
from app.jobs.queue import Queue
from app.settings.settings import Settings, secret_key
from db.core.database import Database
from engine.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Running:
    """The objects that all requests of one process share."""

    settings: Settings
    database: Database
    identities: Identities
    queue: Queue
    limits: RateLimits
    secret: str
    """Key that signs cookies and tokens."""
    waiting: PendingSignIn = field(default_factory=PendingSignIn)
    """Sign-ins that must wait, as they failed too often."""
    pools: Pools = field(default_factory=Pools)
    """Threads that do the work of requests."""
    charts: ChartCache = field(default_factory=ChartCache)
    """Values of charts that were read before."""

    @classmethod
    def on(cls, settings: Settings, database: Database) -> "Running":
        """Objects of a process with these settings and this database."""
        return cls(
            settings=settings,
            database=database,
            identities=Identities(database),
            queue=Queue(settings, database),
            limits=RateLimits(settings, database),
            secret=secret_key(settings),
            pools=Pools(most=settings.FLEXSCOPE_MAX_WAITING, patience=settings.FLEXSCOPE_WAITING_SECONDS),
        )


# Sessions of Panel get no arguments of ours; a module is the one thing that they share with the server.
_current: list[Running] = []


def begin(running: Running) -> None:
    """Set what ``current`` returns; the server calls this once."""
    _current[:] = [running]


def current() -> Running:
    """Objects of the server in this process.

    Raises:
        EngineError: No server runs in this process.
    """
    if not _current:
        raise EngineError("No server runs in this process; start one with flexscope run.")
    return _current[0]
