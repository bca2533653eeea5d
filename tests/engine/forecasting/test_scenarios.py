"""Scenarios keep the quantiles of each step, and what steps have to do with each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from scipy.special import ndtri

from engine.errors import InputError
from engine.forecasting.scenarios import draw_scenarios, lag_correlation

LEVELS = (0.1, 0.5, 0.9)
STEPS = 24
STEADY = linalg.toeplitz(0.8 ** np.arange(STEPS))
"""Of neighbouring steps 0.8, falling from step to step."""


@given(
    st.lists(st.floats(0.0, 50.0), min_size=9, max_size=9), st.floats(-0.9, 0.95), st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_each_step_keeps_its_quantiles(rises: list[float], dependence: float, seed: int) -> None:
    quantiles = np.cumsum(np.reshape(rises, (3, 3)) + 1e-3, axis=1) - 20.0
    correlation = linalg.toeplitz(dependence ** np.arange(3))
    drawn = draw_scenarios(quantiles, LEVELS, correlation, count=4000, seed=seed)
    shares = (drawn[:, :, None] <= quantiles).mean(axis=0)
    # Five standard deviations of a share of 4,000 draws.
    assert np.abs(shares - np.array(LEVELS)).max() < 5.0 * 0.5 / 4000**0.5
    again = draw_scenarios(quantiles, LEVELS, correlation, count=4000, seed=seed)
    np.testing.assert_array_equal(drawn, again)


def test_steps_keep_their_dependence() -> None:
    width = np.linspace(1.0, 9.0, STEPS)
    quantiles = 100.0 + width[:, None] * ndtri(LEVELS)
    drawn = draw_scenarios(quantiles, LEVELS, STEADY, count=20_000, seed=1)
    assert np.abs(np.corrcoef(drawn, rowvar=False) - STEADY).max() < 0.03
    # Errors that go together do not cancel: the sum of a day is far more spread than that of independent hours.
    apart = draw_scenarios(quantiles, LEVELS, np.eye(STEPS), count=20_000, seed=1)
    assert drawn.sum(axis=1).std() > 2.0 * apart.sum(axis=1).std()


def test_the_dependence_of_errors_is_seen_in_few_days_with_gaps() -> None:
    random = np.random.default_rng(4)
    score = np.zeros(60 * STEPS)
    for at in range(1, len(score)):
        score[at] = 0.8 * score[at - 1] + 0.6 * random.standard_normal()
    # Skewed, and wider at noon: ranks see neither.
    errors = np.exp(score.reshape(60, STEPS)) * (1.0 + np.sin(np.arange(STEPS) * np.pi / STEPS))
    errors[random.random(errors.shape) < 0.02] = np.nan
    found = lag_correlation(errors, 2 * STEPS)
    assert found.shape == (48, 48) and np.linalg.eigvalsh(found).min() > -1e-9
    assert found[0, :4] == pytest.approx(0.8 ** np.arange(4), abs=0.1)
    assert abs(found[0, 40]) < 0.15


def test_errors_that_are_all_alike_say_nothing() -> None:
    drawn = lag_correlation(np.random.default_rng(2).standard_normal((5, 3)), 4)
    assert np.diag(drawn) == pytest.approx(np.ones(4))
    with pytest.raises(InputError, match="errors of 5 days"):
        lag_correlation(np.full((20, 3), np.nan), 4)
    with pytest.raises(InputError, match="at least two quantiles"):
        draw_scenarios(np.zeros((3, 1)), [0.5], np.eye(3), count=5, seed=0)
    with pytest.raises(InputError, match="no quantiles"):
        draw_scenarios(np.full((3, 2), np.nan), [0.1, 0.9], np.eye(3), count=5, seed=0)
