"""What other sizes, limits or prices would have come to over the last year of a site: asked for here, done by a job."""

from app.api.http.route import Call, Reply, post
from app.api.v3.jobs import jobs as jobs_api
from app.usecases.jobs.past_years import PastYearTrigger, request_past_year


def trigger(call: Call, id: int, body: PastYearTrigger) -> Reply:
    """Compare scenarios with a site as it is, over its own history; the result of the job has their figures."""
    job = request_past_year(call.session, call.actor, id, body)
    jobs_api.hand_over(call, job)
    return jobs_api.accepted(call, job, results=f"/jobs/{job.id}")


ROUTES = [post("/assets/{id}/what-if/past-year", trigger, scope="schedule")]
