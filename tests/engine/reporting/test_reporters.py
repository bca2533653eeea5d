"""What the reporters of numbers make of series."""

import warnings

import numpy as np
import pandas as pd
import pytest

from engine.reporting.reporters import AggregatorReporter, ProfitOrLossReporter

SERIES = {"a": np.array([1.0, 2, 3, np.nan]), "b": np.array([-1.0, -1, 5, 4]), "c": np.array([0.5, 2, 2, 1])}


@pytest.mark.parametrize("method", ["std", "var"])
@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_deviation_and_variance_are_those_of_a_sample(method: str, names: str) -> None:
    chosen = {name: SERIES[name] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = AggregatorReporter(method=method).compute(chosen)
    expected = pd.DataFrame(chosen).agg(method, axis=1, skipna=False)
    assert found == pytest.approx(expected.to_numpy(), nan_ok=True)


def test_each_step_is_priced_for_as_long_as_it_lasts() -> None:
    power, price = np.array([1.0, 1.0, -1.0]), np.array([0.1, 0.2, 0.3])
    found = ProfitOrLossReporter().compute(power, hours=np.array([23.0, 24.0, 25.0]), buying=price, selling=price)
    assert found == pytest.approx([-2.3, -4.8, 7.5])
