"""What any client meets first: versions, health, tokens, refusals, and the headers published clients need."""

from collections.abc import Callable

import pytest
import requests

from tests.http.serving import PASSWORD, Api, email


def test_versions_are_listed_without_a_token(api: Api) -> None:
    answer = api.get("//api/", who=None).json()
    assert answer["versions"] == ["v3_0"]
    assert answer["flexmeasures_version"] == "1.1.0"


def test_ready_when_the_database_answers(api: Api) -> None:
    answer = api.get("/health/ready", who=None)
    assert (answer.status_code, answer.json()["database_sql"]) == (200, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/ready", 200),
        ("GET", "/assets", 401),
        ("GET", "/no/such/thing", 404),
        ("GET", "//api", 200),
        ("GET", "//api/ops/ping", 200),
        ("GET", "//api/no", 404),
        ("PUT", "/health/ready", 405),
        ("POST", "//api/requestAuthToken", 401),
    ],
)
def test_every_answer_is_json_and_tells_its_versions(api: Api, method: str, path: str, status: int) -> None:
    answer = api.ask(method, path, who=None)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["FlexMeasures-Version"] == "1.1.0"
    assert answer.headers["API-Version"] == "v3_0"
    assert isinstance(answer.json(), dict)


def test_token_for_email_and_password(api: Api, ids: dict[str, int]) -> None:
    body = {"email": email("boss").upper(), "password": PASSWORD}
    answer = requests.post(f"{api.url}/api/requestAuthToken", json=body, timeout=120).json()
    assert answer["user_id"] == ids["u:boss"]
    raw = requests.get(f"{api.url}/api/v3_0/assets", headers={"Authorization": answer["auth_token"]}, timeout=120)
    bearer = {"Authorization": f"Bearer {answer['auth_token']}"}
    assert raw.status_code == requests.get(f"{api.url}/api/v3_0/assets", headers=bearer, timeout=120).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"email": email("boss"), "password": "wrong password"}, 401),
        ({"email": email("nobody"), "password": PASSWORD}, 401),
        ({"email": email("boss")}, 401),
    ],
)
def test_no_token_without_the_right_password(api: Api, body: dict[str, str], status: int) -> None:
    answer = requests.post(f"{api.url}/api/requestAuthToken", json=body, timeout=120)
    assert answer.status_code == status
    assert "auth_token" not in answer.json()
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "change",
    [lambda token: token[:-1], lambda token: token[:-1] + ("1" if token[-1] == "0" else "0"), lambda token: "nonsense"],
)
def test_a_forged_token_is_refused(api: Api, change: Callable[[str], str]) -> None:
    token = change(api.token("boss"))
    assert (
        token != api.token("boss") and api.get("/assets", who=None, headers={"Authorization": token}).status_code == 401
    )


def test_what_is_no_json_is_told(api: Api) -> None:
    answer = api.post("/assets", data=b'{"name": ')
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["message"]


def test_a_misspelled_field_is_named_with_the_nearest(api: Api) -> None:
    answer = api.post("/assets", json={"nam": "x", "generic_asset_type_id": 1})
    assert answer.status_code == 422
    assert "did you mean 'name'" in answer.json()["message"]["json"]["nam"][0]


def test_too_large_a_body_is_refused_and_told(api: Api) -> None:
    answer = api.post("/assets", data=b'{"name": "' + b"x" * 4 * 2**20 + b'"}')
    assert (answer.status_code, answer.json()["status"]) == (413, "PAYLOAD_TOO_LARGE")
