"""Values and beliefs as pandas objects, for people; inside, everything is arrays."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from db.beliefs.latest import Known, Sourced
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.series.iso_time import Microseconds

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd
    import timely_beliefs  # an optional extra


def moments(microseconds: Microseconds, timezone: str, name: str) -> "pd.DatetimeIndex":
    """Return moments [us since 1970 UTC] as an index in a zone."""
    import pandas as pd

    index = pd.DatetimeIndex(microseconds.view("datetime64[us]"), name=name).tz_localize("UTC")
    return index if timezone == "UTC" else index.tz_convert(timezone)


def series(known: Known, sensor: Sensor) -> "pd.Series":
    """Return the values of a sensor by start of event, in the zone of the sensor."""
    import pandas as pd

    return pd.Series(known.values, moments(known.events, sensor.timezone, "event_start"), name=sensor.name, copy=False)


def table(sourced: Sourced, names: Mapping[int, str], timezone: str) -> "pd.DataFrame":
    """Return beliefs in long form: one row per event, time, source and quantile.

    Args:
        sourced: The beliefs.
        names: What to write for each source id.
        timezone: Zone of the times.
    """
    import pandas as pd

    beliefs = sourced.beliefs
    n, q = beliefs.values.shape
    levels = np.broadcast_to(beliefs.levels, (n, q)).reshape(-1)
    values = beliefs.values.reshape(-1)
    frame = pd.DataFrame(
        {
            "event_start": moments(np.repeat(beliefs.events, q), timezone, "event_start"),
            "belief_time": moments(np.repeat(beliefs.times, q), timezone, "belief_time"),
            "source": pd.Series(np.repeat(sourced.source_ids, q)).map(names),
            "cumulative_probability": levels,
            "event_value": values,
        },
        copy=False,
    )
    return frame[~np.isnan(values)].reset_index(drop=True) if np.isnan(values).any() else frame


def timely_frame(sourced: Sourced, sensor: Sensor, sources: Mapping[int, Source]) -> "timely_beliefs.BeliefsDataFrame":
    """Return beliefs as a frame of the package timely_beliefs, for code that is written for it.

    Raises:
        InputError: The package is not installed.
    """
    try:
        import timely_beliefs as tb
    except ImportError:
        raise InputError(
            "timely_beliefs is not installed; it declares an older pandas, so install it with pip's --no-deps."
        ) from None
    theirs: dict[int, Any] = {key: tb.BeliefSource(source.description) for key, source in sources.items()}
    frame = table(sourced, {key: str(key) for key in theirs}, sensor.timezone)
    frame["source"] = frame["source"].map({str(key): source for key, source in theirs.items()})
    described = tb.Sensor(
        name=sensor.name, unit=sensor.unit, timezone=sensor.timezone, event_resolution=sensor.resolution
    )
    return tb.BeliefsDataFrame(frame, sensor=described)
