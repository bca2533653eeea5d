"""Windows: whatever start, length and step, the steps fill them exactly."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TimeError
from engine.series.iso_time import from_us, to_us
from engine.series.window import Window

starts = st.integers(0, 6 * 10**9).map(lambda second: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=second))
steps = st.integers(1, 10**6).map(lambda second: timedelta(seconds=second))


@given(starts, steps, st.integers(1, 300))
def test_steps_fill_a_window(start, step, n):
    window = Window(start, start + n * step, step)
    assert (window.n, len(window.starts), len(window.ticks)) == (n, n, n + 1)
    assert from_us(window.starts[0]) == window.start
    assert from_us(window.ticks[-1]) == window.end
    assert window.hours * n == pytest.approx((window.end - window.start) / timedelta(hours=1))


@given(starts, st.integers(-14, 14))
def test_a_window_is_the_same_in_any_zone(start, hours):
    local = start.astimezone(timezone(timedelta(hours=hours)))
    here, there = (Window.of_length(moment, timedelta(hours=3), timedelta(minutes=15)) for moment in (start, local))
    assert here == there


@given(starts, steps, st.integers(1, 10**5))
def test_what_does_not_fit_is_refused(start, step, odd):
    length = step * 3 + timedelta(microseconds=odd)
    if length % step:
        with pytest.raises(TimeError, match="not a whole number of steps"):
            Window(start, start + length, step)


@given(starts, st.sampled_from(["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "UTC"]))
def test_a_length_is_a_length_over_a_clock_change(start, name):
    local = start.astimezone(ZoneInfo(name))
    assert Window.of_length(local, timedelta(days=200), timedelta(hours=1)).n == 4800


@given(starts, steps.filter(lambda step: step > timedelta(seconds=1)), st.integers(0, 50), st.floats(0.001, 0.999))
def test_a_first_step_may_be_what_is_left_of_its_slot(start, step, more, share):
    left = max(round(step.total_seconds() * share), 1) % max(int(step.total_seconds()), 2) or 1
    end = start + timedelta(seconds=left) + more * step
    window = Window.between(start, end, step)
    assert (window.n, window.slots.n) == (more + 1, more + 1)
    assert np.sum(np.broadcast_to(window.hours, more + 1)) == pytest.approx((end - start) / timedelta(hours=1))
    assert window.slots.end == end and 0 <= (start - window.slots.start) / step < 1


def hours(*lengths):
    """A window of steps of so many hours, in slots of an hour."""
    ends = np.cumsum([0, *lengths]) * 3_600_000_000 + to_us(NOON)
    return Window(NOON, from_us(int(ends[-1])), timedelta(hours=1), tuple(int(end) for end in ends))


NOON = datetime(2030, 1, 14, 12, tzinfo=UTC)


def test_steps_of_several_slots_have_places_for_moments_between():
    window = hours(1, 1, 2, 4)
    assert window.hours.tolist() == [1, 1, 2, 4]
    for tick in (0, 0.5, 1, 2.25, 3.75, 4):
        assert window.position(window.moment(tick)) == pytest.approx(tick)
    assert window.moment(3.5) == NOON + timedelta(hours=6)
    assert window.position(NOON - timedelta(hours=2)) == -2 and window.position(NOON + timedelta(hours=9)) == 5


def test_values_and_levels_of_long_steps_in_the_slots_that_are_stored():
    window = hours(1, 2, 3)
    assert window.on_slots(np.array([1.0, 2.0, 3.0])).tolist() == [1, 2, 2, 3, 3, 3]
    assert window.on_slot_ticks(np.array([0.0, 1.0, 5.0, 5.0])).tolist() == [0, 1, 3, 5, 5, 5, 5]
    assert window.with_step_after.starts.tolist() == window.ticks.tolist()


@pytest.mark.parametrize("bounds", [(0, 2), (1, 3), (0, 2, 1, 3), (0, 1.5, 3)])
def test_bounds_that_are_none_are_refused(bounds):
    ends = tuple(int(to_us(NOON) + hour * 3_600_000_000) for hour in bounds)
    with pytest.raises(TimeError, match="bounds of the steps must rise"):
        Window(NOON, NOON + timedelta(hours=3), timedelta(hours=1), ends)
