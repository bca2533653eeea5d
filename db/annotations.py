"""Annotations of a stretch of time: holidays, alerts, labels, feedback; on an account, an asset or a sensor."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from db.core.database import Id, Table
from db.sources import Source

TYPES = ("alert", "holiday", "label", "feedback", "warning", "error")
LONGEST = 1024
"""Most characters of a content."""


class Annotation(Table):
    """One text about a stretch of time, on an account, an asset or a sensor."""

    __tablename__ = "annotation"
    __table_args__ = (
        CheckConstraint(
            "account_id IS NOT NULL OR asset_id IS NOT NULL OR sensor_id IS NOT NULL",
            name="on_something",
        ),
    )

    id: Mapped[Id]
    content: Mapped[str] = mapped_column(String(LONGEST))
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(doc="Excluded")
    type: Mapped[str]
    belief_time: Mapped[datetime | None] = mapped_column(doc="When it was made; None: when that is not known")
    source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    sensor_id: Mapped[int | None] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"), index=True)

    source: Mapped[Source] = relationship(lazy="joined")


@dataclass(frozen=True, kw_only=True)
class On:
    """Rows that may be annotated, by id."""

    accounts: Collection[int] = ()
    assets: Collection[int] = ()
    sensors: Collection[int] = ()


def overlapping(session: Session, on: On, start: datetime, end: datetime) -> list[Annotation]:
    """Return the annotations of some rows that reach into [start, end), by start."""
    # A stretch that ends as the other begins does not reach into it: both exclude their ends.
    on_rows = or_(
        Annotation.account_id.in_(on.accounts), Annotation.asset_id.in_(on.assets), Annotation.sensor_id.in_(on.sensors)
    )
    query = select(Annotation).where(on_rows, Annotation.start < end, Annotation.end > start)
    return list(session.scalars(query.order_by(Annotation.start, Annotation.id)))
