"""Steps on the clock of a place, over clock changes, and values from one step to another."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import resample
from engine.errors import TimeError
from engine.iso_time import from_us, to_us
from tests.moments import within

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
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
    slots, means = resample.average(resample.floor(events, DAY, place), np.arange(hours, dtype=float))
    assert (slots.tolist(), means.tolist()) == ([start], [(hours - 1) / 2])


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), times=st.sampled_from([2, 3, 12]))
def test_spread_and_averaged_again_are_the_same(values: list[float], times: int) -> None:
    events = np.arange(len(values)) * 3_600_000_000
    finer, at = resample.spread(events, HOUR, HOUR / times)
    slots, means = resample.average(resample.floor(finer, HOUR, ZoneInfo("UTC")), np.array(values)[at])
    assert slots.tolist() == events.tolist()
    assert means == pytest.approx(values)


def test_missing_values_count_for_nothing() -> None:
    _, means = resample.average(np.array([0, 0, 9, 9]), np.array([1, np.nan, np.nan, np.nan]))
    assert means.tolist() == pytest.approx([1, np.nan], nan_ok=True)


def test_steps_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TimeError, match="PT1H and events of PT7M do not fit"):
        resample.spread(np.array([0]), HOUR, timedelta(minutes=7))


def test_gaps_are_told_from_start_to_end() -> None:
    events = np.array([0, 1, 2, 5, 6, 9]) * 3_600_000_000
    assert (resample.gaps(events, HOUR) / 3.6e9).tolist() == [[3, 5], [7, 9]]
    assert resample.usual_step(events) == HOUR


def onto(events: list[int], values: list[float], step: timedelta, to: timedelta) -> tuple[list[float], list[float]]:
    """Resample values about minutes."""
    moments = np.array(events) * 60_000_000
    found, means = resample.onto(moments, np.array(values), step=step, to=to, place=ZoneInfo("UTC"))
    return (found / 6e7).tolist(), means.tolist()


MINUTE = timedelta(minutes=1)


def test_values_are_read_at_another_step() -> None:
    assert onto([0, 30, 60], [1, 2, 5], 30 * MINUTE, HOUR) == ([0, 60], [1.5, 5])
    assert onto([0, 60], [1, 2], HOUR, 30 * MINUTE) == ([0, 30, 60, 90], [1, 1, 2, 2])
    assert onto([0, 60], [1, 2], HOUR, HOUR) == ([0, 60], [1, 2])


def test_an_instantaneous_value_holds_until_the_next_one() -> None:
    assert onto([7, 14, 31], [1, 2, 3], timedelta(0), 10 * MINUTE) == ([10, 20, 30], [1, 2, 2])
    assert onto([0, 30], [1, 2], timedelta(0), 10 * MINUTE) == ([0, 10, 20, 30], [1, 1, 1, 2])
