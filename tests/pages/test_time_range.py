"""Which time a page shows."""

from datetime import UTC, datetime, timedelta
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
