"""Steps on the clock of a place, over clock changes, and values from one step to another."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TimeError
from engine.series import resample
from engine.series.iso_time import from_us, to_us
from tests.moments import within

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC = ZoneInfo("UTC")
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"])
STEPS = st.sampled_from([timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 1440)])
MOMENTS = within(2020, 2030)


@given(moment=MOMENTS, step=STEPS, name=ZONES)
def test_a_step_starts_at_a_full_step_of_the_local_clock(moment: datetime, step: timedelta, name: str) -> None:
    place = ZoneInfo(name)
    start = from_us(int(resample.floor(np.array([to_us(moment)]), step, place)[0]))
    assert start <= moment < start + step + 2 * HOUR
    local = start.astimezone(place)
    passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    assert passed % step == timedelta(0)


@given(moment=MOMENTS, name=ZONES)
def test_a_day_is_a_local_day(moment: datetime, name: str) -> None:
    place = ZoneInfo(name)
    start = from_us(int(resample.floor(np.array([to_us(moment)]), DAY, place)[0])).astimezone(place)
    assert start.date() == moment.astimezone(place).date()
    assert (start.hour, start.minute) == (0, 0)


@pytest.mark.parametrize("day, hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_the_mean_of_a_local_day_counts_its_hours(day: str, hours: int) -> None:
    place = ZoneInfo("Europe/Amsterdam")
    start = to_us(datetime.fromisoformat(day).replace(tzinfo=place))
    events = start + np.arange(hours) * 3_600_000_000
    slots, means = resample.gathered(resample.floor(events, DAY, place), np.arange(hours, dtype=float), add=False)
    assert (slots.tolist(), means.tolist()) == ([start], [(hours - 1) / 2])


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), times=st.sampled_from([2, 3, 12]))
def test_spread_and_averaged_again_are_the_same(values: list[float], times: int) -> None:
    events = np.arange(len(values)) * 3_600_000_000
    finer, at = resample.spread(events, HOUR, HOUR / times, UTC)
    for add, parts in ((False, np.array(values)[at]), (True, np.array(values)[at] / times)):
        slots, again = resample.gathered(resample.floor(finer, HOUR, UTC), parts, add=add)
        assert slots.tolist() == events.tolist()
        assert again == pytest.approx(values)


def test_missing_values_count_for_nothing() -> None:
    for add in (False, True):
        _, found = resample.gathered(np.array([0, 0, 9, 9]), np.array([1, np.nan, np.nan, np.nan]), add=add)
        assert found.tolist() == pytest.approx([1, np.nan], nan_ok=True)


@pytest.mark.parametrize("day, hours", [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_local_day_is_spread_over_its_own_hours(day: str, hours: int) -> None:
    place = ZoneInfo("Europe/Amsterdam")
    start = to_us(datetime.fromisoformat(day).replace(tzinfo=place))
    hourly, at = resample.spread(np.array([start]), DAY, HOUR, place)
    assert hourly.tolist() == (start + np.arange(hours) * 3_600_000_000).tolist()
    assert at.tolist() == [0] * hours


def test_steps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TimeError, match="PT1H and events of PT7M do not fit"):
        resample.spread(np.array([0]), HOUR, timedelta(minutes=7), UTC)


def test_gaps_are_told_from_start_to_end() -> None:
    events = np.array([0, 1, 2, 5, 6, 9]) * 3_600_000_000
    assert (resample.gaps(events, HOUR) / 3.6e9).tolist() == [[3, 5], [7, 9]]
    assert resample.usual_step(events) == HOUR
