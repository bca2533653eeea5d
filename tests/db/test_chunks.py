"""The bytes of chunks give back what was put in, in the fewest bytes of the known forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.beliefs.chunks import CERTAIN, Beliefs, encode, together
from db.beliefs.decoding import decode
from engine.series.iso_time import Microseconds

STEP = 300_000_000
VALUES = st.floats(allow_nan=False, allow_infinity=False)


KINDS = st.tuples(st.sampled_from([1, 1, 1, 3]), st.booleans())
"""Number of quantiles, and whether each belief has levels of its own."""


@st.composite
def parts(draw: st.DrawFn, kinds: st.SearchStrategy[tuple[int, bool]] = KINDS) -> Beliefs:
    """Draw beliefs as they are stored: in order of event, on a grid or off it, with or without quantiles."""
    dense = st.integers(1, 30).map(range)
    at = sorted(draw(dense | st.sets(st.integers(0, 40), min_size=1, max_size=30)))
    events = np.array(at, np.int64) * draw(st.sampled_from([STEP, STEP, 7]))
    n, (q, own) = len(events), draw(kinds)
    form = draw(st.sampled_from(["one time", "one horizon", "own"]))
    times = np.full(n, 5) if form == "one time" else events - 9 if form == "one horizon" else np.arange(n) * 11 % 7
    values = np.array(draw(st.lists(VALUES, min_size=n * q, max_size=n * q))).reshape(n, q)
    shared = np.array([0.1, 0.5, draw(st.sampled_from([0.9, 0.9, 0.8]))]) if q == 3 else CERTAIN
    return Beliefs(events, times, values, np.tile(shared, (n, 1)) if own else shared)


def same(one: Beliefs, other: Beliefs) -> bool:
    shape = one.values.shape
    return (
        np.array_equal(one.events, other.events)
        and np.array_equal(one.times, other.times)
        and np.array_equal(one.values, other.values, equal_nan=True)
        and np.array_equal(np.broadcast_to(one.levels, shape), np.broadcast_to(other.levels, shape), equal_nan=True)
    )


ALIKE = KINDS.flatmap(lambda kind: st.lists(parts(st.just(kind)), min_size=5, max_size=12))


@given(given_parts=st.lists(parts(), min_size=1, max_size=6) | ALIKE, step=st.sampled_from([STEP, 0]))
def test_what_is_encoded_comes_back_in_order(given_parts: list[Beliefs], step: int) -> None:
    found, counts = decode([encode(part, step) for part in given_parts])
    assert same(found, together(given_parts))
    assert counts.tolist() == [len(part) for part in given_parts]


def test_payloads_with_other_levels_are_not_read_alike() -> None:
    parts = [Beliefs(np.array([i]), np.array([5]), np.ones((1, 2)), np.array([0.1, 0.5 + (i == 6)])) for i in range(9)]
    found = decode([encode(part, STEP) for part in parts])[0]
    assert found.levels[:, 1].tolist() == [0.5] * 6 + [1.5] + [0.5] * 2


def certain(times: Microseconds, *, step: int = STEP) -> Beliefs:
    return Beliefs.certain(np.arange(288) * step, times, np.ones(288))


@pytest.mark.parametrize(
    "part, size",
    [
        (certain(np.zeros(288, np.int64)), 32 + 288 * 8),
        (certain(np.arange(288) * STEP + 7), 32 + 288 * 8),
        (certain(np.arange(288) % 5), 32 + 288 * 16),
        (certain(np.zeros(288, np.int64), step=7), 32 + 288 * 16),
        (certain(np.zeros(288, np.int64)).take(np.arange(288) % 3 > 0), 32 + 287 * 8),
        (certain(np.zeros(288, np.int64)).take(np.arange(288) % 9 == 0), 32 + 32 * 16),
    ],
)
def test_a_chunk_takes_no_more_bytes_than_its_form_needs(part: Beliefs, size: int) -> None:
    assert len(encode(part, STEP)) == size


def test_a_later_format_is_refused() -> None:
    blob = bytes([2]) + encode(certain(np.zeros(288, np.int64)), STEP)[1:]
    with pytest.raises(RuntimeError, match="format 2"):
        decode([blob])
