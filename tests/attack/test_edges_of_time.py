"""Moments, zones and durations at the edges of the calendar are refused, wherever a request may name one."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.api.http.multipart import MultipartForm, Raw
from app.usecases.data import AddressedData
from db.beliefs import knowledge
from engine.errors import InputError
from tests.auth.permission_table import TABLE
from tests.auth.test_every_endpoint import send, served
from tests.auth.test_permissions import ROUTES
from tests.effort import in_turn
from tests.http.serving import Api

__all__ = ["served"]

MOMENTS = [
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00-14:00",
    "1677-09-21T00:00:00Z",
    "2262-04-12T00:00:00Z",
    "9999-12-31T23:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "9999-12-31T23:59:59.999999-23:59",
]
"""To be refused."""
ODD_MOMENTS = ["2026-03-29T02:30:00", "2026-W01-1T00:00Z", "20260329T000000+0100", "2199-12-31T23:59:59-12:00"]
"""To be taken or refused."""
DURATIONS = ["P9999Y", "-P9999Y", "P1000Y", "P1E9D", "PT1E-9S", "PT99999999999999999999H", "P0.5Y", "P99999999M"]
ODD_DURATIONS = ["P299Y", "-P299Y", "PT0.0000001S", "PT0.000001S", "PT0S", "P1Y2M3DT4H5M6.7S", "-PT1H"]
FORMATS = {"date-time": (MOMENTS, ODD_MOMENTS), "duration": (DURATIONS, ODD_DURATIONS)}
Place = tuple[str, ...]
"""Where a field is: ``query`` or ``body``, then the names that lead to it."""


def fields(model: Any) -> Iterator[tuple[Place, str]]:
    """Give where a model has moments and durations, and which of both."""
    schema = model.model_json_schema(by_alias=True)

    def within(part: dict[str, Any], place: Place) -> Iterator[tuple[Place, str]]:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        if part.get("format") in FORMATS:
            yield place, part["format"]
        for kind in part.get("anyOf", []):
            yield from within(kind, place)
        for name, inner in part.get("properties", {}).items():
            yield from within(inner, (*place, name))

    return within(schema, ())


def places() -> Iterator[tuple[str, Place, str]]:
    """Give every such field of every endpoint, as the table of endpoints knows them."""
    for name in TABLE:
        route = ROUTES[name]
        for part in ("query", "body"):
            model = route.model(part)
            if model is Raw:
                part, model = "bulk", AddressedData
            for place, kind in fields(model) if model not in (None, MultipartForm) else ():
                yield name, (part, *place), kind


PLACES = list(places())


def put(given: dict[str, Any], place: Place, value: str) -> dict[str, Any]:
    """Return a request with a value in one place."""
    changed = copy.deepcopy(given)
    inner = changed.setdefault(place[0], {})
    inner = inner[0] if isinstance(inner, list) else inner
    for name in place[1:-1]:
        inner = inner.setdefault(name, {})
    inner[place[-1]] = value
    return changed


def test_fields_of_every_kind_are_found() -> None:
    assert len(PLACES) > 60
    assert {place[0] for _, place, _ in PLACES} == {"query", "body", "bulk"}
    named = {place[-1] for _, place, _ in PLACES}
    assert named >= {"start", "end", "duration", "prior", "horizon", "resolution", "event_start_time", "until"}


@pytest.mark.parametrize("name, place, kind", PLACES, ids=[f"{name} {'.'.join(place)}" for name, place, _ in PLACES])
def test_no_field_takes_what_leads_out_of_the_calendar(served: Api, name: str, place: Place, kind: str) -> None:
    given = TABLE[name].arguments(served.ids)
    outside, odd = FORMATS[kind]
    turn = PLACES.index((name, place, kind))
    for value in in_turn(outside, turn, 3):
        answer = send(served, name, put(given, place, value), "root")
        assert answer.status_code == 422, (value, answer.status_code, answer.text[:300])
    for value in in_turn(odd, turn, 2):
        answer = send(served, name, put(given, place, value), "root")
        assert answer.status_code < 500, (value, answer.text[:300])


@pytest.mark.parametrize("start, duration", [("2199-12-31T23:00:00Z", "P3D"), ("1900-01-01T00:00:00+14:00", "-P3D")])
@pytest.mark.parametrize("name", [name for name, place, kind in PLACES if place[-1] == "duration"])
def test_no_start_and_duration_lead_out_together(served: Api, name: str, start: str, duration: str) -> None:
    part = next(place[0] for each, place, _ in PLACES if each == name and place[-1] == "duration")
    given = put(put(TABLE[name].arguments(served.ids), (part, "start"), start), (part, "duration"), duration)
    assert send(served, name, given, "root").status_code < 500


FLEX = [
    {"flex-model": [{"soc-targets": [{"value": "3 kWh", "datetime": "{at}"}]}]},
    {"flex-model": [{"soc-minima": [{"value": "3 kWh", "start": "{at}", "duration": "PT1H"}]}]},
    {"flex-model": [{"soc-maxima": [{"value": "3 kWh", "end": "{at}", "duration": "{lasts}"}]}]},
    {"flex-model": [{"soc-maxima": [{"value": "3 kWh", "start": "{at}", "end": "{at}"}]}]},
    {"flex-context": {"hedge-for": "{lasts}"}},
    {"flex-context": {"consumption-price": [{"value": "1 EUR/kWh", "start": "{at}", "duration": "{lasts}"}]}},
]


@pytest.mark.parametrize("fields", FLEX, ids=str)
def test_no_flex_field_leads_out_of_the_calendar(served: Api, fields: dict[str, Any]) -> None:
    name = "POST /api/v3_0/assets/{id}/schedules/preview"
    for at, lasts in [
        *((at, "PT1H") for at in MOMENTS + ODD_MOMENTS),
        *(("2026-01-05T00:00:00Z", d) for d in DURATIONS),
    ]:
        given = TABLE[name].arguments(served.ids)
        text = json.dumps(fields).replace("{at}", at).replace("{lasts}", lasts)
        for key, value in json.loads(text).items():
            if key == "flex-context":
                given["body"][key] = given["body"][key] | value
            else:
                given["body"][key] = [given["body"][key][0] | value[0]]
        answer = send(served, name, given, "root")
        assert answer.status_code < 500, (at, lasts, answer.text[:300])


@pytest.mark.parametrize("at", MOMENTS + ODD_MOMENTS)
@pytest.mark.parametrize("more", ["", "{at}", "2026-01-05T00:00:00Z"])
def test_no_row_of_a_file_leads_out_of_the_calendar(served: Api, at: str, more: str) -> None:
    name = "POST /api/v3_0/sensors/{id}/data/upload"
    given = TABLE[name].arguments(served.ids)
    known = more.format(at=at)
    given["file"] = f"t,v,known\n{at},1,{known}\n"
    given["query"] = {"belief-column": "known"} if known else {}
    answer = send(served, name, given, "root")
    assert answer.status_code == (422 if at in MOMENTS else answer.status_code) and answer.status_code < 500, (
        answer.text
    )
    bulk = f"event_start,{served.ids['s:power']}\n{at},1\n"
    answer = served.post("/sensors/data/bulk", data=bulk, headers={"Content-Type": "text/csv"}, who="root")
    assert answer.status_code == (422 if at in MOMENTS else answer.status_code) and answer.status_code < 500, (
        answer.text
    )


@pytest.mark.parametrize(
    "rule",
    [
        *({"ex_post": lasts} for lasts in DURATIONS),
        *({"ex_ante": lasts} for lasts in DURATIONS),
        {"days_ago": 10**9, "at": "12:00", "timezone": "UTC"},
        {"days_ago": -(10**18), "at": "12:00", "timezone": "UTC"},
        {"days_ago": 10**400, "at": "12:00", "timezone": "UTC"},
        {"days_ago": "1e999", "at": "24:61", "timezone": "UTC"},
        {"days_ago": 1, "at": "12:00", "timezone": "../../etc/passwd"},
        {"days_ago": 1, "at": 12, "timezone": ["UTC"]},
        {"ex_post": {"a": 1}},
    ],
    ids=str,
)
def test_no_rule_of_knowledge_leads_out_of_the_calendar(rule: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        knowledge.check(rule)
