"""Finds jobs that are stuck by their rows, and moves them on: whatever died, no job is lost.

Every process that serves or works has one. Each step is a statement that only one of them can take. It also lets go
of what nobody has to keep any more: old jobs, and data that rules of sensors no longer keep.
"""

import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs.retries import QueueDown
from app.jobs.triggers.automations import Leader
from app.jobs.worker import machine
from app.settings.settings import Settings
from db import schedules
from db.accounts import idempotency
from db.beliefs import deletion, rewrite
from db.core.database import Database
from db.jobs import job_states, server_tasks
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import EngineError, FieldError
from engine.series.iso_time import duration

LOG = logging.getLogger(__name__)
TIDY = 3600.0
"""How often jobs that ended long ago are forgotten, and data that no rule keeps [s]."""
MOST_AT_ONCE = 2000
"""Most schedules that are deleted in one transaction."""
RETENTION = "retention"
KEEP, KEEP_SUPERSEDED = "keep-beliefs-for", "keep-superseded-beliefs-for"
"""Attributes of a sensor: for how long after an event its beliefs are kept, and all but the most recent one."""


class Sender(Protocol):
    """What the keeper needs of the queue."""

    def send(self, job_id: str, queue: str, priority: int) -> None:
        """Hand a job to a worker."""

    def holds(self, queue: str) -> set[str]:
        """Return the ids of the jobs a queue holds."""


class Keeper:
    """Watches over the rows of jobs."""

    every = 1.0
    """Pause between two rounds [s]."""

    def __init__(self, settings: Settings, database: Database, queue: Sender) -> None:
        self._settings, self._database, self._queue = settings, database, queue
        self._stray = timedelta(seconds=settings.FLEXSCOPE_JOB_LEASE_SECONDS) / 3
        """A job that waits longer is looked for in its queue."""
        self._next_strays = self._next_tidy = 0.0
        self._first = True
        self._name = f"{machine()}/{os.getpid()}/{token_hex(4)}"
        self._leader = Leader(settings, database, self._name)

    def tick(self) -> None:
        """Do one round."""
        now = datetime.now(UTC)
        # Only once: workers of this machine whose process is gone since the last start
        if self._first:
            self.release_dead()
            self._first = False
        self.wake_due(now)
        self.release_silent(now)
        if time.monotonic() >= self._next_strays:
            # At the first round all of them: whoever handed them over may have gone with the queue
            self.find_strays(now - (self._stray if self._next_strays else timedelta(0)))
            self._next_strays = time.monotonic() + self._stray.total_seconds()
        for job in self._leader.tick(now):
            self._send(job)
        if time.monotonic() >= self._next_tidy:
            self.tidy(now)
            self._next_tidy = time.monotonic() + TIDY

    def wake_due(self, now: datetime) -> None:
        """Hand over jobs that were put off, once their time has come or the job they wait for has ended."""
        with self._database.reading() as session:
            found = job_states.due(session, now)
        for job in found:
            with self._database.writing() as session:
                first = job_states.enqueue(session, job)
            if first:
                self._send(job)

    def release_silent(self, now: datetime) -> None:
        """Let others do the jobs of workers that say nothing any more."""
        with self._database.reading() as session:
            found = job_states.silent(session, now)
        for job in found:
            self._release(job, now)

    def release_dead(self) -> None:
        """Do the same at once for workers of this machine whose processes are gone."""
        with self._database.reading() as session:
            found = job_states.started_on(session, machine())
        for job in found:
            if not _is_alive(job.worker or ""):
                self._release(job, datetime.now(UTC))

    def _release(self, job: Job, now: datetime) -> None:
        tries = self._settings.FLEXSCOPE_JOB_TRIES
        if job.tries < tries:
            with self._database.writing() as session:
                first = job_states.release(session, job)
            if first:
                LOG.warning("The worker of job %s (%s) is gone; it is done anew.", job.id, job.worker)
                self._send(job)
            return
        message = f"The {job.kind} was started {job.tries} times, and each time its worker was gone before it ended."
        trace = job.trace or f"The last worker was {job.worker}; it ended without a word, or was killed."
        with self._database.writing() as session:
            job_states.fail(session, job, now=now, message=message, trace=trace)

    def find_strays(self, before: datetime) -> None:
        """Hand over again the waiting jobs that their queue has lost."""
        with self._database.reading() as session:
            found = job_states.waiting(session, before=before)
        # After the rows are read: a job that is taken meanwhile is handed over twice, and done once
        held = {queue: self._queue.holds(queue) for queue in {job.queue for job in found}}
        for job in found:
            if job.id not in held[job.queue]:
                self._send(job)

    def tidy(self, now: datetime) -> None:
        """Delete jobs that ended long ago, those of schedules later, old inputs of schedules, and old schedules."""
        kinds = {"schedule": now - self._settings.FLEXMEASURES_PLANNING_TTL}
        with self._database.writing() as session:
            job_states.forget(session, kinds=kinds, others=now - self._settings.FLEXMEASURES_JOB_TTL)
            idempotency.forget(session, before=now - idempotency.KEPT)
            schedules.expire_inputs(session, before=now - self._settings.FLEXSCOPE_KEEP_SCHEDULE_INPUTS)
        gone = MOST_AT_ONCE
        while gone == MOST_AT_ONCE:  # each in a transaction of its own, as others wait to write on SQLite
            with self._database.writing() as session:
                before = now - self._settings.FLEXSCOPE_KEEP_SCHEDULES
                gone = schedules.expire_schedules(session, before=before, most=MOST_AT_ONCE)
        self.let_go(now)

    def let_go(self, now: datetime) -> None:
        """Apply the keep-rules of sensors, in one process of all."""
        try:
            with self._database.writing() as session:
                # Led until the next round is due: whichever process comes second in that hour finds it taken.
                if server_tasks.take_lead(session, RETENTION, self._name, now=now, lasts=timedelta(seconds=TIDY)):
                    expire_beliefs(session, now=now)
        except EngineError as error:  # a rule that cannot be read; the jobs must go on
            LOG.error("Old data are not let go of: %s", error)

    def _send(self, job: Job) -> None:
        try:
            self._queue.send(job.id, job.queue, job.priority)
        except QueueDown:
            return  # it is a stray now, and found when the queue is back


