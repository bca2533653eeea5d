"""Schedules: what was planned, when, from which inputs, at which cost; their values are beliefs of their source."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    delete,
    exists,
    func,
    insert,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column, relationship

from db.core.database import IDS_ONCE, Id, Table, rows_changed
from db.sensors import Sensor

POWER, GROUP, CONNECTION, SOC = "power", "group", "connection", "state-of-charge"
"""Roles of outputs: the power of a device, a group or a connection to the grid, and the energy in a store."""
GUIDANCE = "guidance"
"""Role of an output that receives what is told beside the plan, such as headroom; it is no part of the plan."""
ROLES = (CONNECTION, GROUP, POWER, SOC)


class StoredSchedule(Table):
    """One schedule, as it was saved."""

    __tablename__ = "schedule"
    __table_args__ = (Index(None, "asset_id", "belief_time"), UniqueConstraint("job_id", "asset_id"), IDS_ONCE)

    id: Mapped[Id]
    asset_id: Mapped[int] = mapped_column(
        ForeignKey("asset.id", ondelete="CASCADE"), doc="The asset whose tree is planned"
    )
    job_id: Mapped[str | None] = mapped_column(
        String(36), ForeignKey("job.id", ondelete="SET NULL"), doc="None: no job, or one that is forgotten"
    )
    source_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_source.id", ondelete="SET NULL"), doc="The source of its values"
    )
    scheduler: Mapped[str] = mapped_column(doc="Name of the scheduler")
    start: Mapped[datetime]
    end: Mapped[datetime]
    step: Mapped[timedelta]
    belief_time: Mapped[datetime] = mapped_column(doc="As of when it was planned; the belief time of its values")
    created_at: Mapped[datetime] = mapped_column(index=True, doc="When it was saved")
    status: Mapped[str] = mapped_column(doc="How the solver ended")
    gap: Mapped[float | None] = mapped_column(Double, doc="How far its cost may lie above the best, as share of it")
    currency: Mapped[str]
    costs: Mapped[dict[str, Any]] = mapped_column(doc="Cost by name [currency]; earnings are negative")
    breaches: Mapped[list[Any]] = mapped_column(doc="Soft limits that are not met: limit, count, first, last, largest")
    warnings: Mapped[list[Any]] = mapped_column(doc="What was assumed where data lack")
    connections: Mapped[list[Any]] = mapped_column(
        doc="Connections to the grid: commodity, prices, limits [kW], CO₂ [kg]"
    )
    loads: Mapped[list[Any]] = mapped_column(doc="Names of the loads and productions it took as they are")
    input_sensors: Mapped[list[Any]] = mapped_column(doc="Ids of the sensors that its inputs name")
    inputs_missing: Mapped[str] = mapped_column(default="", doc="Why no inputs were kept with it")

    outputs: Mapped[list["ScheduleOutput"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, lazy="selectin", order_by="ScheduleOutput.sensor_id"
    )

    @property
    def cost(self) -> float | None:
        """Sum of all costs [currency]; None if its scheduler told none."""
        return sum(self.costs.values()) if self.costs else None

    def connection(self, commodity: str) -> dict[str, Any]:
        """Return what it says of the connection of a commodity; nothing if it has none."""
        found: dict[str, Any] = next((each for each in self.connections if each["commodity"] == commodity), {})
        return found


class ScheduleOutput(Table):
    """A sensor that received a part of a schedule."""

    __tablename__ = "schedule_output"
    __table_args__ = (Index(None, "sensor_id", "belief_time"),)

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"), primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True, doc="Device, group, commodity or store, as the schedule says")
    role: Mapped[str] = mapped_column(String(20), primary_key=True, doc="One of ROLES, or guidance")
    commodity: Mapped[str] = mapped_column(doc="What flows, such as electricity; empty for a state of charge")
    part: Mapped[str] = mapped_column(String(20), primary_key=True, doc="both, consumption or production")
    sign: Mapped[float] = mapped_column(Double, doc="Stored value per value that is positive when consuming")
    belief_time: Mapped[datetime] = mapped_column(doc="That of the schedule, to find the newest one")
    numbers: Mapped[dict[str, Any]] = mapped_column(
        doc="Energies [kWh], peak [kW] and prices; or bounds of a store [kWh]"
    )


class ScheduleInputs(Table):
    """What a schedule was made from, packed; let go of after a while."""

    __tablename__ = "schedule_inputs"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True)
    saved_at: Mapped[datetime] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary, doc="See engine.packing")


def add_schedule(session: Session, row: StoredSchedule, inputs: bytes | None) -> StoredSchedule:
    """Add a schedule with its outputs and, if they are kept, its inputs; one of the same job and asset gives way.

    Returns the row with its id, and detached: it is written by plain statements, as the session's unit of work costs as
    much again as all values of the schedule.
    """
    if row.job_id is not None:
        same = delete(StoredSchedule).where(
            StoredSchedule.job_id == row.job_id, StoredSchedule.asset_id == row.asset_id
        )
        session.execute(same)
    connection = session.connection()
    added = connection.execute(insert(StoredSchedule).returning(StoredSchedule.id), _columns(row))
    row.id = added.scalar_one()
    if row.outputs:
        for output in row.outputs:
            output.schedule_id = row.id
        connection.execute(insert(ScheduleOutput), [_columns(output) for output in row.outputs])
    if inputs is not None:
        kept = {"schedule_id": row.id, "saved_at": row.created_at, "content": inputs}
        connection.execute(insert(ScheduleInputs), kept)
    return row


def _columns(row: Table) -> dict[str, Any]:
    """Return the columns of a new row that are set; the table has defaults for the others."""
    names = inspect(type(row)).column_attrs.keys()
    return {name: value for name in names if (value := getattr(row, name)) is not None}


def of_job(session: Session, job_id: str) -> Sequence[StoredSchedule]:
    """Return the schedules that a job made, by asset: usually one, of many sites one each."""
    made = select(StoredSchedule).where(StoredSchedule.job_id == job_id)
    return session.scalars(made.order_by(StoredSchedule.asset_id)).all()


def newest_of_assets(
    session: Session, asset_ids: Collection[int], *, as_of: datetime, span: tuple[datetime, datetime] | None = None
) -> dict[int, StoredSchedule]:
    """Return the newest schedule of each of some assets, by asset id; those without one are left out.

    Args:
        session: A session of any kind.
        asset_ids: The assets.
        as_of: Schedules of later belief times are left out.
        span: Start and end of the time that a schedule must tell something of; None: any.
    """
    conditions = [StoredSchedule.asset_id.in_(asset_ids), StoredSchedule.belief_time <= as_of]
    if span is not None:
        conditions += [StoredSchedule.start < span[1], StoredSchedule.end > span[0]]
    query = select(StoredSchedule).where(StoredSchedule.id.in_(newest_ids(*conditions)))
    return {row.asset_id: row for row in session.scalars(query)}


def newest_ids(*conditions: ColumnElement[bool]) -> Select[int]:
    """Return the query for the ids of the newest schedule of each asset: the one with the latest belief time."""
    # Ranked in one query for all assets; one with a limit for each asset would be asked as often as there are assets.
    rank = func.row_number().over(
        partition_by=StoredSchedule.asset_id, order_by=(StoredSchedule.belief_time.desc(), StoredSchedule.id.desc())
    )
    ranked = select(StoredSchedule.id, rank.label("rank")).where(*conditions).subquery()
    return select(ranked.c.id).where(ranked.c.rank == 1)


def newest_with_outputs(
    session: Session, asset_ids: Collection[int], *, as_of: datetime, roles: Collection[str] = ROLES
) -> StoredSchedule | None:
    """Return the newest schedule that wrote to a sensor of some assets; None if there is none.

    Args:
        session: A session of any kind.
        asset_ids: The assets.
        as_of: Schedules of later belief times are left out.
        roles: The roles of the outputs that count.
    """
    query = select(ScheduleOutput.schedule_id).join(Sensor, Sensor.id == ScheduleOutput.sensor_id)
    query = query.where(Sensor.asset_id.in_(asset_ids), ScheduleOutput.role.in_(roles))
    # The output has the belief time itself, so that its index tells the newest without a join.
    query = query.where(ScheduleOutput.belief_time <= as_of)
    query = query.order_by(ScheduleOutput.belief_time.desc(), ScheduleOutput.schedule_id.desc()).limit(1)
    key = session.scalar(query)
    return None if key is None else session.get(StoredSchedule, key)


def previous(session: Session, row: StoredSchedule) -> StoredSchedule | None:
    """Return the schedule of the same asset that was planned just before a schedule; None if there is none."""
    # By belief time and then id, as newest_ids ranks: plans may share a belief time.
    key = tuple_(StoredSchedule.belief_time, StoredSchedule.id)
    query = select(StoredSchedule).where(StoredSchedule.asset_id == row.asset_id, key < (row.belief_time, row.id))
    return session.scalar(query.order_by(StoredSchedule.belief_time.desc(), StoredSchedule.id.desc()).limit(1))


def following(session: Session, row: StoredSchedule) -> StoredSchedule | None:
    """Return the schedule of the same asset that was planned just after a schedule; None if there is none."""
    key = tuple_(StoredSchedule.belief_time, StoredSchedule.id)
    query = select(StoredSchedule).where(StoredSchedule.asset_id == row.asset_id, key > (row.belief_time, row.id))
    return session.scalar(query.order_by(StoredSchedule.belief_time, StoredSchedule.id).limit(1))


def read_inputs(session: Session, schedule_id: int) -> bytes | None:
    """Return the packed inputs of a schedule; None if they are not kept, or not any more."""
    return session.scalar(select(ScheduleInputs.content).where(ScheduleInputs.schedule_id == schedule_id))


def expire_inputs(session: Session, *, before: datetime) -> int:
    """Let go of the inputs of schedules that were saved before a moment; return their number."""
    return rows_changed(session, delete(ScheduleInputs).where(ScheduleInputs.saved_at < before))


def expire_schedules(session: Session, *, before: datetime, most: int) -> int:
    """Delete schedules that were saved before a moment, with their outputs and inputs; return their number.

    The newest schedule of each asset stays, however old it is. Values are beliefs and stay as well.

    Args:
        session: A writing session.
        before: Schedules saved from then on stay.
        most: How many are deleted at most, the oldest first, so that nobody else waits long to write.
    """
    newer = aliased(StoredSchedule)
    # By belief time and then id, as newest_ids ranks: exactly one of each asset has no newer one.
    is_newer = tuple_(newer.belief_time, newer.id) > tuple_(StoredSchedule.belief_time, StoredSchedule.id)
    superseded = exists().where(newer.asset_id == StoredSchedule.asset_id, is_newer)
    chosen = select(StoredSchedule.id).where(StoredSchedule.created_at < before, superseded)
    chosen = chosen.order_by(StoredSchedule.created_at).limit(most)
    return rows_changed(session, delete(StoredSchedule).where(StoredSchedule.id.in_(chosen)))
