"""Reports: ask for one; its values go to the output sensors."""

from app.api.http.route import Call, Reply, post
from app.api.v3.jobs import jobs as jobs_api
from app.usecases.jobs.reports import ReportTrigger, request_report


def trigger(call: Call, id: int, body: ReportTrigger) -> Reply:
    """Ask for a report; its output sensors must be of this asset or below it."""
    job = request_report(call.session, call.actor, id, body)
    jobs_api.hand_over(call, job)
    return jobs_api.accepted(call, job, results=f"/jobs/{job.id}")


ROUTES = [post("/assets/{id}/reports/trigger", trigger, scope="schedule")]
