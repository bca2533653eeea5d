"""Times as people and programs write them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.errors import FieldError
from engine.importing.cells.local_clock import LocalClock, clock_offsets, winter_zone
from engine.importing.cells.time_texts import is_clock, is_time
from engine.importing.cells.times import NAIVE, read_formatted, read_times
from engine.series.iso_time import from_us, to_us, zone

NAIVE_TEXTS = {
    "2026-05-11 00:15": "2026-05-11T00:15",
    "2026/05/11 00:15:30.5": "2026-05-11T00:15:30.500000",
    "11.05.2026 24:00": "2026-05-12T00:00",
    "11-05-26 0:15": "2026-05-11T00:15",
    "Mo 11.05.2026 13:15": "2026-05-11T13:15",
    "11 May 2026 1:15 pm": "2026-05-11T13:15",
    "May 11, 2026": "2026-05-11T00:00",
    "11. März 2026": "2026-03-11T00:00",
    "20260511T0015": "2026-05-11T00:15",
    "202605110015": "2026-05-11T00:15",
    "2026-05": "2026-05-01T00:00",
    "11.05.2026 12:05 AM": "2026-05-11T00:05",
    "29.02.2024": "2024-02-29T00:00",
}
AWARE_TEXTS = {
    "2026-05-11 00:00:00+02": "2026-05-10T22:00",
    "2026-05-11T00:00:00+0200": "2026-05-10T22:00",
    "2026-05-11 00:00:00 -05:30": "2026-05-11T05:30",
    "2026-05-10T22:00:00.123456789Z": "2026-05-10T22:00:00.123456",
    "2026-05-10 22:00 UTC": "2026-05-10T22:00",
    "26/10/2025 02:00:00 (CEST)": "2025-10-26T00:00",
    "26/10/2025 02:00:00 (CET)": "2025-10-26T01:00",
    "1778450400": "2026-05-10T22:00",
    "1778450400000": "2026-05-10T22:00",
    "1778450400.5": "2026-05-10T22:00:00.500000",
}


@pytest.mark.parametrize("text", NAIVE_TEXTS)
def test_a_clock_reading_is_read(text: str) -> None:
    times, _ = read_times([text], month_first=False)
    assert times.good[0] and times.offset[0] == NAIVE
    assert from_us(int(times.local[0])).replace(tzinfo=None) == datetime.fromisoformat(NAIVE_TEXTS[text])


@pytest.mark.parametrize("text", AWARE_TEXTS)
def test_a_moment_is_read(text: str) -> None:
    times, _ = read_times([text], month_first=False)
    assert times.good[0]
    moment = from_us(int(times.local[0] - times.offset[0]))
    assert moment == datetime.fromisoformat(AWARE_TEXTS[text]).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["11/05/2026 00:00 - 11/05/2026 00:15", "11.05.2026 00:00 - 00:15", "2026-05-11T00:00/2026-05-11T00:15"]
)
def test_an_interval_is_read_with_its_end(text: str) -> None:
    times, ends = read_times([text], month_first=False)
    assert ends is not None and times.good[0] and ends.good[0]
    assert int(ends.local[0] - times.local[0]) == 900_000_000


def test_an_interval_over_midnight_ends_on_the_next_day() -> None:
    times, ends = read_times(["11.05.2026 23:45 - 00:00"], month_first=False)
    assert ends is not None and int(ends.local[0] - times.local[0]) == 900_000_000


@pytest.mark.parametrize("text", ["Summe", "1.250", "12 kW", "2026-13-01", "31.04.2026", "2026-05-11 25:00", "", "24"])
def test_what_is_no_time_is_none(text: str) -> None:
    times, _ = read_times([text], month_first=False)
    assert not (times.good[0] and times.dated[0])


def test_dates_and_times_of_day_are_told_apart() -> None:
    assert is_time("11.05.2026") and not is_clock("11.05.2026")
    assert is_clock("00:15") and is_clock("00:00 - 00:15") and not is_time("00:15")


def test_the_month_comes_first_if_it_is_told() -> None:
    times, _ = read_times(["05/11/2026 00:00"], month_first=True)
    assert from_us(int(times.local[0])).month == 5


def test_a_format_without_a_year_is_refused() -> None:
    with pytest.raises(FieldError, match="leaves the year out"):
        read_formatted(["06:30:00"], "%H:%M:%S")


def test_hours_that_happen_twice_are_told_by_their_marks_or_their_order() -> None:
    clock = LocalClock(zone("Europe/Amsterdam"))
    times, _ = read_times(["25.10.2026 02:00", "25.10.2026 02:30", "25.10.2026 02:00", "25.10.2026 02:30"],
                          month_first=False)  # fmt: skip
    moments, _ = clock.moments(times, begin=0)
    assert clock.settle(moments) == []
    assert np.diff(moments).tolist() == [1_800_000_000] * 3
    marked, _ = read_times(["26.10.2025 02B:00", "26.10.2025 02A:00"], month_first=False)
    moments, _ = LocalClock(zone("Europe/Amsterdam")).moments(marked, begin=0)
    assert moments.tolist() == [to_us(datetime(2025, 10, 26, hour, tzinfo=UTC)) for hour in (1, 0)]


def test_offsets_of_a_clock_are_those_of_its_zone() -> None:
    local = np.arange(48 * 366, dtype=np.int64) * 1_800_000_000 + to_us(datetime(2026, 1, 1, tzinfo=UTC))
    place = zone("Australia/Lord_Howe")  # whose clock is put back by half an hour
    first, last = clock_offsets(local, place)
    for at in range(0, len(local), 7):
        shown = from_us(int(local[at])).replace(tzinfo=place)
        assert first[at] == (shown.utcoffset() or UTC.utcoffset(None)) // datetime.resolution
    assert (first != last).sum() == 2
    assert winter_zone(zone("Europe/Amsterdam")) == "Etc/GMT-1"
