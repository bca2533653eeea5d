"""Clock changes, told to the browser."""

from datetime import UTC, datetime

import pytest

from components import local_time
from engine.errors import TimeError
from engine.series.iso_time import to_us


@pytest.mark.parametrize(
    ("zone", "year", "expected"),
    [
        ("Europe/Amsterdam", 2026, [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]),
        (
            "Australia/Lord_Howe",
            2026,
            [datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)],
        ),
        ("Asia/Seoul", 2026, []),
    ],
)
def test_clock_changes_are_found_to_the_minute(zone, year, expected):
    start, end = (to_us(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
    assert local_time.changes_between(zone, start, end) == [to_us(moment) for moment in expected]


def test_an_unknown_zone_is_refused_with_the_nearest_name():
    with pytest.raises(TimeError, match="Europe/Amsterdam"):
        local_time.changes("Europe/Amsterdm")
