"""Every field of a request that takes a unit or a quantity refuses what is none: soon, by its name, and saving nothing.

The fields come from the schemas, so that a new one is covered by itself.
"""

import json
import re
from typing import Any

import pytest
import requests
from pydantic import BaseModel

from app.api.http.multipart import MultipartForm, Raw
from app.api.http.route import PARAMETER, Route
from app.api.routes import tables
from engine.flex.context import FlexContext
from engine.flex.facts import Fact
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel
from tests.auth.permission_table import PLAN, TABLE
from tests.effort import in_turn
from tests.http.serving import Api

POWERS = [
    "2**9**9**9",
    "kW**99999999",
    "kW**9**9",
    "__import__('os').getpid()",
    "(" * 90,
    "9" * 5000,
    "kW;",
    "kWW",
    "７",
]
"""What is neither a unit nor a quantity."""
NUMBERS = [
    "nan {}",
    "inf {}",
    "-Infinity {}",
    "1e308 {}",
    "1e300*1e300 {}",
    "1,234 {}",
    "1.234,5 {}",
    "1 000 {}",
    "nan",
]
"""What is no number of a unit."""
HOSTILE = [*POWERS, *NUMBERS, "1e999999999 {}", "1/0 {}", "2**9**9**9 {}"]
WRITTEN = re.compile(r"-?[0-9.]+ ?[^0-9 :-]{1,20}")  # a quantity in an example, and no time
ASKED = ("quantity", "quantities", "parts")


def facts() -> list[tuple[type[Any], Fact]]:
    """Return every field of the flex language that holds a quantity, also deep inside."""
    models = (StorageModel, ProcessModel, FlexContext)
    return [
        (model, fact)
        for model in models
        for fact in model.facts()
        if fact.form in ASKED and spoiled(fact.example, "x")[1]
    ]


def spoiled(example: Any, text: object) -> tuple[Any, int]:
    """Return an example with all its quantities replaced, and how many they were."""
    if isinstance(example, str) and example.lstrip()[:1] in ("[", "{"):
        example = json.loads(example)
    if isinstance(example, dict):
        found = {name: spoiled(value, text) for name, value in example.items()}
        return {name: value for name, (value, _) in found.items()}, sum(count for _, count in found.values())
    if isinstance(example, list | tuple):
        listed = [spoiled(value, text) for value in example]
        return [value for value, _ in listed], sum(count for _, count in listed)
    if isinstance(example, str) and WRITTEN.fullmatch(example):
        return text, 1
    return example, 0


def forms(fact: Fact, text: object, sensor: int) -> list[Any]:
    """Return a hostile text in each place where a field takes a quantity."""
    event = {"value": text, "start": PLAN["start"], "duration": "PT1H"}
    inside = spoiled(fact.example, text)[0]
    wrapped = [text, [event], {"sensor": sensor, "default": text}] if fact.form == "quantity" else []
    return [inside, *wrapped]


def assert_refused(answer: requests.Response, name: str) -> None:
    """Assert that an answer, which came within the patience of the client, names what is wrong."""
    told = answer.status_code == 200 and '"refused":"' in answer.text  # the preview of files says what would be
    assert told or answer.status_code in (422, 400), (name, answer.status_code, answer.text[:300])
    assert name in answer.text and len(answer.text) < 20_000


