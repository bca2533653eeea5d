"""Which steps a request asks to plan."""

from datetime import UTC, datetime, timedelta

import pytest

from app.assemble.site.planning_window import WindowLimits, planned
from app.assemble.site.request import ScheduleRequest
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.storage import StorageModel
from engine.iso_time import duration, instant, zone
from engine.window import Window

START = datetime(2030, 1, 14, 7, 0, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)


def window(sensors=(QUARTER,), model=None, limits=None, **asked):
    request = ScheduleRequest(asset=1, **{"start": START, **asked})
    resolutions = [Sensor(resolution=step) for step in sensors]
    return planned(request, resolutions, [StorageModel.read(model or {})], limits or WindowLimits())


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


def test_host_may_lift_the_limit():
    assert window(duration=timedelta(days=27), limits=WindowLimits(most_steps=0)).n == 2592
