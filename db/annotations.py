"""Remarks on a stretch of time: holidays, alerts, labels, feedback; on an account, an asset or a sensor."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Id, Table
from db.sources import Source

TYPES = ("alert", "holiday", "label", "feedback", "warning", "error")


class Annotation(Table):
    """One remark."""

    __tablename__ = "annotation"
    __table_args__ = (
        CheckConstraint(
            "account_id IS NOT NULL OR asset_id IS NOT NULL OR sensor_id IS NOT NULL",
            name="on_something",
        ),
    )

    id: Mapped[Id]
    content: Mapped[str] = mapped_column(String(1024))
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(doc="Excluded")
    type: Mapped[str]
    belief_time: Mapped[datetime | None] = mapped_column(doc="When it was made; None: when that is not known")
    source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    sensor_id: Mapped[int | None] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"), index=True)

    source: Mapped[Source] = relationship(lazy="joined")
