"""A tree belongs to one account: nobody hangs assets of two accounts together, or deletes more than is his."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from app.cli.main import cli
from db.accounts.users import User, role
from db.assets import Asset, check_parent, count_mixed, own_subtree
from db.core.database import Database
from db.sensors import Sensor
from engine.errors import FieldError
from tests.auth.permission_table import FLEX, PLAN
from tests.http import serving
from tests.http.serving import Api

NEW = {"generic_asset_type_id": 5}


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server where the adviser, account-admin and consultant of the mill, has an asset of his own: a trap."""
    with people.writing() as session:
        ids = serving.identifiers(people)
        trap = Asset(name="trap", asset_type_id=1, account_id=ids["a:Advice"])
        session.add(trap)

        session.get_one(User, ids["u:adviser"]).roles = [role(session, "consultant"), role(session, "account-admin")]
    url = people.url.render_as_string(hide_password=False)
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **quiet) as api:
        api.ids = serving.identifiers(people)
        yield api


def assert_refused(answer: requests.Response, *words: str) -> None:
    assert answer.status_code in (403, 422), answer.text
    assert all(word in answer.text for word in words), answer.text


def test_no_move_joins_two_accounts(served: Api) -> None:
    trap, battery = served.ids["trap"], served.ids["battery"]
    assert_refused(served.patch(f"/assets/{battery}", json={"parent_asset_id": trap}, who="adviser"), "one account")
    assert_refused(served.patch(f"/assets/{trap}", json={"parent_asset_id": battery}, who="adviser"), "one account")
    assert_refused(served.patch(f"/assets/{trap}", json={"parent_asset_id": battery}, who="root"), "one account")
    assert_refused(
        served.post("/assets", json=NEW | {"name": "x", "parent_asset_id": battery}, who="adviser"), "one account"
    )
    own = {"name": "x", "parent_asset_id": trap, "account_id": served.ids["a:Mill"]}
    assert_refused(served.post("/assets", json=NEW | own, who="adviser"), "one account")
    assert_refused(served.post("/assets/templates/battery", json=own, who="adviser"), "one account")
    where = {"account": served.ids["a:Advice"], "parent": battery}
    assert_refused(served.post(f"/assets/{trap}/copy", params=where, who="adviser"), "one account")
    assert_refused(served.post(f"/assets/{battery}/copy", params={"parent": trap}, who="adviser"), "one account")
    public = NEW | {"name": "x", "account_id": None, "parent_asset_id": battery}
    assert_refused(served.post("/assets", json=public, who="root"), "one account")


def test_consultants_still_add_to_the_account_of_a_client(served: Api) -> None:
    new = NEW | {"name": "advised", "account_id": served.ids["a:Mill"], "parent_asset_id": served.ids["site"]}
    made = served.post("/assets", json=new, who="adviser")
    assert made.status_code == 201 and made.json()["account_id"] == served.ids["a:Mill"]
    assert served.patch(f"/assets/{made.json()['id']}", json={"parent_asset_id": None}, who="adviser").ok
    assert served.delete(f"/assets/{made.json()['id']}", who="boss").status_code == 204


def test_the_terminal_refuses_in_the_same_words(
    served: Api, people: Database, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", people.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    words = ["add", "asset", "--name", "x", "--asset-type", "battery", "--account", str(served.ids["a:Advice"])]
    told = CliRunner().invoke(cli, [*words, "--parent-asset", str(served.ids["battery"])])
    assert told.exit_code and "a tree belongs to one account" in f"{told.output}{told.exception}"


@pytest.fixture
def mixed(served: Api, people: Database) -> Iterator[int]:
    """An asset of the adviser below the site of the mill, as in older databases; it describes a device without data."""
    with people.writing() as session:
        old = Asset(name="old", asset_type_id=5, account_id=served.ids["a:Advice"], parent_asset_id=served.ids["site"])
        session.add(old)
        session.flush()
        sensor = Sensor(
            name="x", asset_id=old.id, unit="kW", resolution=session.get_one(Sensor, served.ids["s:power"]).resolution
        )
        session.add(sensor)
        session.flush()
        old.flex_model = {
            "consumption": {"sensor": sensor.id},
            "soc-at-start": {"sensor": sensor.id},
            "soc-max": "1 kWh",
        }
        below = Asset(name="below", asset_type_id=5, account_id=served.ids["a:Mill"], parent_asset_id=old.id)
        session.add(below)
    yield old.id
    with people.writing() as session:
        session.delete(session.get_one(Asset, old.id))


def test_what_others_hung_below_is_left_out_and_told(served: Api, people: Database, mixed: int) -> None:
    site = served.ids["site"]
    device = {"sensor": served.ids["s:power"], **FLEX}
    answer = served.post(f"/assets/{site}/schedules/preview", json=PLAN | {"flex-model": [device]}, who="hand")
    assert answer.status_code == 200 and set(answer.json()["power"]["values"]) == {"battery", "electricity"}
    assert any(f"Asset {mixed} " in told for told in answer.json()["warnings"])
    assert f'"asset":{mixed}' not in served.get(f"/assets/{site}/flex-config", who="hand").text
    assert mixed not in [each["id"] for each in served.get(f"/assets/{site}", who="hand").json()["child_assets"]]
    assert served.get(f"/assets/{site}/jobs", who="hand").json()["jobs"] == []
    with people.reading() as session:
        assert [row.id for row in own_subtree(session, site)[1]] == [mixed] and count_mixed(session) == 2
    copied = served.post(f"/assets/{site}/copy", who="hand")
    key = copied.json()["asset"]
    assert copied.status_code == 201 and "old" not in served.get(f"/assets/{key}", who="hand").text
    assert served.delete(f"/assets/{key}", who="boss").status_code == 204


def test_nothing_is_deleted_with_what_is_not_ones_own(served: Api, people: Database, mixed: int) -> None:
    assert_refused(served.delete(f"/assets/{served.ids['site']}", who="boss"), f"asset {mixed}")
    assert_refused(served.delete(f"/assets/{mixed}", who="adviser"), "has it below it")
    with people.reading() as session:
        assert session.get(Asset, mixed) and session.get(Asset, served.ids["site"])


def moved(people: Database, ready: threading.Barrier, asset_id: int, parent_id: int) -> bool:
    """Put an asset below another one at a given moment; return whether that was allowed."""
    ready.wait(120)
    try:
        with people.writing() as session:
            asset = session.get_one(Asset, asset_id)
            check_parent(session, asset, session.get_one(Asset, parent_id))
            asset.parent_asset_id = parent_id
    except FieldError:
        return False
    return True


def test_two_moves_at_once_make_no_circle(people: Database) -> None:
    with people.writing() as session:
        pair = [Asset(name=f"pair {number}", asset_type_id=1, account_id=1) for number in range(2)]
        session.add_all(pair)
    one, other = (each.id for each in pair)
    for _ in range(5):
        ready = threading.Barrier(2)
        with ThreadPoolExecutor(2) as threads:
            done = list(threads.map(partial(moved, people, ready), (one, other), (other, one)))
        assert sorted(done) == [False, True], "one of the two is refused"
        with people.writing() as session:
            for key in (one, other):
                session.get_one(Asset, key).parent_asset_id = None
