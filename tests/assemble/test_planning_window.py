"""Which steps a request asks to plan."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.assemble.site.planning_window import WindowLimits, grown, planned, within_most_steps
from app.assemble.site.request import ScheduleRequest
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.storage import StorageModel
from engine.series.iso_time import duration, instant, zone
from engine.series.window import Window

START = datetime(2030, 1, 14, 7, 0, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def window(sensors=(QUARTER,), model=None, limits=None, **asked):
    request = ScheduleRequest(asset=1, **{"start": START, **asked})
    resolutions = [Sensor(resolution=step) for step in sensors]
    limits = limits or WindowLimits()
    return within_most_steps(planned(request, resolutions, [StorageModel.read(model or {})], limits), request, limits)[
        0
    ]


def test_two_days_at_the_finest_resolution_unless_told():
    found = window(sensors=(HOUR, timedelta(minutes=5), timedelta(0)))
    assert found.step == timedelta(minutes=5) and found.end - found.start == timedelta(days=2)
    assert window(sensors=()).step == QUARTER
    assert window(resolution=HOUR, duration=timedelta(hours=6)).n == 6


def test_the_first_step_is_what_is_left_of_its_slot_and_the_end_is_filled_up():
    found = window(start=START + timedelta(minutes=7), duration=HOUR)
    assert found.start == START + timedelta(minutes=7) and found.end == START + timedelta(minutes=75)
    assert (found.hours * 60).round(9).tolist() == [8, 15, 15, 15, 15]
    assert found.slots == Window.of_length(START, timedelta(minutes=75), QUARTER)


def test_a_start_on_the_clock_gives_equal_steps():
    found = window(start=START, duration=HOUR)
    assert found == Window.of_length(START, HOUR, QUARTER) and found.hours == 0.25


def test_late_target_lengthens_a_plan_without_duration():
    late = {"soc-targets": [{"value": "3 kWh", "datetime": "2030-01-17T09:10:00Z"}]}
    assert window(model=late).end == datetime(2030, 1, 17, 9, 15, tzinfo=UTC)
    assert window(model=late, duration=HOUR).n == 4


@pytest.mark.parametrize("day, steps", [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)])
def test_a_day_is_as_long_as_the_clock_says(day, steps):
    start = instant(f"{day}T00:00", field="start", local=zone("Europe/Amsterdam"))
    assert window(start=start, duration=duration("P1D", field="duration", start=start)).n == steps


@pytest.mark.parametrize(
    "asked, told",
    [
        ({"duration": timedelta(days=27)}, "2520"),
        ({"duration": timedelta(0)}, "duration"),
        ({"duration": -HOUR}, "duration"),
        ({"resolution": timedelta(0)}, "resolution"),
    ],
)
def test_a_plan_lasts_some_time_but_not_for_ever(asked, told):
    with pytest.raises(FieldError, match=told):
        window(**asked)


def test_a_plan_without_duration_has_the_most_steps_and_says_so():
    minute, limits = timedelta(minutes=1), WindowLimits(most_steps=2520)
    request = ScheduleRequest(asset=1, start=START + timedelta(seconds=10))
    found, told = within_most_steps(planned(request, [Sensor(resolution=minute)], [], limits), request, limits)
    assert found.n == 2520 and found.start == request.start and found.end == START + 2520 * minute
    assert told == [
        (
            "duration: 2881 steps are more than the 2520 a plan may have, so that this one lasts PT41H59M50S only; "
            "a coarser resolution or growing-steps allow more."
        )
    ]


def test_a_plan_of_many_devices_without_duration_is_shorter():
    request, limits = ScheduleRequest(asset=1, start=START), WindowLimits(most_device_steps=19_200)
    usual = planned(request, [], [], limits)
    assert within_most_steps(usual, request, limits, devices=100) == (usual, [])
    short, told = within_most_steps(usual, request, limits, devices=200)
    assert short.n == 96 and len(told) == 1


def test_host_may_lift_the_limit():
    assert window(duration=timedelta(days=27), limits=WindowLimits(most_steps=0)).n == 2592


def minutes(found):
    """Lengths of the steps of a window [min], and how many of each in a row."""
    lengths = (np.broadcast_to(found.hours, found.n) * 60).round(9)
    starts = np.flatnonzero(np.diff(lengths, prepend=0))
    return list(zip(lengths[starts], np.diff(np.append(starts, found.n)), strict=True))


def test_a_week_at_five_minutes_has_fewer_steps_than_a_day_of_them():
    week = window(sensors=(timedelta(minutes=5),), duration=timedelta(days=7))
    found = grown(week, zone("Europe/Amsterdam"), timedelta.max, [])
    assert minutes(found) == [(5, 24), (15, 88), (60, 144)] and found.n < 288
    assert (found.start, found.end, found.slots) == (week.start, week.end, week)


def test_steps_grow_at_even_times_of_the_clock_and_no_longer_than_prices_hold():
    start = START + timedelta(minutes=7)
    fine = window(sensors=(timedelta(minutes=5),), start=start, duration=timedelta(hours=30))
    found = grown(fine, zone("Asia/Kolkata"), timedelta.max, [])  # whole hours there are half hours in UTC
    assert minutes(found)[0] == (3, 1) and {tick % 900_000_000 for tick in found.bounds[26:-1]} == {0}
    assert {tick % 3_600_000_000 for tick in found.bounds[-4:-1]} == {1_800_000_000}
    assert max(length for length, _ in minutes(grown(fine, zone("UTC"), QUARTER, []))) == 15


def test_no_long_step_spans_what_changes_within_it():
    fine = window(sensors=(timedelta(minutes=5),), duration=timedelta(days=3))
    due = START + timedelta(days=2, minutes=12)
    found = grown(fine, zone("UTC"), timedelta.max, [due])
    assert found.position(due) % 1 == pytest.approx(0.4)  # between 07:10 and 07:15
    assert grown(window(duration=HOUR), zone("UTC"), timedelta.max, []) == window(duration=HOUR)
