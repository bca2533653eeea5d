"""Does jobs, and tells in their rows how far they are and how they ended.

A worker holds a job on a lease that its heartbeat renews. What a job made is saved in the transaction that closes its
row, and only while the row still says that this try counts: nothing is saved twice, whoever else did the job meanwhile.
"""

import logging
import os
import socket
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.jobs import principal
from app.jobs.handlers.kinds import KINDS, Attempt
from app.jobs.retries import is_transient, patiently
from app.logs import of_settings, redacted
from app.settings.settings import Settings
from db.core.database import Database
from db.core.faults import Unavailable
from db.jobs import job_states
from db.jobs.automations import wake
from db.jobs.job_states import Overtaken
from db.jobs.jobs import Job
from engine.errors import EngineError
from engine.solve.budget import plans_are_ended

LOG = logging.getLogger(__name__)
LONGEST_PAUSE = timedelta(hours=1)
"""Between two tries."""
PLANNING = ("schedule", "fleet")
"""Kinds of jobs whose plans end early when their process does; another worker does them anew."""


@dataclass
class UnderWay:
    """A job that a thread is at."""

    job: Job
    began: float = field(default_factory=time.monotonic)
    progress: float = 0.0
    renewed: float = field(default_factory=time.monotonic)
    """When its lease was last renewed."""
    reported: float = 0.0
    """The progress reported then."""

    def tell(self, progress: float) -> None:
        """Note how far it is, from 0 to 1; the heartbeat passes it on."""
        self.progress = min(max(progress, 0.0), 1.0)


