"""The default forecaster: what it learns, what it never uses, and what it does with little."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.forecasting.adaptive import AdaptiveForecaster
from engine.forecasting.history import Regressor
from engine.series.iso_time import to_us
from tests.engine.forecasting.samples import (
    ORIGIN,
    day_ahead,
    driven_load,
    history,
    hours,
    noisy_load,
    sunny_plant,
)

FORECAST = AdaptiveForecaster().forecast


def test_it_knows_weekdays_and_says_how_sure_it_is() -> None:
    sunday = datetime(2026, 6, 7, tzinfo=UTC)
    found = FORECAST(noisy_load(150, end=sunday), day_ahead(sunday))
    expected = np.array([3.0 + 3.0 * (7 <= hour < 22) for hour in range(24)])
    assert np.abs(found.mean - expected).mean() < 0.25
    assert found.skill is not None and found.skill < 0.85
    assert found.coverage is not None and 0.74 < found.coverage < 0.86
    # 80 % of a noise of 0.3 kW lie within 0.77 kW.
    assert 0.55 < (found.quantiles[:, 2] - found.quantiles[:, 0]).mean() < 1.0
    assert sum(found.weights.values()) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("zone", ["Europe/Brussels", "America/New_York"])
@pytest.mark.parametrize("month", [3, 11])
def test_people_follow_the_clock_where_it_changes(zone: str, month: int) -> None:
    # The day after the change, of which no day has been seen yet on the new clock.
    change = {("Europe/Brussels", 3): 29, ("America/New_York", 3): 8, ("America/New_York", 11): 1}.get((zone, month))
    day = datetime(2026, month, change or 25, tzinfo=UTC) if change else datetime(2026, 10, 25, tzinfo=UTC)
    quiet = noisy_load(60, zone=zone, end=day + timedelta(days=3), noise=0.0)
    known = quiet.events < to_us(day)
    found = FORECAST(
        replace(quiet, events=quiet.events[known], values=quiet.values[known]),
        day_ahead(day, length=timedelta(days=2)),
    )
    actual = quiet.values[~known][:48]
    assert np.abs(found.mean - actual).mean() < 0.25
    moved = np.roll(actual, 1)
    assert np.abs(found.mean - actual).sum() < np.abs(moved - actual).sum()


def test_a_regressor_known_ahead_explains() -> None:
    known, actual = driven_load(90, lambda weather: 20.0 + np.maximum(16.0 - weather, 0.0))
    with_weather = FORECAST(known, day_ahead())
    without = FORECAST(replace(known, regressors=()), day_ahead())
    error, blind = (np.abs(found.mean - actual).mean() for found in (with_weather, without))
    assert error < 0.25 * blind


def test_what_is_not_known_is_said_and_counts_by_its_past() -> None:
    known, _ = driven_load(40, lambda weather: weather)
    (weather,) = known.regressors
    seen = weather.events < to_us(ORIGIN)
    late = replace(weather, events=weather.events[seen], values=weather.values[seen])
    rare = Regressor(name="rare", events=weather.events[::4], values=weather.values[::4])
    found = FORECAST(replace(known, regressors=(late, rare)), day_ahead())
    assert any("weather counts by its past alone" in note for note in found.notes)
    assert any("rare was left out" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["load", "price", "plant"])
def test_nothing_after_the_window_begins_changes_a_forecast(kind: str) -> None:
    known, _ = driven_load(60, lambda weather: weather)
    known = {"load": known, "price": replace(known, unit="EUR/MWh"), "plant": sunny_plant(60)}[kind]
    first = FORECAST(known, day_ahead())
    random = np.random.default_rng(2)
    later = hours(3, ORIGIN + timedelta(days=3))
    events = np.concatenate([known.events, later])
    values = np.concatenate([known.values, random.normal(50.0, 20.0, len(later))])
    regressors = tuple(
        replace(
            regressor,
            events=np.concatenate([regressor.events, later[24:]]),
            values=np.concatenate([regressor.values, random.normal(50.0, 20.0, 48)]),
        )
        for regressor in known.regressors
    )
    again = FORECAST(replace(known, events=events, values=values, regressors=regressors), day_ahead())
    np.testing.assert_array_equal(first.quantiles, again.quantiles)
    np.testing.assert_array_equal(first.mean, again.mean)
    changed = FORECAST(replace(known, values=np.append(known.values[:-13], known.values[-13:] + 9.0)), day_ahead())
    assert (changed.mean != first.mean).any()


@pytest.mark.parametrize("days", [1, 2, 5, 9, 10, 12, 29, 61])
def test_from_little_it_makes_something(days: int) -> None:
    known = history(hours(days), np.tile(np.arange(24.0), days))
    found = FORECAST(known, day_ahead(length=timedelta(days=2)))
    np.testing.assert_allclose(found.mean, np.tile(np.arange(24.0), 2), atol=0.2)
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    assert any("regressions need" in note for note in found.notes) == (days < 10)


def test_values_that_come_late_are_bridged() -> None:
    late = noisy_load(60)
    known = late.events < to_us(ORIGIN - timedelta(hours=40))
    found = FORECAST(replace(late, events=late.events[known], values=late.values[known]), day_ahead())
    expected = np.array([5.0 + 3.0 * (7 <= hour < 22) for hour in range(24)])
    assert np.abs(found.mean - expected).mean() < 0.3


def test_a_weekly_series_repeats_what_was_last_seen() -> None:
    week = timedelta(days=7)
    events = hours(70, step=week)
    known = replace(history(events, np.arange(10.0)), step=week)
    found = FORECAST(known, day_ahead(step=week, length=week))
    assert found.mean.tolist() == [9.0]
    assert "no whole number" in found.notes[0]


def test_a_plant_is_dark_at_night_and_follows_its_clear_sky() -> None:
    known = sunny_plant(90, lambda day: 0.6 + 0.3 * (day % 3 == 0))
    found = FORECAST(known, day_ahead())
    night = known.values[-24:] == 0.0
    assert night.sum() >= 6
    assert (found.quantiles[night] < 0.05).all()
    assert (found.quantiles[night] == 0.0).all(axis=1).sum() >= night.sum() - 2  # dawn moves from day to day
    assert found.mean.max() > 1.5
    assert (found.quantiles >= 0.0).all()


@pytest.mark.parametrize("minute", [170, 190, 200, 230, 250, 720])
def test_a_plant_is_foreseen_from_any_minute_of_a_short_day(minute: int) -> None:
    # From 03:00 or so the second half of a day ends in the last light, of which nothing can be a share.
    origin = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(minutes=minute)
    plant = sunny_plant(40, lambda day: 0.6 + 0.3 * (day % 3 == 0), end=origin)
    found = FORECAST(replace(plant, values=plant.values + 0.01), day_ahead(origin))
    assert found.mean.max() == pytest.approx(plant.values[-72:].max(), rel=0.5)


def test_a_regressor_that_never_changed_says_nothing() -> None:
    load, _ = driven_load(60, lambda weather: 5.0 + 0.0 * weather)
    (weather,) = load.regressors
    rounding = 1e-17 * (weather.events % 7)
    steady = replace(weather, values=np.where(weather.events < to_us(ORIGIN), 0.1 + rounding, 3e11))
    found = FORECAST(replace(load, regressors=(steady,)), day_ahead())
    np.testing.assert_allclose(found.mean, 5.0, atol=0.01)


def test_production_written_as_negative_is_the_mirror() -> None:
    known = sunny_plant(60, lambda day: 0.5 + 0.4 * (day % 2))
    positive = FORECAST(known, day_ahead(), (0.2, 0.5, 0.9))
    negative = FORECAST(replace(known, values=-known.values), day_ahead(), (0.1, 0.5, 0.8))
    np.testing.assert_allclose(negative.quantiles, -positive.quantiles[:, ::-1], atol=1e-9)
    np.testing.assert_allclose(negative.mean, -positive.mean)


def test_what_loses_to_yesterday_is_not_served() -> None:
    # A random walk by days, at which every average lags behind.
    walk = np.cumsum(np.random.default_rng(5).normal(0.0, 5.0, 120))
    values = np.repeat(walk, 24)
    found = FORECAST(history(hours(120), values), day_ahead())
    error = abs(found.mean.mean() - values[-1])
    assert found.skill is not None and found.skill <= 1.0
    assert error < 5.0


def test_a_load_that_was_never_negative_stays_so() -> None:
    # It falls by 1 kW a day to 0: what goes on like that would pass it.
    events = hours(40)
    day = np.arange(len(events)) / 24.0
    load = np.maximum(30.0 - day, 0.0) + 0.5 * (np.arange(len(events)) % 24 == 12)
    until = events < to_us(ORIGIN - timedelta(days=11))
    window = day_ahead(ORIGIN - timedelta(days=11), length=timedelta(days=4))
    found = FORECAST(history(events[until], load[until]), window)
    assert found.mean.min() >= 0.0 and found.quantiles.min() >= 0.0
    assert any("set to 0, as no known value is negative" in note for note in found.notes)
    fed_in = FORECAST(history(events[until], -load[until]), window)
    assert fed_in.quantiles.max() <= 0.0
    warmth = FORECAST(history(events[until], load[until], unit="°C"), window)
    assert warmth.quantiles.min() < 0.0
