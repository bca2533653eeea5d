"""What users choose about their pages holds in every browser."""

from typing import Any

from tests.auth.test_sign_in import signed_in
from tests.auth.visiting import seen
from tests.http.serving import Api


def test_an_asset_opens_with_the_tab_one_chose(api: Api, ids: dict[str, int]) -> None:
    browser, path = signed_in(api, "adviser")[0], f"/assets/{ids['site']}"
    choose = "/assets/default_asset_view"
    assert api.post(choose, who="adviser", json={"default_asset_view": "Properties"}).status_code == 200
    seen(api, browser, path, "Latitude")
    seen(api, browser, f"{path}?tab=status", "Jobs of the last 7 days")
    forgotten = api.post(choose, who="adviser", json={"default_asset_view": "Properties", "use_as_default": False})
    assert forgotten.status_code == 200
    seen(api, browser, path, "all charts move together")
    for body in ({"default_asset_view": "Nowhere"}, {}):
        refused = api.post(choose, who="adviser", json=body)
        assert refused.status_code == 422 and "default" in str(refused.json()["message"]["json"])


def orient(api: Api, ids: dict[str, int], **query: Any) -> str:
    chart = api.get(f"/sensors/{ids['s:power']}/chart", who="adviser", params=query).json()
    return str(chart["encoding"]["color"]["legend"]["orient"])


def test_legends_stand_where_one_chose_unless_a_request_says_otherwise(api: Api, ids: dict[str, int]) -> None:
    assert orient(api, ids) == "bottom"
    api.post("/assets/keep_legends_below_graphs", who="adviser", json={"keep_legends_below_graphs": False})
    assert orient(api, ids) == "right"
    assert orient(api, ids, combine_legend="true") == "bottom"
    api.post("/assets/keep_legends_below_graphs", who="adviser", json={})
    assert orient(api, ids) == "bottom"


def test_old_pages_find_assets_and_sensors_where_they_look_for_them(api: Api, ids: dict[str, int]) -> None:
    asset, sensor = (
        api.get(f"//api/dev/{kind}/{ids[name]}/") for kind, name in (("asset", "site"), ("sensor", "s:load"))
    )
    assert asset.json()["name"] == "site"
    assert sensor.json()["generic_asset_id"] == ids["site"]
