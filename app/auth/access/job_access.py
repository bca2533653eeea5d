"""Who may do what with which job: whoever may do it with its asset; a job of no asset is that of its principal.

And what a schedule tells of data that it was made from, to those who may read the schedule but not those data. A
consultant, or an admin, may plan a site of one account with a price of another. The site's own people then see its
power and its cost, but nothing that repeats the price: neither warnings, which quote values, nor what a limit is worth.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import Action, NotAllowed
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from db import schedules
from db.assets import Asset
from db.core.database import get
from db.jobs.jobs import Job
from db.schedules import StoredSchedule
from engine.errors import EngineError

WITHHELD = "The warnings are hidden: they name sensors that are not yours to read, or that were deleted."
QUOTING = ("warnings", "binding-limits")
"""Parts of the result of a job that quote, or let one compute, what a schedule was made from."""


def is_host(principal: SignedIn) -> bool:
    """Return whether a user may see everything the server does."""
    return bool(principal.roles & access.SERVER_ROLES)


def readable(principal: SignedIn) -> ColumnElement[bool]:
    """Return the condition that selects the jobs a user may see."""
    if is_host(principal):
        return true()
    of_readable = Job.asset_id.in_(select(Asset.id).where(access.readable_assets(principal)))
    return or_(of_readable, Job.asset_id.is_(None) & (Job.user_id == principal.id))


def check(session: Session, principal: SignedIn, action: Action, job: Job) -> None:
    """Raise NotAllowed unless a user may read a job, or cancel and requeue it (``create-children``)."""
    if not may(session, principal, action, job):
        if job.asset_id is not None:
            who = access.permitted_users(action, get(session, Asset, job.asset_id))
        else:
            who = f"the user who asked for it, and {access.ADMINS},"
        raise NotAllowed("read" if action == "read" else "update", f"job {job.id}", who=who)


def may(session: Session, principal: SignedIn, action: Action, job: Job) -> bool:
    """Return whether a user may read a job, or cancel and requeue it (``create-children``)."""
    if job.asset_id is not None:
        return access.may(principal, action, get(session, Asset, job.asset_id))
    if "admin" in principal.roles or (action == "read" and is_host(principal)):
        return True
    # A job without an asset has no account that it could belong to: only who asked for it is left.
    return job.user_id == principal.id and not access.only_reads(principal)


def reads_inputs(references: References, row: StoredSchedule) -> bool:
    """Return whether every sensor that the inputs of a schedule name may be read, and is still there."""
    return references.reads_all(row.input_sensors)


def open_reason(references: References, asset_id: int, error: EngineError) -> str:
    """Return why there is no schedule, in words that everybody may read who may see the job of an asset.

    The reason of a plan that was made with data of another account quotes them: a load, or what is stored.
    """
    asset = references.session.get(Asset, asset_id)
    foreign = () if asset is None or isinstance(error, NotAllowed) else references.foreign_to(asset.account_id)
    if not foreign:
        return str(error)
    return (
        f"There is no schedule. The reason is hidden, as it may quote {', '.join(foreign)} of another account; "
        "whoever may read that finds the reason by a preview of the same request."
    )


def readable_warnings(references: References, row: StoredSchedule) -> list[str]:
    """Return the warnings of a schedule; one sentence instead to those who may not read what it was made from."""
    return list(row.warnings) if not row.warnings or reads_inputs(references, row) else [WITHHELD]


def readable_result(references: References, job: Job) -> dict[str, Any]:
    """Return the result of a job without what quotes sensors that may not be read."""
    # Without a result nothing was saved, and there are no rows to ask for.
    rows: Iterable[StoredSchedule] = schedules.of_job(references.session, job.id) if job.result else ()
    if all(reads_inputs(references, row) for row in rows):
        return job.result
    return {name: value for name, value in job.result.items() if name not in QUOTING}
