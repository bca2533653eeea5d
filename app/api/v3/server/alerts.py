"""What is wrong now, and when tasks ran; the latter also for other programs that have the token of the settings."""

import hmac
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, get, post
from app.auth.access import access
from app.jobs.watch.alerting import plain
from app.usecases.fields import Body, Moment, Query
from db.jobs import alerts, server_tasks
from db.jobs.server_tasks import LatestTaskRun

KEPT = timedelta(days=7)
"""How long alerts that ended are listed."""


def list_alerts(call: Call) -> list[dict[str, Any]]:
    """List alerts about assets you may read: open ones, and those of the last days."""
    mine = access.readable_asset_ids(call.session, call.user)
    return [plain(row) for row in alerts.list_alerts(call.session, mine, since=call.now - KEPT)]


class TaskName(Query):
    """Which task."""

    name: Annotated[str | None, Field(max_length=80, description="Without it all tasks")] = None


class Run(Body):
    """That a task ran."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    status: Annotated[bool, Field(description="Whether it succeeded")] = True
    datetime: Annotated[Moment | None, Field(description="When; without it now")] = None


def latest_runs(call: Call, query: TaskName) -> Any:
    """Tell when each task ran last, or one of them."""
    _check_token(call, access.SERVER_ROLES)
    found = {row.name: _task_document(row) for row in server_tasks.latest_runs(call.session)}
    if query.name is None:
        return list(found.values())
    if query.name not in found:
        raise ApiError(404, "NOT_FOUND", f"No task called {query.name!r} has run.")
    return found[query.name]


def note_run(call: Call, body: Run) -> dict[str, Any]:
    """Note that a task ran."""
    _check_token(call, frozenset({"admin"}))
    at: datetime = body.datetime or call.now
    return _task_document(server_tasks.record_run(call.session, body.name, at=at, status=body.status))


def _check_token(call: Call, roles: frozenset[str]) -> None:
    """Let those in who have the token of the settings, and those with one of some roles."""
    given = call.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    expected = call.running.settings.FLEXMEASURES_TASK_CHECK_AUTH_TOKEN
    # In a time that does not tell how much of the token was right.
    if expected and hmac.compare_digest(given.encode(), expected.encode()):  # unset, it would equal an empty header
        return
    if not call.user.roles & roles:
        raise ApiError(403, "INVALID_SENDER", f"Only those with the role {' or '.join(sorted(roles))} may do this.")


def _task_document(row: LatestTaskRun) -> dict[str, Any]:
    succeeded = row.succeeded_at.isoformat() if row.succeeded_at else None
    return {"name": row.name, "datetime": row.at.isoformat(), "status": row.status, "succeeded-at": succeeded}


ROUTES = [get("/alerts", list_alerts)]
ROOT = [
    get("/ops/getLatestTaskRun", latest_runs, public=True),
    post("/ops/postLatestTaskRun", note_run, public=True),
]
