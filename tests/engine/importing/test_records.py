"""Files of records and documents rather than rows: NEM12, XML of ENTSO-E, and times as spreadsheets count them."""

import io
from datetime import date, timedelta

import pytest

from engine.errors import InputError
from engine.importing.layout import FileBounds, Layout
from engine.importing.reading import read_file
from engine.importing.tables.batches import FIRST_BATCH
from engine.importing.tables.nem12 import with_intervals
from engine.importing.tables.opening import open_table
from tests.engine.importing.sample_files import asked, read, said, starts, target

HALF_HOURS = [round(0.1 + at % 7 / 10, 1) for at in range(48)]
NEM12 = """100,NEM12,202605121205,MDP1,RETAILER
200,NMI0000001,E1B1,E1,E1,N1,METER1,kWh,30,
300,20260511,{e1},A,,,20260512101010,
200,NMI0000001,E1B1,B1,B1,N2,METER1,kWh,30,
300,20260511,{b1},V,,,20260512101010,
400,1,46,A,,
400,47,48,N,,
900
"""
METERED = NEM12.format(e1=",".join(map(str, HALF_HOURS)), b1=",".join(["0.5"] * 46 + ["0", "0"]))
POINT = "<Point><position>{}</position><{kind}>{}</{kind}></Point>"
DOCUMENT = """<?xml version="1.0" encoding="utf-8"?>
<{root} xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><mRID>1</mRID>{series}</{root}>"""
SERIES = """<TimeSeries><mRID>{number}</mRID><businessType>{business}</businessType>{units}
<curveType>{curve}</curveType>
<Period><timeInterval><start>{start}</start><end>{end}</end></timeInterval><resolution>{step}</resolution>{points}
</Period></TimeSeries>"""
PRICED = "<currency_Unit.name>EUR</currency_Unit.name><price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
METERED_IN = "<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name>"


def points(values: dict[int, float], kind: str) -> str:
    return "".join(POINT.format(place, value, kind=kind) for place, value in values.items())


def prices(values: dict[int, float], *, day: int = 10, curve: str = "A03", step: str = "PT15M") -> str:
    """A day of prices in Brussels."""
    return SERIES.format(
        number=day, business="A62", units=PRICED, curve=curve, step=step, points=points(values, "price.amount"),
        start=f"2026-05-{day}T22:00Z", end=f"2026-05-{day + 1}T22:00Z",
    )  # fmt: skip


def test_a_register_of_an_australian_meter_is_read_at_the_clock_of_the_market() -> None:
    first = read(METERED, "kWh", minutes=30)
    assert asked(first) == {"filter-value": ["E1", "B1"]}
    taken = read(METERED, "kWh", minutes=30, options={"filter_value": "E1"})
    taken.check()
    assert (starts(taken)[0], starts(taken)[-1]) == ("2026-05-10T14:00", "2026-05-11T13:30")
    assert taken.readings.values.tolist() == HALF_HOURS and taken.unit == "kWh"
    given = read(METERED, "kWh", minutes=30, options={"filter_value": "B1"})
    assert given.readings.values.tolist() == [0.5] * 46 and "2 rows have no value." in given.notices


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("300,20260511,", "300,2026051,"),
        ("300,20260511,", "300,00010101,"),
        ("0.1,0.2,0.3,", "0.1,0.2,"),
        (",kWh,30,", ",kWh,7,"),
        ("400,47,48", "400,47,49"),
    ],
)
def test_a_record_that_cannot_be_is_named_by_its_row(line: str, wrong: str) -> None:
    with pytest.raises(InputError, match=r"Row \d: "):
        read(METERED.replace(line, wrong), "kWh")


def half_hourly(records: int) -> str:
    """Days of a register with a value each half hour, from 2024 on."""
    days = (date(2024, 1, 1) + timedelta(days=at) for at in range(records))
    register = "100,NEM12,202605121205,MDP1,RETAILER\n200,NMI0000001,E1,E1,E1,N1,METER1,kWh,30,\n"
    return register + "".join(f"300,{day:%Y%m%d},{','.join(['0.1'] * 48)},A,,,\n" for day in days)


