"""Regressions, the sun, mixtures and bands, each against an independent reference."""

from datetime import UTC, datetime, timedelta
from math import cos, radians

import numpy as np
import pytest
import statsmodels.api as sm

from engine.forecasting.bands import steer
from engine.forecasting.days import Days, filled
from engine.forecasting.history import UTC as CLOCK
from engine.forecasting.linear import Standardised, many_ridges, median, ridge
from engine.forecasting.mixture import mix
from engine.forecasting.physical.irradiance import Sun, clear_sky, split_light
from engine.forecasting.physical.pv import fitted_plane, plant_power
from engine.series.sun import sun_times
from tests.engine.forecasting.samples import ORIGIN, hours

RANDOM = np.random.default_rng(3)


def test_the_ridge_is_least_squares_where_it_penalises_hardly() -> None:
    columns = RANDOM.normal(size=(4000, 5)).astype(np.float32)
    target = columns @ np.array([3.0, -2.0, 0.0, 1.0, 5.0]) + 7.0 + RANDOM.normal(size=4000)
    table = Standardised.of(columns, freedom=4000.0)
    expected = sm.OLS(target, sm.add_constant(columns.astype(float))).fit().predict()
    np.testing.assert_allclose(ridge(table, target).predict(table.columns), expected, atol=0.01)


def test_the_median_regression_is_the_one_of_statsmodels() -> None:
    columns = RANDOM.normal(size=(2000, 4)).astype(np.float32)
    target = columns @ np.array([3.0, -2.0, 1.0, 0.0]) + RANDOM.exponential(4.0, 2000)  # skewed: no mean regression
    table = Standardised.of(columns, freedom=2000.0)
    cold = ridge(table, target)
    fit = median(table, target, median(table, target, cold), median(table, target, cold))
    expected = sm.QuantReg(target, sm.add_constant(columns.astype(float))).fit(q=0.5).predict()
    assert np.abs(fit.predict(table.columns) - expected).mean() < 0.05 * target.std()
    assert np.abs(cold.predict(table.columns) - expected).mean() > 0.1 * target.std()


def test_a_column_that_never_changes_counts_for_nothing() -> None:
    columns = np.concatenate([np.full((300, 1), 1e6), RANDOM.normal(size=(300, 1))], axis=1).astype(np.float32)
    table = Standardised.of(columns, freedom=300.0)
    fit = ridge(table, columns[:, 1].astype(float))
    assert np.isfinite(fit.predict(table.row(np.array([[2e6, 0.5]], np.float32)))).all()


def test_new_rows_are_clipped() -> None:
    table = Standardised.of(RANDOM.normal(size=(500, 1)).astype(np.float32), freedom=500.0)
    assert table.row(np.array([[1e9]], np.float32))[0, 0] == 5.0


@pytest.mark.parametrize("rows", [30, 300])
def test_many_ridges_are_the_same_by_rows_and_by_columns(rows: int) -> None:
    columns = RANDOM.normal(size=(rows, 80))
    targets = columns[:, :3] * 2.0 + RANDOM.normal(size=(rows, 3)) * 0.1
    found = many_ridges(columns, targets)
    assert found.shape == (80, 3)
    residual = ((targets - columns @ found) ** 2).sum() / (targets**2).sum()
    assert residual < 0.2


def test_the_sun_rises_when_the_almanac_says() -> None:
    day = datetime(2026, 6, 21, tzinfo=UTC)
    times = sun_times(52.0, 5.0, day, day + timedelta(days=1))
    for moment in times.values():
        height = float(Sun.over(np.array([moment.timestamp()]), 52.0, 5.0).height[0])
        assert height == pytest.approx(cos(radians(90.833)), abs=0.01)
    noon = datetime.fromtimestamp(sum(moment.timestamp() for moment in times.values()) / 2.0, UTC)
    sun = Sun.over(np.array([noon.timestamp()]), 52.0, 5.0)
    assert float(sun.height[0]) == pytest.approx(cos(radians(52.0 - 23.44)), abs=1e-3)
    assert float(np.degrees(sun.azimuth[0])) == pytest.approx(180.0, abs=1.5)


def test_light_is_split_and_put_together_again() -> None:
    sun = Sun.over(np.asarray(hours(3) / 1e6), 45.0, 7.0)
    light = split_light(0.6 * clear_sky(sun).level, sun)
    day = sun.height > 0.1
    together = light.beam * sun.height + light.diffuse
    np.testing.assert_allclose(together[day], light.level[day], rtol=1e-6)
    assert (light.diffuse[day] > 0.15 * light.level[day]).all()


