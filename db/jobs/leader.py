"""Which of many processes does what only one may do: a lead is held for a while and renewed by its holder."""

from datetime import datetime, timedelta

from sqlalchemy import String, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Table, rows_changed


class Lead(Table):
    """Something that one process at a time does."""

    __tablename__ = "lead"

    name: Mapped[str] = mapped_column(String(80), primary_key=True, doc="What is done, such as automations")
    holder: Mapped[str] = mapped_column(doc="The process that does it: host, process id and a random part")
    until: Mapped[datetime] = mapped_column(doc="When another process may take over, unless it is renewed")


def take(session: Session, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
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
        with session.begin_nested():
            session.add(Lead(name=name, holder=holder, until=now + lasts))
    except IntegrityError:
        return False
    return True


def give_back(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Let another process lead at once, if this one does."""
    session.execute(
        update(Lead).where(Lead.name == name, Lead.holder == holder).values(until=now - timedelta(seconds=1))
    )