def _is_alive(worker: str) -> bool:
    """Return whether the process of a worker of this machine exists."""
    try:
        # Signal 0 is not sent: it only asks whether the process is there
        os.kill(int(worker.split("/")[1]), 0)
    except ProcessLookupError:
        return False
    # It belongs to somebody else, or is of no process: taken as alive, its lease will tell
    except (PermissionError, ValueError, IndexError):
        return True
    return True


def expire_beliefs(session: Session, *, now: datetime) -> dict[int, int]:
    """Apply the rules of sensors but those that cannot be read; return how many beliefs went, by id of the sensor.

    Args:
        session: A writing session.
        now: The moment ages are counted back from.
    """
    gone = {}
    for sensor in session.scalars(select(Sensor).order_by(Sensor.id)):
        try:
            keep, keep_superseded = (keep_rule(sensor.attributes, name, now) for name in (KEEP, KEEP_SUPERSEDED))
        except FieldError as error:  # else whoever writes one that cannot be read keeps the data of all
            LOG.error("Old data of sensor %s are not let go of: %s", sensor.id, error)
            keep = keep_superseded = None
        if keep is not None or keep_superseded is not None:
            gone[sensor.id] = deletion.expire(session, sensor, keep=keep, keep_superseded=keep_superseded, now=now)
        # Here nobody waits for it: series that grew far denser or sparser get chunks that fit.
        rewrite.rechunk(session, sensor)
    return gone


def keep_rule(attributes: Mapping[str, Any], name: str, now: datetime) -> timedelta | None:
    """Return for how long an attribute says to keep; months and years are counted back from now.

    Raises:
        FieldError: The attribute is not a length of time, or not a positive one.
    """
    if name not in attributes:
        return None
    length = duration(f"-{attributes[name]}", field=name, start=now)
    if length >= timedelta(0):
        raise FieldError(name, f"{attributes[name]!r} is no length of time; write it like P90D or P2Y.")
    return -length
