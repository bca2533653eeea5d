"""What servers do beside jobs: which process does what only one may do, and when each task ran last.

A lead is held for a while and renewed by its holder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import String, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Database, Table, rows_changed


class Lead(Table):
    """Something that one process at a time does."""

    __tablename__ = "lead"

    name: Mapped[str] = mapped_column(String(80), primary_key=True, doc="What is done, such as automations")
    holder: Mapped[str] = mapped_column(doc="The process that does it: host, process id and a random part")
    until: Mapped[datetime] = mapped_column(doc="When another process may take over, unless it is renewed")


def take_lead(session: Session, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
    """Return whether a process leads from now on: it did already, or nobody does any more.

    Args:
        session: A writing session.
        name: What is led.
        holder: The process that asks.
        now: The moment it asks.
        lasts: How long it leads without asking again.
    """
    # One statement that says what it expects: of two processes that try at once, one changes the row.
    free = or_(Lead.holder == holder, Lead.until < now)
    query = update(Lead).where(Lead.name == name, free).values(holder=holder, until=now + lasts)
    if rows_changed(session, query):
        return True
    if session.get(Lead, name) is not None:
        return False
    # Nobody ever led before: of two that add the row at once, the key lets one succeed.
    try:
        # A savepoint, as on PostgreSQL one failed statement spoils the whole transaction.
        with session.begin_nested():
            session.add(Lead(name=name, holder=holder, until=now + lasts))
    except IntegrityError:
        return False
    return True


def give_lead_back(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Let another process lead at once, if this one does."""
    # A second ago, as take_lead wants the end to have passed.
    session.execute(
        update(Lead).where(Lead.name == name, Lead.holder == holder).values(until=now - timedelta(seconds=1))
    )


class LatestTaskRun(Table):
    """The latest run of one task; an earlier one is overwritten."""

    __tablename__ = "latest_task_run"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    at: Mapped[datetime] = mapped_column(doc="When it ended")
    status: Mapped[bool] = mapped_column(doc="Whether it succeeded")
    succeeded_at: Mapped[datetime | None] = mapped_column(doc="When it last succeeded")


def record_run(session: Session, name: str, *, at: datetime, status: bool) -> LatestTaskRun:
    """Note that a task ran, over what was noted of it before."""
    row = session.get(LatestTaskRun, name) or LatestTaskRun(name=name)
    row.at, row.status = at, status
    # A failed run keeps the moment of the last success, which monitors ask for
    row.succeeded_at = at if status else row.succeeded_at
    session.add(row)
    return row


def latest_runs(session: Session) -> list[LatestTaskRun]:
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
            record_run(session, name, at=datetime.now(UTC), status=succeeded)