@pytest.mark.parametrize(("model", "fact"), facts(), ids=lambda given: getattr(given, "name", None))
def test_no_flex_field_takes_what_is_no_quantity(api: Api, ids: dict[str, int], model: type[Any], fact: Fact) -> None:
    process = {"process-type": "SHIFTABLE", "duration": "PT1H", "power": "1 kW"} if model is ProcessModel else {}
    unit = (fact.unit or "%").replace("currency", "EUR")
    texts: list[object] = [text.format(unit) for text in HOSTILE]
    tried = in_turn([*texts, 1e308, -1e308, True, {}], facts().index((model, fact)), 6)
    for text in [*tried, "kW" if fact.unit != "kW" else "h"]:
        for form in forms(fact, text, ids["s:soc"])[: None if text in texts[::4] else 1]:
            device = process or {"soc-at-start": "5 kWh", "soc-max": "9 kWh"}
            fields = {"flex-model": [{"sensor": ids["s:power"], **device}], "flex-context": PLAN["flex-context"]}
            if model is FlexContext:
                fields["flex-context"] = {**PLAN["flex-context"], fact.name: form}
            else:
                fields["flex-model"][0][fact.name] = form
            answer = api.post(f"/assets/{ids['battery']}/schedules/preview", json={**PLAN, **fields}, who="hand")
            assert_refused(answer, fact.name if fact.form == "quantity" else "")  # else a field inside is named


ROUTES = {f"{route.method} {prefix}{route.path}": route for prefix, route in tables()}


def asks_for_a_unit(route: Route) -> list[str]:
    """Return in which parts of a request a route takes a unit: its query or its body."""
    found = []
    for part in ("query", "body"):
        model = route.model(part)
        if isinstance(model, type) and issubclass(model, BaseModel) and "unit" in model.model_fields:
            found.append(part)
    return found + (["form"] if route.model("body") in (MultipartForm, Raw) else [])


@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if asks_for_a_unit(route)))
def test_no_request_takes_what_is_no_unit(api: Api, ids: dict[str, int], name: str) -> None:
    route, line = ROUTES[name], TABLE[name]
    given = line.arguments(Missing(ids))
    path = PARAMETER.sub(lambda found: str(given[found[1]]), name.partition(" ")[2])
    for unit in POWERS:
        for part in asks_for_a_unit(route):
            assert_refused(sent(api, route.method, path, part, given, unit), "unit")


class Missing(dict[str, Any]):
    """Ids of rows; those of jobs are made up, as a unit is looked at before them."""

    def __missing__(self, key: str) -> str:
        return "00000000-0000-4000-8000-000000000000"


def sent(api: Api, method: str, path: str, part: str, given: dict[str, Any], unit: str) -> requests.Response:
    """Send a request that is right but for its unit."""
    if part == "query":
        return api.ask(method, f"/{path}", params={**given.get("query", {}), "unit": unit}, json=given.get("body"))
    if part == "body":
        return api.ask(method, f"/{path}", json={**given.get("body", {}), "unit": unit})
    if "bulk" in given:
        return api.ask(method, f"/{path}", json={"data": [{**one, "unit": unit} for one in given["bulk"]]})
    files = {"uploaded-files": ("x.csv", given["file"].encode(), "text/csv")}
    return api.ask(method, f"/{path}", files=files, data={"unit": unit})


@pytest.mark.parametrize("value", ["2**9**9**9", "nan", "1e308", {"a": 1}, "5 kW", [1], True])
def test_a_capacity_among_attributes_is_a_number_or_refused(api: Api, ids: dict[str, int], value: Any) -> None:
    answer = api.patch(f"/sensors/{ids['s:load']}", json={"attributes": {"capacity_in_mw": value}})
    assert answer.status_code in (200, 422), answer.text
    body = {"values": [50.0], "start": "2026-01-05T00:00:00Z", "duration": "PT15M", "unit": "%"}
    assert_refused(api.post(f"/sensors/{ids['s:load']}/data", json=body), "%")
    api.patch(f"/sensors/{ids['s:load']}", json={"attributes": {}})


@pytest.mark.parametrize("values", [[1e308, 1e308], [1e307]])
def test_values_that_are_infinite_in_the_unit_of_the_sensor_are_refused(
    api: Api, ids: dict[str, int], values: list[float]
) -> None:
    body = {"values": values, "start": "2026-01-05T00:00:00Z", "duration": "PT30M", "unit": "GW"}
    answer = api.post(f"/sensors/{ids['s:load']}/data", json=body)
    assert answer.status_code == 422 and "infinite" in answer.text
