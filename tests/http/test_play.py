"""Mode play: a simulation that is put back to where it began, and charts of anybody's sensors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db.core.database import Database
from db.exchange import dump
from tests.http import serving
from tests.http.serving import Api


@pytest.fixture
def played(database: Database, tmp_path: Path) -> Iterator[Api]:
    """A server in play mode with a backup called demo_v0."""
    serving.populate(database)
    (tmp_path / "backups").mkdir()
    dump.dump(database, tmp_path / "backups" / "demo_v0.dump")
    url = database.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path, FLEXMEASURES_MODE="play") as running:
        running.ids = serving.identifiers(database)
        yield running


def test_everything_is_put_back_to_a_backup(played: Api) -> None:
    site = played.ids["site"]
    played.patch(f"/assets/{site}", json={"name": "castle"})
    for who, body, status, word in (
        ("boss", {"backup": "demo_v0"}, 403, "INVALID_SENDER"),
        ("root", {}, 400, "NO_BACKUP"),
        ("root", {"backup": "demo_v1"}, 400, "UNRECOGNIZED_BACKUP"),
        ("root", {"backup": "../demo_v0"}, 422, "UNPROCESSABLE_ENTITY"),
    ):
        refused = played.ask("PUT", "//api/restoreData", who=who, json=body)
        assert (refused.status_code, refused.json()["status"]) == (status, word), body
    assert played.get(f"/assets/{site}").json()["name"] == "castle"
    done = played.ask("PUT", "//api/restoreData", who="root", json={"backup": "demo_v0"})
    assert done.json() == {
        "status": "PROCESSED",
        "message": "Request has been processed. Database restored to demo_v0.",
    }
    assert played.get(f"/assets/{site}").json()["name"] == "site"
    assert played.post("/assets", json={"name": "new", "generic_asset_type_id": 1}).status_code == 201


def test_charts_of_a_simulation_may_show_sensors_of_anybody(played: Api) -> None:
    ids = played.ids
    shown = [{"title": "theirs", "sensors": [ids["s:pv"]]}]
    assert played.patch(f"/assets/{ids['site']}", json={"sensors_to_show": shown}).status_code == 200
    played.post(
        f"/sensors/{ids['s:pv']}/data",
        who="rival",
        json={"values": [5.5], "start": "2026-01-05T00:00:00Z", "duration": "PT15M", "unit": "kW"},
    )
    span = {"start": "2026-01-05T00:00:00Z", "duration": "PT1H"}
    rows = played.get(f"/assets/{ids['site']}/chart_data", params=span).json()
    assert [row["event_value"] for row in rows] == [5.5]
    assert played.get(f"/sensors/{ids['s:pv']}/data", params=span).status_code == 403


def test_elsewhere_they_show_what_one_may_read(api: Api, ids: dict[str, int]) -> None:
    theirs = {"sensors_to_show": [{"title": "theirs", "plots": [{"sensors": [ids["s:pv"]]}]}]}
    refused = api.patch(f"/assets/{ids['site']}", json=theirs)
    assert (refused.status_code, refused.json()["status"]) == (403, "INVALID_SENDER")
    gone = api.patch(f"/assets/{ids['site']}", json={"sensors_to_show": [999_999]})
    assert gone.status_code == 422 and "sensors_to_show" in gone.json()["message"]["json"]
    assert api.ask("PUT", "//api/restoreData", who="root", json={"backup": "demo_v0"}).status_code == 404
