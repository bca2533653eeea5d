"""Whether the server can do its work, and which versions of the API it speaks."""

import logging
from typing import NotRequired, TypedDict

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.api.http.route import Call, Reply, get
from app.version import COMPATIBLE, OWN

LOG = logging.getLogger(__name__)


class Versions(TypedDict):
    """The versions of the API, and of what serves it."""

    message: str
    status: int
    versions: list[str]
    flexmeasures_version: str
    flexscope_version: str


def versions(call: Call) -> Versions:
    """List the versions of the API."""
    return Versions(
        message="Use the newest of these versions of the API: the first part of a path after /api.",
        status=200,
        versions=["v3_0"],
        flexmeasures_version=COMPATIBLE,
        flexscope_version=OWN,
    )


class Readiness(TypedDict):
    """Whether each thing the server needs is there."""

    database_sql: bool
    database_redis: NotRequired[bool]
    """Only where there is a Redis; else the queue is in a database of the same kind as the rest."""


def ready(call: Call) -> Reply:
    """Tell whether database and queue answer; 503 if one does not."""
    queue = call.running.queue
    try:
        answers = bool(call.session.scalar(text("select 1")))
    except SQLAlchemyError:
        LOG.exception("The database does not answer")
        answers = False
    if queue.is_embedded:
        found = Readiness(database_sql=answers and queue.answers())
    else:
        found = Readiness(database_sql=answers, database_redis=queue.answers())
    return Reply(content=found, status=200 if all(found.values()) else 503)


def ping(call: Call) -> dict[str, str]:
    """Answer, so that a monitor knows the server does."""
    return {"status": "OK", "message": "ok"}


# Threads of their own: a monitor gets its answer also while all others are busy
ROOT = [get("", versions, public=True, pool="health"), get("/ops/ping", ping, public=True, pool="health")]
ROUTES = [get("/health/ready", ready, public=True, pool="health")]
