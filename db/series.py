"""One line per sensor and source: lock, version, latest value, statistics."""

from sqlalchemy import BigInteger, Double, ForeignKey, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Id, Table


class Series(Table):
    """All values of one sensor from one source."""

    __tablename__ = "belief_series"
    __table_args__ = (UniqueConstraint("sensor_id", "source_id"),)

    id: Mapped[Id]
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"))
    source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"), index=True)
    step_us: Mapped[int] = mapped_column(BigInteger, doc="Grid of the events; 0: instantaneous or off the grid")
    span_us: Mapped[int] = mapped_column(BigInteger, doc="Length of a chunk; never changed without re-chunking")
    version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0", doc="+1 per change")
    n_beliefs: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0", doc="Superseded ones included")
    first_event_us: Mapped[int | None] = mapped_column(BigInteger)
    last_event_us: Mapped[int | None] = mapped_column(BigInteger)
    last_value: Mapped[float | None] = mapped_column(Double, doc="Value of the last event, as known most recently")
    last_belief_us: Mapped[int | None] = mapped_column(BigInteger, doc="When the last event's value was known")


class Chunk(Table):
    """The values of one series over one span of time, as one array; see db.chunks for the bytes."""

    __tablename__ = "belief_chunk"
    __table_args__ = (
        {"postgresql_with": {"toast_tuple_target": 8160, "fillfactor": 80}},  # keeps a chunk inside its page
    )

    series_id: Mapped[int] = mapped_column(ForeignKey("belief_series.id", ondelete="CASCADE"), primary_key=True)
    layer: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, doc="0: most recent belief per event; 1: superseded ones"
    )
    start_us: Mapped[int] = mapped_column(BigInteger, primary_key=True, doc="Event time, floored to the span")
    seq: Mapped[int] = mapped_column(primary_key=True, doc="0 in layer 0; 1, 2, … in layer 1")
    n: Mapped[int] = mapped_column(doc="Number of beliefs")
    min_belief_us: Mapped[int] = mapped_column(BigInteger)
    max_belief_us: Mapped[int] = mapped_column(BigInteger)
    v_min: Mapped[float] = mapped_column(Double)
    v_max: Mapped[float] = mapped_column(Double)
    v_sum: Mapped[float] = mapped_column(Double)
    data: Mapped[bytes] = mapped_column(LargeBinary)