def test_quality_that_begins_another_batch_of_records_is_that_of_the_day_before() -> None:
    text = half_hourly(FIRST_BATCH - 2) + "400,1,46,A,,\n400,47,48,N,,\n"
    reading = read(text, "kWh", minutes=30)
    assert len(reading.readings.values) == (FIRST_BATCH - 2) * 48 - 2 and "2 rows have no value." in reading.notices


def test_intervals_are_made_as_they_are_asked_for_and_are_bound_like_rows() -> None:
    text = half_hourly(FIRST_BATCH)
    table = with_intervals(open_table(io.BytesIO(text.encode()), Layout()), 10**6)
    assert [len(batch.numbers) for batch in table.batches()] == [FIRST_BATCH, FIRST_BATCH * 48 + 1 - FIRST_BATCH]
    with pytest.raises(InputError, match="more intervals than the 400 allowed"):
        read(text, "kWh", options={"bounds": FileBounds(rows=400)})


def test_rows_that_are_wide_come_in_short_batches() -> None:
    wide = ("1," * 1_000 + "1\n") * 1_200
    table = open_table(io.BytesIO(wide.encode()), Layout())
    assert [len(batch.numbers) for batch in table.batches()] == [300, 500, 400]


def test_prices_of_several_days_hold_until_the_next_point_and_are_one_series() -> None:
    series = prices({1: 80.0, 5: -10.0, 96: 30.0}) + prices({1: 40.0}, day=11)
    reading = read(DOCUMENT.format(root="Publication_MarketDocument", series=series), "EUR/MWh", minutes=15)
    reading.check()
    assert (reading.unit, len(reading.readings.values)) == ("EUR/MWh", 192)
    assert reading.readings.values.tolist() == [80.0] * 4 + [-10.0] * 91 + [30.0] + [40.0] * 96
    assert (starts(reading)[0], starts(reading)[-1]) == ("2026-05-10T22:00", "2026-05-12T21:45")


def test_points_of_loads_hold_for_their_step_only_and_two_series_are_asked_about() -> None:
    hours = {"start": "2026-05-10T22:00Z", "end": "2026-05-11T22:00Z", "step": "PT60M", "curve": "A01"}
    load, sun = (
        SERIES.format(number=at, business=code, units=METERED_IN, points=points({1: at, 3: 5.5}, "quantity"), **hours)
        for at, code in enumerate(("A04", "A93"), 1)
    )
    document = DOCUMENT.format(root="GL_MarketDocument", series=load)
    alone = read(document, "MW")
    alone.check()
    assert alone.unit == "MW" and alone.readings.values.tolist() == [1.0, 5.5]
    assert starts(alone) == ["2026-05-10T22:00", "2026-05-11T00:00"]
    both = read(DOCUMENT.format(root="GL_MarketDocument", series=load + sun), "MW")
    assert asked(both) == {"filter-value": ["A04", "A93"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("<position>1<", "<position>0<"), "do not lie in it"),
        (("PT15M", "soon"), "resolution"),
        (("2026-05-11T22:00Z", "9999-12-31T23:59-23:59"), "outside the years 1900 to 2199"),
        (("2026-05-10T22:00Z", "0001-01-01T00:00+23:59"), "outside the years 1900 to 2199"),
        (('encoding="utf-8"', 'encoding="foo"'), "unknown encoding: foo"),
        (('encoding="utf-8"', 'encoding="utf-7"'), "cannot be read: multi-byte encodings"),
        (('encoding="utf-8"', 'encoding="shift_jis"'), "cannot be read: multi-byte encodings"),
        (('encoding="utf-8"', 'encoding="idna"'), "The XML of the file cannot be read"),
        ((POINT.format(1, 80.0, kind="price.amount"), ""), "has no points"),
        (("<price.amount>", "<price.amount>x"), "position, or its price"),
    ],
)
def test_a_document_whose_periods_cannot_be_is_refused(change: tuple[str, str], reason: str) -> None:
    document = DOCUMENT.format(root="Publication_MarketDocument", series=prices({1: 80.0}))
    with pytest.raises(InputError, match=reason):
        read(document.replace(*change), "EUR/MWh")


