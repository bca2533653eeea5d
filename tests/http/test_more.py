"""Annotations, charts, several sensors at once, repeated requests, statistics, versions that ended."""

import io
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.http.serving import Api

DAY = "2026-07-01T00:00:00+02:00"


@pytest.fixture
def two(api: Api, ids: dict[str, int]) -> list[int]:
    """Two sensors with four values each."""
    keys = []
    for factor in (1, 10):
        body = {"name": "x", "unit": "kW", "event_resolution": "PT15M", "generic_asset_id": ids["site"]}
        key = api.post("/sensors", json=body).json()["id"]
        values = [factor * value for value in (1, 2, 3, 4)]
        api.post(f"/sensors/{key}/data", json={"start": DAY, "duration": "PT1H", "values": values, "unit": "kW"})
        keys.append(key)
    return keys


def ask(two: list[int], **more: Any) -> dict[str, Any]:
    return {"sensors": ",".join(map(str, two)), "start": DAY, "duration": "PT1H", **more}


def test_several_sensors_are_read_at_once(api: Api, two: list[int]) -> None:
    found = api.get("/sensors/data/bulk", params=ask(two, unit="W")).json()
    assert [found["sensors"][str(key)]["values"][0] for key in two] == [1000, 10_000]
    lines = api.get("/sensors/data/bulk", params=ask(two), headers={"Accept": "text/csv"}).text.splitlines()
    assert lines[0] == f"event_start,{two[0]},{two[1]}"
    assert lines[1] == "2026-06-30T22:00:00+00:00,1.0,10.0"


@pytest.mark.parametrize("media", ["application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"])
def test_columns_are_read_as_arrow_or_parquet(api: Api, two: list[int], media: str) -> None:
    answer = api.get("/sensors/data/bulk", params=ask(two), headers={"Accept": media})
    assert answer.headers["Content-Type"] == media
    source = io.BytesIO(answer.content)
    table = parquet.read_table(source) if "parquet" in media else pa.ipc.open_stream(source).read_all()
    assert table.column(str(two[1])).to_pylist() == [10, 20, 30, 40]


@pytest.mark.parametrize(("start", "hours"), [("2026-03-29T00:00:00+01:00", 23), ("2026-10-25T00:00:00+02:00", 25)])
def test_days_of_charts_and_of_several_sensors_are_those_on_their_clock(
    api: Api, ids: dict[str, int], start: str, hours: int
) -> None:
    body = {"name": "a day", "unit": "kW", "event_resolution": "PT1H", "generic_asset_id": ids["site"]}
    key = api.post("/sensors", json=body | {"timezone": "Europe/Amsterdam"}).json()["id"]
    values = list(range(48))
    api.post(f"/sensors/{key}/data", json={"start": start, "duration": "PT48H", "values": values, "unit": "kW"})
    day = {"start": start, "duration": "P1D"}
    drawn = api.get(f"/sensors/{key}/chart_data", params=day).json()
    assert [row["event_value"] for row in drawn] == values[:hours]
    found = api.get("/sensors/data/bulk", params=day | {"sensors": key}).json()["sensors"]
    assert found[str(key)]["values"] == values[:hours]


def test_several_sensors_are_written_all_or_none(api: Api, two: list[int]) -> None:
    message = {"start": DAY, "duration": "PT15M", "values": [7], "unit": "kW"}
    good = {"data": [{"sensor": key, **message} for key in two]}
    assert api.post("/sensors/data/bulk", json=good).status_code == 200
    bad = {"data": [{"sensor": two[0], **message, "values": [8]}, {"sensor": two[1], **message, "unit": "EUR"}]}
    assert api.post("/sensors/data/bulk", json=bad).status_code == 422
    found = api.get("/sensors/data/bulk", params=ask(two)).json()["sensors"]
    assert [found[str(key)]["values"][0] for key in two] == [7, 7]
    csv = f"event_start,{two[0]},{two[1]}\n{DAY},5,\n2026-07-01T00:15:00+02:00,6,60\n"
    assert api.post("/sensors/data/bulk", data=csv, headers={"Content-Type": "text/csv"}).status_code == 200
    found = api.get("/sensors/data/bulk", params=ask(two)).json()["sensors"]
    assert [found[str(key)]["values"][:2] for key in two] == [[5, 6], [7, 60]]


