"""Assets, sensors, accounts, users: who may do what, what bad requests are told."""

from typing import Any

import pytest

from tests.http.serving import Api

VISITORS = ("root", "reader", "boss", "hand", "adviser", "rival", None)


def statuses(text: str) -> list[tuple[str | None, int]]:
    """Return the expected status of each kind of user, in the order of VISITORS."""
    return list(zip(VISITORS, map(int, text.split()), strict=True))


TABLE = [  # method, path with {names}, body; status for root, reader, boss, hand, adviser, rival, nobody
    ("GET", "/assets", None, "200 200 200 200 200 200 401"),
    ("GET", "/assets/{site}", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{market}", None, "200 200 200 200 200 200 401"),
    ("GET", "/assets/{foreign}", None, "200 200 403 403 403 200 401"),
    ("GET", "/assets/public", None, "200 200 200 200 200 200 401"),
    ("GET", "/assets/types", None, "200 200 200 200 200 200 401"),
    ("GET", "/assets/{site}/sensors", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{site}/jobs", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{site}/auditlog", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{site}/annotations", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{site}/flex-config", None, "200 200 200 200 200 403 401"),
    ("GET", "/assets/{site}/chart_data", None, "200 200 200 200 200 403 401"),
    ("PATCH", "/assets/{site}", {"description": "Mill"}, "200 403 200 200 200 403 401"),
    ("PATCH", "/assets/{market}", {"description": "Market"}, "200 403 403 403 403 403 401"),
    ("GET", "/sensors", None, "200 200 200 200 200 200 401"),
    ("GET", "/sensors/{s:load}", None, "200 200 200 200 200 403 401"),
    ("GET", "/sensors/{s:price}", None, "200 200 200 200 200 200 401"),
    ("GET", "/sensors/{s:load}/stats", None, "200 200 200 200 200 403 401"),
    ("GET", "/sensors/{s:load}/status", None, "200 200 200 200 200 403 401"),
    ("PATCH", "/sensors/{s:load}", {"attributes": {"a": 1}}, "200 403 200 403 403 403 401"),
    ("PATCH", "/sensors/{s:load}", {"unit": "kW"}, "200 403 200 403 403 403 401"),  # as it is
    ("GET", "/accounts", None, "200 200 200 200 200 200 401"),
    ("GET", "/accounts/{a:Mill}", None, "200 200 200 200 200 403 401"),
    ("PATCH", "/accounts/{a:Mill}", {"primary_color": "#00639b"}, "200 403 200 403 403 403 401"),
    ("PATCH", "/accounts/{a:Mill}", {"account_roles": []}, "200 403 403 403 403 403 401"),
    ("GET", "/users?account={a:Mill}", None, "200 200 200 200 200 403 401"),
    ("GET", "/users/{u:hand}", None, "200 200 200 200 200 403 401"),
    ("PATCH", "/users/{u:hand}", {"timezone": "UTC"}, "200 403 200 200 403 403 401"),
    ("PATCH", "/users/{u:hand}", {"active": True}, "200 403 200 403 403 403 401"),
    ("GET", "/users/{u:hand}/auditlog", None, "200 200 200 200 403 403 401"),
    ("GET", "/sources", None, "200 200 200 200 200 200 401"),
]
CASES = [(m, p, b, who, status) for m, p, b, text in TABLE for who, status in statuses(text)]


@pytest.mark.parametrize(("method", "path", "body", "who", "status"), CASES)
def test_who_may_do_what(
    api: Api, ids: dict[str, int], method: str, path: str, body: Any, who: str | None, status: int
) -> None:
    for name, key in ids.items():
        path = path.replace(f"{{{name}}}", str(key))
    answer = api.ask(method, path, who=who, json=body) if body else api.ask(method, path, who=who)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    "path", ["/assets/99999", "/sensors/99999", "/accounts/99999", "/users/99999", "/assets/99999/jobs"]
)
def test_what_is_not_there_is_told(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 404 and "99999" in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/assets", {"name": "", "generic_asset_type_id": 1}, "name"),
        ("/assets", {"name": "x", "generic_asset_type_id": 999}, "generic_asset_type_id"),
        ("/assets", {"name": "x", "generic_asset_type_id": 1, "latitude": 91}, "latitude"),
        ("/assets", {"name": "x", "generic_asset_type_id": 1, "attributes": "{"}, "attributes"),
        ("/assets", {"name": "site", "generic_asset_type_id": 1}, "name"),
        ("/assets", {"name": "x", "generic_asset_type_id": 1, "parent_asset_id": 99999}, "parent_asset_id"),
        ("/sensors", {"name": "x", "unit": "furlongs per", "event_resolution": "PT1H", "generic_asset_id": 2}, "unit"),
        ("/sensors", {"name": "x", "unit": "kW", "event_resolution": "1h", "generic_asset_id": 2}, "event_resolution"),
        (
            "/sensors",
            {"name": "x", "unit": "kW", "event_resolution": "PT1H", "generic_asset_id": 99999},
            "generic_asset_id",
        ),
        ("/users", {"email": "nobody"}, "email"),
        ("/users", {"email": "hand@example.org"}, "email"),
    ],
)
def test_bad_rows_name_the_field(api: Api, path: str, body: dict[str, Any], field: str) -> None:
    answer = api.post(path, json=body)
    assert answer.status_code == 422 and list(answer.json()["message"]["json"]) == [field]


