"""Whoever is named by whatever field in whatever spelling: nobody computes with sensors that he may not read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from sqlalchemy import update

from app.assemble import day_costs
from app.auth.access.identity import identity
from app.auth.access.references import References
from app.jobs.worker import Worker
from app.pages.plan import plan_cards
from app.settings.settings import load
from db.accounts.users import User
from db.assets import Asset
from db.core.database import Database
from db.jobs.jobs import Job
from db.schedules import CONNECTION, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine import plugins
from tests.assemble.test_day_costs import planned as stored_row
from tests.attack import referring
from tests.attack.referring import OLD, REFERENCE, SIGNS, START, Named
from tests.auth.permission_table import FLEX, PLAN, SPAN
from tests.http import serving
from tests.http.serving import Api

FIELDS = list(referring.fields())
OWN_PRICE = {"consumption-price": "0.3 EUR/kWh"}


@pytest.fixture(scope="module")
def served(sqlite_people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server without workers; ``ids`` holds the sensors of the other account under ``x:``."""
    secrets = referring.keep_secrets(sqlite_people, serving.identifiers(sqlite_people)["a:Quay"])
    url = sqlite_people.url.render_as_string(hide_password=False)
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **quiet) as api:
        api.ids = serving.identifiers(sqlite_people) | {f"x:{name}": key for name, key in secrets.items()}
        yield api


def assert_kept(answer: requests.Response, *codes: int) -> None:
    """Check that an answer tells nothing of the other account, and has one of some codes."""
    assert not [sign for sign in SIGNS if sign in answer.text], answer.text[:500]
    assert answer.status_code in codes, (answer.status_code, answer.text[:500])


def secret_for(field: Named) -> str:
    return "price" if "currency" in (field.unit or "") or "price" in field.name else "power"


def preview(served: Api, body: dict[str, Any], who: str, asset: str = "battery") -> requests.Response:
    return served.post(f"/assets/{served.ids[asset]}/schedules/preview", json=body, who=who)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.model}.{field.name}")
def test_no_field_of_a_plan_reads_them_in_any_spelling(served: Api, field: Named) -> None:
    key = served.ids["x:asset"] if field.name == "asset" else served.ids[f"x:{secret_for(field)}"]
    for number, (shown, value) in enumerate(referring.tried(key, FIELDS.index(field)).items()):
        asked = referring.body(field.model, field.name, value, served.ids["s:power"])
        who = ("hand", "boss")[number % 2]
        if shown == "{sensor: 9}" and field.form in REFERENCE and field.unit is not None:
            assert_kept(preview(served, asked, who), 403)
        elif isinstance(value, dict | list):
            assert_kept(preview(served, asked, who), 403, 422)
        else:  # a bare number or text may be a quantity
            assert_kept(preview(served, asked, who), 200, 403, 422)
            assert_kept(
                served.post(f"/assets/{served.ids['battery']}/schedules/trigger", json=asked, who=who), 202, 403, 422
            )


def test_everything_else_in_these_requests_is_right(served: Api) -> None:
    for model in referring.MODELS:
        name, value = ("prefer-charging-sooner", True) if model == "flex-model" else ("commodity", "electricity")
        if "group" in model:
            name, value = "sensor", served.ids["s:power"]
        if "commodities" in model:
            value = "gas"
        asked = referring.body(model, name, value, served.ids["s:power"])
        assert preview(served, asked, "hand").status_code in (200, 422), model
    own = referring.body("flex-context", "consumption-price", {"sensor": served.ids["s:price"]}, served.ids["s:power"])
    assert "is not known" in preview(served, own, "hand").text


STORED = [
    field
    for field in FIELDS
    if field.form in REFERENCE and field.unit and field.model in ("flex-context", "flex-model")
]


@contextmanager
def stored(served: Api, people: Database, kind: Any, name: str, **columns: Any) -> Iterator[None]:
    undo = referring.put(people, kind, served.ids[name], **columns)
    try:
        yield
    finally:
        undo()


