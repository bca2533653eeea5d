"""One series written in many ways: the same values are found, or a question; never others without a word."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.errors import EngineError
from engine.importing.layout import Layout
from engine.importing.reading import read_file
from engine.series.iso_time import from_us
from tests.effort import effort
from tests.engine.importing.sample_files import target

PLACE = ZoneInfo("Europe/Amsterdam")
BEGINS = ("2026-05-11", "2026-05-03", "2026-03-28", "2025-10-25")
"""A day that is no month, one that may be, and days before the clock changes."""
TIMES = (
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d-%m-%Y;%H:%M",
    "%Y%m%d%H%M", "%s", "%d %b %Y %H:%M", "%m/%d/%Y %I:%M %p",
)  # fmt: skip
PRECISE = ("%s", "%Y-%m-%dT%H:%M:%S%z")
"""Those that show seconds."""
NUMBERS = ("{:.3f}", "{:.2f}", "{:,.1f}", "{:.3e}")
HEADS = ("time{0}power [kW]", "Datum{0}kW", "", "Meter{0}7\n\nZeit{0}Leistung in kW")
FEET = ("", "\nSumme{0}7", "\n\n")
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")
ALL = product(BEGINS, TIMES, NUMBERS, ",;\t", ",.", HEADS, FEET, ENCODINGS, (15, 60), (0, 7))
# Nobody writes the month first and a decimal comma, but for what AM and PM tell.
WAYS = [way for way in ALL if not (way[1].startswith("%m") and "%p" not in way[1] and way[4] == ",")]


def series(begin: str, minutes: int) -> Iterator[tuple[datetime, float]]:
    """Two days of values that neither rise all along nor stand still."""
    moment = datetime.fromisoformat(begin).replace(tzinfo=PLACE).astimezone(UTC)
    end = (datetime.fromisoformat(begin) + timedelta(days=2)).replace(tzinfo=PLACE).astimezone(UTC)
    row = 0
    while moment < end:
        yield moment, 1000.25 + 137.5 * (row * 7 % 11)
        moment, row = moment + timedelta(minutes=minutes), row + 1


def written(way: tuple[Any, ...]) -> tuple[bytes, dict[datetime, float]]:
    """A file in one way, and the values it holds."""
    begin, form, number, mark, decimal, head, foot, encoding, minutes, jitter = way
    expected, lines = {}, [head.format(mark)] if head else []
    for row, (moment, value) in enumerate(series(begin, minutes)):
        late = timedelta(seconds=jitter * (row % 3) if form in PRECISE else 0)
        shown = (moment + late).astimezone(PLACE)
        time = str(int(shown.timestamp())) if form == "%s" else shown.strftime(form)
        text = number.format(value)
        expected[moment] = float(text.replace(",", ""))
        text = text if decimal == "." else text.translate(str.maketrans(".,", ",."))
        cell = f'"{text}"' if mark in text else text
        lines.append(f"{time.replace(';', mark)}{mark}{cell}")
    return ("\n".join(lines) + foot.format(mark)).encode(encoding), expected


@pytest.mark.parametrize("part", range(8))
def test_a_series_is_found_however_it_is_written(part: int) -> None:
    drawn = np.random.default_rng(part).choice(len(WAYS), effort(8, 60), replace=False)
    wrong = {}
    for way in (WAYS[at] for at in drawn.tolist()):
        content, expected = written(way)
        try:
            reading = read_file(content, Layout(), target(minutes=way[-2]))
            reading.check()
        except EngineError:
            continue  # asked, or refused with a reason
        rows = reading.readings
        found = {from_us(at): value for at, value in zip(rows.starts.tolist(), rows.values.tolist(), strict=True)}
        if found != pytest.approx(expected):
            wrong[way] = list(found.items())[:2]
    assert wrong == {}


def test_ordinary_ways_need_no_question() -> None:
    for form, mark in product(("%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z"), ";\t"):
        rows = [f"{at.astimezone(PLACE).strftime(form)}{mark}{value:.2f}" for at, value in series(BEGINS[0], 60)]
        read_file("\n".join([f"time{mark}kW", *rows]).encode(), Layout(), target()).check()