def test_a_repeated_request_is_answered_not_done_again(api: Api, ids: dict[str, int]) -> None:
    body = {"name": "once", "generic_asset_type_id": 5}
    key = {"Idempotency-Key": "a9b1"}
    first, again = (api.post("/assets", json=body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    other = api.post("/assets", json=body | {"name": "twice"}, headers=key)
    assert other.status_code == 422 and "Idempotency-Key" in other.text
    api.delete(f"/assets/{first.json()['id']}")


@pytest.mark.parametrize("place", ["assets/{site}", "sensors/{s:load}", "accounts/{a:Mill}"])
def test_annotations_are_added_listed_changed_and_deleted(api: Api, ids: dict[str, int], place: str) -> None:
    for name, key in ids.items():
        place = place.replace(f"{{{name}}}", str(key))
    body = {"content": "Works on the roof", "start": DAY, "end": "2026-07-02T00:00:00+02:00", "type": "label"}
    first, again = (api.post(f"/{place}/annotations", json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200) and first.json()["id"] == again.json()["id"]
    key = first.json()["id"]
    assert api.patch(f"/annotations/{key}", json={"type": "alert"}).json()["type"] == "alert"
    assert api.patch(f"/annotations/{key}", who="rival", json={"type": "label"}).status_code == 403
    assert [row["id"] for row in api.get(f"/{place}/annotations", params={"start": DAY}).json()] == [key]
    assert api.delete(f"/annotations/{key}").status_code == 204
    assert api.get(f"/{place}/annotations").json() == []
    assert api.post(f"/{place}/annotations", json=body | {"end": DAY}).status_code == 422


def test_charts_come_as_vega_lite_with_and_without_data(api: Api, two: list[int]) -> None:
    path, span = f"/sensors/{two[0]}/chart", {"start": DAY, "duration": "PT1H"}
    bare = api.get(path, params=span | {"dataset-name": "mine"}).json()
    assert bare["$schema"].startswith("https://vega.github.io/schema/vega-lite") and "datasets" not in bare
    assert bare["data"] == {"name": "mine"}
    full = api.get(path, params=span | {"include-data": "true"}).json()
    rows = full["datasets"][f"sensor_{two[0]}"]
    assert [row["event_value"] for row in rows] == [1, 2, 3, 4]
    assert api.get(f"/sensors/{two[0]}/chart_data", params=span).json() == rows
    assert "mark" in str(api.get(path, params=span | {"chart-type": "daily_heatmap"}).json())


def test_charts_come_as_bokeh_items(api: Api, ids: dict[str, int], two: list[int]) -> None:
    api.patch(f"/assets/{ids['site']}", json={"sensors_to_show": [{"title": "Both", "sensors": two}]})
    params = {"start": DAY, "duration": "PT1H", "format": "bokeh", "include-data": "true"}
    item = api.get(f"/assets/{ids['site']}/chart", params=params).json()
    assert item["doc"]["roots"] and "root_id" in item
    dev = api.get(f"//api/dev/sensor/{two[0]}/chart", params={"start": DAY, "duration": "PT1H"})
    assert dev.status_code == 200


def test_fields_of_flex_configs_are_drawn_beside_sensors(api: Api, ids: dict[str, int], two: list[int]) -> None:
    site, context = ids["site"], {"site-power-capacity": "7 kW", "site-peak-consumption-price": "260 EUR/MW"}
    plots = [{"sensor": two[0]}, {"asset": site, "flex-context": [*context]}]
    change = {"flex_context": context, "sensors_to_show": [{"title": "Limit", "plots": plots}]}
    answer = api.patch(f"/assets/{site}", json=change)
    assert answer.status_code == 200, answer.text
    chart = api.get(f"/assets/{site}/chart", params={"start": DAY, "duration": "PT1H"}).json()
    assert [part["title"] for part in chart["vconcat"]] == ["Limit [kW]", "Limit [EUR/kW]"]
    limit = chart["vconcat"][0]["layer"][1]["data"]["values"]
    assert [row["event_value"] for row in limit] == [7, 7]
    assert limit[1]["event_start"] - limit[0]["event_start"] == 3_600_000
    item = api.get(f"/assets/{site}/chart", params={"start": DAY, "duration": "PT1H", "format": "bokeh"})
    assert "site-power-capacity" in item.text and "Price [EUR/kW]" in item.text
    capacity = {"flex_context": {"site-power-capacity": {"sensor": two[1]}}}
    assert api.patch(f"/assets/{site}", json=capacity).status_code == 200
    shown = api.get(f"/assets/{site}/chart_data", params={"start": DAY, "duration": "PT1H"}).json()
    assert {row["sid"] for row in shown} == set(two)
    for wrong, status in (
        ({"asset": site, "flex-context": "site-power"}, 422),
        ({"asset": ids["foreign"], "flex-model": "soc-max"}, 403),
    ):
        assert api.patch(f"/assets/{site}", json={"sensors_to_show": [{"plots": [wrong]}]}).status_code == status


def test_statistics_and_freshness(api: Api, two: list[int]) -> None:
    found = next(iter(api.get(f"/sensors/{two[0]}/stats").json().values()))
    assert (found["Number of values"], found["Mean value"], found["Max value"]) == (4, 2.5, 4)
    some = api.get(f"/sensors/{two[0]}/stats", params={"event_start_time": "2026-07-01T00:30:00+02:00"}).json()
    assert next(iter(some.values()))["Sum over values"] == 7
    line = api.get(f"/sensors/{two[0]}/status").json()["sensors_data"][0]
    assert (line["id"], line["source_type"], line["resolution"]) == (two[0], "user", "PT15M")


def test_key_figures_of_an_asset(api: Api, ids: dict[str, int], two: list[int]) -> None:
    shown = [{"title": "Most", "sensor": two[1], "function": "max"}]
    api.patch(f"/assets/{ids['site']}", json={"sensors_to_show_as_kpis": shown})
    span = {"start": DAY, "end": "2026-07-02T00:00:00+02:00"}
    assert api.get(f"/assets/{ids['site']}/kpis", params=span).json()["data"][0]["downsample_value"] == 40


@pytest.mark.parametrize("path", ["//api/v1/getMeterData", "//api/v2_0/assets", "//api/v1_3"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ended_versions_answer_gone(api: Api, path: str, method: str) -> None:
    answer = api.ask(method, path, who=None)
    assert (answer.status_code, answer.headers["Content-Type"]) == (410, "application/json")
    assert {"Deprecation", "Sunset", "Link"} <= set(answer.headers)


@pytest.mark.parametrize("rule", ["soon", "-P1D", 7, {"a": 1}])
def test_rules_for_old_data_that_mean_nothing_are_refused_by_name(api: Api, ids: dict[str, int], rule: Any) -> None:
    body = {"name": "kept", "unit": "kW", "event_resolution": "PT15M", "generic_asset_id": ids["site"]}
    key = api.post("/sensors", json=body).json()["id"]
    for name in ("keep-beliefs-for", "keep-superseded-beliefs-for"):
        answer = api.patch(f"/sensors/{key}", json={"attributes": {name: rule}})
        assert answer.status_code == 422
        assert list(answer.json()["message"]["json"]["attributes"]) == [name]
