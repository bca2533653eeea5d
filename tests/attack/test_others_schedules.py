"""What somebody with more rights planned tells those with fewer no more than they may read anyway."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn, identity
from app.auth.access.job_access import WITHHELD
from app.fragments.visit import Visit
from app.jobs.worker import Worker
from app.pages.jobs import job as job_page
from app.pages.plan.chart import read_lines
from app.pages.plan.content import PlanContent, read_plan
from app.settings.settings import load
from db import sources
from db.accounts.users import User
from db.assets import Asset
from db.beliefs import store
from db.core.database import Database
from db.sensors import Sensor
from tests.assemble.homes import START, Home, us
from tests.auth.permission_table import FLEX
from tests.http import serving
from tests.http.serving import Api

SECRET = 0.46173
"""A price of the other account; the hours after it are not known, so that it is quoted in a warning."""
WINDOW = {"start": START.isoformat(), "duration": "PT4H"}


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server without workers; ``ids`` holds what was added of the other account under ``x:``."""
    ids = serving.identifiers(people)
    with people.writing() as session:
        home = Home(session, {"foreign": session.get_one(Asset, ids["foreign"])})
        price = session.get_one(Sensor, home.sensor("foreign", "secret", "EUR/kWh", timedelta(hours=1)))
        known = {"events": np.array([us(0)]), "values": np.array([SECRET]), "known_at": START - timedelta(days=3650)}
        store.write(session, price, sources.named(session, "meter", type="script"), **known)
        ids["x:price"] = price.id
        hidden = home.asset("hidden store", "battery", "foreign", account_id=ids["a:Quay"])
        hidden.flex_model = {**FLEX, "soc-at-start": "4.6173 kWh", "soc-max": "9 kWh"}
        ids["x:power"] = home.sensor("hidden store", "hidden power", "kW", timedelta(minutes=15))
        ids["x:store"] = hidden.id
        region = home.asset("region", "building", account_id=None)
        session.get_one(Asset, ids["foreign"]).parent_asset_id = ids["region"] = region.id
    url = people.url.render_as_string(hide_password=False)
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **quiet) as api:
        api.ids = ids
        yield api


@pytest.fixture
def worker(people: Database, tmp_path: Any) -> Worker:
    return Worker(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), people)


def planned(served: Api, worker: Worker, *devices: dict[str, Any], price: Any = "0.1 EUR/kWh") -> dict[str, Any]:
    """Return job and row of a schedule of the mill's battery that the host's admin asked for."""
    own = {"sensor": served.ids["s:power"], **FLEX}
    body = WINDOW | {"flex-model": [own, *devices], "flex-context": {"consumption-price": price}}
    body["force-new-job-creation"] = True
    path = f"/assets/{served.ids['battery']}/schedules/trigger"
    answer = served.post(path, json=body, who="root")
    assert answer.status_code == 202, answer.text
    assert worker.do(answer.json()["job"])
    rows = served.get("/schedules", params={"asset": served.ids["battery"]}, who="root").json()["data"]
    return {"job": answer.json()["job"], "id": rows[0]["id"]}


def read_tab(served: Api, session: Session, who: SignedIn) -> PlanContent:
    return read_plan(Visit(principal=who, path="", route={"id": str(served.ids["battery"])}), session, who)


def read_row_and_job(served: Api, key: dict[str, Any], who: str) -> tuple[dict[str, Any], dict[str, Any]]:
    row = served.get(f"/schedules/{key['id']}", params={"inputs": "true"}, who=who).json()
    return row, served.get(f"/jobs/{key['job']}", who=who).json()


def statuses(served: Api, *asked: tuple[str, str]) -> list[int]:
    """Ask for jobs at the same time, each as somebody: the server waits two seconds for one that nobody does."""
    with ThreadPoolExecutor(len(asked)) as clients:
        answers = clients.map(lambda one: served.get(f"/jobs/{one[0]}", who=one[1]), asked)
        return [answer.status_code for answer in answers]


def test_a_price_of_another_account_is_in_no_warning(served: Api, worker: Worker) -> None:
    key = planned(served, worker, price={"sensor": served.ids["x:price"]})
    row, job = read_row_and_job(served, key, "root")
    assert str(SECRET) in str(row["warnings"]) and str(SECRET) in str(job["result"]["warnings"])
    row, job = read_row_and_job(served, key, "hand")
    assert row["warnings"] == [WITHHELD] and row["inputs"] is None and "mean-price" not in str(row["outputs"])
    assert str(SECRET) not in f"{row}{job}" and not {"warnings", "binding-limits"} & job["result"].keys()
    assert row["costs"] and job["result"]["commitment-costs"]  # what it costs is the business of who pays