class Worker:
    """The worker threads of one process, as far as job rows are concerned."""

    def __init__(self, settings: Settings, database: Database, name: str = "embedded") -> None:
        self._settings, self._database = settings, database
        self.name = f"{machine()}/{os.getpid()}/{name}"
        self.lease = timedelta(seconds=settings.FLEXSCOPE_JOB_LEASE_SECONDS)
        # By try as well: a job that was taken for lost may be given to another thread of this process.
        self._under_way: dict[tuple[str, int], UnderWay] = {}
        self._lock = threading.Lock()

    def do(self, job_id: str) -> bool:
        """Do one job, unless it was done or cancelled meanwhile; its row tells how it ended.

        Returns:
            Whether it was this worker's to do.
        """

        def claim() -> Job | None:
            now = datetime.now(UTC)
            with self._database.writing() as session:
                return job_states.claim(session, job_id, now=now, worker=self.name, lease_until=now + self.lease)

        job = patiently(claim)
        if job is None:
            return False
        under_way = UnderWay(job)
        with self._lock:
            self._under_way[job.id, job.tries] = under_way
        try:
            self._attempt(under_way)
        # Somebody cancelled it, or its lease ran out and another worker has done it
        except Overtaken:
            LOG.warning("Job %s ended without this worker; what it computed is not saved.", job_id)
        except Exception as error:  # whatever it is: the row must tell it
            if self._is_cut_short(job):  # without its time, a plan may fail for want of it
                self._hand_back(job)
            else:
                self._failed(job, error)
        finally:
            with self._lock:
                self._under_way.pop((job.id, job.tries), None)
        return True

    def _attempt(self, under_way: UnderWay) -> None:
        job, began = under_way.job, time.thread_time()
        with self._database.reading() as session, principal.acting(session, job) as references:
            save = KINDS[job.kind](references, Attempt(job=job, settings=self._settings, tell=under_way.tell))
        if self._is_cut_short(job):
            self._hand_back(job)
            return
        computed_at = datetime.now(UTC)
        with self._database.writing() as session:
            with principal.acting(session, job, before=references) as again:  # it may have taken long
                result, now = save(again), datetime.now(UTC)
            # In the same transaction: what waits for these values is woken only if they are there
            if result.get("num-beliefs"):
                wake(session, job.kind, [int(key) for key in result.get("outputs", {})], now=now)
            message = f"{job.kind.capitalize()} job finished. {result.pop('message', '')}".rstrip()
            closing = {"message": message, "saving_at": computed_at}
            closing |= {"source_id": result.get("source"), "cpu_s": time.thread_time() - began}
            job_states.finish(session, job, now=now, result=result, values=closing)

    @staticmethod
    def _is_cut_short(job: Job) -> bool:
        return job.kind in PLANNING and plans_are_ended()

    def _hand_back(self, job: Job) -> None:
        """Let a job wait for a process that does not end; the keeper of any of them finds it by its row."""
        with self._database.writing() as session:
            job_states.release(session, job)
        LOG.info("Job %s waits for another worker, as this one ends.", job.id)

    def _failed(self, job: Job, error: Exception) -> None:
        """Put a job off after a fault that may pass, else close it; a fault in doing so is left to the lease."""
        # Of a fault of the database, the driver's error tells more
        kind = type(error.__cause__ if isinstance(error, Unavailable) else error).__name__
        passes = is_transient(error)
        if passes:
            message = f"The {job.kind} failed {job.tries} times, at last with {kind}; it is logged."
        elif isinstance(error, EngineError):  # says by itself what to do about it
            message = str(error)
        else:
            message = f"The {job.kind} failed unexpectedly ({kind}); it is logged."
        if not isinstance(error, EngineError) or passes:
            LOG.error("Try %s of job %s failed", job.tries, job.id, exc_info=error)
        # A trace quotes what was worked with, such as an address with a password in it.
        trace = redacted("".join(traceback.format_exception(error)), of_settings(self._settings))

        def put_off() -> None:
            # Longer each time: what many jobs wait for, such as a database that restarts, is not asked by all at once
            pause = min(self._settings.FLEXSCOPE_JOB_RETRY_AFTER * 2 ** (job.tries - 1), LONGEST_PAUSE)
            seconds = pause.total_seconds()
            retrying = f"Try {job.tries} met a passing fault ({kind}); the next one is in {seconds:g} s."
            with self._database.writing() as session:
                job_states.try_again(session, job, due_at=datetime.now(UTC) + pause, message=retrying, trace=trace)

        try:
            if passes and job.tries < self._settings.FLEXSCOPE_JOB_TRIES:
                patiently(put_off)
            else:
                patiently(lambda: self.close(job, message, trace))
        except Exception:  # the database is not there to tell it to
            LOG.exception("How job %s failed cannot be noted; it is done anew when its lease has run out", job.id)

    def close(self, job: Job, message: str, trace: str) -> bool:
        """Close a job that could not be done; False if this try no longer counts."""
        with self._database.writing() as session:
            return job_states.fail(session, job, now=datetime.now(UTC), message=message, trace=trace)

    def beat(self) -> None:
        """Renew the leases of long jobs, tell their progress, and close what takes too long."""
        with self._lock:
            # Copied: renewing waits for the database, and jobs begin and end meanwhile.
            under_way = list(self._under_way.values())
        for each in under_way:
            limit = time_limit(self._settings, each.job.queue)
            # A thread cannot be stopped; once the row is closed, nothing that it makes is saved.
            if time.monotonic() - each.began > limit:
                late = f"The {each.job.kind} took longer than the {limit} s it may; raise FLEXMEASURES_JOB_TIMEOUT for "
                self.close(each.job, f"{late}the queue {each.job.queue}, or ask for less.", "")
                continue
            # Each renewal is a transaction: only for progress that is new, or a lease of which a quarter has passed
            if each.progress == each.reported and time.monotonic() - each.renewed <= self.lease.total_seconds() / 4:
                continue
            until, progress = datetime.now(UTC) + self.lease, each.progress
            with self._database.writing() as session:
                job_states.renew(session, each.job, until=until, progress=progress)
            each.renewed, each.reported = time.monotonic(), progress


def machine() -> str:
    """Name of this machine in the names of workers."""
    # Slashes divide the parts of a worker's name.
    return socket.gethostname().replace("/", "-")


def time_limit(settings: Settings, queue: str) -> int:
    """Longest time that a job of a queue may take [s]."""
    return int(settings.FLEXMEASURES_JOB_TIMEOUT.get(queue, settings.FLEXMEASURES_DEFAULT_JOB_TIMEOUT))
