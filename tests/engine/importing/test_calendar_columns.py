"""Weeks, months, quarters, years and days of the year, in one cell or counted in columns; and hours marked as ends."""

import pytest

from engine.series.iso_time import from_us
from tests.engine.importing.sample_files import asked, ends, read, starts

SOME = ["5.5", "3", "4"]
"""Values that no meter shows, as they fall."""


def column(head: str, times: list[str]) -> str:
    return "\n".join([f"{head};kWh", *(f"{time};{SOME[at % 3]}" for at, time in enumerate(times))])


WEEKS = ("2025-12-28T23:00", "2026-01-18T23:00")
QUARTERS = ("2025-12-31T23:00", "2026-09-30T22:00")
MONTHS = ("2025-12-31T23:00", "2026-03-31T22:00")


@pytest.mark.parametrize(
    ("head", "times", "span"),
    [
        ("Week", ["2026-W01", "2026-W02", "2026-W03"], WEEKS),
        ("Week", ["2026/W1", "2026/W2", "2026/W3"], WEEKS),
        ("Week", ["2026 week 1", "2026 week 2", "2026 week 3"], WEEKS),
        ("Woche", ["KW 1/2026", "KW 2/2026", "KW 3/2026"], WEEKS),
        ("Week", ["2026-01", "2026-02", "2026-03"], WEEKS),
        ("Year;Week", ["2026;1", "2026;2", "2026;3"], WEEKS),
        ("Month", ["2026-01", "2026-02", "2026-03"], MONTHS),
        ("Monat", ["01.2026", "02.2026", "03.2026"], MONTHS),
        ("Year;Month", ["2026;1", "2026;2", "2026;3"], MONTHS),
        ("Year;Month", ["2026;January", "2026;February", "2026;March"], MONTHS),
        ("Quarter", ["Q1 2026", "Q2 2026", "Q3 2026"], QUARTERS),
        ("Quarter", ["2026-Q1", "2026-Q2", "2026-Q3"], QUARTERS),
        ("Quartal", ["1. Quartal 2026", "2. Quartal 2026", "3. Quartal 2026"], QUARTERS),
        ("Year;Quarter", ["2026;1", "2026;2", "2026;3"], QUARTERS),
        ("Jahr", ["2023", "2024", "2025"], ("2022-12-31T23:00", "2025-12-31T23:00")),
        ("Year;DOY", ["2026;87", "2026;88", "2026;89"], ("2026-03-27T23:00", "2026-03-30T22:00")),
        ("Day", ["2026-087", "2026-088", "2026-089"], ("2026-03-27T23:00", "2026-03-30T22:00")),
    ],
)
def test_a_period_of_the_calendar_lasts_as_long_as_it_does(head: str, times: list[str], span: tuple[str, str]) -> None:
    reading = read(column(head, times), "kWh", minutes=15)
    reading.check()
    assert asked(reading) == {} and reading.readings.values.sum() == 12.5
    last = ends(reading) or [f"{from_us(int(reading.readings.starts[-1])) + reading.step:%Y-%m-%dT%H:%M}"]
    assert (starts(reading)[0], last[-1]) == span


@pytest.mark.parametrize(
    ("time", "end"),
    [("2026-W05", "2026-02-01T23:00"), ("Q1 2026", "2026-03-31T22:00"), ("2026-03", "2026-03-31T22:00")],
)
def test_a_single_row_lasts_as_long_as_it_says(time: str, end: str) -> None:
    reading = read(column("Period", [time]), "kWh")
    reading.check()
    assert ends(reading) == [end]


def test_columns_of_weeks_beside_times_only_repeat_them() -> None:
    rows = [f"2026-05-11 {hour:02}:00;2026;20;{hour % 5}" for hour in range(24)]
    reading = read("\n".join(["Time;Year;Week;kWh", *rows]), "kWh", options={"value_column": "kWh"})
    assert starts(reading)[:2] == ["2026-05-10T22:00", "2026-05-10T23:00"]


@pytest.mark.parametrize("form", ["{}:00", "{}"])
def test_marks_behind_the_doubled_hour_tell_its_end(form: str) -> None:
    hours = ["1", "2", "3A", "3B", *map(str, range(4, 25))]
    text = column("Zeit", [f"26.10.2025 {form.format(hour)}" for hour in hours])
    reading = read(text, "kWh")
    reading.check()
    moments = reading.readings.starts
    assert starts(reading)[0] == "2025-10-25T22:00" and len(moments) == 25
    assert asked(reading) == {} and set((moments[1:] - moments[:-1]).tolist()) == {3_600_000_000}


@pytest.mark.parametrize(("day", "count"), [("28.03.2026", 96), ("29.03.2026", 92), ("26.10.2025", 100)])
def test_quarters_of_a_day_are_counted_under_any_head(day: str, count: int) -> None:
    rows = [f"{day};{quarter};{SOME[quarter % 3]}" for quarter in range(1, count + 1)]
    reading = read("\n".join(["Tag;Nr;kWh", *rows]), "kWh", minutes=15)
    reading.check()
    moments = reading.readings.starts
    assert len(moments) == count and set((moments[1:] - moments[:-1]).tolist()) == {900_000_000}
