"""``flexscope jobs``: workers, and what happens to jobs."""

import os
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from app import logs
from app.cli.opening import acting, operator, reading
from app.cli.tables import show_facts, show_table, show_title, tabular
from app.jobs.handlers.kinds import QUEUES
from app.jobs.queue import Queue
from app.opening import opened
from app.settings.settings import load
from app.usecases.jobs import jobs as usecases
from db.jobs import job_search, job_states, jobs
from db.jobs.job_search import JobQuery
from db.jobs.jobs import PENDING, UNSUCCESSFUL, Job
from engine.errors import FieldError, InputError, UnknownName
from engine.series.iso_time import duration, iso_duration

STATES = (*PENDING, "FINISHED", *UNSUCCESSFUL)


def queue_names(_context: Any, _parameter: Any, text: str | None) -> list[str]:
    """Return the queues of a text such as ``scheduling|forecasting``.

    Raises:
        UnknownName: There is no such queue.
    """
    names = [name.strip() for name in (text or "|".join(QUEUES)).split("|")]
    for name in names:
        if name not in QUEUES:
            raise UnknownName("queue", name, QUEUES)
    return names


QUEUE = click.option("--queue", "queues", callback=queue_names, help="One or several, such as scheduling|forecasting.")


@click.command("run-worker")
@QUEUE
@click.option("--name", default="worker", show_default=True, help="What this worker is called in job rows.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Threads per queue.")
@click.option(
    "--with-scheduler/--without-scheduler",
    default=True,
    help="Whether to hand over jobs whose time has come, and to find lost ones.  [default: with]",
)
def run_worker(queues: list[str], name: str, workers: int, with_scheduler: bool) -> None:
    """Do jobs until Ctrl-C or SIGTERM; one in progress is finished, but for schedules. A second one stops at once."""
    settings = load()
    logs.begin(settings)
    database = opened(settings)
    queue = Queue(settings, database, name)
    stopping = threading.Event()
    # Before any work, so that a signal that comes early cuts no job.
    _stop_on_signals(stopping)
    queue.work(queues, workers=workers, keeps=with_scheduler)
    click.echo(f"Worker {queue.worker.name} does jobs of {', '.join(queues)} until Ctrl-C.")
    stopping.wait()
    # Plans may take minutes; their jobs go back to the queue for another worker.
    queue.end_plans()
    queue.stop()
    database.close()
    click.echo(f"Worker {queue.worker.name} has stopped.")


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(_number: int, _frame: Any) -> None:
        if stopping.is_set():
            os._exit(1)  # told twice: at once; the job is found by its lease
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


@click.command("show-queues")
@tabular
def show_queues() -> None:
    """Show how many jobs are in which state, and what each queue holds."""
    settings = load()
    database = opened(settings)
    queue = Queue(settings, database)
    with database.reading() as session:
        counts = job_states.counts(session)
    # The rows tell all but this, so that a queue that is down hides nothing else.
    held = queue.sizes() if queue.answers() else {}
    rows = [[name, held.get(name, "?"), *(counts.get((name, state), 0) for state in STATES)] for name in QUEUES]
    show_table(["Queue", "Held", *(state.capitalize() for state in STATES)], rows)
    database.close()


@click.command("stats")
@click.option("--window", default="P1D", show_default=True, help="How far to look back.")
@tabular
def stats(window: str) -> None:
    """Show how many jobs ended how, and how long they waited and took."""
    length = duration(window, field="--window")
    with reading() as session:
        found = job_search.durations(session, since=datetime.now(UTC) - length)
    heads = ["Queue", "Jobs", "Finished", "Failed", "Waited median [s]", "Took median [s]", "Took p95 [s]", "CPU [s]"]
    show_title(f"Jobs asked for in the last {iso_duration(length)}", key="jobs")
    show_table(heads, [line.cells() for line in found])


@click.command("inspect-job")
@click.option("--job", "job_id", required=True, help="UUID of the job.")
@tabular
def inspect_job(job_id: str) -> None:
    """Show everything that is known of a job."""
    with reading() as session:
        job = jobs.one(session, job_id)
        facts = job_search.as_dict(job)
    trace = facts.pop("trace", "")
    show_facts(facts)
    if trace:
        show_title("Trace")
        show_table(["Line"], [[line] for line in trace.splitlines()])


