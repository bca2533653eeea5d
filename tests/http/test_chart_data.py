"""Values of charts as browsers ask for them: over any time range, again only if something was written since."""

import json
from typing import Any

import pytest
import requests

from tests.auth.test_sign_in import signed_in
from tests.http.serving import Api

HOUR_MS = 3_600_000
DAY_MS = 1_767_571_200_000
"""2026-01-05 00:00 UTC."""


@pytest.fixture
def meter(api: Api, ids: dict[str, int]) -> int:
    sensor = {"name": "charted", "unit": "kW", "event_resolution": "PT1H", "generic_asset_id": ids["site"]}
    return int(api.post("/sensors", json=sensor).json()["id"])


def ask(api: Api, browser: requests.Session, sensor: int, last: int, **more: Any) -> requests.Response:
    arguments = {"data": "charts", "first": DAY_MS, "last": DAY_MS + last * HOUR_MS}
    return browser.get(f"{api.url}/sensors/{sensor}", params=arguments | more.pop("params", {}), timeout=60, **more)


def head_of(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    size = int.from_bytes(answer.content[:4], "little")
    assert (4 + size) % 8 == 0
    head: dict[str, Any] = json.loads(answer.content[4 : 4 + size])
    return head


def post(api: Api, sensor: int, values: list[float]) -> None:
    day = {"start": "2026-01-05T00:00:00+00:00", "duration": f"PT{len(values)}H", "unit": "kW", "values": values}
    assert api.post(f"/sensors/{sensor}/data", json=day).status_code == 200


def test_values_are_sent_anew_once_others_are_written(api: Api, meter: int) -> None:
    browser = signed_in(api, "adviser")[0]
    post(api, meter, [1.0] * 24)
    first = ask(api, browser, meter, 24)
    assert head_of(first)["charts"][0]["figures"] == ["min 1, mean 1, max 1, energy 24 kWh"]
    known = {"If-None-Match": first.headers["ETag"]}
    assert ask(api, browser, meter, 24, headers=known).status_code == 304
    post(api, meter, [1.0] * 23 + [7.0])
    changed = ask(api, browser, meter, 24, headers=known)
    assert head_of(changed)["charts"][0]["figures"] == ["min 1, mean 1.25, max 7, energy 30 kWh"]


def test_a_document_is_sent_once_and_so_are_times_that_make_no_sense_told(api: Api, meter: int) -> None:
    browser = signed_in(api, "adviser")[0]
    post(api, meter, [1.0] * 24)
    digest = head_of(ask(api, browser, meter, 24))["digest"]
    assert "document" not in head_of(ask(api, browser, meter, 12, params={"have": digest}))
    assert head_of(ask(api, browser, meter, 0)) == {"problem": "last: must be after first.", "arrays": []}
    assert "milliseconds" in head_of(ask(api, browser, meter, 1, params={"first": "x"}))["problem"]
    edge = head_of(ask(api, browser, meter, 24, params={"first": -1e300, "last": 1e300}))
    assert edge["digest"]
    preview = head_of(ask(api, browser, meter, 24, params={"plan": "[" * 5000}))
    assert preview["digest"] == digest  # of a sensor there is nothing to preview


def test_a_preview_shows_only_what_one_may_see(api: Api, ids: dict[str, int], meter: int) -> None:
    browser, at = signed_in(api, "adviser")[0], f"{api.url}/assets/{ids['site']}"

    def preview(plan: str) -> dict[str, Any]:
        arguments = {"data": "charts", "first": DAY_MS, "last": DAY_MS + HOUR_MS, "plan": plan}
        return head_of(browser.get(at, params=arguments, timeout=60))

    post(api, meter, [1.0])
    seen = preview(json.dumps([{"title": "Mine", "sensors": [meter]}]))
    assert "charted" in seen["document"]
    hidden = preview(json.dumps([{"title": "Not mine", "sensors": [10**9]}]))
    assert "1 sensor(s) of this chart were deleted, or you may not see them" in hidden["charts"][0]["empty"]
    for wrong in ("[" * 5000, '{"a": 1}', '[{"sensors": ["1"]}]'):
        assert "entries" in preview(wrong)["problem"]