@pytest.mark.parametrize("field", STORED, ids=lambda field: f"{field.model}.{field.name}")
def test_what_somebody_else_stored_is_refused_where_it_is_used(
    served: Api, sqlite_people: Database, field: Named
) -> None:
    value = {"sensor": served.ids[f"x:{secret_for(field)}"]}
    column = field.model.replace("-", "_")
    asked = referring.body("flex-model", "prefer-charging-sooner", True, served.ids["s:power"])
    asked["flex-model"] = [referring.beside(field.name, asked["flex-model"][0])]
    if field.name in ("consumption-price", "consumption_price"):
        asked["flex-context"] = {}
    if field.name.replace("_", "-") in FLEX:
        asked["flex-model"] = [{"sensor": served.ids["s:power"]}]
    holder = "site" if column == "flex_context" else "battery"
    usual = {} if column == "flex_context" else {"sensor": served.ids["s:power"], **FLEX}
    own = referring.beside(field.name, usual)
    with stored(served, sqlite_people, Asset, holder, **{column: {**own, field.name: value}}):
        for who in ("hand", "boss"):
            answer = preview(served, asked, who)
            assert_kept(answer, 403)
            told = answer.json()["message"]
            assert field.name.replace("_", "-") in told and f"asset {served.ids[holder]}" in told
            assert_kept(served.post(f"/assets/{served.ids['battery']}/schedules/trigger", json=asked, who=who), 403)
            assert_kept(served.get(f"/assets/{served.ids['battery']}/flex-config", who=who), 200)


@pytest.mark.parametrize("name", sorted(OLD))
def test_attributes_of_older_releases_are_neither_written_nor_read(
    served: Api, sqlite_people: Database, name: str
) -> None:
    key = served.ids[f"x:{OLD[name]}"]
    bare = {"start": PLAN["start"], "duration": "PT1H", "flex-model": [{"sensor": served.ids["s:power"]}]}
    bare["flex-context"] = {} if name == "market_id" else OWN_PRICE
    for number, value in enumerate(referring.tried(key, len(name)).values()):
        who = ("hand", "boss")[number % 2]
        wanted = {"sensor": key} if value == key and name != "market_id" else value
        for kind, row in ((Asset, "battery"), (Asset, "site"), (Sensor, "s:power")):
            with stored(served, sqlite_people, kind, row, attributes={name: wanted}):
                assert_kept(preview(served, bare, who), 200, 403, 422)
    for path in (f"/assets/{served.ids['battery']}", f"/sensors/{served.ids['s:power']}"):
        if name not in referring.OLD_MODEL_ATTRIBUTES:  # they are numbers, and no reference can be made of them
            wanted = key if name == "market_id" else {"sensor": key}
            assert_kept(served.patch(path, json={"attributes": {name: wanted}}, who="boss"), 403)


@pytest.mark.parametrize("column", ["flex_context", "flex_model"])
def test_nobody_stores_a_reference_that_he_may_not_use(served: Api, column: str) -> None:
    for shown, value in referring.spellings(served.ids["x:power"]).items():
        if isinstance(value, dict) and "sensor-id" not in shown:  # no key of a reference, whoever uses it
            given = {column: {"soc-usage": [value], "inflexible-consumption": [value]}}
            assert_kept(served.patch(f"/assets/{served.ids['battery']}", json=given, who="hand"), 403, 422)


def report(served: Api, **more: Any) -> dict[str, Any]:
    own = {"sensor": served.ids["s:power"]}
    asked = {"input": [own], "output": [own], **SPAN}
    config = more.pop("config", {})
    return {"reporter": more.pop("reporter", "ProfitOrLossReporter"), "config": config, "parameters": asked | more}


