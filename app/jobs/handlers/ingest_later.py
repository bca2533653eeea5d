"""Values that are taken in by a worker: as plain data that can wait in a row, and back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from app.assemble.files.posted import Posted
from app.auth.access.references import References
from app.jobs.handlers import ingest
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source


def plain(sensor: Sensor, source: Source, posted: Posted) -> dict[str, Any]:
    """Return what is posted as plain data; a missing value is None."""
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


def posted(request: dict[str, Any]) -> Posted:
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


def saving(request: dict[str, Any], *, known_at: datetime, overwrite: bool) -> Callable[[References], dict[str, Any]]:
    """Return what saves the values in a writing session and tells what became of them."""
    given = posted(request)

    def save(references: References) -> dict[str, Any]:
        session = references.session
        sensor = references.output(request["sensor"], field="sensor")
        source = get(session, Source, request["source"])  # that of the principal, noted when the values were posted
        written = ingest.run(session, sensor, source, given, known_at=known_at, overwrite=overwrite)
        told = {"stored": written.stored, "unchanged": written.unchanged, "replaced": written.replaced}
        return {**told, "num-beliefs": written.stored, "source": source.id, "outputs": {str(sensor.id): {}}}

    return save
