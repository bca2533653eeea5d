"""Files as wholes: what stands above and below the table, several tables in one, and what is odd in them."""

import io
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import openpyxl
import pytest

from engine.errors import EngineError
from engine.importing.layout import FileError, Undecided
from tests.engine.importing.sample_files import asked, read, said, starts

CLOCK = datetime.fromisoformat("2026-05-11")
"""As cells of Excel, which know no zone."""
HOURS = [f"{hour:02}:00" for hour in range(24)]


def day(head: str = "t,kW", values: Any = range(24), date: str = "2026-05-11") -> str:
    """Return an hourly file of one day."""
    return "\n".join([head, *(f"{date} {hour},{value}" for hour, value in zip(HOURS, values, strict=True))])


def book(sheets: dict[str, list[list[object]]], hidden: str = "") -> bytes:
    """Return an Excel file."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.sheet_state = "hidden" if name == hidden else "visible"
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def hourly(base: float) -> list[list[object]]:
    return [["Zeit", "kW"], *([CLOCK + timedelta(hours=at), base + at] for at in range(24))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_is_read(encoding: str) -> None:
    reading = read(day("Zeit,Größe in kW").encode(encoding))
    reading.check()
    assert len(reading.readings.values) == 24


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_found(mark: str) -> None:
    reading = read(day().replace(",", mark))
    reading.check()
    assert said(reading)["delimiter"] == mark and reading.readings.values[-1] == 23


def test_a_preamble_and_a_foot_are_passed_over_and_told() -> None:
    text = f"Meter;7;;\nFrom;2026-05-11\n\n{day().replace(',', ';')}\nSumme;276\nExported by me\n"
    reading = read(text)
    reading.check()
    assert len(reading.readings.values) == 24
    assert any("'Summe'" in notice for notice in reading.notices)


def test_a_table_with_times_of_day_across_is_read() -> None:
    heads = [f"{at // 4:02}:{at % 4 * 15:02}" for at in range(96)]
    rows = [";".join([f"{date}.05.2026", *(f"{at},5" for at in range(96))]) for date in (11, 12)]
    reading = read("\n".join([";".join(["Datum", *heads]), *rows]))
    reading.check()
    assert (len(reading.readings.values), reading.step, starts(reading)[96]) == (
        192,
        timedelta(minutes=15),
        "2026-05-11T22:00",
    )
    assert reading.readings.values[95] == 95.5


def test_hours_counted_across_end_their_hours_if_they_go_to_24() -> None:
    text = "\n".join(["day," + ",".join(map(str, range(1, 25))), "2026-05-11," + ",".join(map(str, range(24)))])
    reading = read(text)
    assert starts(reading)[0] == "2026-05-10T22:00" and starts(reading)[-1] == "2026-05-11T21:00"


def test_several_series_in_one_file_are_asked_about() -> None:
    rows = [f"2026-05-11 {hour},{name},{value}" for hour in HOURS for name, value in (("in", 1), ("out", 2))]
    text = "\n".join(["t,register,kW", *rows])
    assert asked(read(text)) == {"filter-value": ["in", "out"]}
    chosen = read(text, options={"filter_column": "register", "filter_value": "out"})
    chosen.check()
    assert set(chosen.readings.values.tolist()) == {2.0}
    assert read(text, options={"filter_value": "in"}).readings.values.tolist() == [1.0] * 24
    with pytest.raises(EngineError, match="no row is of 'sideways'"):
        read(text, options={"filter_value": "sideways"})


def test_a_long_sheet_is_one_series_whatever_the_kinds_of_its_cells() -> None:
    note = "n" * 15_000  # so long that the rows pass between two processes in several parts
    rows: list[list[object]] = [[CLOCK + timedelta(hours=at), float(at), note] for at in range(900)]
    rows[400:400] = [[None] * 3] * 2
    rows[500][1] = None
    whole = read(book({"data": [["Zeit", "kW", "note"], *rows]}))
    whole.check()
    expected = [float(at) for at in range(900) if at != 498]
    assert whole.readings.values[~np.isnan(whole.readings.values)].tolist() == expected
    assert whole.readings.numbers[[0, 399, 400, 899]].tolist() == [2, 401, 404, 903]
    late = read(book({"data": [["to be left out"]] * 400 + [["Zeit", "kW"], *(row[:2] for row in rows)]}),
                options={"skip_rows": 400})  # fmt: skip
    assert late.readings.starts.tolist() == whole.readings.starts.tolist()
    rows[700][1] = "much"
    with pytest.raises(FileError, match="Row 702: 'much'"):
        read(book({"data": [["Zeit", "kW"], *(row[:2] for row in rows)]})).check()


def test_days_and_moments_of_a_sheet_stay_apart() -> None:
    days: list[list[object]] = [[(CLOCK + timedelta(days=at)).date(), 24.0] for at in range(400)]
    assert said(read(book({"data": [["day", "kWh"], *days]}), "kWh"))["resolution"] == "days"
    hours: list[list[object]] = [[CLOCK + timedelta(hours=at), 1.0] for at in range(400)]
    reading = read(book({"data": [["time", "kW"], *hours]}))
    assert reading.step == timedelta(hours=1) and starts(reading)[-1] == "2026-05-27T13:00"
    apart: list[list[object]] = [[CLOCK.date(), (CLOCK + timedelta(hours=at)).time(), 1.0] for at in range(24)]
    assert starts(read(book({"data": apart})))[-1] == "2026-05-11T21:00"


def test_several_units_in_a_column_are_asked_about() -> None:
    rows = [f"2026-05-11 {hour},{at},{('W', 'kW')[at % 2]}" for at, hour in enumerate(HOURS)]
    text = "\n".join(["t,value,unit", *rows])
    assert asked(read(text)) == {"filter-value": ["W", "kW"]}
    assert read(text, options={"filter_value": "W"}).unit == "W"


def test_a_row_below_the_table_with_a_number_is_a_problem_if_it_may_be_a_time() -> None:
    with pytest.raises(FileError, match="Mxy 2026"):
        read("Monat;kWh\nJan 2026;744\nFeb 2026;672\nMxy 2026;743\n", "kWh").check()


def test_registers_of_one_meter_are_told_apart_and_parts_of_one_belong_together() -> None:
    rows = []
    for hour in HOURS:
        day, until = 7 <= int(hour[:2]) < 22, f"{(int(hour[:2]) + 1) % 24:02}:00;{'12' if hour == '23:00' else '11'}"
        for name, value in (("Afname Dag", 0.1), ("Afname Nacht", 0.2), ("Injectie Dag", 0.01)):
            known = f"{value}" if day == name.endswith("Dag") else ""
            rows.append(f"11-05-2026;{hour};{until[6:]}-05-2026;{until[:5]};{name};{known};kWh")
    text = "\n".join(["Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);Register;Volume;Eenheid", *rows])
    questions = asked(read(text, "kWh"))
    assert questions["filter-value"][:2] == ["Afname", "Afname Dag"]
    assert read(text, "kWh", options={"filter_value": "Afname"}).readings.values.sum() == pytest.approx(3.3)


MONTHS = [f"0{month}/01/2026" for month in range(1, 7)]
DAYS = [f"05/0{day}/2026" for day in range(1, 9)]


@pytest.mark.parametrize("dates", [MONTHS, DAYS])
def test_days_and_months_that_both_follow_each_other_are_asked_about(dates: list[str]) -> None:
    text = "\n".join(["Date,kWh", *(f"{date},{at * 7 % 5}" for at, date in enumerate(dates))])
    assert asked(read(text, "kWh"))["date-order"] == ["day", "month"]


def test_several_columns_are_asked_about_unless_only_one_fits() -> None:
    rows = "\n".join(f"2026-05-11 {hour},1,20,3" for hour in HOURS)
    assert asked(read(f"t,a [kW],temperature [°C],b [kW]\n{rows}")) == {
        "value-column": ["a [kW]", "b [kW]", "temperature [°C]"]
    }
    assert said(read(f"t,a,temperature [°C],b [kW]\n{rows}"))["value-column"] == "b [kW]"


def test_several_sheets_are_asked_about() -> None:
    content = book({"one": hourly(0), "two": hourly(100)})
    assert asked(read(content)) == {"sheet": ["one", "two"]}
    assert read(content, options={"sheet": "two"}).readings.values[0] == 100
    read(book({"one": hourly(0), "two": hourly(100)}, hidden="one")).check()


@pytest.mark.parametrize("first", ["notes", "prices", "one"])
def test_the_only_sheet_that_fits_is_taken_and_told(first: str) -> None:
    prices: list[list[object]] = [["Zeit", "EUR/MWh"], *hourly(70)[1:]]
    sheets = {"notes": [["Meter", "7"], ["Read on", CLOCK], ["By", "me"]], "prices": prices, "one": hourly(3)}
    content = book({first: sheets[first], **sheets})
    reading = read(content)
    reading.check()
    assert (said(reading)["sheet"], reading.readings.values[0], len(reading.readings.values)) == ("one", 3, 24)
    assert said(read(content, "EUR/MWh"))["sheet"] == "prices"
    assert asked(read(content, "°C"))["sheet"][0] == first


def test_a_unit_that_cannot_be_meant_is_asked_about() -> None:
    with pytest.raises(Undecided, match="°C"):
        read(day("t,value [°C]")).check()
    assert read(day("t,value [°C]"), options={"unit": "kW"}).unit == "kW"


def test_times_of_long_ago_are_stored_only_if_confirmed() -> None:
    text = day(date="1904-01-01")
    assert asked(read(text)) == {"confirm": ["old-times"]}
    read(text, options={"confirm": frozenset({"old-times"})}).check()


@pytest.mark.parametrize(
    ("values", "date", "says"),
    [
        ([1.0] * 23 + [500.0], "2026-05-11", "more than ten times"),
        (range(24), "2027-05-11", "in the future"),
    ],
)
def test_what_looks_wrong_is_told(values: Any, date: str, says: str) -> None:
    assert any(says in notice for notice in read(day(values=values, date=date)).notices)


def test_all_findings_of_a_file_are_confirmed_by_one_answer() -> None:
    text = day(values=[1.0] * 23 + [500.0], date="1904-05-11")
    assert asked(read(text)) == {"confirm": ["old-times,outliers"]}
    assert asked(read(text, options={"confirm": frozenset({"old-times"})})) == {"confirm": ["old-times,outliers"]}
    read(text, options={"confirm": frozenset({"old-times", "outliers"})}).check()


def test_stretches_that_stand_are_told() -> None:
    moments = [CLOCK + timedelta(hours=at) for at in range(240)]
    rows = [f"{moment.isoformat()},{5 if 100 <= at < 150 else at % 7}" for at, moment in enumerate(moments)]
    assert any("are the same" in notice for notice in read("\n".join(["t,kW", *rows])).notices)


def test_a_bad_row_among_good_ones_is_named() -> None:
    with pytest.raises(FileError, match=r"Row 4: 'viel' is not a number") as refused:
        read(day().replace(",2\n", ",viel\n")).check()
    assert [problem.row for problem in refused.value.problems] == [4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("%PDF-1.7", "a PDF"),
        ('{"values": [1]}', "JSON"),
        ("<html><body>sign in</body></html>", "a web page"),
        ("a,b\nc,d\n", "No column holds times"),
        ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><feed xmlns:espi="espi">&a;</feed>', "entities"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(content: str, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        read(content)


def test_a_change_of_level_by_a_thousand_is_confirmed_before_it_is_stored() -> None:
    moments = [CLOCK + timedelta(hours=at) for at in range(480)]
    rows = [f"{moment.isoformat()},{(3 + at % 5) * (1 if at < 240 else 1000)}" for at, moment in enumerate(moments)]
    assert asked(read("\n".join(["t,W", *rows]), "W")) == {"confirm": ["unit-jump"]}


def test_amounts_of_quarters_of_a_year_last_until_the_next_quarter() -> None:
    rows = ["2025-01-01,900", "2025-04-01,400", "2025-07-01,300", "2025-10-01,800"]
    assert said(read("\n".join(["quarter,kWh", *rows]), "kWh"))["resolution"] == "quarters"


def test_months_that_follow_each_other_tell_the_month_from_the_day() -> None:
    rows = ["11/05/2025,900", "12/05/2025,400", "01/05/2026,700"]
    assert said(read("\n".join(["date,kWh", *rows]), "kWh"))["date-order"] == "month"
