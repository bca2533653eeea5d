"""Which time a page shows."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.fragments import time_range
from engine.series.iso_time import to_us

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 6, 10, 15, tzinfo=UTC)
TODAY = datetime(2026, 6, 10, tzinfo=AMSTERDAM)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (TODAY - 9 * DAY, TODAY + DAY, TODAY),
        (TODAY - 9 * DAY, TODAY - 5 * DAY, TODAY - 6 * DAY),
        (TODAY + 5 * DAY, TODAY + 9 * DAY, TODAY + 5 * DAY),
    ],
)
def test_today_and_tomorrow_are_shown_or_else_the_nearest_data(first, last, expected):
    shown = time_range.usual((to_us(first), to_us(last)), now=NOW, local=AMSTERDAM)
    assert shown == (expected, expected + 2 * DAY)


def test_without_data_today_and_tomorrow_are_shown():
    assert time_range.usual(None, now=NOW, local=AMSTERDAM) == (TODAY, TODAY + 2 * DAY)


def test_a_replay_begins_a_day_earlier_over_a_clock_change_too():
    today = datetime(2026, 3, 30, tzinfo=AMSTERDAM)
    shown = time_range.remembered(None, now=today + timedelta(minutes=12), local=AMSTERDAM)
    assert [day.isoformat() for day in shown] == ["2026-03-29T00:00:00+01:00", "2026-04-01T00:00:00+02:00"]


@pytest.mark.parametrize("start", [None, "yesterday", "2026-06-12T00:00:00+02:00"])
def test_an_address_that_makes_no_sense_is_passed_over(start):
    assert time_range.asked(start, "2026-06-11T00:00:00+02:00", AMSTERDAM) is None


def test_a_preset_keeps_whole_days_over_a_clock_change():
    end = datetime(2026, 3, 30, tzinfo=AMSTERDAM)
    start, end = time_range.preset(7, end, AMSTERDAM)
    assert (start.isoformat(), end.isoformat()) == ("2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
    assert to_us(end) - to_us(start) == (7 * 24 - 1) * 3_600_000_000


def test_moving_on_by_a_day_keeps_whole_days_over_a_clock_change():
    day = datetime(2026, 3, 28, tzinfo=AMSTERDAM)
    start, end = time_range.moved(day, day + DAY, 1)
    assert (start.isoformat(), end.isoformat()) == ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")


def test_days_of_a_calendar_lead_to_a_span_and_back():
    first, last = date(2026, 10, 24), date(2026, 10, 25)
    start, end = time_range.of_days(first, last, local=AMSTERDAM)
    assert (start.isoformat(), end.isoformat()) == ("2026-10-24T00:00:00+02:00", "2026-10-26T00:00:00+01:00")
    assert time_range.days(start, end) == (first, last)


def test_spans_with_names_keep_clock_times_and_months():
    def iso(now: datetime, name: str) -> list[str]:
        return [moment.isoformat() for moment in time_range.around(now, AMSTERDAM)[name]]

    before_change = datetime(2026, 10, 24, 20, 40, tzinfo=UTC)
    assert iso(before_change, "Today") == ["2026-10-24T00:00:00+02:00", "2026-10-25T00:00:00+02:00"]
    assert iso(before_change, "Next 24 hours") == ["2026-10-24T22:00:00+02:00", "2026-10-25T21:00:00+01:00"]
    assert iso(before_change, "This month") == ["2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"]
    new_year = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert iso(new_year, "Last month") == ["2025-12-01T00:00:00+01:00", "2026-01-01T00:00:00+01:00"]
    assert iso(new_year, "This month")[1] == "2026-02-01T00:00:00+01:00"
    assert iso(new_year, "This year") == ["2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"]
    assert iso(new_year, "Last 7 days") == ["2026-01-25T00:00:00+01:00", "2026-02-01T00:00:00+01:00"]
    assert iso(new_year, "Yesterday") == ["2026-01-30T00:00:00+01:00", "2026-01-31T00:00:00+01:00"]
