"""Every endpoint over HTTP: what is right is answered, and 401, 403, 404 and 422 come as JSON that names the reason.

The requests are those of ``permission_table``: a new endpoint is tried here as soon as it has its line there.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from app.api.http.multipart import MultipartForm
from app.api.http.route import PARAMETER
from app.running import Running
from app.settings.settings import load
from app.version import API, COMPATIBLE, OWN
from db.core.database import Database
from tests.auth.permission_table import EVERYONE, TABLE
from tests.auth.test_permissions import ROUTES, populate
from tests.http import serving
from tests.http.serving import Api

NOBODY = {"id": 999_999, "uuid": "00000000-0000-4000-8000-000000000000", "template": "no-such"}
ENDING = """password-reset cancel requeue annotations overrides/{id} overrides automations/{id} keys secrets data
            sensors/{id} assets/{id}""".split()
"""What deletes, or ends a state, in the order in which all of it can be done."""


def turn(name: str) -> tuple[int, str]:
    """Return when an endpoint is tried: those that end something last."""
    ends = name.startswith("DELETE") or name.endswith(("password-reset", "cancel", "requeue"))
    return (next(at for at, word in enumerate(ENDING, 1) if word in name) if ends else 0), name


NAMES = sorted(TABLE, key=turn)
WRONG = {"start": "noon", "page": "none", "sensors": "x", "only-latest": "perhaps", "account": "mine", "fields": "none"}
WRONG |= {
    "duration": "soon",
    "timezone": "Mars/Base",
    "event_start_time": "noon",
    "name": "x" * 1000,
    "inputs": "maybe",
    "device": "x" * 1000,
    "format": "none",
}


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server on the rows that the table speaks of."""
    instance = tmp_path_factory.mktemp("instance")
    running = Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(instance), "RATELIMIT_ENABLED": "false"}), people)
    with people.writing() as session:
        more = populate(session, serving.identifiers(people), running)
    url = people.url.render_as_string(hide_password=False)
    with serving.server(url, instance, FLEXSCOPE_WATCH="false", FLEXSCOPE_EMBEDDED_WORKERS="0") as api:
        api.ids = serving.identifiers(people) | more
        yield api


def send(served: Api, name: str, given: dict[str, Any], who: str | None) -> requests.Response:
    """Send the request that a line of the table describes."""
    method, _, path = name.partition(" ")
    more: dict[str, Any] = {"params": given.get("query")}
    if "file" in given:
        more["files"] = {"uploaded-files": ("x.csv", given["file"], "text/csv")}
    elif "bulk" in given:
        more["json"] = {"data": given["bulk"]}
    elif method != "GET":
        more["json"] = given.get("body", {})
    answer = served.ask(method, f"/{PARAMETER.sub(lambda part: str(given[part[1]]), path)}", who=who, **more)
    told = answer.headers
    assert (told["FlexMeasures-Version"], told["API-Version"], told["Flexscope-Version"]) == (COMPATIBLE, API, OWN)
    return answer


def refused(answer: requests.Response, *codes: int) -> dict[str, Any]:
    """Return the body of a refusal, which is an object with a message."""
    assert answer.status_code in codes, (answer.status_code, answer.text[:300])
    assert answer.headers["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["message"] and body["status"]
    return body


@pytest.mark.parametrize("name", [name for name in NAMES if not TABLE[name].allowed >= {"anonymous"}])
def test_strangers_and_other_accounts_are_refused(served: Api, name: str) -> None:
    given = TABLE[name].arguments(served.ids)
    assert refused(send(served, name, given, None), 401)["status"] == "UNAUTHORIZED"
    for kind in sorted(EVERYONE - TABLE[name].allowed - {"stranger"})[:2]:
        assert refused(send(served, name, given, kind), 403)["status"] == "INVALID_SENDER"


@pytest.mark.parametrize("name", [name for name in NAMES if PARAMETER.search(name)])
def test_what_is_not_there_is_not_found(served: Api, name: str) -> None:
    body = refused(send(served, name, TABLE[name].arguments(served.ids) | NOBODY, "root"), 404, 400)
    assert body["status"] in ("NOT_FOUND", "UNKNOWN_SCHEDULE", "UNKNOWN_FORECAST")
    if "uuid" in PARAMETER.findall(name) and "id" in PARAMETER.findall(name):
        lost = TABLE[name].arguments(served.ids) | {"uuid": NOBODY["uuid"]}
        assert refused(send(served, name, lost, "root"), 400)["status"].startswith("UNKNOWN_")


@pytest.mark.parametrize("name", [name for name in NAMES if ROUTES[name].model("body") or ROUTES[name].model("query")])
def test_a_wrong_field_is_named(served: Api, name: str) -> None:
    given, body, query = TABLE[name].arguments(served.ids), ROUTES[name].model("body"), ROUTES[name].model("query")
    if "bulk" in given:
        wrong, field = given | {"bulk": [{"sensor": "x"}]}, "data"
    elif body is not None and body is not MultipartForm:
        wrong, field = given | {"body": given.get("body", {}) | {"no-such-field": 1}}, "no-such-field"
    else:
        spelled = {each.alias or key for key, each in query.model_fields.items()}
        field = next(key for key in WRONG if key in spelled)
        wrong = given | {"query": given.get("query", {}) | {field: WRONG[field]}}
    said = refused(send(served, name, wrong, "root"), 422)
    assert field in str(said["message"]), said


@pytest.mark.parametrize("name", NAMES)
def test_what_is_right_is_answered(served: Api, name: str) -> None:
    line, route = TABLE[name], ROUTES[name]
    answer = send(served, name, line.arguments(served.ids), "root")
    if line.unless:
        assert line.unless in str(refused(answer, line.refusal)["message"])
        return
    assert answer.status_code in {route.status, 200 if route.status == 201 else 202}, answer.text[:300]
    media = answer.headers["Content-Type"]
    assert media == "application/json" or name.endswith(("/docs", "/export", "/file"))
    assert bool(answer.content) == (route.status != 204)
