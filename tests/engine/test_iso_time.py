"""Texts of times and lengths, over clock changes and with every wrong form told."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TimeError
from engine.series import iso_time
from tests.moments import within

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
MOMENTS = st.builds(datetime.astimezone, within(1971, 2100), OFFSETS)
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=4000)).map(lambda length: length - length % timedelta(seconds=1))


@given(moment=MOMENTS)
def test_a_moment_written_and_read_is_the_same_to_the_microsecond(moment: datetime) -> None:
    assert iso_time.instant(moment.isoformat(), field="start") == moment
    assert iso_time.from_us(iso_time.to_us(moment)) == moment


@given(length=LENGTHS)
def test_a_length_written_and_read_is_the_same_and_never_nominal(length: timedelta) -> None:
    text = iso_time.iso_duration(length)
    assert iso_time.duration(text, field="duration") == length
    assert "D" not in text


@pytest.mark.parametrize(
    "text, start, hours",
    [
        ("P1D", "2026-03-29", 23), ("P1D", "2026-10-25", 25), ("P1D", "2026-06-01", 24), ("PT24H", "2026-03-29", 24),
        ("P1W", "2026-03-23", 167), ("P1M", "2026-03-01", 31 * 24 - 1), ("P1M", "2026-01-31", 28 * 24),
        ("P1Y", "2026-01-01", 365 * 24), ("P1DT6H", "2026-03-28", 30), ("P1DT6H", "2026-03-29", 29),
    ],
)  # fmt: skip
def test_days_and_months_are_counted_on_the_local_clock(text: str, start: str, hours: int) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=AMSTERDAM)
    assert iso_time.duration(text, field="duration", start=begin) == timedelta(hours=hours)


def test_without_a_start_a_day_is_24_hours_and_a_month_is_refused() -> None:
    assert iso_time.duration("P1D", field="duration") == timedelta(hours=24)
    with pytest.raises(TimeError, match="no fixed length"):
        iso_time.duration("P1M", field="duration")


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "12:00", "PT1H", "2026-03-01T25:00Z", "1e9"])
def test_what_is_no_time_is_refused_by_field(text: str) -> None:
    with pytest.raises(TimeError, match=r"^start: "):
        iso_time.instant(text, field="start")


@pytest.mark.parametrize("text", ["", "1 hour", "P", "PT", "15", "2026-03-01", "PT1X"])
def test_what_is_no_length_is_refused_by_field(text: str) -> None:
    with pytest.raises(TimeError, match=r"^duration: "):
        iso_time.duration(text, field="duration")


def test_a_time_without_zone_needs_one() -> None:
    with pytest.raises(TimeError, match="no time zone"):
        iso_time.instant("2026-03-01T12:00", field="start")
    local = iso_time.instant("2026-07-01T12:00", field="start", local=AMSTERDAM)
    assert local.astimezone(UTC).hour == 10


def test_a_wrong_zone_is_told_with_the_nearest() -> None:
    with pytest.raises(TimeError, match="did you mean 'Europe/Amsterdam'"):
        iso_time.zone("Europe/Amsterdm")
