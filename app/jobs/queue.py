"""The queue: who does a job, and when. The rows in ``db.jobs`` are the truth; the queue only carries their ids.

Embedded, the queue is a file of its own and its workers are threads of the web process; with
``FLEXMEASURES_REDIS_URL`` it is in Redis, and workers are processes on as many machines as wanted. A job lost on the
way (its process was killed) is found by its row when the embedded queue starts again.
"""

import logging
import traceback
from datetime import UTC, datetime

from huey import Huey, PriorityRedisHuey, SqliteHuey
from huey.consumer import Consumer

from app.jobs.kinds import KINDS
from app.settings import Settings
from db import jobs
from db.base import Database
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
WORKERS = 2
FIRST_LOOK, SLOWEST_LOOK = 0.01, 0.1
"""How often an idle worker looks for the next job, at first and after a while [s]."""


class Threads(Consumer):
    """Workers as threads of this process, which handles its signals itself."""

    def _set_signal_handlers(self) -> None:
        """Leave them to the web server."""


class Queue:
    """Carries jobs to workers."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self.huey = _huey(settings)
        self._task = self.huey.task(name="do_job")(self.do)
        self._workers: Threads | None = None

    @property
    def is_embedded(self) -> bool:
        """Whether the workers live in this process."""
        return isinstance(self.huey, SqliteHuey)

    def put(self, job_id: str) -> None:
        """Hand a job, whose row is committed, to a worker."""
        self._task(job_id)

    def answers(self) -> bool:
        """Return whether the queue can be reached."""
        try:
            self.huey.pending_count()
        except Exception:  # whatever the driver of Redis or SQLite raises: the answer is no
            LOG.exception("The queue does not answer")
            return False
        return True

    def start(self) -> None:
        """Start the workers of an embedded queue, with what was left undone."""
        if not self.is_embedded:
            return
        self.huey.flush()
        with self._database.writing() as work:
            left = jobs.resume(work)
        for job_id in left:
            self.put(job_id)
        look = {"initial_delay": FIRST_LOOK, "max_delay": SLOWEST_LOOK, "backoff": 1.3}
        self._workers = Threads(self.huey, workers=WORKERS, periodic=False, check_worker_health=False, **look)
        self._workers.start()

    def stop(self) -> None:
        """Let the workers finish what they are at."""
        if self._workers is not None:
            self._workers.stop(graceful=True)

    def do(self, job_id: str) -> None:
        """Do one job; its row tells how it ended."""
        with self._database.writing() as work:
            job = jobs.claim(work, job_id, datetime.now(UTC))
        if job is None:
            return
        try:
            with self._database.writing() as work:
                result = KINDS[job.kind](work, job, self._settings)
                done = f"{job.kind.capitalize()} job finished."
                jobs.finish(work, job_id, now=datetime.now(UTC), result=result, message=done)
        except EngineError as error:
            self._fail(job_id, str(error), f"{type(error).__name__}: {error}")
        except Exception as error:
            LOG.exception("Job %s failed", job_id)
            kind = type(error).__name__
            self._fail(job_id, f"The {job.kind} failed unexpectedly ({kind}); it is logged.", traceback.format_exc())

    def _fail(self, job_id: str, message: str, trace: str) -> None:
        with self._database.writing() as work:
            jobs.fail(work, job_id, now=datetime.now(UTC), message=message, trace=trace)


def _huey(settings: Settings) -> Huey:
    where = settings.FLEXMEASURES_REDIS_URL
    if not where:
        settings.FLEXSCOPE_INSTANCE_PATH.mkdir(parents=True, exist_ok=True)
        return SqliteHuey("flexscope", filename=str(settings.FLEXSCOPE_INSTANCE_PATH / "queue.db"), fsync=True)
    if "://" in where:
        return PriorityRedisHuey("flexscope", url=where)
    password = settings.FLEXMEASURES_REDIS_PASSWORD or None
    port, number = settings.FLEXMEASURES_REDIS_PORT, settings.FLEXMEASURES_REDIS_DB_NR
    return PriorityRedisHuey("flexscope", host=where, port=port, db=number, password=password)
