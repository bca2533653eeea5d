"""When each task of this server and its plugins ran last, and whether it succeeded."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Database, Table


class LatestTaskRun(Table):
    """The latest run of one task; an earlier one is overwritten."""

    __tablename__ = "latest_task_run"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(doc="When it ended")
    status: Mapped[bool] = mapped_column(doc="Whether it succeeded")
    succeeded_at: Mapped[datetime | None] = mapped_column(doc="When it last succeeded")


def record(session: Session, name: str, *, at: datetime, status: bool) -> LatestTaskRun:
    """Note that a task ran, over what was noted of it before."""
    row = session.get(LatestTaskRun, name) or LatestTaskRun(name=name)
    row.at, row.status = at, status
    row.succeeded_at = at if status else row.succeeded_at
    session.add(row)
    return row


def every(session: Session) -> list[LatestTaskRun]:
    """Return the latest run of each task, by name."""
    return list(session.scalars(select(LatestTaskRun).order_by(LatestTaskRun.name)))


@contextmanager
def reported(database: Database, name: str) -> Iterator[None]:
    """Note how the block ended under a name, also if an error leaves it."""
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        with database.writing() as session:
            record(session, name, at=datetime.now(UTC), status=succeeded)
