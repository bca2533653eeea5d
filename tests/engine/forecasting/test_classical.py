"""Forecasters of statsmodels foresee what they are made for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.errors import InputError
from engine.forecasting.classical import AutoRegression, HoltWinters, QuantileRegression, SeasonalDecomposition
from engine.forecasting.forecaster import Forecaster
from engine.forecasting.naive import SeasonalNaive
from tests.engine.forecasting.samples import day_ahead, noisy_load

EVERY: list[Forecaster] = [HoltWinters(), AutoRegression(), SeasonalDecomposition(), QuantileRegression()]
NAMES = [type(forecaster).__name__ for forecaster in EVERY]


@pytest.mark.parametrize("forecaster", EVERY, ids=NAMES)
def test_noise_is_averaged_and_its_size_is_known(forecaster: Forecaster) -> None:
    friday = datetime(2026, 5, 29, tzinfo=UTC)
    known = noisy_load(42, end=friday)
    window = day_ahead(friday)
    actual = np.array([5.0 + 3.0 * (7 <= hour < 22) for hour in range(24)])
    found = forecaster.forecast(known, window)
    naive = SeasonalNaive().forecast(known, window)
    assert np.abs(found.mean - actual).mean() < 0.9 * np.abs(naive.mean - actual).mean()
    # 80 % of a noise of 0.3 kW lie within 0.77 kW; Sundays and jumps of 3 kW make it wider.
    width = (found.quantiles[:, 2] - found.quantiles[:, 0]).mean()
    assert 0.6 < width < 4.0


@pytest.mark.parametrize("forecaster", EVERY, ids=NAMES)
def test_a_load_that_never_changes_and_too_few_days(forecaster: Forecaster) -> None:
    known, window = noisy_load(20), day_ahead(length=timedelta(hours=30))
    flat = forecaster.forecast(replace(known, values=np.full(len(known.values), 4.0)), window)
    assert flat.mean == pytest.approx(np.full(30, 4.0), abs=1e-6)
    assert np.isfinite(flat.quantiles).all()
    with pytest.raises(InputError, match="days"):
        forecaster.forecast(noisy_load(3), window)


def test_a_charger_that_mostly_stands_still_has_quantiles_too() -> None:
    known, window = noisy_load(30), day_ahead()
    at_work = (np.arange(len(known.values)) % 24 == 8) & (np.arange(len(known.values)) // 24 % 2 == 0)
    found = QuantileRegression().forecast(replace(known, values=11.0 * at_work), window)
    assert np.isfinite(found.quantiles).all() and found.quantiles[12] == pytest.approx(np.zeros(3), abs=1e-3)
