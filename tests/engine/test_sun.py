"""Sunrise and sunset beside almanacs."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.series.sun import sun_times

MINUTES = 4


@pytest.mark.parametrize(
    ("latitude", "longitude", "day", "rise", "fall"),
    [
        (51.92, 4.48, "2026-06-21", "03:22", "20:05"),  # Rotterdam
        (51.92, 4.48, "2026-12-21", "07:47", "15:32"),
        (30.27, -97.74, "2026-03-20", "12:36", "00:43"),  # Austin: the evening is on the next day in UTC
        (-33.87, 151.21, "2026-12-21", "18:41", "09:05"),  # Sydney
    ],
)
def test_sunrise_and_sunset(latitude, longitude, day, rise, fall):
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    times = sun_times(latitude, longitude, start, start + timedelta(days=1))
    for name, expected in (("sunrise", rise), ("sunset", fall)):
        hour, minute = map(int, expected.split(":"))
        off = abs((times[name].hour - hour) * 60 + times[name].minute - minute)
        assert min(off, 1440 - off) <= MINUTES, (name, times[name])


def test_where_the_sun_does_not_set():
    start = datetime(2026, 6, 21, tzinfo=UTC)
    assert sun_times(69.65, 18.96, start, start + timedelta(days=1)) == {}
