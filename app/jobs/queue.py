"""The queues: they carry ids of jobs to workers. The rows in ``db.jobs.jobs`` are the truth.

Embedded, the queues are one SQLite file, and workers are threads of the web process; ``flexscope jobs run-worker`` adds
processes on the same machine. With ``FLEXMEASURES_REDIS_URL`` they are in Redis, and workers are processes on as many
machines as wanted. A queue may lose whatever it likes: what it lost is found by its row and handed over again.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection
from pathlib import PurePath
from typing import Any

from redis.exceptions import RedisError

from app.jobs.handlers.kinds import QUEUES
from app.jobs.recovery import Keeper
from app.jobs.retries import QueueDown
from app.jobs.watch.alerting import Watcher
from app.jobs.worker import Worker
from app.platform_hooks.huey_hooks import EmbeddedQueue, SharedQueue, WorkerThreads, clear
from app.settings.settings import Settings
from db.core import private_files
from db.core.database import Database
from db.jobs import job_states, jobs
from engine.solve.budget import end_plans

LOG = logging.getLogger(__name__)
FIRST_LOOK, SLOWEST_LOOK = 0.02, 0.25
"""How often an idle worker looks whether another process put something, at first and after a while [s]."""
# A Redis that is away must not hold up requests that ask for a job.
REDIS_PATIENCE = {"socket_connect_timeout": 2, "socket_timeout": 10}


class Queue:
    """Carries jobs to workers: one Huey queue per kind of work."""

    def __init__(self, settings: Settings, database: Database, name: str = "embedded") -> None:
        self._settings, self._database = settings, database
        self.worker = Worker(settings, database, name)
        self.keeper = Keeper(settings, database, self)
        self.hueys = {queue: _huey(settings, database, queue) for queue in QUEUES}
        self._tasks = {queue: huey.task(name="do_job")(self.worker.do) for queue, huey in self.hueys.items()}
        self._running: list[WorkerThreads | Ticker] = []

    @property
    def is_embedded(self) -> bool:
        """Whether the server has workers of its own."""
        return not self._settings.FLEXMEASURES_REDIS_URL

    def put(self, job_id: str) -> None:
        """Hand a job, whose row is committed, to a worker.

        Raises:
            QueueDown: The queue cannot be reached; the job is handed over once it can.
        """
        with self._database.reading() as session:
            job = jobs.one(session, job_id)
        try:
            self.send(job_id, job.queue, job.priority)
        except QueueDown:
            with self._database.writing() as session:
                job_states.note_unsent(session, job_id)
            raise

    def send(self, job_id: str, queue: str, priority: int) -> None:
        """Do the same where queue and priority are known."""
        task = self._tasks[queue].s(job_id, priority=priority)
        try:
            self.hueys[queue].enqueue(task)
        except (RedisError, sqlite3.Error, OSError) as error:
            LOG.warning("The queue %s does not take jobs: %s", queue, error)
            raise QueueDown(job_id) from error
        # Workers of this process are woken at once; those of others find it at their next look.
        if self.is_embedded:
            self.hueys[queue].bell.release()

    def holds(self, queue: str) -> set[str]:
        """Return the ids of the jobs a queue holds."""
        return {str(task.args[0]) for task in self.hueys[queue].pending()}

    def sizes(self) -> dict[str, int]:
        """Return how many jobs each queue holds."""
        return {name: int(huey.pending_count()) for name, huey in self.hueys.items()}

    def clear(self, queue: str) -> None:
        """Let a queue forget what it holds."""
        clear(self.hueys[queue])

    def answers(self) -> bool:
        """Return whether the queue can be reached."""
        try:
            self.sizes()
        except Exception:  # whatever the driver of Redis or SQLite raises: the answer is no
            LOG.exception("The queue does not answer")
            return False
        return True

    def start(self) -> None:
        """Start what a server does itself: keeping watch over the rows and, embedded, the work."""
        workers = self._settings.FLEXSCOPE_EMBEDDED_WORKERS if self.is_embedded else 0
        if self._settings.FLEXSCOPE_WATCH:
            watcher = Watcher(self._settings, self._database, self.worker.name)
            self._running.append(Ticker("watch", self._settings.FLEXSCOPE_WATCH_SECONDS, watcher.tick, wait_first=True))
        self.work(QUEUES if workers else (), workers=workers)

    def work(self, queues: Collection[str], *, workers: int, keeps: bool = True) -> None:
        """Start workers of some queues, their heartbeat, and the keeper of the rows."""
        # Several beats within one lease, so that one that fails loses no job.
        beat = min(1.0, self.worker.lease.total_seconds() / 8)
        self._running.append(Ticker("heartbeat", beat, self.worker.beat))
        if keeps:
            self._running.append(Ticker("keeper", self.keeper.every, self.keeper.tick))
        look = {"initial_delay": FIRST_LOOK, "max_delay": SLOWEST_LOOK, "backoff": 1.3}
        for queue in queues:
            # Nothing is timed by Huey: rows of jobs and automations say what is due.
            threads = WorkerThreads(
                self.hueys[queue], workers=workers, periodic=False, check_worker_health=False, **look
            )
            self._running.append(threads)
        for each in self._running:
            each.start()

    def end_plans(self) -> None:
        """Let the workers begin no other job and end their plans, whose jobs then wait for another process."""
        self._take_no_more()
        end_plans()

    def _take_no_more(self) -> None:
        for each in self._running:
            if isinstance(each, WorkerThreads):
                each.stop_flag.set()

    def stop(self) -> None:
        """Let the workers finish what they are at; their heartbeat ends last."""
        # All flags first: while one worker is waited for, no other may begin a job.
        self._take_no_more()
        for each in reversed(self._running):
            if isinstance(each, WorkerThreads):
                each.stop(graceful=True)
            else:
                each.stop()
        self._running.clear()


def _huey(settings: Settings, database: Database, queue: str) -> Any:
    # With the name of the database: the demo beside it must not take its jobs.
    where, name = settings.FLEXMEASURES_REDIS_URL, f"flexscope-{PurePath(str(database.url.database)).stem}-{queue}"
    if not where:
        settings.FLEXSCOPE_INSTANCE_PATH.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = settings.FLEXSCOPE_INSTANCE_PATH / "queue.db"
        private_files.make(file)
        # No fsync: what a crash takes from the file is found again by the rows.
        return EmbeddedQueue(name, filename=str(file), fsync=False, results=False)
    # An address holds port, number and password itself
    if "://" in where:
        return SharedQueue(name, url=where, results=False)
    password = settings.FLEXMEASURES_REDIS_PASSWORD or None
    port, number = settings.FLEXMEASURES_REDIS_PORT, settings.FLEXMEASURES_REDIS_DB_NR
    return SharedQueue(name, host=where, port=port, db=number, password=password, results=False, **REDIS_PATIENCE)


class Ticker:
    """Calls a function every so often until it is stopped; an error is logged and stops nothing."""

    def __init__(self, name: str, every: float, function: Callable[[], None], *, wait_first: bool = False) -> None:
        """Begin nothing yet.

        Args:
            name: Of the thread.
            every: Pause between two calls [s].
            function: What is called.
            wait_first: Whether the first call comes after the first pause, not at once.
        """
        self._every, self._function, self._wait_first = every, function, wait_first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End once the call in progress is through."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        if self._wait_first:
            self._stop.wait(self._every)
        while not self._stop.is_set():
            try:
                self._function()
            except Exception:  # of whatever kind: the next call may succeed
                LOG.exception("%s failed; it is tried again", self._thread.name)
            self._stop.wait(self._every)
