"""Probabilistic beliefs as bands."""

import numpy as np
import pytest

from app.assemble.lines import band
from db.beliefs.chunks import Beliefs

NAN = float("nan")


def beliefs(levels, *values) -> Beliefs:
    moments = np.arange(len(values), dtype=np.int64)
    return Beliefs(moments, moments, np.array(values, dtype=float), np.array(levels, dtype=float))


def test_the_band_lies_between_the_quantiles_nearest_to_10_and_90_percent():
    found = band(beliefs([0.05, 0.2, 0.5, 0.9], [1, 2, 3, 4], [5, 6, 7, 8]))
    assert (found.low.tolist(), found.high.tolist(), found.name) == ([1, 5], [4, 8], "5 to 90 %")


def test_levels_may_differ_from_belief_to_belief():
    found = band(beliefs([[0.5, NAN, NAN], [0.1, 0.5, 0.9]], [3, NAN, NAN], [1, 2, 4]))
    assert np.array_equal(found.low, [NAN, 1], equal_nan=True)
    assert np.array_equal(found.high, [NAN, 4], equal_nan=True)


@pytest.mark.parametrize("levels", [[0.5], [0.1, 0.5], [0.6, 0.9]])
def test_without_two_sides_there_is_no_band(levels):
    assert band(beliefs(levels, [1.0] * len(levels))) is None


def test_nothing_believed_has_no_band():
    assert band(Beliefs.none()) is None