def test_pages_do_not_quote_it_either(served: Api, worker: Worker, people: Database) -> None:
    key = planned(served, worker, price={"sensor": served.ids["x:price"]})
    for name, quoted in (("hand", False), ("root", True)):
        with people.reading() as session:
            who = identity(session, session.get_one(User, served.ids[f"u:{name}"]))
            tab = read_tab(served, session, who)
            page = job_page.read_job(key["job"], session, who)
        assert (str(SECRET) in str(tab.warnings)) is quoted and tab.reads_site
        assert (str(SECRET) in f"{page.warnings}{page.result}") is quoted


@pytest.mark.parametrize("name", ["sensor", "asset"])
def test_a_device_of_another_account_is_not_described(served: Api, worker: Worker, name: str) -> None:
    device = {"sensor": served.ids["x:power"]} if name == "sensor" else {"asset": served.ids["x:store"]}
    key = planned(served, worker, device)
    row, _ = read_row_and_job(served, key, "root")
    assert "4.6173 kWh" in str(row["inputs"]["flex-model"])
    row, job = read_row_and_job(served, key, "hand")
    assert row["inputs"] is None and "yours to read" in row["inputs-missing"]
    assert "4.6173" not in f"{row}{job}"


@pytest.mark.parametrize("kind", ["schedule", "fleet"])
def test_why_there_is_no_schedule_does_not_quote_a_device_of_another_account(
    served: Api, worker: Worker, kind: str
) -> None:
    by = [{"value": "9 kWh", "datetime": (START + timedelta(minutes=15)).isoformat()}]
    models = [{"sensor": served.ids["s:power"], **FLEX}, {"sensor": served.ids["x:power"], "soc-minima": by}]
    models[1]["soc-min"] = "4.4 kWh"
    asked = {"flex-model": models, "flex-context": {"consumption-price": "0.1 EUR/kWh", "relax-constraints": False}}
    battery, site = served.ids["battery"], served.ids["site"]
    if kind == "schedule":
        answer = served.post(f"/assets/{battery}/schedules/trigger", json={**WINDOW, **asked}, who="root")
    else:
        body = {**WINDOW, "sites": [{"asset": battery, **asked}, {"asset": site}]}
        answer = served.post("/schedules/trigger", json=body, who="root")
    assert answer.status_code == 202, answer.text
    assert worker.do(answer.json()["job"])
    told = served.get(f"/jobs/{answer.json()['job']}", who="root").json()
    if kind == "schedule":
        assert "4.6173 kWh" in told["exc-info"]  # the trace is for admins
        told = served.get(f"/jobs/{answer.json()['job']}", who="hand").json()
        assert "exc-info" in told and f"sensor {served.ids['x:power']}" in told["message"]
    assert "4.6173" not in f"{told['message']}{told['result']}" and "another account" in str(told)


def test_a_plan_of_another_site_tells_no_costs_to_whom_a_device_is(
    served: Api, worker: Worker, people: Database
) -> None:
    body = WINDOW | {"flex-context": {"consumption-price": "0.1 EUR/kWh"}}
    body["flex-model"] = [{"sensor": served.ids["s:power"], **FLEX}]
    answer = served.post(f"/assets/{served.ids['foreign']}/schedules/trigger", json=body, who="root")
    worker.do(answer.json()["job"])
    with people.reading() as session:
        who = identity(session, session.get_one(User, served.ids["u:hand"]))
        tab = read_tab(served, session, who)
        lines = read_lines(tab, session, who)
    assert tab.row is not None and tab.row.asset_id == served.ids["foreign"] and lines.devices
    assert not tab.reads_site and not tab.reads_inputs and tab.warnings == [] and not tab.held


def test_many_sites_below_a_public_asset_are_not_everybodys_business(served: Api, worker: Worker) -> None:
    body = WINDOW | {"below": served.ids["region"]}
    answer = served.post("/schedules/trigger", json=body, who="root").json()
    assert answer["sites"] == [served.ids["foreign"]]
    others = ("hand", "boss", "rival", "adviser")
    assert statuses(served, *((answer["job"], who) for who in (*others, "root"))) == [403, 403, 403, 403, 202]
    for who in others:
        assert answer["job"] not in served.get(f"/assets/{served.ids['region']}/jobs", who=who).text


def test_who_asks_for_the_same_sites_gets_a_job_of_his_own(served: Api, people: Database) -> None:
    body = WINDOW | {"sites": [{"asset": served.ids["battery"], "flex-model": FLEX}]}
    jobs = {who: served.post("/schedules/trigger", json=body, who=who).json()["job"] for who in ("hand", "boss")}
    again = served.post("/schedules/trigger", json=body, who="hand").json()["job"]
    assert again == jobs["hand"] != jobs["boss"]
    asked = [(jobs["hand"], "hand"), (jobs["boss"], "boss"), (jobs["hand"], "boss")]
    assert statuses(served, *asked) == [202, 202, 403]
    with people.reading() as session:
        assert session.get(Sensor, served.ids["s:power"]) is not None
