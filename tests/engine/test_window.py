"""Windows: whatever start, length and step, the steps fill them exactly."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TimeError
from engine.iso_time import from_us
from engine.window import Window

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
