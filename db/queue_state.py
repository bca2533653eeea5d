"""How queues are doing: how many jobs wait and run, how many ended lately, and how long the newest took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from db import job_search, job_states
from db.job_search import Durations
from db.jobs import UNSUCCESSFUL

NEWEST = 200
"""Jobs whose durations are looked at."""


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """One queue."""

    queue: str
    waiting: int
    later: int
    """Jobs that are to be done at a moment, or after another one."""
    running: int
    finished: int
    failed: int
    """Of the jobs asked for lately, as finished ones."""
    newest: Durations
    """How its newest jobs went."""


def states(work: Session, queues: Sequence[str], *, since: datetime) -> list[QueueState]:
    """Return the state of some queues, in their order.

    Args:
        work: A session of any kind.
        queues: Their names.
        since: From when on ended jobs count.
    """
    counts, lately = job_states.counts(work), job_states.counts(work, since=since)
    return [
        QueueState(
            queue=queue,
            waiting=counts.get((queue, "QUEUED"), 0),
            later=counts.get((queue, "SCHEDULED"), 0) + counts.get((queue, "DEFERRED"), 0),
            running=counts.get((queue, "STARTED"), 0),
            finished=lately.get((queue, "FINISHED"), 0),
            failed=sum(lately.get((queue, state), 0) for state in UNSUCCESSFUL),
            newest=job_search.newest_durations(work, queue, most=NEWEST),
        )
        for queue in queues
    ]
