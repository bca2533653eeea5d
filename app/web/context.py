"""What one web process holds for as long as it runs: its settings and its database.

Request handlers are given it by the server; page functions, which Panel calls without arguments, ask ``current()``.
"""

from dataclasses import dataclass, field

from app.auth.access.identity import Identities
from app.auth.login.sign_in import PendingSignIn
from app.auth.protection.limits import RateLimits
from app.jobs.queue import Queue
from app.settings.settings import Settings, secret_key
from app.web.fair_pools import Pools
from db.core.database import Database
from engine.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Running:
    """The things all requests of one process share."""

    settings: Settings
    database: Database
    identities: Identities
    queue: Queue
    limits: RateLimits
    secret: str
    """Key that signs cookies and tokens."""
    waiting: PendingSignIn = field(default_factory=PendingSignIn)
    """Who failed to sign in too often."""
    pools: Pools = field(default_factory=Pools)
    """The threads that do what is asked."""

    @classmethod
    def on(cls, settings: Settings, database: Database) -> "Running":
        """Return what a process with these settings and this database holds."""
        identities = Identities(database)
        queue = Queue(settings, database)
        secret = secret_key(settings)
        limits = RateLimits(settings, database)
        pools = Pools(most=settings.FLEXSCOPE_MAX_WAITING, patience=settings.FLEXSCOPE_WAITING_SECONDS)
        return cls(
            settings=settings,
            database=database,
            identities=identities,
            queue=queue,
            limits=limits,
            secret=secret,
            pools=pools,
        )


_current: list[Running] = []


def begin(running: Running) -> None:
    """Make something the one that ``current`` gives; the server calls this once."""
    _current[:] = [running]


def current() -> Running:
    """Return what the server of this process holds.

    Raises:
        EngineError: No server runs in this process.
    """
    if not _current:
        raise EngineError("No server runs in this process; start one with flexscope run.")
    return _current[0]
