"""Take in data: values of a message or a file, all or nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.files.posted import PIECE, Posted, belief_count, beliefs, pieces
from app.auth.access.references import References
from db.beliefs import store
from db.beliefs.store import Written
from db.core import bounds
from db.core.database import get
from db.jobs.automations import wake
from db.sensors import Sensor
from db.sources import Source


def run(
    session: Session,
    sensor: Sensor,
    source: Source,
    posted: Posted,
    *,
    known_at: datetime,
    overwrite: bool = False,
) -> Written:
    """Save what is posted, in the unit and at the resolution of the sensor; see ``posted.beliefs``.

    Args:
        session: A writing session.
        sensor: What the values are of.
        source: Where they come from.
        posted: The values.
        known_at: The moment of arrival, where what is posted says no other.
        overwrite: Whether another value of the same moment of knowledge is replaced; else it is a conflict.

    Raises:
        Conflict: Another value is stored for an event and moment of knowledge.
        InputError: The values do not fit the sensor, or are too many.
    """
    own = bounds.of(session).written
    bounds.check_written(posted.most or own, belief_count(posted, sensor))
    parts = []
    # Pieces no larger than one write of the session may be.
    for part in pieces(posted, sensor, min(own.number, PIECE) if own else PIECE):
        found = beliefs(part, sensor, known_at=known_at, most=None)
        parts.append(store.save(session, sensor, source, found, overwrite=overwrite))
    written = total(parts)
    # What says nothing new brings no automation forward.
    if written.stored or written.replaced:
        wake(session, "posted", [sensor.id], now=datetime.now(UTC))
    return written


def total(parts: Sequence[Written]) -> Written:
    """Return what became of parts, as one."""
    stored, unchanged, replaced = (sum(getattr(part, name) for part in parts) for name in Written.__dataclass_fields__)
    return Written(stored, unchanged, replaced)


def posted_document(sensor: Sensor, source: Source, posted: Posted) -> dict[str, Any]:
    """Return what is posted as posted_document data; a missing value is None."""
    # JSON knows no NaN.
    values = [None if np.isnan(value) else float(value) for value in posted.values]
    return {
        "sensor": sensor.id,
        "source": source.id,
        "events": posted.events.tolist(),
        "values": values,
        "step": posted.step.total_seconds(),
        "unit": posted.unit,
        "times": None if posted.times is None else posted.times.tolist(),
        "prior": posted.prior.isoformat() if posted.prior else None,
        "horizon": None if posted.horizon is None else posted.horizon.total_seconds(),
    }


def posted_from(request: dict[str, Any]) -> Posted:
    """Return the same as it was posted."""
    times, prior, horizon = request["times"], request["prior"], request["horizon"]
    return Posted(
        events=np.array(request["events"], np.int64),
        values=np.array(request["values"], np.float64),  # None becomes NaN
        step=timedelta(seconds=request["step"]),
        unit=request["unit"],
        times=None if times is None else np.array(times, np.int64),
        prior=datetime.fromisoformat(prior) if prior else None,
        horizon=None if horizon is None else timedelta(seconds=horizon),
    )


def posted_saver(
    request: dict[str, Any], *, known_at: datetime, overwrite: bool
) -> Callable[[References], dict[str, Any]]:
    """Function that saves the values in a writing session and tells what became of them."""
    given = posted_from(request)

    def save(references: References) -> dict[str, Any]:
        session = references.session
        sensor = references.output(request["sensor"], field="sensor")
        source = get(session, Source, request["source"])  # that of the principal, noted when the values were posted
        written = run(session, sensor, source, given, known_at=known_at, overwrite=overwrite)
        told = {"stored": written.stored, "unchanged": written.unchanged, "replaced": written.replaced}
        return {**told, "num-beliefs": written.stored, "source": source.id, "outputs": {str(sensor.id): {}}}

    return save
