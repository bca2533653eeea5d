"""Assets from templates: each can be planned as it is, and nothing is left of one that is refused."""

import json
from typing import Any

import pytest

from app.api.v3.assets.copies import TEMPLATES
from engine.flex.context import FlexContext
from engine.flex.storage import StorageModel
from tests.http.serving import Api


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_makes_an_asset_with_sensors_charts_and_flexibility_that_can_be_read(api: Api, name: str):
    made = api.post(f"/assets/templates/{name}", json={"name": f"my {name}"})
    assert made.status_code == 201, made.text
    asset = made.json()
    assert [sensor["name"] for sensor in asset["sensors"]] == list(TEMPLATES[name].sensors)
    own = {sensor["id"] for sensor in asset["sensors"]}
    assert {key for chart in json.loads(asset["sensors_to_show"]) for key in chart["sensors"]} == own
    StorageModel.read(json.loads(asset["flex_model"])).refuse_unstorable()
    FlexContext.read(json.loads(asset["flex_context"])).refuse_unstorable()


def test_a_name_that_is_taken_leaves_nothing_behind(api: Api):
    assert api.post("/assets/templates/battery", json={"name": "twice"}).status_code == 201
    before = len(api.get("/sensors").json())
    again = api.post("/assets/templates/battery", json={"name": "twice"})
    assert again.status_code == 422
    assert "called 'twice'" in again.text
    assert len(api.get("/sensors").json()) == before


def test_an_unknown_template_is_told_with_the_nearest(api: Api):
    answer = api.post("/assets/templates/batery", json={"name": "x"})
    assert answer.status_code == 404
    assert "did you mean 'battery'?" in answer.json()["message"]


def test_a_hybrid_inverter_brings_its_parts_below_it(api: Api):
    made = api.post("/assets/templates/hybrid-inverter", json={"name": "hybrid"}).json()
    below = [each for each in api.get("/assets").json() if each["parent_asset_id"] == made["id"]]
    assert {each["name"] for each in below} == set(TEMPLATES["hybrid-inverter"].parts)
    body: dict[str, Any] = {"start": "2026-04-01T00:00:00+02:00", "duration": "PT4H"}
    battery = next(each["id"] for each in below if each["name"] == "battery")
    body["flex-context"] = {"consumption-price": "0.2 EUR/kWh"}
    body["flex-model"] = [{"asset": battery, "soc-at-start": "5 kWh"}]
    preview = api.post(f"/assets/{made['id']}/schedules/preview", json=body)
    assert preview.status_code == 200, preview.text
    assert {"battery", "inverter AC", "rectifier DC"} <= preview.json()["power"]["values"].keys()
