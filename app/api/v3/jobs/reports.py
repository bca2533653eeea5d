"""Reports, and comparisons over the last year of a site: asked for here, done by a job."""

from app.api.http.route import Call, Reply, post
from app.api.v3.jobs import jobs as jobs_api
from app.usecases.jobs.past_years import PastYearTrigger, request_past_year
from app.usecases.jobs.reports import ReportTrigger, request_report


def trigger(call: Call, id: int, body: ReportTrigger) -> Reply:
    """Ask for a report; its output sensors must be of this asset or below it."""
    job = request_report(call.session, call.actor, id, body)
    jobs_api.hand_over(call, job)
    return jobs_api.accepted(call, job, results=f"/jobs/{job.id}")


def trigger_past_year(call: Call, id: int, body: PastYearTrigger) -> Reply:
    """Compare scenarios with a site as it is, over its own history; the result of the job has their figures."""
    job = request_past_year(call.session, call.actor, id, body)
    jobs_api.hand_over(call, job)
    return jobs_api.accepted(call, job, results=f"/jobs/{job.id}")


ROUTES = [
    post("/assets/{id}/reports/trigger", trigger, scope="schedule"),
    post("/assets/{id}/what-if/past-year", trigger_past_year, scope="schedule"),
]
