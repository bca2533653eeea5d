"""Hours, half-hours and quarters that a file counts, also on days of 23 and 25 hours."""

from datetime import timedelta

import pytest

from engine.errors import InputError
from tests.engine.importing.sample_files import asked, read, starts

MARKED = ["1", "2", "3A", "3B", *map(str, range(4, 25))]
ORDINARY = [*map(str, range(1, 25))]


def counted(head: str, days: dict[str, list[str]]) -> str:
    """A file with a row for each count of each day; values count on, but not evenly."""
    rows = [(day, count) for day, counts in days.items() for count in counts]
    return "\n".join([head, *(f"{day};{count};{7 * at % 10},5" for at, (day, count) in enumerate(rows))])


def up_to(count: int) -> list[str]:
    return [*map(str, range(1, count + 1))]


@pytest.mark.parametrize(
    ("head", "days", "minutes"),
    [
        ("Datum;Stunde;kWh", {"25.10.2025": ORDINARY, "26.10.2025": MARKED}, 60),
        ("Datum;Stunde;kWh", {"25.10.2025": ORDINARY, "26.10.2025": up_to(25)}, 60),
        ("Datum;Stunde;kWh", {"28.03.2026": ORDINARY, "29.03.2026": up_to(23)}, 60),
        ("Datum;Viertelstunde;kWh", {"25.10.2025": up_to(96), "26.10.2025": up_to(100)}, 15),
        ("Date;Settlement Period;kWh", {"28.03.2026": up_to(48), "29.03.2026": up_to(46)}, 30),
        ("Datum;Stunde;kWh", {"26.10.2025": [*map(str, range(25))]}, 60),
    ],
)
def test_every_step_of_a_day_is_counted_once(head: str, days: dict[str, list[str]], minutes: int) -> None:
    reading = read(counted(head, days), "kWh", minutes=minutes)
    reading.check()
    assert reading.step == timedelta(minutes=minutes)
    moments = reading.readings.starts
    count = sum(map(len, days.values()))
    assert len(moments) == count and set(moments[1:] - moments[:-1]) == {minutes * 60_000_000}
    assert starts(reading)[0].endswith("22:00" if min(days).endswith("10.2025") else "23:00")


def test_an_ordinary_count_on_a_long_day_is_asked_about() -> None:
    text = counted("Datum;Stunde;kWh", {"26.10.2025": ORDINARY, "27.10.2025": ORDINARY})
    assert set(asked(read(text, "kWh"))) == {"timezone"}


def test_hours_of_a_part_of_the_day_may_begin_or_end() -> None:
    text = counted("Datum;Stunde;kWh", {"11.05.2026": ["8", "9", "10"]})
    assert asked(read(text, "kWh")) == {"stamps": ["start", "end"]}
    both = [starts(read(text, "kWh", options={"stamps": stamps}))[0] for stamps in ("start", "end")]
    assert both == ["2026-05-11T06:00", "2026-05-11T05:00"]


def test_what_no_day_has_is_refused() -> None:
    text = counted("Datum;Stunde;kWh", {"11.05.2026": up_to(60)})
    with pytest.raises(InputError, match="counts up to 60"):
        read(text, "kWh")


def test_an_hour_that_is_empty_but_once_a_year_adds_nothing() -> None:
    heads = ";".join(f"Hour {count}" for count in MARKED)
    rows = [f"{day}.10.2025;" + ";".join("" if "B" in count and day < 26 else "7.5" for count in MARKED)
            for day in (24, 25, 26, 27)]  # fmt: skip
    rows[-1] = rows[-1].replace("7.5;7.5;7.5;7.5", "7.5;7.5;7.5;", 1)
    reading = read("\n".join([f"Delivery day;{heads}", *rows]), "kWh")
    reading.check()
    known = reading.readings.values == 7.5
    assert known.sum() == 97 and len(set(reading.readings.starts[known].tolist())) == 97
