"""Powers that people hold by hand for a while, whatever a schedule would do; they end by themselves."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Double, ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table

KEPT = timedelta(days=30)
"""How long an override is kept after its end."""

AT_ONCE = 500
"""Most of them that are forgotten at once."""


class PowerOverride(Table):
    """The power of one device of a site from a start until an end."""

    __tablename__ = "power_override"
    __table_args__ = (Index(None, "asset_id", "end"),)  # None: named by the convention

    id: Mapped[Id]
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), doc="The asset that is planned")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"), doc="Who made it")
    device: Mapped[str] = mapped_column(String(255), doc="As schedules of the asset name it")
    start: Mapped[datetime]
    end: Mapped[datetime] = mapped_column(doc="Excluded")
    power: Mapped[float] = mapped_column(Double, doc="[kW], positive when consuming")
    created_at: Mapped[datetime]


def overlapping(session: Session, asset_id: int, start: datetime, end: datetime) -> Sequence[PowerOverride]:
    """Return the overrides of a site that reach into [start, end), the oldest first: of two the later one counts."""
    query = select(PowerOverride).where(PowerOverride.asset_id == asset_id)
    query = query.where(PowerOverride.start < end, PowerOverride.end > start)
    return session.scalars(query.order_by(PowerOverride.created_at, PowerOverride.id)).all()


def count_pending(session: Session, asset_id: int, now: datetime) -> int:
    """Return how many overrides of a site have not ended."""
    query = select(func.count()).select_from(PowerOverride)
    return session.scalar(query.where(PowerOverride.asset_id == asset_id, PowerOverride.end > now)) or 0


def ended(session: Session, asset_id: int, *, before: datetime) -> Sequence[PowerOverride]:
    """Return the overrides of a site that ended before a moment."""
    query = select(PowerOverride).where(PowerOverride.asset_id == asset_id, PowerOverride.end < before)
    return session.scalars(query.limit(AT_ONCE)).all()
