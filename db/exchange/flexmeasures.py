"""Take over the beliefs of a FlexMeasures database, sensor by sensor, out of its table ``timed_belief`` by COPY."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.beliefs.chunks import CERTAIN, Beliefs, together
from db.beliefs.knowledge import knowable
from db.beliefs.store import Written, save
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.series.iso_time import Microseconds

ROW = np.dtype(
    [("fields", ">i2")]
    + [
        part
        for name, kind in {"source": ">i4", "event": ">i8", "ahead": ">i8", "level": ">f8", "value": ">f8"}.items()
        for part in ((f"{name}_size", ">i4"), (name, kind))
    ]
)
# The order is part of it: _beliefs takes rows in a row as the quantiles of one belief.
QUERY = """COPY (SELECT source_id, (extract(epoch FROM event_start) * 1000000)::int8,
(extract(epoch FROM belief_horizon) * 1000000)::int8, cumulative_probability::float8, event_value::float8
FROM timed_belief WHERE sensor_id = {sensor_id} AND event_value IS NOT NULL
ORDER BY source_id, event_start, belief_horizon DESC, cumulative_probability) TO STDOUT WITH BINARY"""
HEAD, TAIL = 19, 2
"""Bytes before the first and after the last row of a binary COPY."""


def beliefs_of(
    session: Session, sensor: Sensor, theirs: Any, sensor_id: int, *, source_of: Callable[[int], Source]
) -> dict[int, Written]:
    """Save all beliefs of one sensor of a FlexMeasures database; return what became of them, by their source id.

    Horizons become times by the knowledge horizon of our sensor, which must tell what theirs told; see ``rule_of``.

    Args:
        session: A writing session on our database.
        sensor: Our sensor, of the same unit and resolution.
        theirs: A connection of psycopg2 to their database.
        sensor_id: The id of their sensor.
        source_of: Gives our source for the id of theirs.
    """
    buffer = io.BytesIO()
    with theirs.cursor() as cursor:
        cursor.copy_expert(QUERY.format(sensor_id=int(sensor_id)), buffer)
    table = np.frombuffer(buffer.getvalue()[HEAD:-TAIL], ROW)
    found = {}
    for source_id in np.unique(table["source"]).tolist():
        rows = table[table["source"] == source_id]
        events = rows["event"].astype(np.int64)
        times = knowable(sensor.knowledge_horizon, sensor.resolution, events) - rows["ahead"].astype(np.int64)
        beliefs = _beliefs(events, times, rows["level"].astype(np.float64), rows["value"].astype(np.float64))
        found[int(source_id)] = save(session, sensor, source_of(int(source_id)), beliefs)
    return found


def _beliefs(
    events: Microseconds, times: Microseconds, levels: NDArray[np.float64], values: NDArray[np.float64]
) -> Beliefs:
    """Return rows of one quantile each, in order of event, time and level, as beliefs of several quantiles."""
    begins = np.append(True, (events[1:] != events[:-1]) | (times[1:] != times[:-1]))
    firsts = np.flatnonzero(begins)
    belief, quantile = np.cumsum(begins) - 1, np.arange(len(events)) - firsts[np.cumsum(begins) - 1]
    sizes = np.diff([*firsts, len(events)])
    parts = []
    for size in np.unique(sizes).tolist():  # deterministic and probabilistic beliefs may be mixed
        rows = sizes[belief] == size
        own, of = values[rows].reshape(-1, size), levels[rows].reshape(-1, size)
        first = rows & (quantile == 0)
        shared = CERTAIN if size == 1 and (of == CERTAIN).all() else of[0] if (of == of[0]).all() else of
        parts.append(Beliefs(events[first], times[first], own, shared))
    return together(parts)


def rule_of(function: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the knowledge horizon that a sensor of theirs tells with a function and its parameters.

    Raises:
        InputError: There is no rule of ours for the function.
    """
    length = str(parameters.get(f"{function}_horizon", "PT0H"))
    # Their hour may be a fraction, such as 12.5.
    minutes = round(float(parameters.get("y", 12)) * 60)
    rules: dict[str, dict[str, Any]] = {
        "ex_post": {"ex_post": length},
        "ex_ante": {"ex_ante": length},
        "x_days_ago_at_y_oclock": {
            "days_ago": int(parameters.get("x", 1)),
            "at": f"{minutes // 60:02}:{minutes % 60:02}",
            "timezone": str(parameters.get("z", "UTC")),
        },
    }
    if function not in rules:
        raise InputError(
            f"A knowledge horizon of the kind {function!r} is not known; choose one of {', '.join(rules)}."
        )
    return rules[function]
