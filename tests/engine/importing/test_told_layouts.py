"""Files whose layout is told, wholly or in part; and what is wrong with some."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest

from engine.errors import EngineError
from engine.importing.layout import FileError, FileReading, Layout
from engine.importing.reading import read_file
from engine.series.iso_time import to_us
from tests.engine.importing.sample_files import target

AMSTERDAM = Layout(timezone="Europe/Amsterdam")
MIDNIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)  # in Amsterdam


def checked(content: bytes, layout: Layout = AMSTERDAM) -> FileReading:
    """Return a file that can be stored as it is."""
    reading = read_file(content, layout, target("kW"))
    reading.check()
    return reading


def values(text: str, layout: Layout = AMSTERDAM) -> list[tuple[float, float]]:
    """Return hours after midnight and value of each row."""
    rows = checked(text.encode(), layout).readings
    return [((start - to_us(MIDNIGHT)) / 3.6e9, v) for start, v in zip(rows.starts.tolist(), rows.values, strict=True)]


@pytest.mark.parametrize(
    "text, layout",
    [
        ("Hour,Price\n2026-03-02T00:00:00,1.5\n2026-03-02T01:00:00,1000\n", AMSTERDAM),
        ("2026-03-02T00:00:00,1.5\n2026-03-02T01:00:00,1000", AMSTERDAM),
        ("2026-03-02 00:00;1.5\n2026-03-02 01:00;1000\n", AMSTERDAM),
        ("2026-03-02T00:00:00+01:00,1.5\n2026-03-02T00:00:00Z,1000\n", Layout()),
        ("when\twhat\n2/3/2026 0:00\t1,5\n2/3/2026 1:00\t1.000\n",
         Layout(timezone="Europe/Amsterdam", date_format="%d/%m/%Y %H:%M", decimal=",", thousands=".")),
        ("# export\n# of meter 7\nt,v\n2026-03-02T00:00,1.5\n2026-03-02T01:00,1000\n", replace(AMSTERDAM, skip_rows=2)),
        ("id,v,t\nx,1.5,2026-03-02T00:00\ny,7,2026-03-02T00:00\nx,1000,2026-03-02T01:00\n",
         replace(AMSTERDAM, time_column="t", value_column="v", filter_column="id", filter_value="x")),
        ("t,v\n2026-03-02T00:00,1.5\n2026-03-02T01:00,1000\n2026-03-02T02:00,7\n", replace(AMSTERDAM, max_rows=2)),
        ('"t","v"\n"2026-03-02T00:00","1.5"\n\n"2026-03-02T01:00"," 1000 "\n', AMSTERDAM),
        ("\ufefft,v\n2026-03-02T00:00,1.5\n2026-03-02T01:00,1e3\n", AMSTERDAM),
    ],
)  # fmt: skip
def test_every_way_of_writing_the_same_two_values_is_read(text: str, layout: Layout) -> None:
    assert values(text, layout) == [(0, 1.5), (1, 1000)]


def test_excel_is_read_with_its_own_times_and_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("data")
    midnight = MIDNIGHT.astimezone(ZoneInfo("Europe/Amsterdam")).replace(tzinfo=None)  # cells of Excel know no zone
    rows: list[list[object]] = [["t", "v"], [midnight, 1.5], [midnight + timedelta(hours=1), 1000]]
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    posted = checked(content.getvalue(), replace(AMSTERDAM, sheet="data"))
    assert posted.readings.starts.tolist() == [to_us(MIDNIGHT), to_us(MIDNIGHT) + 3_600_000_000]
    assert posted.readings.values.tolist() == [1.5, 1000]
    with pytest.raises(EngineError, match="the file has"):
        checked(content.getvalue(), replace(AMSTERDAM, sheet="date"))


def test_cells_without_a_value_are_spacing() -> None:
    rows = values("t,v\n2026-03-02T00:00,\n2026-03-02T01:00,NaN\n2026-03-02T02:00,none\n2026-03-02T03:00,3\n")
    assert [value for _, value in rows if not np.isnan(value)] == [3]
    own = replace(AMSTERDAM, missing=frozenset({"-999"}))
    assert np.isnan(values("2026-03-02T00:00,-999\n2026-03-02T01:00,1", own)[0][1])


def test_the_hour_that_happens_twice_is_read_in_the_order_of_the_file() -> None:
    rows = "\n".join(f"2026-10-25T{hour}:00,{i}" for i, hour in enumerate(["01", "02", "02", "03"]))
    posted = checked(rows.encode(), AMSTERDAM)
    assert np.diff(posted.readings.starts).tolist() == [3_600_000_000] * 3
    backwards = "\n".join(rows.splitlines()[::-1])
    assert np.diff(checked(backwards.encode(), AMSTERDAM).readings.starts).tolist() == [-3_600_000_000] * 3


@pytest.mark.parametrize(
    "row, says",
    [
        ("2026-10-25T02:30,1", "'2026-10-25 02:30' happened twice in Europe/Amsterdam"),
        ("2026-03-29T02:30,1", "does not exist in Europe/Amsterdam"),
        ("32-03-2026,1", "is not a time"),
        ("2026-03-05T00:00,12 kW", "is not a number"),
        ("2026-03-05T00:00,inf", "is not a number"),
        ("2026-03-02T00:00,7", "second value for this time"),
    ],
)
def test_a_bad_row_is_told_by_its_number_and_nothing_is_read(row: str, says: str) -> None:
    with pytest.raises(FileError, match=says) as refused:
        values(f"t,v\n2026-03-02T00:00,1\n{row}\n2026-03-05T01:00,2\n")
    assert [problem.row for problem in refused.value.problems] == [3]
    assert str(refused.value).startswith("Row 3: ")


def test_every_bad_row_is_counted() -> None:
    with pytest.raises(FileError, match=r"2 more rows") as refused:
        values("t,v\nx,1\n2026-03-02T00:00,y\nz,3\n2026-03-02T01:00,1\n")
    assert [problem.row for problem in refused.value.problems] == [2, 3, 4]


@pytest.mark.parametrize(
    "text, layout, says",
    [
        ("", AMSTERDAM, "no rows"),
        ("t,v\n", AMSTERDAM, "no rows"),
        ("t,v\n2026-03-02T00:00,1\n", replace(AMSTERDAM, value_column="power"), "it has t, v"),
        ("t,v\n2026-03-02T00:00,1,2,3\n", AMSTERDAM, "Row 2 has 4 cells, but the first row of the table has 2"),
        ("PK\x03\x04 not really", AMSTERDAM, "not an Excel file"),
        ("t,v\n2026-03-02T00:00,1\n", Layout(timezone="Europe/Amsterdm"), "did you mean 'Europe/Amsterdam'"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_one_sentence(text: str, layout: Layout, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        values(text, layout)


def test_a_column_of_moments_of_knowledge_is_read() -> None:
    text = "t,v,known\n2026-03-02T00:00,1,2026-03-01T12:00\n2026-03-02T00:00,2,2026-03-01T13:00\n"
    posted = checked(text.encode(), replace(AMSTERDAM, belief_column="known"))
    assert posted.readings.known is not None
    assert np.diff(posted.readings.known).tolist() == [3_600_000_000]
    assert posted.readings.values.tolist() == [1, 2]


def test_the_step_of_a_file_is_the_usual_distance_of_its_rows() -> None:
    rows = [f"2026-03-02T{hour:02}:00,1" for hour in (0, 1, 2, 5, 6)]
    assert checked("\n".join(rows).encode(), AMSTERDAM).step == timedelta(hours=1)
