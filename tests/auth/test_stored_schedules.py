"""Saved schedules over HTTP and on the command line: lists, one with its inputs, its schema, and who may see them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from app.cli.main import main
from db.assets import Asset
from db.core.database import Database
from db.schedules import StoredSchedule
from db.sensors import Sensor
from tests.assemble.homes import Home
from tests.assemble.test_every_field import BATTERY
from tests.assemble.test_schedule_rows import PRICES
from tests.http import serving
from tests.http.serving import Api


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with two schedules of the battery of account Mill."""
    ids = serving.identifiers(people)
    with people.writing() as session:
        home = Home(session, {"battery": session.get_one(Asset, ids["battery"])})
        key = session.get_one(Sensor, ids["s:power"]).id
        for _ in range(2):
            home.plan("battery", [{"sensor": key, **BATTERY}], PRICES)
        session.query(StoredSchedule).update({"belief_time": serving_time(session)})
    url = people.url.render_as_string(hide_password=False)
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **quiet) as api:
        api.ids = ids
        yield api


def serving_time(session: Any) -> Any:
    """Return when they were saved: what is planned as of later is not the newest one yet."""
    return session.query(StoredSchedule).first().created_at


def test_list_newest_first_and_one_with_its_inputs(served: Api) -> None:
    asset = served.ids["battery"]
    every = served.get("/schedules", params={"asset": asset}).json()
    assert every["num-records"] == 2 and [row["id"] for row in every["data"]] == [2, 1]
    newest = served.get("/schedules", params={"newest": "true"}).json()
    assert [row["id"] for row in newest["data"]] == [2]
    one = served.get("/schedules/1", params={"inputs": "true"}).json()
    jsonschema.validate(one, served.get("/schedules/schema").json())
    assert one["outputs"][0] | {"sensor": served.ids["s:power"], "role": "power"} == one["outputs"][0]
    assert one["inputs"]["flex-context"]["origins"]["consumption-price"] == "request"
    assert set(one["inputs"]["prices"]["electricity"]["consumption"]) == {0.1, 0.2, 0.4, 0.5}
    assert one["inputs"]["soc-at-start"] == {"battery": 2.0} and one["inputs-missing"] == ""
    paths = served.get("/openapi.json").json()["paths"]["/api/v3_0/schedules/{id}"]["get"]["responses"]
    assert paths["200"]["content"]["application/json"]["schema"]["$ref"].endswith("ScheduleAnswer")


def test_another_account_sees_none(served: Api) -> None:
    assert served.get("/schedules/1", who="rival").status_code == 403
    assert served.get("/schedules", who="rival", params={"asset": served.ids["battery"]}).status_code == 403
    assert served.get("/schedules", who="rival").json()["data"] == []
    assert served.get("/schedules/99").status_code == 404


def test_an_asset_without_schedules_has_an_empty_list(served: Api) -> None:
    answer = served.get("/schedules", params={"asset": served.ids["site"]}).json()
    assert answer == {"data": [], "num-records": 0, "filtered-records": 0}


def test_the_command_line_lists_them(sqlite_url: str, monkeypatch: Any, tmp_path: Path, capsys: Any) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", sqlite_url)
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["show", "schedules"])
    assert "There are no schedules" in capsys.readouterr().out


def test_the_command_line_tells_in_which_zone_they_begin(
    served: Api, people: Database, monkeypatch: Any, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", people.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["show", "schedules"])
    shown = capsys.readouterr().out
    start = served.get("/schedules/1").json()["start"]
    assert f"{start[:16].replace('T', ' ')}Z" in shown and start.endswith("+00:00")
