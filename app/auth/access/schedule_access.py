"""What a schedule tells of data that it was made from, to those who may read the schedule but not those data.

A consultant, or an admin, may plan a site of one account with a price of another. The site's own people then see its
power and its cost, but nothing that repeats the price: neither warnings, which quote values, nor what a limit is worth.
"""

from collections.abc import Iterable
from typing import Any

from app.auth.access.references import References
from db import schedules
from db.jobs.jobs import Job
from db.schedules import StoredSchedule

WITHHELD = "The warnings are not told: they name sensors that are not yours to read, or that were deleted."
QUOTING = ("warnings", "binding-limits")
"""Parts of the result of a job that quote, or let one compute, what a schedule was made from."""


def reads_inputs(references: References, row: StoredSchedule) -> bool:
    """Return whether every sensor that the inputs of a schedule name may be read, and is still there."""
    return references.reads_all(row.input_sensors)


def readable_warnings(references: References, row: StoredSchedule) -> list[str]:
    """Return the warnings of a schedule; one sentence instead to those who may not read what it was made from."""
    return list(row.warnings) if not row.warnings or reads_inputs(references, row) else [WITHHELD]


def readable_result(references: References, job: Job) -> dict[str, Any]:
    """Return the result of a job without what quotes sensors that may not be read."""
    rows: Iterable[StoredSchedule] = schedules.of_job(references.session, job.id) if job.result else ()
    if all(reads_inputs(references, row) for row in rows):
        return job.result
    return {name: value for name, value in job.result.items() if name not in QUOTING}
