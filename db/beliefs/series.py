"""One line per sensor and source: lock, version, latest value, statistics."""

from datetime import timedelta
from typing import NamedTuple, Self

from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.core.database import Id, Table
from db.core.driver import Driver, Statement
from engine.series.iso_time import MICROSECOND


class Series(Table):
    """All values of one sensor from one source."""

    __tablename__ = "belief_series"
    __table_args__ = (UniqueConstraint("sensor_id", "source_id"),)

    id: Mapped[Id]
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id", ondelete="CASCADE"))
    # No CASCADE: who deletes a source must not delete values with it.
    source_id: Mapped[int] = mapped_column(ForeignKey("data_source.id"), index=True)
    step_us: Mapped[int] = mapped_column(BigInteger, doc="Grid of the events; 0: instantaneous")
    span_us: Mapped[int] = mapped_column(BigInteger, doc="Length of a chunk; never changed without re-chunking")
    version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0", doc="+1 per change")
    n_beliefs: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0", doc="Superseded ones included")
    first_event_us: Mapped[int | None] = mapped_column(BigInteger)
    last_event_us: Mapped[int | None] = mapped_column(BigInteger)
    last_value: Mapped[float | None] = mapped_column(Double, doc="Value of the last event, as known most recently")
    last_belief_us: Mapped[int | None] = mapped_column(BigInteger, doc="The most recent moment of knowledge")


class Chunk(Table):
    """The values of one series over one span of time, as one array; see db.beliefs.chunks for the bytes."""

    __tablename__ = "belief_chunk"
    __table_args__ = (
        Index(
            "ix_belief_chunk_superseded",  # a database that has the moment in its index leaves the others unopened
            *("series_id", "layer", "start_us", "min_belief_us"),
            sqlite_where=text("layer = 1"),
            postgresql_where=text("layer = 1"),
        ),
        {"postgresql_with": {"toast_tuple_target": 8160, "fillfactor": 80}},  # keeps a chunk inside its page
    )

    series_id: Mapped[int] = mapped_column(ForeignKey("belief_series.id", ondelete="CASCADE"), primary_key=True)
    layer: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, doc="0: most recent belief per event; 1: superseded ones"
    )
    start_us: Mapped[int] = mapped_column(BigInteger, primary_key=True, doc="Event time, floored to the span")
    seq: Mapped[int] = mapped_column(primary_key=True, doc="0 in layer 0; 1, 2, … in layer 1, later ones later known")
    n: Mapped[int] = mapped_column(doc="Number of beliefs")
    min_belief_us: Mapped[int] = mapped_column(BigInteger)
    max_belief_us: Mapped[int] = mapped_column(BigInteger)
    v_min: Mapped[float] = mapped_column(Double)
    v_max: Mapped[float] = mapped_column(Double)
    v_sum: Mapped[float] = mapped_column(Double)
    data: Mapped[bytes] = mapped_column(LargeBinary)


SLOTS = 480
"""Most events of a chunk: with its times it stays inside one page of PostgreSQL."""
SPANS = [  # [s]
    *(1, 6, 60, 360, 3600, 6 * 3600),
    *(day * 86400 for day in (1, 4, 15, 60, 360)),
]


def span_for(step_us: int) -> int:
    """Return the longest round span of at most 480 steps [us], for events every so many us."""
    fitting = [span for span in SPANS if span * 1_000_000 <= SLOTS * step_us]
    return max(fitting, default=SPANS[0]) * 1_000_000


class SeriesRow(NamedTuple):
    """The line of one series, as it was when its lock was taken."""

    id: int
    step_us: int
    span_us: int
    version: int
    n_beliefs: int
    first_event_us: int | None
    last_event_us: int | None
    last_value: float | None
    last_belief_us: int | None

    @classmethod
    def seen(cls, driver: Driver, sensor_id: int, source_id: int) -> Self | None:
        """Return the line as it is now; None: no such series."""
        return cls._select(driver, sensor_id, source_id, "")

    @classmethod
    def locked(cls, driver: Driver, sensor_id: int, source_id: int) -> Self | None:
        """Return the line and let nobody else write the series until the transaction ends; None: no such series."""
        # A SQLite writer holds the lock of the whole file since its transaction began.
        return cls._select(driver, sensor_id, source_id, "" if driver.is_sqlite else "FOR UPDATE")

    @classmethod
    def _select(cls, driver: Driver, sensor_id: int, source_id: int, how: str) -> Self | None:
        query = f"SELECT {', '.join(cls._fields)} FROM belief_series WHERE sensor_id = ? AND source_id = ? {how}"
        found = driver.rows(query, (sensor_id, source_id))
        return cls._make(found[0]) if found else None

    @classmethod
    def begun(cls, driver: Driver, sensor_id: int, source_id: int, *, step_us: int, span_us: int) -> Self:
        """Return the locked line of a series that is new, unless another writer was faster."""
        driver.run(
            "INSERT INTO belief_series (sensor_id, source_id, step_us, span_us) VALUES (?, ?, ?, ?) "
            # Another writer may have begun the series meanwhile; PostgreSQL then waits here for its commit.
            "ON CONFLICT (sensor_id, source_id) DO NOTHING",
            (sensor_id, source_id, step_us, span_us),
        )
        line = cls.locked(driver, sensor_id, source_id)
        if line is None:
            raise RuntimeError("A series that was just inserted is gone.")  # its sensor was deleted meanwhile
        return line

    def save(self, driver: Driver) -> None:
        """Write the line back, one version on."""
        driver.run(*self.saving())

    def saving(self) -> Statement:
        """Return the statement that writes the line back, one version on."""
        update = (
            "UPDATE belief_series SET version = ?, n_beliefs = ?, first_event_us = ?, last_event_us = ?, "
            "last_value = ?, last_belief_us = ? WHERE id = ?"
        )
        return update, (self.version + 1, *self[4:], self.id)


def step_of(resolution: timedelta) -> int:
    """Return the grid of a sensor's events [us]; 0: instantaneous."""
    return resolution // MICROSECOND
