"""Files made to harm: sheets without measure, bombs, texts that are no tables; each is refused, nothing is stored."""

import io
import zipfile
from collections.abc import Callable

import pytest
import requests

from tests.attack.test_bounds import GROWTH, memory
from tests.http.serving import Api

pytestmark = pytest.mark.parametrize("http_served", ["sqlite"], indirect=True, scope="session")
"""A file is read before a database is asked for anything."""

PATH = "http://schemas.openxmlformats.org"
RELATION = f"{PATH}/officeDocument/2006/relationships"
MAIN = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
FIRST, LAST = '<row r="1"><c r="A1"><v>1</v></c></row>', '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
CORNER = f"<sheetData>{FIRST}{LAST}</sheetData>"
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


def packed(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def xlsx(sheet: str, *, before: str = "", more: dict[str, str | bytes] | None = None) -> bytes:
    """Return an Excel file with one sheet."""
    spread = f"{PATH}/spreadsheetml/2006/main"
    head = '<?xml version="1.0"?>'
    return packed(
        {
            "[Content_Types].xml": f'{head}<Types xmlns="{PATH}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{MAIN}"/></Types>',
            "_rels/.rels": f'{head}<Relationships xmlns="{PATH}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{head}<workbook xmlns="{spread}" xmlns:r="{RELATION}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{PATH}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="r2" Type="{RELATION}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'{head}{before}<worksheet xmlns="{spread}">{sheet}</worksheet>',
            **(more or {}),
        }
    )


def ods(rows: str) -> bytes:
    """Return an OpenDocument file with one table."""
    spaces = " ".join(f'xmlns:{name}="{OFFICE}:{name}:1.0"' for name in ("office", "table", "text"))
    media = "application/vnd.oasis.opendocument.spreadsheet"
    body = f'<office:body><office:spreadsheet><table:table table:name="S">{rows}</table:table>'
    content = f'<?xml version="1.0"?><office:document-content {spaces}>{body}'
    content += "</office:spreadsheet></office:body></office:document-content>"
    manifest = f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{OFFICE}:manifest:1.0"/>'
    return packed({"mimetype": media, "content.xml": content, "META-INF/manifest.xml": manifest})


CELL = '<table:table-cell office:value-type="float" office:value="1"/>'
WIDEST = CELL.replace("/>", ' table:number-columns-repeated="2000000000"/>')
WIDE = CELL.replace("/>", ' table:number-columns-repeated="16384"/>')
STRINGS = f'<?xml version="1.0"?><sst xmlns="{PATH}/spreadsheetml/2006/main"><si><t>{"x" * 32_000}</t></si></sst>'


def same_text_often() -> str:
    return "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(1, 50_001))


FILES: dict[str, Callable[[], bytes]] = {
    "corner.xlsx": lambda: xlsx(CORNER),
    "size that is a lie.xlsx": lambda: xlsx(f'<dimension ref="A1:B2"/>{CORNER}'),
    "column.xlsx": lambda: xlsx(CORNER.replace("XFD1048576", "A1048576") + "<x/>" * 10),
    "laughs.xlsx": lambda: xlsx("<sheetData><row><c t='str'><v>&j;</v></c></row></sheetData>", before=LAUGHS + "]>"),
    "one long text often.xlsx": lambda: xlsx(
        f"<sheetData>{same_text_often()}</sheetData>", more={"xl/sharedStrings.xml": STRINGS}
    ),
    "bomb.xlsx": lambda: xlsx(f"<sheetData><row><c><v>1{' ' * 100_000_000}</v></c></row></sheetData>"),
    "open end.xlsx": lambda: xlsx("<sheetData>" + "<row>" * 1_000_000),
    "cut.xlsx": lambda: xlsx(CORNER)[:700],
    "rows.ods": lambda: ods(f'<table:table-row table:number-rows-repeated="1048576">{WIDE}</table:table-row>'),
    "columns.ods": lambda: ods(f"<table:table-row>{WIDEST}</table:table-row>"),
    "nothing.ods": lambda: packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
    "other.zip": lambda: packed({"readme.txt": "hello"}),
    "old.xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 5000,
    "line.csv": lambda: b"t,v\n" + b"2026-01-05T00:00:00Z," + b"1" * 2_000_000,
    "wide character.csv": lambda: ("t,v\n" + "😀" * 500_000).encode(),
    "columns.csv": lambda: b"," * 50_000 + b"\n" + b"," * 50_000,
    "quote.csv": lambda: b't,v\n"2026-01-05T00:00:00Z' + b",1\n" * 500_000,
    "cells over lines.csv": lambda: b"t,v\n" + b'"a\n",' * 1_000_000,
    "many that are no numbers.csv": lambda: b"t,v\n" + b"2026-01-05T00:00:00Z,one\n" * 200_000,
    "NUL.csv": lambda: b"t,v\n2026-01-05T00:00:00Z,1\0\n",
    "surrogates.csv": lambda: b"t,v\n2026-01-05T00:00:00Z,\xed\xa0\x80\n",
    "utf-16 cut.csv": lambda: "t,v\n2026-01-05T00:00:00Z,x\n".encode("utf-16")[:-1],
    "infinite.csv": lambda: b"t,v\n2026-01-05T00:00:00Z,1e999\n",
    "nothing.csv": lambda: b"",
    "only ends.csv": lambda: b"\n" * 500_000,
}
"""Each is made when a test asks for it: together they take seconds."""

READING = b"<IntervalReading><duration>900</duration><start>1767571200</start><value>1</value></IntervalReading>"
TEN, FEED = b"powerOfTenMultiplier", b'<feed xmlns="http://naesb.org/espi">'
BLOCKS = (
    b"<Publication_MarketDocument><TimeSeries><curveType>A03</curveType><Period><start>1970-01-01T00:00Z</start>"
    b"<end>2069-01-01T00:00Z</end><resolution>PT1S</resolution><Point><position>1</position><price.amount>1"
    b"</price.amount></Point></Period></TimeSeries></Publication_MarketDocument>"
)
"""A value that holds for three thousand million steps."""
FILES |= {
    "power of ten.xml": lambda: FEED + b"<%s>999999999</%s>" % (TEN, TEN) + READING + b"</feed>",
    "million names.xml": lambda: FEED + b"".join(b"<a%x/>" % at for at in range(1_000_000)) + READING + b"</feed>",
    "deep.xml": lambda: FEED + b"<a>" * 3_000_000,
    "readings without values.xml": lambda: FEED + READING + b"<IntervalReading/>" * 9 + b"</feed>",
    "one tag.xml": lambda: (
        FEED + b"<a " + b" ".join(b"a%x=''" % at for at in range(300_000)) + b"/>" + READING + b"</feed>"
    ),
    "long blocks.xml": lambda: BLOCKS,
    "half a million periods.xml": lambda: BLOCKS.replace(b"<Period>", b"<Period/>" * 500_000 + b"<Period>"),
    "entities.xml": lambda: LAUGHS.encode() + b"]>" + FEED + b"&j;</feed>",
}


@pytest.fixture(scope="module", autouse=True)
def warm(api: Api, ids: dict[str, int]) -> None:
    """Let the server load what reads files: that takes memory once."""
    assert send(api, ids["s:load"], "good.csv", b"t,v\n2026-01-05T00:00:00Z,1\n").status_code == 200


def count(api: Api, sensor: int) -> int:
    found = api.get(f"/sensors/{sensor}/stats").json()
    return int(sum(line["Number of values"] for line in found.values()))


def send(api: Api, sensor: int, name: str, content: bytes, *, to: str = "upload", **query: str) -> requests.Response:
    files = {"uploaded-files": (name, content)}
    return api.post(f"/sensors/{sensor}/data/{to}", files=files, params=query)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_would_harm_is_refused(api: Api, ids: dict[str, int], name: str) -> None:
    content, sensor, before = FILES[name](), ids["s:load"], memory(api)
    stored = count(api, sensor)
    answer = send(api, sensor, name, content)
    assert answer.status_code == 422, answer.text[:300]
    looked = send(api, sensor, name, content, to="upload/preview")
    assert looked.status_code in (200, 422) and not (looked.status_code == 200 and looked.json()["files"][0]["stored"])
    assert len(answer.text) < 20_000 and len(looked.text) < 20_000
    assert memory(api) - before < GROWTH + 10 * len(content)
    assert count(api, sensor) == stored and api.get("/health/ready", who=None).status_code == 200


def test_what_is_refused_for_its_size_says_which_setting(api: Api, ids: dict[str, int]) -> None:
    names = ("corner.xlsx", "line.csv", "columns.csv", "cells over lines.csv")
    told = {name: send(api, ids["s:load"], name, FILES[name]()).text for name in names}
    assert "FLEXSCOPE_MAX_SHEET_MEMORY" in told["corner.xlsx"]
    assert "FLEXSCOPE_MAX_LINE_LENGTH" in told["line.csv"]
    assert "FLEXSCOPE_MAX_FILE_COLUMNS" in told["columns.csv"]
    assert "FLEXSCOPE_MAX_LINE_LENGTH" in told["cells over lines.csv"]


def test_a_file_is_bounded_by_what_it_makes(api: Api, ids: dict[str, int]) -> None:
    content = b"t,v\n2026-01-05T00:00:00Z,1\n"
    answer = send(api, ids["s:load"], "x.csv", content, resolution="P200D")
    assert answer.status_code == 200, answer.text
    rows = "".join(f"{year}-01-05T00:00:00Z,{year % 7}\n" for year in range(1985, 2150))
    answer = send(api, ids["s:load"], "x.csv", f"t,v\n{rows}".encode(), resolution="P3650D")
    assert answer.status_code == 422 and "FLEXSCOPE_MAX_FILE_VALUES" in answer.text


@pytest.mark.parametrize(
    "field, text", [("date-format", "%Q"), ("date-format", "%d%d"), ("delimiter", '"'), ("sheet", "x")]
)
def test_a_layout_that_cannot_be_is_refused(api: Api, ids: dict[str, int], field: str, text: str) -> None:
    answer = send(api, ids["s:load"], "x.csv", b"t,v\n2026-01-05T00:00:00Z,1\n", **{field: text})
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b\r\n",
        b"--b--\r\n",
        b"--b\r\n\r\n" * 300,
        b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"x" * 20_000 + b"\r\n--b--\r\n",
        b"--b\r\n" + b"X: y\r\n" * 50_000 + b"\r\n--b--\r\n",
        b"--b\r\n" + b"--b" * 500_000 + b"\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; filename="x"\r\nContent-Transfer-Encoding: base64\r\n\r\n--b--',
    ],
    ids=range(9),
)
def test_a_form_that_is_none_is_refused(api: Api, ids: dict[str, int], body: bytes) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = api.post(f"/sensors/{ids['s:load']}/data/upload", data=body, headers=headers)
    assert answer.status_code in (400, 422), answer.text[:300]


def test_a_form_is_read_wherever_its_pieces_end(api: Api, ids: dict[str, int]) -> None:
    # The boundary lies across the end of a block of the reader, and the file holds most of it.
    rows = b"t,v\n" + b"".join(b"2026-02-%02dT00:00:00Z,1\n" % day for day in range(1, 29))
    for pad in range(2**20 - 600, 2**20 + 200, 97):
        body = b'--bb\r\nContent-Disposition: form-data; name="unit"\r\n\r\nkW\r\n--bb\r\n'
        body += b'Content-Disposition: form-data; name="uploaded-files"; filename="x.csv"\r\n\r\n'
        body += b"\n" * (pad - len(body)) + rows + b"\r\n--bb--\r\n"
        headers = {"Content-Type": 'multipart/form-data; boundary="bb"'}
        answer = api.post(f"/sensors/{ids['s:load']}/data/upload/preview", data=body, headers=headers)
        assert answer.json()["files"][0]["rows"] == 28, answer.text[:300]
