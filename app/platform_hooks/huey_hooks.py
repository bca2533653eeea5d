"""Hooks into Huey, which carries ids of jobs and nothing else; seen with Huey 3.5."""

import threading
from typing import Any

from huey import PriorityRedisHuey, SqliteHuey
from huey.consumer import Consumer, Scheduler, Worker


class EmbeddedQueue(SqliteHuey):
    """In a file; a worker in the same process is woken at once by a bell, where Huey's would sleep for a while."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bell = threading.Semaphore(0)

    def is_revoked(self, *_args: Any, **_kwargs: Any) -> bool:
        """Jobs are cancelled in their rows."""
        return False

    def delete(self, key: str) -> bool:
        """Nothing is kept of a task that was done."""
        return False


class SharedQueue(PriorityRedisHuey):
    """In Redis, whose clients wait for the next task."""

    def is_revoked(self, *_args: Any, **_kwargs: Any) -> bool:
        """Jobs are cancelled in their rows."""
        return False

    def delete(self, key: str) -> bool:
        """Nothing is kept of a task that was done."""
        return False


class WorkerThread(Worker):
    """A worker that waits for the bell of its queue, where it has one."""

    delay: float

    def sleep(self) -> None:
        """See Worker."""
        bell = getattr(self.huey, "bell", None)
        self.delay = min(self.delay, self.max_delay)
        if bell is None:
            self.stop_flag.wait(self.delay)
        else:
            bell.acquire(timeout=self.delay)
        self.delay *= self.backoff


class NoScheduler(Scheduler):
    """What is to be done later waits in its row, not in the queue."""

    def loop(self, now: Any = None) -> None:
        """See Scheduler."""
        self.stop_flag.wait()


class WorkerThreads(Consumer):
    """Workers as threads of this process, which handles its signals itself."""

    worker_class = WorkerThread
    scheduler_class = NoScheduler

    def _set_signal_handlers(self) -> None:
        """Leave them to the process."""


def clear(queue: SqliteHuey | PriorityRedisHuey) -> None:
    """Let a queue forget what it holds; Huey itself would forget what is scheduled and every result as well."""
    queue.storage.flush_queue()
