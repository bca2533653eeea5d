"""The specification says what the server does: valid in itself, and held to by generated requests."""

import json
from collections import Counter
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.http.route import JSON
from app.api.v3.data.bulk import ARROW, CSV, PARQUET
from engine.flex.context import FlexContext
from engine.flex.storage import StorageModel
from tests.effort import effort
from tests.http.serving import Api

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
EXAMPLES = effort(2, 40)
"""Generated requests per operation and database."""
KEPT_AWAY = ("/password-reset", "/users/{id}")
"""What would lock out the users of the other tests."""


@pytest.fixture(scope="session")
def specification(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json", who=None).json()
    return found


def test_every_operation_is_named_once_and_explained(specification: dict[str, Any]) -> None:
    operations = [one for methods in specification["paths"].values() for one in methods.values()]
    assert specification["openapi"].startswith("3.1") and len(operations) > 60
    assert set(Counter(one["operationId"] for one in operations).values()) == {1}
    assert all(one["summary"].endswith((".", "failed")) for one in operations)


@pytest.mark.parametrize(("name", "model"), [("flex-context", FlexContext), ("flex-model", StorageModel)])
def test_every_flex_field_is_in_the_specification(specification: dict[str, Any], name: str, model: type[Any]) -> None:
    schemas = specification["components"]["schemas"].values()
    [body] = [one for one in schemas if {"start", name} <= one.get("properties", {}).keys()]
    entries = [one.get("items", one) for one in body["properties"][name]["anyOf"]]
    [fields] = [one["properties"] for one in entries if "properties" in one]
    for fact in model.facts():
        assert fields[fact.name]["description"] == fact.meaning
        assert fields[fact.name].get("x-unit", "") == (fact.unit or "")


def test_services_are_listed_and_the_documentation_is_a_page(api: Api, specification: dict[str, Any]) -> None:
    services = api.get("", who=None).json()["services"]
    listed = sum(len(methods) for methods in specification["paths"].values())
    assert len(services) == listed
    page = api.get("/docs", who=None)
    assert page.headers["Content-Type"].startswith("text/html") and "https://" not in page.text


@cache
def generated(specification: str) -> dict[GenerationMode, list[Any]]:
    """Requests that the specification allows, and such that it forbids; it is the same on all databases."""
    schema = schemathesis.openapi.from_dict(json.loads(specification))
    operations = [result.ok() for result in schema.get_all_operations()]
    tried = [one for one in operations if one.method.upper() == "GET" or not one.path.endswith(KEPT_AWAY)]
    return {mode: [case for one in tried for case in cases(one, mode)] for mode in MODES}


def cases(operation: Any, mode: GenerationMode) -> list[Any]:
    """Return some generated requests of an operation."""
    found: list[Any] = []

    @seed(20261120)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    with suppress(Unsatisfiable):  # an address without parameters leaves nothing to get wrong
        collect()
    return found


@pytest.mark.parametrize("mode", MODES)
def test_generated_requests_meet_the_specification(
    api: Api, specification: dict[str, Any], mode: GenerationMode
) -> None:
    statuses: Counter[int] = Counter()
    found: set[str] = set()
    for case in generated(json.dumps(specification | {"servers": []}))[mode]:
        answer = case.call(base_url=api.url, headers={"Authorization": api.token("hand")})
        statuses[answer.status_code] += 1
        try:
            case.validate_response(answer, checks=CHECKS)
        except (Failure, FailureGroup) as failure:
            found.add(f"{case.method} {case.path}: {failure}"[:1000])
    assert not found, "\n".join(sorted(found))
    assert statuses[200] > 20 if mode == GenerationMode.POSITIVE else statuses[422] > effort(10, 40), statuses


@pytest.mark.parametrize(
    ("path", "parameters", "accept"),
    [
        *(("/sensors/data/export", {"format": kind}, "*/*") for kind in ("csv", "parquet", "xlsx")),
        *(("/sensors/data/bulk", {}, media) for media in (JSON, CSV, ARROW, PARQUET)),
    ],
)
def test_files_have_a_content_type_of_the_specification(
    api: Api, ids: dict[str, int], specification: dict[str, Any], path: str, parameters: dict[str, str], accept: str
) -> None:
    span = {"sensors": str(ids["s:load"]), "start": "2026-05-01T00:00:00Z", "duration": "PT1H"}
    answer = api.get(path, params=span | parameters, headers={"Accept": accept})
    known = specification["paths"][f"/api/v3_0{path}"]["get"]["responses"]["200"]["content"]
    assert answer.status_code == 200 and answer.headers["Content-Type"].partition(";")[0] in known
