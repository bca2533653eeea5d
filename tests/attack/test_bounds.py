"""Requests that ask for too much are refused before any of the work is done."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.api.http.multipart import MultipartForm, Raw
from app.settings.bounds import Bounds
from app.usecases.fields import STORED
from app.usecases.inputs import Invalid, read_input
from tests.auth.test_permissions import ROUTES
from tests.http.serving import Api

SOON = 2.0
"""How long the server may compute for a refusal [s]."""
GROWTH = 60 * 2**20
"""How much memory the server may have more after a refusal [bytes]."""
BEGIN = "2026-01-01T00:00:00Z"
CENTURIES = {"start": "1900-01-01T00:00:00Z", "end": "2199-12-31T00:00:00Z"}
MESSAGE = {"values": [1, 2, 3, 4], "start": BEGIN, "unit": "kW"}
BULK = {"sensors": "{power},{load}", "start": BEGIN, "duration": "P40Y"}
STATS = {"event_start_time": CENTURIES["start"], "event_end_time": CENTURIES["end"]}


def memory(api: Api) -> int:
    """Return what the server has in memory [bytes]."""
    lines = Path(f"/proc/{api.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def assert_refused(api: Api, method: str, path: str, **more: Any) -> str:
    """Send a request that must be refused at once and without memory; return what is told."""
    before, begun = memory(api), api.computed()
    answer = api.ask(method, path, **more)
    assert api.computed() - begun < SOON
    assert memory(api) - before < GROWTH
    assert answer.status_code in (413, 422), answer.text[:300]
    return answer.text


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, http_database: Any) -> Any:
    """A server with low bounds on a database that holds more than they allow."""
    from tests.http import serving

    url = http_database.url.render_as_string(hide_password=False)
    low = {f"FLEXSCOPE_MAX_{name}": "1000" for name in ("VALUES_READ", "CHART_VALUES", "EXPORT_VALUES")}
    low["FLEXSCOPE_MAX_ANNOTATIONS_READ"] = "5"
    with serving.server(url, tmp_path_factory.mktemp("small"), **low) as running:
        yield running


@pytest.fixture(scope="module")
def filled(api: Api, ids: dict[str, int]) -> dict[str, int]:
    """Sensors with 2000 values each: one with events of 15 minutes, one that is instantaneous."""
    for name, unit in (("s:power", "kW"), ("s:soc", "kWh")):
        message = {"values": list(range(2000)), "start": BEGIN, "duration": "PT500H", "unit": unit}
        assert api.post(f"/sensors/{ids[name]}/data", json=message).status_code == 200
    return ids


@pytest.mark.parametrize("duration", ["P1000Y", "P299Y"])
def test_four_values_are_not_spread_over_centuries(api: Api, ids: dict[str, int], duration: str) -> None:
    told = assert_refused(api, "POST", f"/sensors/{ids['s:power']}/data", json=MESSAGE | {"duration": duration})
    assert "duration" in told


def test_a_message_is_bounded_by_what_it_makes(api: Api, ids: dict[str, int]) -> None:
    years = {"values": [1], "duration": "P100Y", "unit": "kW", "start": BEGIN}
    assert "FLEXSCOPE_MAX_VALUES_WRITTEN" in assert_refused(api, "POST", f"/sensors/{ids['s:power']}/data", json=years)
    bulk = {"data": [years | {"sensor": ids["s:power"]}]}
    assert "FLEXSCOPE_MAX_VALUES_WRITTEN" in assert_refused(api, "POST", "/sensors/data/bulk", json=bulk)


def test_all_messages_of_a_request_count_together(api: Api, ids: dict[str, int]) -> None:
    # Each by itself is small enough; saved one after the other they would hold the database for minutes.
    years = {"values": [1], "duration": "P5Y", "unit": "kW", "sensor": ids["s:power"]}
    bulk = [years | {"start": BEGIN, "prior": f"2025-01-01T{hour:02}:00:00Z"} for hour in range(24)]
    assert "FLEXSCOPE_MAX_VALUES_WRITTEN" in assert_refused(api, "POST", "/sensors/data/bulk", json={"data": bulk})
    one = {"values": [1], "duration": "PT15M", "unit": "kW", "sensor": ids["s:power"]}
    many = [one | {"start": f"{1900 + at % 290}-01-01T{at // 290:02}:00:00Z"} for at in range(1001)]
    assert "FLEXSCOPE_MAX_MESSAGES" in assert_refused(api, "POST", "/sensors/data/bulk", json={"data": many})
    ids_row, values_row = f",{ids['s:power']}" * 1001, ",1" * 1001
    table = f"event_start{ids_row}\n{BEGIN}{values_row}\n"
    csv = {"headers": {"Content-Type": "text/csv"}, "data": table}
    assert "FLEXSCOPE_MAX_MESSAGES" in assert_refused(api, "POST", "/sensors/data/bulk", **csv)
    assert api.post("/sensors/data/bulk", json={"data": many[:2]}).status_code == 200


def test_more_rows_than_a_sheet_holds_are_refused_before_one_is_written(api: Api, ids: dict[str, int]) -> None:
    long = {"name": "long", "unit": "kW", "event_resolution": "PT15M", "generic_asset_id": ids["site"]}
    key = api.post("/sensors", json=long).json()["id"]
    message = {"values": [1], "start": "1950-01-01T00:00:00Z", "duration": "P32Y", "unit": "kW"}
    assert api.post(f"/sensors/{key}/data", json=message).status_code == 200
    asked = {"sensors": str(key), "start": message["start"], "duration": "P32Y", "format": "xlsx"}
    assert "rows of an Excel sheet" in assert_refused(api, "GET", "/sensors/data/export", params=asked)


@pytest.mark.parametrize(
    "more", [{}, {"resolution": "PT1S"}, {"resolution": "PT0.000001S"}, {"horizon": "PT1H"}, {"prior": BEGIN}]
)
@pytest.mark.parametrize("name", ["s:power", "s:soc"])
def test_a_long_read_is_refused_before_anything_is_read(
    api: Api, ids: dict[str, int], name: str, more: dict[str, str]
) -> None:
    asked = {"start": "1900-01-01T00:00:00Z", "duration": "P290Y"} | more
    assert_refused(api, "GET", f"/sensors/{ids[name]}/data", params=asked)


def test_sensors_of_one_read_count_together(api: Api, ids: dict[str, int]) -> None:
    asked = {name: text.format(power=ids["s:power"], load=ids["s:load"]) for name, text in BULK.items()}
    assert "FLEXSCOPE_MAX_VALUES_READ" in assert_refused(api, "GET", "/sensors/data/bulk", params=asked)
    one = asked | {"sensors": str(ids["s:power"])}
    assert api.get("/sensors/data/bulk", params=one).status_code == 200


@pytest.mark.parametrize("name", ["s:power", "s:soc"])
@pytest.mark.parametrize(
    "path, params, setting",
    [
        ("/sensors/{id}/data", {"start": BEGIN, "duration": "PT500H"}, "VALUES_READ"),
        ("/sensors/{id}/data", {"start": BEGIN, "duration": "PT500H", "horizon": "PT0H"}, "VALUES_READ"),
        ("/sensors/{id}/stats", STATS, "VALUES_READ"),
        ("/sensors/{id}/chart_data", CENTURIES, "CHART_VALUES"),
        ("/sensors/{id}/chart", CENTURIES | {"include_data": "true"}, "CHART_VALUES"),
        ("/sensors/{id}/chart", CENTURIES | {"include_data": "true", "format": "bokeh"}, "CHART_VALUES"),
        ("/sensors/data/export", {"sensors": "{id}", "start": BEGIN, "duration": "P10Y"}, "EXPORT_VALUES"),
    ],
)
def test_stored_values_are_counted_not_read(
    small: Api, filled: dict[str, int], name: str, path: str, params: dict[str, str], setting: str
) -> None:
    key = filled[name]
    params = {field: text.format(id=key) for field, text in params.items()}
    assert f"FLEXSCOPE_MAX_{setting}" in assert_refused(small, "GET", path.format(id=key), params=params)


def test_what_is_within_the_bounds_is_answered(small: Api, filled: dict[str, int]) -> None:
    key = filled["s:power"]
    day = {"start": BEGIN, "end": "2026-01-01T20:00:00Z"}
    assert len(small.get(f"/sensors/{key}/chart_data", params=day).json()) == 80
    assert len(small.get(f"/sensors/{key}/data", params={"start": BEGIN, "duration": "PT20H"}).json()["values"]) == 80


MUCH = Bounds().FLEXSCOPE_MAX_TEXT_LENGTH + 1
PARTS = Bounds().FLEXSCOPE_MAX_JSON_PARTS + 1
TOO_MUCH = {
    "long text": "x" * MUCH,
    "long text in a list": ["x" * MUCH],
    "long text in an object": {"a": {"b": ["x" * MUCH]}},
    "long name in an object": {"x" * MUCH: 1},
    "many entries": ["x"] * PARTS,
    "many keys": {str(number): number for number in range(PARTS)},
    "deep": json.loads("[" * 70 + "]" * 70),
    "large whole number": 2**63,
    "NUL": "a\0b",
    "escape": "a\x1b[2Jb",
    "NUL in an object": {"a": [{"b\0": 1}]},
    "half a character": "a\ud800b",
}
MODELS = [
    (name, part, model)
    for name, route in sorted(ROUTES.items())
    for part in ("query", "body")
    if (model := route.model(part)) not in (None, MultipartForm, Raw)
]


@pytest.mark.parametrize("name, part, model", MODELS, ids=[f"{name} {part}" for name, part, _ in MODELS])
def test_no_field_of_a_request_is_without_a_bound(name: str, part: str, model: Any) -> None:
    for field, declared in model.model_fields.items():
        for value in TOO_MUCH.values():
            with pytest.raises(Invalid) as refused:
                read_input(model, {field: value}, Bounds(), part)
            assert list(refused.value.fields) == [field]
        if STORED in str(declared):
            with pytest.raises(Invalid) as refused:
                read_input(model, {field: json.dumps({"a": ["x" * 9000] * 10})}, Bounds(), part)
            assert set(refused.value.fields) & {field, declared.alias}


def test_every_pattern_is_of_the_whole_text() -> None:
    def patterns(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            yield from [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
            for part in schema.values():
                yield from patterns(part)
        elif isinstance(schema, list):
            for part in schema:
                yield from patterns(part)

    found = {pattern for *_, model in MODELS for pattern in patterns(model.model_json_schema())}
    assert len(found) >= 4 and all(pattern.startswith("^") and pattern.endswith("$") for pattern in found)


@pytest.mark.parametrize(
    "logo", ['/x"onerror="alert(1)', "/x\n", "//evil.example/x", "/x y", "javascript:alert(1)", "/<x>"]
)
def test_a_logo_is_an_address_and_nothing_else(api: Api, ids: dict[str, int], logo: str) -> None:
    assert api.patch(f"/accounts/{ids['a:Mill']}", json={"logo_url": logo}).status_code == 422
    good = {"logo_url": "/public/logo.svg"}
    assert api.patch(f"/accounts/{ids['a:Mill']}", json=good).status_code == 200


def test_attributes_have_a_size(api: Api, ids: dict[str, int]) -> None:
    many = {str(number): "some text" for number in range(8000)}
    for spelled in (many, json.dumps(many)):
        assert "attributes" in assert_refused(api, "PATCH", f"/assets/{ids['battery']}", json={"attributes": spelled})
    assert api.patch(f"/assets/{ids['battery']}", json={"attributes": {"a": "x" * 9000}}).status_code == 200


@pytest.mark.parametrize("root", ["/public/", "/assets-static/", "/static/", "/components/", "/api/v3_0/sensors/", "/"])
@pytest.mark.parametrize("path", ["x%00y", "%00", "%ff%fe", "%c0%80", "x%0ay", "%ed%a0%80", "x" * 6000, "9" * 400])
def test_no_path_is_more_than_not_found(api: Api, root: str, path: str) -> None:
    assert api.get(f"/{root}{path}").status_code in (302, 400, 401, 404, 414)


@pytest.mark.parametrize("value", ["%00", "a%00b", "%ff", "%ed%a0%80", "99999999999999999999999", "-1", "1e400"])
@pytest.mark.parametrize("field", ["start", "duration", "unit", "source", "source_type", "resolution", "horizon"])
def test_no_query_text_is_more_than_refused(api: Api, ids: dict[str, int], field: str, value: str) -> None:
    rest = "&".join(f"{name}={text}" for name, text in {"start": BEGIN, "duration": "PT1H"}.items() if name != field)
    assert api.get(f"/sensors/{ids['s:power']}/data?{rest}&{field}={value}").status_code in (200, 422)


@pytest.mark.parametrize("more", [{"end": "2190-01-01T00:00:00Z"}, {"resolution": "PT1S"}, {"resolution": "PT0S"}])
def test_a_report_of_too_much_is_not_begun(api: Api, ids: dict[str, int], more: dict[str, str]) -> None:
    named = [{"name": "x", "sensor": ids["s:power"]}]
    asked = {"input": named * 50, "output": named, "start": BEGIN, "end": "2027-01-01T00:00:00Z"} | more
    body = {"reporter": "AggregatorReporter", "parameters": asked}
    assert "parameters" in assert_refused(api, "POST", f"/assets/{ids['battery']}/reports/trigger", json=body)


@pytest.mark.parametrize(
    "asked",
    [
        {"duration": "P100Y"},
        {"duration": "P200Y", "forecast-frequency": "P1Y", "max-forecast-horizon": "P150Y"},
        {"duration": "P250Y", "forecast-frequency": "PT1H"},
    ],
)
def test_a_forecast_of_too_much_is_not_begun(api: Api, ids: dict[str, int], asked: dict[str, str]) -> None:
    body = {"start": "1910-01-01T00:00:00Z"} | asked
    assert_refused(api, "POST", f"/sensors/{ids['s:power']}/forecasts/trigger", json=body)


def test_key_figures_of_centuries_are_counted_first(small: Api, filled: dict[str, int]) -> None:
    shown = [{"title": "x", "sensor": filled["s:power"], "function": "sum"}] * 50
    body = {"sensors_to_show_as_kpis": shown}
    assert small.patch(f"/assets/{filled['battery']}", json=body).status_code == 200
    told = assert_refused(small, "GET", f"/assets/{filled['battery']}/kpis", params=CENTURIES)
    assert "FLEXSCOPE_MAX_VALUES_READ" in told
    assert small.patch(f"/assets/{filled['battery']}", json={"sensors_to_show_as_kpis": []}).status_code == 200


def test_annotations_of_one_answer_are_few(api: Api, small: Api, filled: dict[str, int]) -> None:
    key = filled["s:price"]
    for day in range(1, 8):
        mark = {"content": f"day {day}", "start": f"2026-02-0{day}T00:00:00Z", "end": f"2026-02-0{day}T12:00:00Z"}
        assert api.post(f"/sensors/{key}/annotations", json=mark, who="root").status_code == 201
    for path in (f"/sensors/{key}/chart_annotations", f"/sensors/{key}/annotations"):
        asked = {"start": BEGIN, "end": "2027-01-01T00:00:00Z"}
        assert "ANNOTATIONS_READ" in assert_refused(small, "GET", path, params=asked, who="root")
        few = asked | {"end": "2026-02-03T00:00:00Z"}
        assert len(small.get(path, params=few, who="root").json()) == 2


NO_IDS = ["\u00b2", "\u0663" * 5000, "9" * 5000, "1e3", "-1", "0x1", "1_0"]


@pytest.mark.parametrize("text", NO_IDS, ids=range(len(NO_IDS)))
def test_digits_that_are_no_number_are_refused(api: Api, ids: dict[str, int], text: str) -> None:
    span = {"start": BEGIN, "duration": "PT1H"}
    assert api.get("/sensors/data/bulk", params=span | {"sensors": text}).status_code == 422
    assert api.get("/sensors/data/export", params=span | {"sensors": text}).status_code == 422
    rows = f"event_start,{text}\n{BEGIN},1\n".encode()
    assert api.post("/sensors/data/bulk", data=rows, headers={"Content-Type": "text/csv"}).status_code in (404, 422)
    files, asked = {"uploaded-files": ("x.csv", b"t,v\n2026-01-05T00:00:00Z,1\n")}, {"value-column": text}
    path = f"/sensors/{ids['s:load']}/data/upload/preview"
    assert api.post(path, files=files, params=asked).status_code in (200, 422)


BULKS = [
    "event_start,{id}\n" + "{at}," + "1" * 200_000,
    "event_start" + ",{id}" * 3000 + "\n{at}" * 3000,
]


@pytest.mark.parametrize("rows", BULKS, ids=range(2))
def test_a_bulk_of_columns_is_bounded(api: Api, ids: dict[str, int], rows: str) -> None:
    content = rows.replace("{id}", str(ids["s:power"])).replace("{at}", BEGIN).encode()
    assert_refused(api, "POST", "/sensors/data/bulk", data=content, headers={"Content-Type": "text/csv"})


IDS = [
    (model, field.alias or name)
    for _, part, model in MODELS
    if part == "body"
    for name, field in model.model_fields.items()
    if name.endswith("_id") and "int" in str(field.annotation)
]


@pytest.mark.parametrize(("model", "name"), IDS, ids=[f"{model.__name__}.{name}" for model, name in IDS])
def test_true_is_not_the_first_row(model: Any, name: str) -> None:
    with pytest.raises(ValidationError, match="true and false are no ids"):
        model.model_validate({name: True})


@pytest.mark.parametrize("broken", ["a\nb", "a\tb", "a\r", "a\x85b"])
def test_a_name_is_one_line(api: Api, ids: dict[str, int], broken: str) -> None:
    key = ids["battery"]
    assert "name" in assert_refused(api, "PATCH", f"/assets/{key}", json={"name": broken})
    noted = {"content": broken.replace("\x85", "\n"), "start": BEGIN, "end": "2026-01-02T00:00:00Z"}
    assert api.post(f"/assets/{key}/annotations", json=noted).status_code == 201
