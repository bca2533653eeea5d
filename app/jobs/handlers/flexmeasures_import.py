"""Take over the values of sensors from a FlexMeasures database on PostgreSQL, with their sources and moments."""

from collections.abc import Mapping
from typing import Any

import psycopg2
from sqlalchemy.orm import Session

from db import sources
from db.core.database import address, get
from db.exchange import flexmeasures
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError, InputError
from engine.units import units

SENSOR = "SELECT unit, event_resolution, knowledge_horizon_fnc, knowledge_horizon_par FROM sensor WHERE id = %s"
SOURCE = "SELECT name, type, model, version FROM data_source WHERE id = %s"


def run(session: Session, url: str, pairs: Mapping[int, int]) -> dict[int, int]:
    """Save all beliefs of some sensors of theirs in sensors of ours; return the number stored, by our sensor.

    Our sensor takes over the knowledge horizon of theirs, by which horizons become moments.

    Args:
        session: A writing session.
        url: Address of their database.
        pairs: Id of our sensor by the id of theirs.

    Raises:
        InputError: Their database does not answer, or a pair does not fit in unit or resolution.
        NotFound: A sensor of ours is not there.
    """
    try:
        # libpq knows no names of drivers, such as SQLAlchemy's addresses have.
        there = psycopg2.connect(address(url).set(drivername="postgresql").render_as_string(hide_password=False))
    except psycopg2.OperationalError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"The other database does not answer ({reason}); check its address.") from None

    def source_of(source_id: int) -> Source:
        name, kind, model, version = _row(there, SOURCE, source_id, "source")
        return sources.named(session, name, type=kind, model=model or "", version=version or "")

    stored = {}
    try:
        for key, our_id in sorted(pairs.items()):
            ours = get(session, Sensor, our_id)
            unit, resolution, function, parameters = _row(there, SENSOR, key, "sensor")
            # Another spelling of one unit is fine; a factor is not, as values are taken over as they are.
            if not units.same_kind(unit, ours.unit) or units.convert(1.0, unit, ours.unit) != 1.0:
                problem = f"its unit is {unit!r}, that of our sensor {ours.id} {ours.unit!r}; pair alike."
                raise FieldError(f"sensor {key}", problem)
            if resolution != ours.resolution:
                raise FieldError(f"sensor {key}", f"its events last {resolution}, ours {ours.resolution}; pair alike.")
            # Before any belief: it turns the horizons that follow into moments
            ours.knowledge_horizon = flexmeasures.rule_of(str(function), parameters or {})
            written = flexmeasures.beliefs_of(session, ours, there, key, source_of=source_of)
            stored[our_id] = sum(each.stored for each in written.values())
    finally:
        there.close()
    return stored


def _row(there: Any, query: str, key: int, kind: str) -> tuple[Any, ...]:
    with there.cursor() as cursor:
        cursor.execute(query, (key,))
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise InputError(f"The other database has no {kind} {key}.")
    return row
