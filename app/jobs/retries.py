"""Which faults pass by themselves, and how long to wait for that."""

import time
from collections.abc import Callable
from typing import TypeVar

from redis import exceptions as redis

from db.core.faults import passes
from engine.errors import EngineError

Result = TypeVar("Result")
PAUSES = (0.1, 0.4, 1.6)
"""Between the tries to note something [s]; what cannot be noted then is found by its lease running out."""


class QueueDown(EngineError):
    """The queue does not take a job now; its row is kept, and it is done once the queue is back.

    Attributes:
        job_id: The job.
        retry_after: When to look again [s].
    """

    def __init__(self, job_id: str) -> None:
        self.job_id, self.retry_after = job_id, 30
        super().__init__(f"The queue cannot be reached; job {job_id} is kept and done once it is back.")


def is_transient(error: BaseException) -> bool:
    """Return whether a fault may be gone at the next try: of a connection, a lock or a server, not of what is asked."""
    return passes(error) or isinstance(
        error, redis.ConnectionError | redis.TimeoutError | ConnectionError | TimeoutError
    )


def patiently(function: Callable[[], Result]) -> Result:
    """Return what a function gives, called again a few times while a transient fault lasts."""
    for pause in PAUSES:
        try:
            return function()
        except Exception as error:  # whatever it is: only some kinds are tried again
            if not is_transient(error):
                raise
            time.sleep(pause)
    return function()
