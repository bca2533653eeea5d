"""What is wrong, since when, and when somebody was notified; one row per cause for as long as it lasts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table


class Alert(Table):
    """One cause for concern."""

    __tablename__ = "alert"

    id: Mapped[Id]
    cause: Mapped[str] = mapped_column(String(200), index=True, doc="What findings of one cause have in common")
    kind: Mapped[str] = mapped_column(String(40), doc="stale, gap, flatline, spike, unit-jump, failed-jobs, …")
    message: Mapped[str] = mapped_column(doc="One sentence that names the thing and the way out")
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    sensor_id: Mapped[int | None] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"), index=True)
    first_at: Mapped[datetime] = mapped_column(doc="When it was first found")
    last_at: Mapped[datetime] = mapped_column(index=True, doc="When it was last found")
    count: Mapped[int] = mapped_column(default=1, doc="How many times it was found")
    notified_at: Mapped[datetime | None] = mapped_column("told_at", doc="When somebody was last notified")
    ended_at: Mapped[datetime | None] = mapped_column(doc="When it was no longer found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong now."""

    kind: str
    cause: str
    """The same for every finding that has one cause."""
    message: str
    asset_id: int | None = None
    sensor_id: int | None = None


def note(session: Session, finding: Finding, *, now: datetime) -> Alert:
    """Return the open alert of a finding's cause, made if there is none, with the finding in it."""
    # Cut as it is stored: a longer cause would never be found again, and each check would open one more alert.
    row = session.scalar(select(Alert).where(Alert.cause == finding.cause[:200], Alert.ended_at.is_(None)))
    if row is None:
        row = Alert(cause=finding.cause[:200], kind=finding.kind, first_at=now, count=0)
        # A cause that comes and goes is notified of no more often than one that lasts.
        row.notified_at = session.scalar(
            select(Alert.notified_at).where(Alert.cause == finding.cause[:200]).order_by(Alert.id.desc()).limit(1)
        )
        session.add(row)
    row.message, row.last_at, row.count = finding.message, now, row.count + 1
    row.asset_id, row.sensor_id = finding.asset_id, finding.sensor_id
    session.flush()
    return row


def end_others(session: Session, kinds: set[str], causes: set[str], *, now: datetime) -> None:
    """Close the open alerts of some kinds whose causes were not found any more."""
    query = select(Alert).where(Alert.kind.in_(kinds), Alert.ended_at.is_(None))
    for row in session.scalars(query):
        if row.cause not in causes:
            row.ended_at = now


def unnotified(session: Session, *, now: datetime, quiet: timedelta) -> list[Alert]:
    """Open alerts that nobody was notified of for a while, oldest first."""
    silent = or_(Alert.notified_at.is_(None), Alert.notified_at <= now - quiet)
    query = select(Alert).where(Alert.ended_at.is_(None), silent)
    return list(session.scalars(query.order_by(Alert.first_at, Alert.id)))


def count_open(session: Session, asset_ids: list[int] | None) -> int:
    """Number of open alerts; see ``list_alerts``."""
    query = select(func.count()).select_from(Alert).where(Alert.ended_at.is_(None))
    if asset_ids is not None:
        query = query.where(Alert.asset_id.in_(asset_ids))
    return session.scalar(query) or 0


def list_alerts(session: Session, asset_ids: list[int] | None, *, since: datetime, most: int = 200) -> list[Alert]:
    """Return the alerts that are open or were found since a moment, newest first.

    Args:
        session: A session of any kind.
        asset_ids: The assets they may be about; None: every asset, and what is about none.
        since: From when on closed ones count.
        most: At most so many.
    """
    query = select(Alert).where(or_(Alert.ended_at.is_(None), Alert.last_at >= since))
    if asset_ids is not None:
        query = query.where(Alert.asset_id.in_(asset_ids))
    return list(session.scalars(query.order_by(Alert.last_at.desc(), Alert.id.desc()).limit(most)))