@pytest.mark.parametrize(("tilt", "azimuth"), [(30.0, 180.0), (45.0, 160.0), (20.0, 240.0)])
def test_the_plane_of_a_plant_is_seen_from_its_power(tilt: float, azimuth: float) -> None:
    sun = Sun.over(np.asarray(hours(60) / 1e6 + 1800.0), 51.0, 4.0)
    light = clear_sky(sun)
    found = fitted_plane(3.0 * plant_power(light.on_plane(sun, tilt, azimuth)), light, sun)
    assert found == (pytest.approx(tilt, abs=5.0), pytest.approx(azimuth, abs=10.0))


def test_gaps_are_filled_from_earlier_days_alone() -> None:
    table = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan], [4.0, 5.0]])
    np.testing.assert_array_equal(filled(table), [[0.0, 1.0], [2.0, 1.0], [2.0, 1.0], [4.0, 5.0]])


def test_an_hour_that_comes_twice_is_averaged_and_one_that_lacks_is_missing() -> None:
    place = CLOCK.__class__("Europe/Amsterdam")
    for month, day, expected in ((10, 25, 2.5), (3, 29, np.nan)):
        start = datetime(2026, month, day, tzinfo=place).astimezone(UTC)
        events = hours(2, start + timedelta(hours=47))
        begin = int(np.searchsorted(events, int(start.timestamp() * 1e6)))
        days = Days.around(int(events[begin]), 1, 1, timedelta(hours=1), place)
        values = np.arange(len(events), dtype=float) - begin
        assert days.table(events, values)[1, 2] == pytest.approx(expected, nan_ok=True)


def test_the_better_expert_wins_weight_and_a_useless_one_is_left_out() -> None:
    actual = RANDOM.normal(10.0, 1.0, (60, 24))
    forecasts = {
        "yesterday": actual + RANDOM.normal(0.0, 1.0, actual.shape),
        "good": actual + RANDOM.normal(0.0, 0.3, actual.shape),
        "useless": actual + 30.0,
    }
    mixed, weights = mix(forecasts, np.where(np.arange(60)[:, None] < 59, actual, np.nan), 1)
    assert weights[-1][1] > 0.9 and weights[-1][2] == 0.0
    assert np.abs(mixed[40:] - actual[40:]).mean() < 0.4
    # What comes on a day does not count for the day itself.
    other, _ = mix(forecasts, np.where(np.arange(60)[:, None] < 30, actual, np.nan), 1)
    np.testing.assert_array_equal(mixed[:31], other[:31])


def test_an_expert_without_a_value_drops_out_of_the_sum() -> None:
    actual = np.ones((30, 4))
    forecasts = {"yesterday": actual * 1.1, "gappy": np.where(np.arange(4) == 2, np.nan, actual)}
    mixed, _ = mix(forecasts, actual, 1)
    assert np.isfinite(mixed).all()
    np.testing.assert_allclose(mixed[:, 2], 1.1)


@pytest.mark.parametrize("ahead", [1, 2])
def test_bands_hold_what_they_promise_when_errors_grow(ahead: int) -> None:
    days = 400
    spread = np.linspace(1.0, 4.0, days)[:, None] * np.linspace(0.5, 2.0, 24)
    actual = RANDOM.standard_t(4, (days, 24)) * spread
    _, (low, high) = steer(np.zeros((days, 24)), actual, ahead)
    known = np.isfinite(low)
    inside = (actual >= low) & (actual <= high)
    assert inside[known].mean() == pytest.approx(0.8, abs=0.02)
    assert inside[-150:][known[-150:]].mean() == pytest.approx(0.8, abs=0.03)


def test_quantiles_follow_the_scale_and_where_nothing_happens_there_is_no_band() -> None:
    scale = np.tile(np.array([0.0, 1.0, 10.0]), (90, 1))
    actual = RANDOM.normal(size=(90, 3)) * scale
    bands, _ = steer(np.zeros((90, 3)), actual, 1, scale)
    low, middle, high = bands.quantiles(np.zeros(3), (0.1, 0.5, 0.9)).T
    assert low[0] == high[0] == 0.0
    assert 6.0 < (high - low)[2] / (high - low)[1] < 15.0
    assert (low <= middle).all() and (middle <= high).all()


def test_days_begin_where_the_known_ends() -> None:
    late = datetime(2026, 5, 31, 9, tzinfo=UTC)
    days = Days.around(int(late.timestamp() * 1e6), 2, 1, timedelta(hours=1), CLOCK)
    table = days.table(hours(2, late), np.arange(48.0))
    np.testing.assert_array_equal(table[:2], np.arange(48.0).reshape(2, 24))
    assert late < ORIGIN and np.isnan(table[2]).all()
