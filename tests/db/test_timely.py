"""Beliefs as a frame of the real timely_beliefs, which declares a pandas older than ours and works with it."""

import importlib
import sys
from datetime import timedelta

import numpy as np
import pytest

from db.beliefs.chunks import Beliefs
from db.beliefs.latest import Sourced
from db.exchange.frames import timely_frame
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError

EVENTS = 1_700_000_100_000_000 + np.arange(4) * 900_000_000
VALUES = np.array([[1, 2.0], [3, 4], [5, 6], [7, np.nan]])
SENSOR = Sensor(name="load", unit="kW", timezone="Europe/Amsterdam", resolution=timedelta(minutes=15))
METER = {9: Source(name="meter", type="gateway")}


def every() -> Sourced:
    known = Beliefs(EVENTS, np.full(4, EVENTS[0] - 3_600_000_000), VALUES, np.array([0.2, 0.5]))
    return Sourced(known, np.full(4, 9))


def test_beliefs_become_a_frame_of_the_real_package() -> None:
    timely_beliefs = importlib.import_module("timely_beliefs")  # compiles for seconds: not while tests are gathered
    frame = timely_frame(every(), SENSOR, METER)
    assert isinstance(frame, timely_beliefs.BeliefsDataFrame)
    assert (frame.sensor.name, frame.event_resolution) == ("load", timedelta(minutes=15))
    assert frame.lineage.number_of_beliefs == 4
    assert [source.name for source in frame.lineage.sources] == ["meter"]
    assert frame.index.get_level_values("event_start")[0].isoformat() == "2023-11-14T23:15:00+01:00"
    assert frame.index.names[-1] == "cumulative_probability"
    assert frame["event_value"].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_where_it_is_not_installed_it_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timely_beliefs", None)  # what Python keeps of a module that is not there
    with pytest.raises(InputError, match=r"timely_beliefs is not installed.*--no-deps"):
        timely_frame(every(), SENSOR, METER)