@pytest.mark.parametrize("reporter", sorted(plugins.known("reporters")))
def test_no_report_reads_them_in_any_spelling(served: Api, reporter: str) -> None:
    path = f"/assets/{served.ids['battery']}/reports/trigger"
    price, power = served.ids["x:price"], served.ids["x:power"]
    for shown, value in referring.spellings(price).items():
        for name in ("consumption_price_sensor", "production-price-sensor", "consumption-price_sensor"):
            asked = report(served, reporter=reporter, config={name: value})
            assert_kept(served.post(path, json=asked, who="hand"), 403 if shown == "9" else 422)
    for value in referring.spellings(power).values():
        for entry in ({"sensor": value}, value if isinstance(value, dict) else {"Sensor": value}):
            for side in ("input", "output"):
                asked = report(served, reporter=reporter, config={"consumption_price_sensor": served.ids["s:price"]})
                asked["parameters"][side] = [entry]
                assert_kept(served.post(path, json=asked, who="boss"), 403, 422)


@pytest.mark.parametrize("name", ["sources", "source-account", "source", "sources of a report"])
def test_no_sources_of_others_are_named(served: Api, name: str) -> None:
    asked = report(served, config={"consumption_price_sensor": served.ids["s:price"]})
    for value in (served.ids["x:source"], [served.ids["x:source"]]):
        if name in ("source", "sources of a report"):
            entry = {"sensor": served.ids["s:power"], name.split()[0]: value}
            path, sent = "reports/trigger", asked | {"parameters": {**asked["parameters"], "input": [entry]}}
        else:
            given = served.ids["a:Quay"] if name == "source-account" else value
            reference = {"sensor": served.ids["s:price"], name: given}
            sent = referring.body("flex-context", "consumption-price", reference, served.ids["s:power"])
            path = "schedules/preview"
        assert_kept(served.post(f"/assets/{served.ids['battery']}/{path}", json=sent, who="hand"), 403)


@pytest.mark.parametrize("name", ["future-regressors", "past-regressors", "regressors", "past_regressors"])
def test_no_forecast_names_them(served: Api, name: str) -> None:
    for shown, value in referring.spellings(served.ids["x:power"]).items():
        asked = {"duration": "PT1H", "config": {name: [value]}}
        answer = served.post(f"/sensors/{served.ids['s:power']}/forecasts/trigger", json=asked, who="hand")
        assert_kept(answer, *((403,) if shown in ("9", "{sensor: 9}") else (403, 422)))


def test_no_automation_is_made_with_them(served: Api) -> None:
    path, new = f"/assets/{served.ids['battery']}/automations", {"name": "x", "every": "P1D"}
    for value in referring.spellings(served.ids["x:power"]).values():
        entry = {
            "sensor": served.ids["s:power"],
            **FLEX,
            "soc-usage": [value if isinstance(value, dict) else {"sensor": value}],
        }
        requests_of = {
            "schedule": {"flex_model": [entry], "flex_context": OWN_PRICE},
            "forecast": {"sensors": [value]},
            "report": {"reporter": "AggregatorReporter", "input": [{"sensor": value}], "output": [{"sensor": value}]},
        }
        for kind, request in requests_of.items():
            assert_kept(served.post(path, json=new | {"kind": kind, "request": request}, who="hand"), 403, 422)


def test_no_chart_shows_them(served: Api, sqlite_people: Database) -> None:
    key, path = served.ids["x:power"], f"/assets/{served.ids['battery']}"
    for value in [key, [key], [[key]], {"sensor": key}, {"title": "x", "plots": [{"sensors": [key]}]}]:
        for column in ("sensors_to_show", "sensors_to_show_as_kpis"):
            assert_kept(served.patch(path, json={column: [value]}, who="boss"), 403)
            with stored(served, sqlite_people, Asset, "battery", **{column: [value]}):
                for tail in ("/chart", "/chart_data", "/kpis"):
                    more = {"include_data": "true"} if tail == "/chart" else {}
                    assert_kept(served.get(path + tail, params=SPAN | more, who="boss"), 200)