@click.command("run-job")
@click.option("--job", "job_id", required=True, help="UUID of the job.")
def run_job(job_id: str) -> None:
    """Run a job here and now; one that failed or was cancelled is run again."""
    settings = load()
    database = opened(settings)
    queue = Queue(settings, database, "run-job")
    try:
        with database.writing() as session:
            if jobs.one(session, job_id).status in UNSUCCESSFUL:
                usecases.requeue_job(session, operator(), job_id)
        did = queue.worker.do(job_id)
        with database.reading() as session:
            job = jobs.one(session, job_id)
    finally:
        database.close()
    if not did or job.status != "FINISHED":
        raise InputError(f"Job {job_id} is {job.status.lower()}: {job.message}")
    click.secho(job.message, fg="green")


@click.command("cancel-job")
@click.option("--job", "job_id", required=True, help="UUID of the job.")
def cancel_job(job_id: str) -> None:
    """Cancel a job that has not ended; what it is computing is not saved."""
    with acting() as (session, actor):
        usecases.cancel_job(session, actor, job_id)
    click.secho(f"Job {job_id} is cancelled.", fg="green")


@click.command("clear-queue")
@QUEUE
@click.option("--deferred", is_flag=True, help="Cancel jobs that wait for another one instead.")
@click.option("--scheduled", is_flag=True, help="Cancel jobs that are to be done later instead.")
@click.option("--failed", is_flag=True, help="Forget jobs that failed or were cancelled instead.")
def clear_queue(queues: list[str], deferred: bool, scheduled: bool, failed: bool) -> None:
    """Cancel the jobs that wait in some queues."""
    states = [name for name, wanted in (("DEFERRED", deferred), ("SCHEDULED", scheduled)) if wanted]
    waits = states or ([] if failed else ["QUEUED"])
    with acting() as (session, actor):
        gone = usecases.forget_failed_jobs(session, actor, queues) if failed else 0
        cancelled = usecases.clear_queues(session, actor, queues, waits)
    # Only these are in the queue; the other states live in rows alone.
    if "QUEUED" in waits:
        _empty(queues)
    click.secho(f"{cancelled} jobs cancelled, {gone} forgotten in {', '.join(queues)}.", fg="green")


@click.command("delete-queue")
@click.option("--queue", "queues", required=True, callback=queue_names, help="One or several, joined by |.")
def delete_queue(queues: list[str]) -> None:
    """Forget every job of some queues that is not being done right now."""
    with acting() as (session, actor):
        gone = usecases.forget_jobs(session, actor, queues)
    _empty(queues)
    click.secho(f"{gone} jobs of {', '.join(queues)} forgotten.", fg="green")


def _empty(queues: list[str]) -> None:
    """Take everything out of what carries the ids of jobs."""
    settings = load()
    database = opened(settings)
    queue = Queue(settings, database)
    for name in queues:
        queue.clear(name)
    database.close()


@click.command("save-last")
@click.option("--n", "most", type=click.IntRange(1), default=1, show_default=True, help="How many jobs.")
@QUEUE
@click.option("--registry", "state", help="State of the jobs, such as failed or finished; without it any.")
@click.option("--asset", "asset_id", type=int, help="Only jobs of this asset.")
@click.option("--sensor", "sensor_id", type=int, help="Only jobs about this sensor.")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), default="last_jobs.json", show_default=True)
def save_last(
    most: int, queues: list[str], state: str | None, asset_id: int | None, sensor_id: int | None, file: Path
) -> None:
    """Save the newest jobs with all that is known of them as JSON, to look into or to send on."""
    if state is not None and state.upper() not in STATES:
        raise FieldError("--registry", f"{state!r} is none of {', '.join(STATES).lower()}.")
    wanted = JobQuery(
        queues=queues,
        states=[state.upper()] if state else [],
        asset_ids=None if asset_id is None else [asset_id],
        sensor_id=sensor_id,
    )
    with reading() as session:
        found: list[Job] = job_search.newest(session, wanted, most=most)
        told = [job_search.as_dict(job) for job in found]
    file.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    click.secho(f"{len(told)} jobs saved in {file}.", fg="green")
