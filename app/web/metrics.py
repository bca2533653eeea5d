"""Metrics of this server for Prometheus, at ``/metrics``; for clients with the token of the settings, or for admins."""

import hmac
import resource
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from tornado.web import HTTPError, RequestHandler

from app.auth.protection.refusing import Refusing
from app.auth.tokens import tokens
from app.fair_pools import network
from app.login import cookies
from app.running import Running
from db.jobs import job_states, server_tasks
from db.jobs.alerts import Alert
from db.jobs.jobs import Job

MEDIA = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes that answering times are counted in [s]."""
STARTED = time.time()


class RequestCounter:
    """Number and answering times of the requests of this process; counted on the event loop alone."""

    def __init__(self) -> None:
        self.count: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self.classes: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))

    def note(self, handler: RequestHandler) -> None:
        """Count one answer."""
        method, took = str(handler.request.method), handler.request.request_time()
        self.count[method, handler.get_status()] += 1
        self.seconds[method] += took
        self.classes[method][bisect_left(BOUNDS, took)] += 1

    def lines(self) -> Iterator[str]:
        """Yield the counts in the format of Prometheus."""
        yield from _head("flexscope_requests_total", "counter", "Requests answered")
        for (method, status), count in sorted(self.count.items()):
            yield f'flexscope_requests_total{{method="{method}",status="{status}"}} {count}'
        name = "flexscope_request_seconds"
        yield from _head(name, "histogram", "Time until the answer")
        for method, classes in sorted(self.classes.items()):
            # In Prometheus each class counts all answers that took no longer than its end.
            sums = [sum(classes[: k + 1]) for k in range(len(classes))]
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), sums, strict=True):
                yield f'{name}_bucket{{method="{method}",le="{bound}"}} {count}'
            yield f'{name}_sum{{method="{method}"}} {self.seconds[method]:.6f}'
            yield f'{name}_count{{method="{method}"}} {sums[-1]}'


ANSWERED = RequestCounter()


def _head(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}."
    yield f"# TYPE {name} {kind}"


def of_process() -> Iterator[str]:
    """Yield computing time and memory of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield from _head("process_cpu_seconds_total", "counter", "Computing time")
    yield f"process_cpu_seconds_total {used.ru_utime + used.ru_stime:.3f}"
    yield from _head("process_max_resident_memory_bytes", "gauge", "Most memory held so far")
    yield f"process_max_resident_memory_bytes {used.ru_maxrss * 1024}"  # in KiB on Linux
    yield from _head("process_start_time_seconds", "gauge", "When it started, since 1970 UTC")
    yield f"process_start_time_seconds {STARTED:.0f}"


def of_rows(session: Session, *, now: datetime) -> Iterator[str]:
    """Yield numbers of jobs, alerts and tasks from the database; they are the same in each process."""
    yield from _head("flexscope_jobs", "gauge", "Jobs by queue and state, as long as they are kept")
    for (queue, state), count in sorted(job_states.counts(session).items()):
        yield f'flexscope_jobs{{queue="{queue}",state="{state.lower()}"}} {count}'
    oldest = select(Job.queue, func.min(Job.enqueued_at)).where(Job.status == "QUEUED").group_by(Job.queue)
    yield from _head("flexscope_oldest_waiting_job_seconds", "gauge", "How long the oldest waiting job waits")
    for queue, since in session.execute(oldest):
        yield f'flexscope_oldest_waiting_job_seconds{{queue="{queue}"}} {(now - since).total_seconds():.3f}'
    yield from _head("flexscope_alerts", "gauge", "Open alerts by kind")
    for kind, count in session.execute(
        select(Alert.kind, func.count()).where(Alert.ended_at.is_(None)).group_by(Alert.kind)
    ):
        yield f'flexscope_alerts{{kind="{kind}"}} {count}'
    yield from _head("flexscope_task_last_success_timestamp_seconds", "gauge", "When a task last succeeded")
    for row in server_tasks.latest_runs(session):
        if row.succeeded_at:
            # Names come from outside, and must not break out of their quotes.
            name = row.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            yield f'flexscope_task_last_success_timestamp_seconds{{task="{name}"}} {row.succeeded_at.timestamp():.0f}'


class Metrics(Refusing):
    """Answers with all numbers."""

    def initialize(self, running: Running) -> None:
        """See RequestHandler."""
        self.running = running

    async def get(self) -> None:
        """Answer with all metrics."""

        # In a thread: who asks may have to be read from the database, as the numbers are.
        def metrics_text() -> str:
            if not self._is_allowed():
                raise HTTPError(401, reason="Send the token of FLEXSCOPE_METRICS_TOKEN, or sign in as admin")
            with self.running.database.reading() as session:
                lines = [*ANSWERED.lines(), *of_process(), *of_rows(session, now=datetime.now(UTC))]
            return "\n".join(lines) + "\n"

        client = ("from", network(self.request.remote_ip or ""))
        text = await self.running.pools["page"].run(client, metrics_text)
        self.set_header("Content-Type", MEDIA)
        self.set_header("Cache-Control", "no-store")
        self.finish(text)

    def _is_allowed(self) -> bool:
        # Monitors send the token of the settings, people a token of their own or their cookie
        header = self.request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        expected = self.running.settings.FLEXSCOPE_METRICS_TOKEN
        if expected and hmac.compare_digest(header.encode(), expected.encode()):
            return True
        running = self.running
        if header:
            principal = tokens.bearer(header, running.identities, secret=running.secret, settings=running.settings)
        else:
            known = cookies.read(self, running)
            principal = running.identities.find(*known) if known else None
        is_read = principal is not None and (principal.scopes is None or "read" in principal.scopes)
        return principal is not None and is_read and bool(principal.roles & {"admin", "admin-reader"})
