"""The skill of forecasts counts what was said so long before, on events that came."""

from datetime import timedelta

import numpy as np
import pytest

from app.assemble.forecasting.accuracy import SkillQuery, SourceSkill, forecast_skills
from db import sources
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.sensors import Sensor
from engine.forecasting.skill import reliability, skill
from engine.series.iso_time import to_us
from engine.series.window import Window
from tests.assemble.homes import HOUR, START, Home

PAST = Window.of_length(START - timedelta(days=4), timedelta(days=4), HOUR)
ACTUAL = np.arange(PAST.n, dtype=float)
LEVELS = np.array([0.1, 0.5, 0.9])


def foresee(home: Home, sensor: Sensor, errors: float, before: timedelta, model: str = "A") -> None:
    """Forecasts of every event made so long before its end, with a band of 2 around them."""
    by = sources.named(home.session, "us", type="forecaster", model=model)
    times = PAST.starts + (to_us(START + HOUR - before) - to_us(START))
    values = (ACTUAL + errors)[:, None] + np.array([-1.0, 0.0, 1.0])
    store.save(home.session, sensor, by, Beliefs(PAST.starts, times, values, LEVELS))


@pytest.fixture
def load(home: Home) -> Sensor:
    """A load that rises by 1 kW every hour, measured as it came."""
    home.asset("house", "building")
    found = home.session.get(Sensor, home.sensor("house", "load", "kW"))
    assert found is not None
    meter = sources.named(home.session, "meter", type="script")
    hour_us = int(HOUR.total_seconds() * 1e6)
    store.save(home.session, found, meter, Beliefs.certain(PAST.starts, PAST.starts + hour_us, ACTUAL))
    return found


def skills_at(home: Home, sensor: Sensor, hours: int) -> list[SourceSkill]:
    """The skills at a lead."""
    every = forecast_skills(
        home.session, sensor, SkillQuery(start=START - timedelta(days=2), end=START, known_at=START)
    )
    return [each for each in every if each.lead == hours * HOUR]


def test_what_was_said_later_does_not_count(home: Home, load: Sensor) -> None:
    foresee(home, load, 5.0, 7 * HOUR)
    foresee(home, load, 0.5, 2 * HOUR)
    (near,), (far,) = skills_at(home, load, 1), skills_at(home, load, 6)
    assert near.skill.mae == pytest.approx(0.5) and near.skill.coverage == 1.0
    assert far.skill.mae == far.skill.bias == pytest.approx(5.0) and far.skill.coverage == 0.0
    assert (far.skill.events, far.skill.promised) == (48, pytest.approx(0.8))
    # A day before, the load was 24 kW less.
    assert far.skill.mase == pytest.approx(5.0 / 24.0)
    assert far.by_hour == pytest.approx(np.full(24, 5.0)) and len(far.errors) == 48
    # What came lies 5 below the middle and 4 below the lowest quantile.
    assert far.reliability == {0.1: 1.0, 0.5: 1.0, 0.9: 1.0}
    assert near.reliability == {0.1: 0.0, 0.5: 1.0, 0.9: 1.0}
    assert not skills_at(home, load, 24)


def test_the_better_source_comes_first(home: Home, load: Sensor) -> None:
    foresee(home, load, 3.0, 7 * HOUR)
    foresee(home, load, -1.0, 7 * HOUR, "B")
    assert [each.skill.bias for each in skills_at(home, load, 6)] == [-1.0, 3.0]


def test_errors_of_a_few_values() -> None:
    actual, plain = np.array([1.0, 2.0, np.nan, 4.0]), np.array([0.0, 0.0, 0.0, np.nan])
    found = skill(actual, np.array([[2.0], [2.0], [2.0], [1.0]]), [0.5], plain)
    assert (found.events, found.mae, found.bias) == (3, pytest.approx(4 / 3), pytest.approx(-2 / 3))
    assert found.rmse == pytest.approx((10 / 3) ** 0.5) and found.wape == pytest.approx(4 / 7)
    assert found.mase == pytest.approx(0.5 / 1.5) and found.pinball == pytest.approx(2 / 3)
    assert np.isnan(found.coverage)
    assert found.crps == pytest.approx(found.mae)


def test_the_score_of_many_quantiles_is_that_of_their_distribution() -> None:
    # Of a uniform forecast from 0 to 1, CRPS(y) = y³/3 + (1 − y)³/3: 1/12 in the middle, 1/3 at an end.
    levels = np.linspace(0.005, 0.995, 100)
    for actual, score in ((0.5, 1 / 12), (1.0, 1 / 3)):
        found = skill(np.array([actual]), levels[None, :], list(levels), np.array([np.nan]))
        assert found.crps == pytest.approx(score, abs=2e-3)


def test_reliable_quantiles_lie_above_their_share_of_values() -> None:
    actual = np.arange(100.0)
    quantiles = np.tile([9.5, 49.5, 79.5], (100, 1))
    quantiles[0, 0] = np.nan
    found = reliability(actual, quantiles, [0.1, 0.5, 0.9])
    assert list(found.values()) == pytest.approx([9 / 99, 49 / 99, 79 / 99])
    assert reliability(actual, quantiles[:, :1], [0.1]) == {}
