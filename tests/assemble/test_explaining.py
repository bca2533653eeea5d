"""What explains a forecast is read as it was known: chosen sources, annotations; and what comes out snaps."""

from datetime import timedelta

import numpy as np
import pytest

from app.assemble.forecasting.history import Annotated, Explaining, RegressorSensor, missing_share, read_history
from app.jobs.handlers.forecast_request import Snap
from db import sources
from db.annotations import Annotation
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.sensors import Sensor
from engine.series.window import Window
from tests.assemble.homes import DAY, HOUR, KNOWN_AT, START, Home

PAST = Window.of_length(START - timedelta(days=3), timedelta(days=3), HOUR)


@pytest.fixture
def load(home: Home) -> Sensor:
    """A load of three days with a gap of six hours."""
    home.asset("house", "building")
    values = np.ones(PAST.n)
    values[10:16] = np.nan
    found = home.session.get(Sensor, home.fill(home.sensor("house", "load", "kW"), values, PAST))
    assert found is not None
    return found


def test_only_chosen_sources_of_a_regressor_count(home: Home, load: Sensor) -> None:
    weather = home.session.get(Sensor, home.fill(home.sensor("house", "weather", "°C"), 5.0, DAY))
    assert weather is not None
    other = sources.named(home.session, "other", type="forecaster")
    store.write(home.session, weather, other, events=DAY.starts, values=np.full(DAY.n, 9.0), known_at=KNOWN_AT)
    for only, expected in ((SourceFilter(ids=[other.id]), 9.0), (SourceFilter(not_types=["forecaster"]), 5.0)):
        explaining = Explaining([RegressorSensor(weather, True, only)])
        found = read_history(home.session, load, DAY, known_at=KNOWN_AT, explaining=explaining)
        assert set(found.regressors[0].values[-DAY.n :]) == {expected}


def test_annotations_made_by_then_are_one_while_they_last(home: Home, load: Sensor) -> None:
    by = sources.named(home.session, "planner", type="user")
    for begin, known in ((1, KNOWN_AT), (5, KNOWN_AT + HOUR)):
        start = START + begin * HOUR
        home.session.add(
            Annotation(
                content="maintenance", type="label", start=start, end=start + timedelta(minutes=90), belief_time=known,
                source=by, asset_id=load.asset_id,
            )
        )  # fmt: skip
    home.session.flush()
    closed = Annotated(kind="asset", id=load.asset_id, type="label", name="maintenance")
    found = read_history(home.session, load, DAY, known_at=KNOWN_AT, explaining=Explaining(annotations=[closed]))
    assert found.regressors[0].values[-DAY.n :].tolist() == [0.0, 1.0, 0.5, *[0.0] * 21]


def test_missing_values_are_counted(home: Home, load: Sensor) -> None:
    # The last hour has not ended by then: what is said of it is a forecast.
    assert missing_share(read_history(home.session, load, DAY, known_at=KNOWN_AT)) == pytest.approx(6 / 71)


def test_a_range_snaps_by_its_closed_end() -> None:
    values = np.array([0.0, 3.0, 4.0])
    assert Snap(target=0.0, low=0.0, high=4.0).over(values).tolist() == [0.0, 0.0, 4.0]
    assert Snap(target=0.0, low=0.0, high=4.0, closed_above=True).over(values).tolist() == [0.0, 0.0, 0.0]
