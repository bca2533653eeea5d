"""How much an account may ask of the server in a time; all web processes count together.

A process takes a few requests of the limit at a time, so that most requests touch no database. What several
processes grant together never exceeds the limit; what one took and did not use is lost at the end of its minute.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from app.auth.access.identity import SignedIn
from app.settings.settings import Settings
from db import subscriptions
from db.core.database import Database, Table
from db.subscriptions import Used
from engine.errors import EngineError, FieldError

WRITTEN = re.compile(r"(\d+)\s*(?:per|/)\s*(\d+)?\s*(second|minute|hour|day)s?$")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
AT_ONCE = 25
"""Most requests a process takes of a limit at a time."""
MOST = 10_000
"""How many limits a process keeps in mind."""


class Exceeded(EngineError):
    """There were more requests than the limit allows.

    Attributes:
        headers: What tells a client when to come back.
    """

    def __init__(self, what: str, state: "State") -> None:
        self.headers = {**state.headers, "Retry-After": str(state.wait)}
        super().__init__(f"There were more than {state.limit} {what}; try again in {state.wait} seconds.")


@dataclass(frozen=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: int

    @classmethod
    def of(cls, text: str, *, setting: str) -> "Rate":
        """Rate that a text such as ``10 per 5 minutes`` stands for.

        Raises:
            FieldError: It says something else.
        """
        found = WRITTEN.match(text.strip().lower())
        if not found or not int(found[1]) or found[2] == "0":
            raise FieldError(setting, f"{text!r} is no limit; write it like '500 per minute' or '10 per 5 minutes'.")
        return cls(int(found[1]), int(found[2] or 1) * SECONDS[found[3]])


@dataclass(frozen=True)
class State:
    """What is left of a limit."""

    limit: int
    remaining: int
    ends: int
    """When the limit begins anew [s since 1970]."""

    @property
    def wait(self) -> int:
        """How long until then [s]."""
        return max(1, self.ends - int(time.time()))

    @property
    def headers(self) -> dict[str, str]:
        """Limit, rest and end as headers of an answer."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.remaining)),
            "X-RateLimit-Reset": str(self.ends),
        }


@dataclass
class Lease:
    """What this process has taken of one limit."""

    ends: int
    limit: int
    used: int
    """By all processes, with what this one took."""
    left: int
    """Of what this one took."""


class RateLimits:
    """The limits of all clients of this process."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.is_on = settings.RATELIMIT_ENABLED and not settings.is_playing
        self._requests = Rate.of(
            settings.FLEXMEASURES_API_DEFAULT_RATE_LIMIT, setting="FLEXMEASURES_API_DEFAULT_RATE_LIMIT"
        )
        self._triggers = Rate.of(
            settings.FLEXMEASURES_API_TRIGGER_RATE_LIMIT, setting="FLEXMEASURES_API_TRIGGER_RATE_LIMIT"
        )
        self._per_user = settings.FLEXMEASURES_API_RATE_LIMIT_KEY == "user"
        self._database, self._shared = database, _shared(settings, database)
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def request(self, principal: SignedIn | None, address: str) -> State | None:
        """Count one request; None if there are no limits.

        Raises:
            Exceeded: There were too many in this minute.
        """
        if not self.is_on:
            return None
        key = f"requests:{self._whose(principal, address)}"
        with self._lock:
            lease = self._leases.get(key)
            state = _taken(lease, int(time.time()))
        if state is None:
            # Outside of the lock: others are granted theirs while the database is asked.
            state = self._take_more(key, principal)
        if state.remaining < 0:
            raise Exceeded("requests", state)
        return state

    @contextmanager
    def trigger(self, principal: SignedIn) -> Iterator[None]:
        """Count one accepted trigger; one that fails inside the block is not counted.

        Raises:
            Exceeded: There were too many.
        """
        if not self.is_on:
            yield
            return
        key, ends = f"triggers:{self._whose(principal, '')}", _end(self._triggers)
        limit = self._limit(principal, self._triggers, "triggers_per_five_minutes")
        with self._shared.writing() as session:
            # Counted before the work and given back if it fails: counted after it, many at once would all pass.
            used = subscriptions.use(session, key, datetime.fromtimestamp(ends, UTC), 1)
        try:
            if used > limit:
                raise Exceeded("accepted triggers", State(limit, 0, ends))
            yield
        # BaseException: what was cancelled or interrupted did not happen either.
        except BaseException:
            with self._shared.writing() as session:
                subscriptions.give_back(session, key, datetime.fromtimestamp(ends, UTC), 1)
            raise

    def close(self) -> None:
        """Give the connections back."""
        if self._shared is not self._database:
            self._shared.close()

    def _whose(self, principal: SignedIn | None, address: str) -> str:
        if principal is None:
            return f"from:{address}"
        return f"user:{principal.id}" if self._per_user else f"account:{principal.account_id}"

    def _limit(self, principal: SignedIn | None, rate: Rate, name: str) -> int:
        """Return how much a client's plan allows, else what the settings do."""
        if principal is None:
            return rate.count
        with self._database.reading() as session:
            plan = subscriptions.of_account(session, principal.account_id)
        own: int | None = getattr(plan, name, None)
        return rate.count if own is None else own

    def _take_more(self, key: str, principal: SignedIn | None) -> State:
        """Take some more of a limit for this process, and one of it for this request."""
        ends, limit = _end(self._requests), self._limit(principal, self._requests, "requests_per_minute")
        # A twentieth of the limit at most: what a process takes and does not use is lost to the others.
        amount = max(1, min(AT_ONCE, limit // 20))
        with self._shared.writing() as session:
            used = subscriptions.use(session, key, datetime.fromtimestamp(ends, UTC), amount)
        granted = amount - max(0, used - limit)
        lease = Lease(ends=ends, limit=limit, used=min(used, limit), left=max(0, granted))
        with self._lock:
            if len(self._leases) >= MOST:
                self._leases = {name: one for name, one in self._leases.items() if one.ends > int(time.time())}
            self._leases[key] = lease
            # As of within the window, which may end this very moment: this request was counted in it.
            return _taken(lease, ends - 1) or State(limit, -1, ends)


def _taken(lease: Lease | None, now: int) -> State | None:
    """Take one of a lease; None if it has ended, or is used up while others may be had."""
    if lease is None or lease.ends <= now or (lease.left == 0 and lease.used < lease.limit):
        return None
    lease.left -= 1
    # Below zero once all is used; that is by what the caller refuses.
    remaining = lease.limit - lease.used + lease.left
    lease.left = max(0, lease.left)
    return State(lease.limit, remaining, lease.ends)


def _end(rate: Rate) -> int:
    now = int(time.time())
    # From multiples of the length on, so that all processes mean the same window.
    return now - now % rate.seconds + rate.seconds


def _shared(settings: Settings, database: Database) -> Database:
    """Return where counts are kept; beside SQLite in a file of their own, so that no request waits for a long write."""
    if not database.is_sqlite:
        return database
    settings.FLEXSCOPE_INSTANCE_PATH.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = Database(f"sqlite:///{settings.FLEXSCOPE_INSTANCE_PATH / 'limits.db'}")
    # One table, whose rows live for minutes: it needs no migrations.
    Table.metadata.create_all(opened.engine, [Table.metadata.tables[Used.__tablename__]])
    return opened