def jobs(ids: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A job of each kind that names a sensor of the other account, as it would lie in the queue."""
    plan = {"asset": ids["battery"], "start": PLAN["start"], "duration": 3600.0, "flex_context": OWN_PRICE}
    device = {"sensor": ids["s:power"], **FLEX}
    told = {"reporter": "ProfitOrLossReporter", "output": [{"sensor": ids["s:power"]}], **SPAN}
    hour = {"start": SPAN["start"], "end": SPAN["end"], "horizon": 3600.0, "frequency": 86400.0}
    price = ids["x:price"]
    prices = {"consumption_price_sensor": price}
    own = [{"sensor": ids["s:power"]}]
    bought = {"consumption-price": {"sensor": price}}
    return {
        "schedule of the request": plan | {"flex_model": [device | {"soc-usage": [{"sensor": ids["x:power"]}]}]},
        "schedule of a context": plan | {"flex_model": [device], "flex_context": bought},
        "schedule into it": plan | {"flex_model": [device | {"consumption": {"sensor": ids["x:power"]}}]},
        "report input": told | {"input": [{"sensor": ids["x:power"]}]},
        "report output": told | {"input": own, "output": [{"sensor": ids["x:power"]}], "config": prices},
        "report price": told | {"input": own, "config": prices},
        "report price as text": told | {"input": own, "config": {"consumption_price_sensor": str(price)}},
        "report price as fraction": told | {"input": own, "config": {"consumption-price-sensor": float(price)}},
        "report input as true": told | {"input": [{"sensor": True}], "config": prices},
        "forecast": {"sensor": ids["x:power"], **hour},
    }  # fmt: skip


def test_a_job_that_lies_in_the_queue_is_not_done(
    served: Api, sqlite_people: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = Worker(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path_factory.mktemp("worker"))}), sqlite_people)
    for number, (name, request) in enumerate(jobs(served.ids).items()):
        job = Job(id=f"attack-{number}", kind=name.split()[0], status="QUEUED", request_hash="", known_at=START)
        job.request, job.asset_id, job.user_id = request, served.ids["battery"], served.ids["u:hand"]
        job.enqueued_at, job.result, job.message, job.trace = START, {}, "", ""
        with sqlite_people.writing() as session:
            session.add(job)
        worker.do(job.id)
        answer = served.get(f"/jobs/{job.id}", who="hand")
        assert_kept(answer, 422)
        assert answer.json()["status"] == "FAILED" and ("may not use" in answer.text or "is no id" in answer.text), name
    assert not served.get(f"/sensors/{served.ids['s:power']}/stats", who="hand").json()


def test_cards_say_nothing_of_prices_that_may_not_be_read(served: Api, sqlite_people: Database) -> None:
    """Also where somebody else, who may read them, scheduled the site."""
    hidden, load = served.ids["x:price"], served.ids["s:load"]
    with sqlite_people.writing() as session:
        site, meter = session.get_one(Asset, served.ids["site"]), session.get_one(Sensor, load)
        prices = {name: {"sensor": hidden} for name in day_costs.PRICES}
        row = stored_row(session, site, (meter, CONNECTION, 1.0), input_sensors=[load, hidden], **prices)
        energies = {"consumed": 1.0, "produced": 0.0, "peak": 1.0}
        numbers = energies | {"mean-price": 46.173, "paid-price": 4.6173}
        session.execute(update(ScheduleOutput).where(ScheduleOutput.schedule_id == row.id).values(numbers=numbers))
    with sqlite_people.reading() as session:
        who = identity(session, session.get_one(User, served.ids["u:hand"]))
        site, principal = session.get_one(Asset, served.ids["site"]), References(session, who)
        assert day_costs.of_sites(principal, [site], row.start, row.end, known_at=row.end) == []
        assert principal.readable([hidden, served.ids["x:power"]]) == {}
        latest = plan_cards.latest_schedule(session, who, session.get_one(Sensor, load).asset_id, as_of=row.end)
        assert latest is not None and latest.row.id == row.id
        assert latest.numbers == energies
    with sqlite_people.writing() as session:
        session.delete(session.get_one(StoredSchedule, row.id))
