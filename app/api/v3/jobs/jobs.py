"""Jobs: how far they are, how they ended; and how other resources make them."""

from datetime import datetime
from typing import Any

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, get, post
from app.auth.access import access, job_access
from app.auth.access.job_access import readable_result
from app.auth.access.references import References
from app.usecases.jobs import jobs as usecases
from db import assets
from db.assets import Asset
from db.core import database
from db.jobs import jobs
from db.jobs.jobs import Job


def hand_over(call: Call, job: Job) -> None:
    """Give a job that waits to the queue, once its row is committed."""
    job_id, queue = job.id, call.running.queue
    # An equal request may have made this job before, and it may be under way or done.
    if job.status == "QUEUED":
        call.afterwards.append(lambda: queue.put(job_id))


def accepted(call: Call, job: Job, *, results: str, **more: str) -> Reply:
    """Return the answer to a request that became a job."""
    root = f"{call.address}/api/v3_0"
    content = {
        "status": "ACCEPTED",
        "message": f"{job.kind.capitalize()} job {job.id} is accepted; ask for it at job-url.",
        "job": job.id,
        "job-url": f"{root}/jobs/{job.id}",
        "results-url": f"{root}{results}",
    }
    return Reply(content=content | more, status=202)


def find(call: Call, uuid: str, *, unknown: str) -> Job:
    """Return a job that the principal may know of.

    Raises:
        ApiError: There is none; with the status word given.
    """
    try:
        job = jobs.one(call.session, uuid)
    except database.NotFound as error:
        raise ApiError(400, unknown, f"{error} Results are kept for some days only; trigger it again.") from None
    job_access.check(call.session, call.user, "read", job)
    return job


def one_job(call: Call, uuid: str) -> Reply:
    """Tell how far a job is: 200 finished, 202 queued or running, 422 failed."""
    job = jobs.one(call.session, uuid)
    job_access.check(call.session, call.user, "read", job)
    # So that who polls needs to look at no more than the status of the answer.
    code = 200 if job.status == "FINISHED" else 202 if job.is_pending else 422
    return Reply(content=job_document(call, job), status=code)


def job_document(call: Call, job: Job) -> dict[str, Any]:
    """Return a job as the API tells it; a failure's trace is for admins alone."""
    admin = "admin" in call.user.roles
    failed = job.status in jobs.UNSUCCESSFUL
    return {
        "id": job.id,
        "status": job.status,
        "message": job.message or f"{job.kind.capitalize()} job is {job.status.lower()}.",
        "result": readable_result(References(call.session, call.user), job) or None,
        "origin": job.queue,
        "func-name": f"app.jobs.{job.kind}.run",
        "enqueued-at": _iso(job.enqueued_at),
        "started-at": _iso(job.started_at),
        "ended-at": _iso(job.ended_at),
        "progress": job.progress,
        "tries": job.tries,
        # A trace names files and lines of the server, and may quote rows of others.
        "exc-info": (job.trace if admin else job.message) if failed else None,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def jobs_of_asset(call: Call, id: int) -> dict[str, Any]:
    """List the newest jobs of an asset and those below it."""
    asset = database.get(call.session, Asset, id)
    access.check(call.user, "read", asset)
    # In an older database another account may have hung something below an asset
    below = [row.id for row in assets.subtree(call.session, id) if access.may(call.user, "read", row)]
    kept = call.running.settings.FLEXMEASURES_PLANNING_TTL
    found = jobs.recent(call.session, below, since=kept, now=call.now)
    return {"jobs": [job_document(call, job) | {"asset_id": job.asset_id} for job in found]}


def cancel(call: Call, uuid: str) -> dict[str, Any]:
    """Cancel a job that has not ended; what it is computing is not saved."""
    return job_document(call, usecases.cancel_job(call.session, call.actor, uuid))


def requeue(call: Call, uuid: str) -> Reply:
    """Do a job anew that failed or was cancelled, under its own id; it then acts for you."""
    job = usecases.requeue_job(call.session, call.actor, uuid)
    hand_over(call, job)
    return Reply(content=job_document(call, job), status=202)


ROUTES = [
    get("/jobs/{uuid}", one_job, holds="job"),
    get("/assets/{id}/jobs", jobs_of_asset),
    post("/jobs/{uuid}/cancel", cancel),
    post("/jobs/{uuid}/requeue", requeue),
]