def test_an_asset_cannot_hang_below_itself(api: Api, ids: dict[str, int]) -> None:
    answer = api.patch(f"/assets/{ids['site']}", json={"parent_asset_id": ids["battery"]})
    assert answer.status_code == 422 and "below" in str(answer.json())


def test_pages_of_a_list(api: Api) -> None:
    whole = api.get("/sensors", who="root", params={"account": 2, "include_public_assets": True}).json()
    page = {"page": 2, "per-page": 2, "sort-by": "name", "account": 2, "include_public_assets": "True"}
    found = api.get("/sensors", who="root", params=page).json()
    names = sorted(sensor["name"] for sensor in whole)
    assert [sensor["name"] for sensor in found["data"]] == names[2:4]
    assert found["num-records"] == found["filtered-records"] == len(whole)
    assert api.get("/sensors", params={"page": 1, "filter": '"no such sensor"'}).json()["filtered-records"] == 0


def test_deactivation_ends_sessions_and_tokens_at_once(api: Api, ids: dict[str, int]) -> None:
    added = api.post("/users", json={"email": "temp@example.org"}).json()
    assert added["account_id"] == ids["a:Mill"]
    rival = ids["u:rival"]
    assert api.get("/assets", who="rival").status_code == 200
    api.patch(f"/users/{rival}", who="root", json={"active": False})
    assert api.get("/assets", who="rival").status_code == 401
    api.patch(f"/users/{rival}", who="root", json={"active": True})
    assert api.get("/assets", who="rival").status_code == 401  # the old token stays void
    api.tokens.pop("rival")
    assert api.get("/assets", who="rival").status_code == 200


def test_only_account_admins_delete(api: Api, ids: dict[str, int]) -> None:
    body = {"name": "short-lived", "generic_asset_type_id": 5, "parent_asset_id": ids["site"]}
    key = api.post("/assets", who="hand", json=body).json()["id"]
    sensor = {"name": "x", "unit": "kW", "event_resolution": "PT1H", "generic_asset_id": key}
    below = api.post("/sensors", who="hand", json=sensor).json()["id"]
    assert [api.delete(f"/assets/{key}", who=who).status_code for who in ("hand", "rival", "reader")] == [403] * 3
    answer = api.delete(f"/assets/{key}")
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (204, "application/json", b"")
    assert api.get(f"/sensors/{below}").status_code == 404


def test_the_unit_of_a_sensor_is_changed_by_admins(api: Api, ids: dict[str, int]) -> None:
    for change in ({"unit": "W"}, {"event_resolution": "PT1H"}):
        assert api.patch(f"/sensors/{ids['s:load']}", json=change).status_code == 403
    unchanged = {"unit": "kW", "event_resolution": "PT0H15M"}
    assert api.patch(f"/sensors/{ids['s:load']}", json=unchanged).status_code == 200


def test_an_asset_is_copied_with_what_is_below_it(api: Api, ids: dict[str, int]) -> None:
    answer = api.post(f"/assets/{ids['site']}/copy")
    assert answer.status_code == 201
    copied = api.get(f"/assets/{answer.json()['asset']}").json()
    assert (copied["name"], copied["child_assets"][0]["name"]) == ("site (copy)", "battery")
    assert {sensor["name"] for sensor in copied["sensors"]} >= {"load"}
    api.delete(f"/assets/{copied['id']}")


def test_changes_are_in_the_audit_log(api: Api, ids: dict[str, int]) -> None:
    api.patch(f"/assets/{ids['site']}", json={"description": "A mill by the river"})
    newest = api.get(f"/assets/{ids['site']}/auditlog").json()[0]
    assert newest["active_user_name"] == "boss" and "description" in newest["event"]