def test_periods_without_points_are_left_out_and_noticed() -> None:
    series = prices({}) + prices({1: 40.0}, day=11) + prices({}, day=12)
    reading = read(DOCUMENT.format(root="Publication_MarketDocument", series=series), "EUR/MWh", minutes=15)
    reading.check()
    assert reading.readings.values.tolist() == [40.0] * 96 and starts(reading)[0] == "2026-05-11T22:00"
    assert "Periods without points left out: 2, the first from 2026-05-10T22:00Z." in reading.notices


def test_a_short_document_of_many_values_is_bound_like_any_other() -> None:
    long = SERIES.format(
        number=1, business="A62", units=PRICED, curve="A03", step="PT1M", points=points({1: 1.0}, "price.amount"),
        start="1970-01-01T00:00Z", end="2026-01-01T00:00Z",
    )  # fmt: skip
    with pytest.raises(InputError, match="more values than the 1000000"):
        read(DOCUMENT.format(root="Publication_MarketDocument", series=long), "EUR/MWh")


def test_other_documents_are_named() -> None:
    with pytest.raises(InputError, match="XML of a kind"):
        read('<?xml version="1.0"?><R50><PRM/></R50>')


@pytest.mark.parametrize(("mark", "delimiter"), [(",", ";"), (".", ",")])
def test_days_counted_as_spreadsheets_do_are_times(mark: str, delimiter: str) -> None:
    counts = [46153 + at / 96 for at in range(96)]
    lines = [f"Date{delimiter}kW", *(f"{at:.10f}{delimiter}{at % 1:.3f}".replace(".", mark) for at in counts)]
    reading = read("\n".join(lines), minutes=15)
    reading.check()
    assert reading.step == timedelta(minutes=15) and starts(reading)[:2] == ["2026-05-10T22:00", "2026-05-10T22:15"]
    assert any("count days since 1900" in entry.because for entry in reading.evidence)


@pytest.mark.parametrize("cell", ["46153", "12000", "99999"])
def test_numbers_of_five_digits_are_no_times_unless_their_head_names_one(cell: str) -> None:
    lines = ["Zeit;kW", *(f"11.05.2026 {hour:02}:00;{int(cell) + hour % 5}" for hour in range(24))]
    assert said(read("\n".join(lines)))["time-column"] == "Zeit"


def test_a_column_of_zones_tells_the_zone_of_each_time() -> None:
    rows = [("01:00", "CEST", 1), ("02:00", "CEST", 2), ("02:00", "CET", 3), ("03:00", "CET", 4)]
    text = "Datum;Zeitzone;von;kW\n" + "".join(f"25.10.2026;{zone};{at};{value},5\n" for at, zone, value in rows)
    reading = read(text)
    reading.check()
    assert starts(reading) == ["2026-10-24T23:00", "2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]


def test_whole_numbers_above_a_thousand_without_a_unit_are_asked_about() -> None:
    rows = [f"2026-05-11T{hour:02}:00:00+02:00,{{}}\n" for hour in range(24)]
    text = "time,value\n" + "".join(row.format(300 + hour * 700 % 5000) for hour, row in enumerate(rows))
    assert asked(read(text)) == {"unit": ["W", "kW"]} and asked(read(text, "kWh")) == {"unit": ["Wh", "kWh"]}
    assert asked(read(text.replace("value", "value [kW]"))) == {} == asked(read(text, "MW"))
    assert (
        asked(read("time,value\n" + "".join(row.format(300.5 + at * 700 % 5000) for at, row in enumerate(rows)))) == {}
    )


def test_a_line_above_the_table_tells_the_zone() -> None:
    text = "Dates: 05/11/2026 in UTC\nHour of day,kW\n" + "".join(
        f"2026-05-11 {hour:02}:00,{hour}.5\n" for hour in range(9)
    )
    reading = read_file(text.encode(), Layout(), target())
    assert starts(reading)[0] == "2026-05-11T00:00" and said(reading)["timezone"] == "UTC"


def test_times_across_are_bounded_like_rows() -> None:
    days = "\n".join(f"2026-05-{day:02},{','.join(map(str, range(24)))}" for day in range(1, 32))
    text = f"day,{','.join(f'{hour:02}:00' for hour in range(24))}\n{days}\n".encode()
    assert len(read_file(text, Layout(bounds=FileBounds(rows=744)), target()).readings.starts) == 744
    with pytest.raises(InputError, match="more values than the 743 allowed"):
        read_file(text, Layout(bounds=FileBounds(rows=743)), target())
