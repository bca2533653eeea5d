"""What is done for an asset again and again: its rule, its next moment, and the sensors it depends on."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import Id, Table, rows_changed

WAKES = {"posted": ("forecast", "schedule", "report"), "forecast": ("schedule",)}
"""Which automations wait for what somebody posted, or for what a kind of job made; others would wake each other."""
GATHERING = timedelta(seconds=2)
"""What arrives within this time makes one job."""
GAP = timedelta(minutes=1)
"""New data bring nothing forward that was done so short a time ago."""


class Automation(Table):
    """One job that is asked for at regular moments, or when data arrive."""

    __tablename__ = "automation"

    id: Mapped[Id]
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"), doc="Who made it")
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(doc="schedule, forecast or report")
    request: Mapped[dict[str, Any]] = mapped_column(doc="As the job takes it, without its moments")
    every: Mapped[timedelta] = mapped_column(doc="A divisor of a day, or whole days")
    at: Mapped[timedelta] = mapped_column(doc="Local time of the first moment of a day, counted from midnight")
    on_data: Mapped[bool] = mapped_column(doc="Whether new data of its inputs bring it forward")
    active: Mapped[bool] = mapped_column(doc="False: paused")
    next_at: Mapped[datetime] = mapped_column(index=True)
    last_at: Mapped[datetime | None] = mapped_column(doc="The moment it was last done for")
    created_at: Mapped[datetime]


class AutomationInput(Table):
    """A sensor whose data an automation depends on."""

    __tablename__ = "automation_input"

    automation_id: Mapped[int] = mapped_column(ForeignKey("automation.id", ondelete="CASCADE"), primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"), primary_key=True, index=True)


def due(session: Session, now: datetime) -> list[Automation]:
    """Return the automations whose moment has come, earliest first."""
    query = select(Automation).where(Automation.active.is_(True), Automation.next_at <= now)
    return list(session.scalars(query.order_by(Automation.next_at, Automation.id)))


def advance(session: Session, automation: Automation, *, done_for: datetime, next_at: datetime) -> bool:
    """Move an automation on; False if another process did so first."""
    # It says what it expects: of two processes that try at once, one changes the row
    query = update(Automation).where(Automation.id == automation.id, Automation.next_at == automation.next_at)
    query = query.where(Automation.active.is_(True)).values(next_at=next_at, last_at=done_for)
    return bool(rows_changed(session, query))


def of_assets(session: Session, asset_ids: Collection[int]) -> list[Automation]:
    """Return the automations of some assets, oldest first."""
    return list(session.scalars(select(Automation).where(Automation.asset_id.in_(asset_ids)).order_by(Automation.id)))


def depends_on(session: Session, automation_id: int, sensor_ids: Collection[int]) -> None:
    """Set the sensors an automation depends on, if they changed."""
    query = select(AutomationInput.sensor_id).where(AutomationInput.automation_id == automation_id)
    before, after = set(session.scalars(query)), set(sensor_ids)
    gone = delete(AutomationInput).where(AutomationInput.automation_id == automation_id)
    if before - after:
        session.execute(gone.where(AutomationInput.sensor_id.in_(before - after)))
    session.add_all(AutomationInput(automation_id=automation_id, sensor_id=key) for key in sorted(after - before))
    session.flush()


def wake(session: Session, by: str, sensor_ids: Collection[int], *, now: datetime) -> int:
    """Bring forward what depends on sensors that have something new; return how many automations that are.

    Args:
        session: A writing session, that saves the new data.
        by: ``posted``, or the kind of job that made it.
        sensor_ids: The sensors.
        now: The moment it arrived; what comes earlier anyway stays.
    """
    kinds, at = WAKES.get(by, ()), now + GATHERING
    if not kinds or not sensor_ids:
        return 0
    fed = select(AutomationInput.automation_id).where(AutomationInput.sensor_id.in_(sensor_ids))
    query = select(Automation).where(Automation.id.in_(fed), Automation.on_data.is_(True), Automation.next_at > at)
    count = 0
    for row in session.scalars(query.where(Automation.active.is_(True), Automation.kind.in_(kinds))):
        sooner = max(at, row.last_at + GAP) if row.last_at else at
        if sooner < row.next_at:
            row.next_at = sooner
            count += 1
    return count
