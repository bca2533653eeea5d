"""Schedules explained over HTTP and on the command line; nothing of a what-if stays."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import requests
from sqlalchemy import func, select

from app.auth.access.references import References
from app.cli.main import main
from app.jobs.handlers import schedule
from db.assets import Asset
from db.core.database import Database, Table
from db.schedules import ScheduleInputs
from tests.assemble.homes import KNOWN_AT, START, Home
from tests.assemble.test_every_field import BATTERY, hours
from tests.auth.test_sign_in import signed_in
from tests.finding import part
from tests.http import serving
from tests.http.serving import Api

CHEAP, DEAR = ("0.1 EUR/kWh", "0.4 EUR/kWh", "0.2 EUR/kWh", "0.5 EUR/kWh"), ("0.5 EUR/kWh",) * 4
TAKEN = {"device": "battery", "at": START.isoformat()}


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with two schedules of the battery of account Mill, at low and high prices, and one without inputs."""
    ids = serving.identifiers(people)
    with people.writing() as session:
        home = Home(session, {"battery": session.get_one(Asset, ids["battery"])})
        model = [{"sensor": ids["s:power"], **BATTERY}]
        for minute, price in enumerate((DEAR, CHEAP, CHEAP)):
            context = {"consumption-price": hours(*price), "site-power-capacity": "3 kW"}
            asked = home._request("battery", model, context)
            schedule.run(References(session, None), asked, known_at=KNOWN_AT + timedelta(minutes=minute))
        session.query(ScheduleInputs).filter(ScheduleInputs.schedule_id == 3).delete()
    url = people.url.render_as_string(hide_password=False)
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0"}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **quiet) as api:
        api.ids = ids
        yield api


def schema(served: Api, name: str) -> dict[str, Any]:
    return served.get("/schedules/explain.json").json() | {"$ref": f"#/$defs/{name}"}


def count_rows(people: Database) -> dict[str, int]:
    with people.reading() as session:
        # Not that of the process that leads, which the server writes by itself some time after it started.
        tables = [table for table in Table.metadata.sorted_tables if table.name != "lead"]
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_a_schedule_in_words_with_its_limits_values_cells_and_changes(served: Api) -> None:
    parts = "headlines,bottlenecks,values,cells,changes"
    answer = served.get("/schedules/2/explain", params={"parts": parts}).json()
    jsonschema.validate(answer, schema(served, "explain"))
    assert any(fact["kind"] == "charges" and fact["price"] == pytest.approx(0.1) for fact in answer["headlines"])
    assert answer["bottlenecks"][0]["saving"] > 0
    assert len(answer["values"][0]["more"]) == len(answer["cells"]) == 16
    (change,) = answer["changes"]["inputs"]
    assert change["input"] == "prices" and change["cost"] < 0
    assert answer["changes"]["cost"] - answer["changes"]["cost-before"] == pytest.approx(change["cost"])
    (difference,) = [each for each in answer["changes"]["differences"] if "consumption price" in each["about"]]
    assert difference["before"] == pytest.approx(0.5) and difference["now"] == pytest.approx(0.2333, abs=1e-3)
    powers = [served.get(f"/schedules/{key}/file", params={"format": "csv"}) for key in (1, 2)]
    before, now = (pd.read_csv(io.BytesIO(each.content))["battery [kW]"] for each in powers)
    moved = sum(abs(move["energy"]) for move in answer["changes"]["moves"])
    assert moved == pytest.approx((now - before).abs().sum() * 0.25, abs=1e-3) and moved > 1
    only = served.get("/schedules/2/explain").json()
    assert only["values"] is None and only["headlines"] == answer["headlines"]


def test_what_a_schedule_comes_to_and_saves(served: Api) -> None:
    answer = served.get("/schedules/2/explain", params={"parts": "figures"}).json()
    jsonschema.validate(answer, schema(served, "explain"))
    told = answer["figures"]
    assert answer["headlines"] is None and told["figures"]["cost"] == pytest.approx(answer["cost"])
    assert told["figures"]["peak-import"] <= 3.0 + 1e-6 and told["figures"]["imported"] > 0
    saving, (low, high) = told["saving"], told["levels"]["battery"]
    more = saving["stored"] * saving["price"]
    assert saving["amount"] == pytest.approx(saving["cost"] - answer["cost"] + more)
    assert 0 <= low < high


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_schedule_as_a_file_has_one_row_for_each_step(served: Api, kind: str) -> None:
    one = served.get("/schedules/2").json()
    answer = served.get("/schedules/2/file", params={"format": kind})
    assert answer.ok and f'filename="schedule-2.{kind}"' in answer.headers["Content-Disposition"]
    content = io.BytesIO(answer.content)
    table = pd.read_csv(content) if kind == "csv" else pd.read_excel(content, engine="openpyxl")
    assert list(table.columns)[:2] == ["start", "battery [kW]"] and len(table) > 1
    starts = pd.to_datetime(table["start"], utc=True)
    assert (starts.iloc[0], starts.diff().iloc[1]) == (pd.Timestamp(one["start"]), pd.Timedelta(one["step"]))
    (power,) = [each for each in one["outputs"] if each["role"] == "power"]
    hours = pd.Timedelta(one["step"]) / pd.Timedelta(hours=1)
    # Positive when consuming, whatever the sensor says.
    taken = table["battery [kW]"].clip(lower=0).sum() * hours
    assert taken == pytest.approx(power["numbers"]["consumed"], rel=1e-4) and taken > 0
    assert served.get("/schedules/2/file", params={"format": "pdf"}).status_code == 422


def test_the_page_of_a_schedule_tells_what_it_costs_does_and_lacks(served: Api) -> None:
    browser, _ = signed_in(served, "hand")
    at = f"{served.url}/assets/{served.ids['battery']}"
    page = browser.get(at, params={"tab": "plan", "schedule": "2"}, timeout=120).text
    assert "Schedule before" in page and "Schedule after" in page
    figures = browser.get(at, params={"tab": "plan", "schedule": "2", "part": "plan-figures"}, timeout=120).text
    cost = sum(served.get("/schedules/2").json()["costs"].values())
    assert f"{cost:,.2f} EUR" in figures and "battery charges" in figures and "without control" in figures
    table = browser.get(at, params={"tab": "plan", "schedule": "2", "part": "plan-table"}, timeout=120).text
    assert "battery [kW]" in table and "bought [EUR/kWh]" in table
    changes = browser.get(at, params={"tab": "plan", "schedule": "2", "part": "plan-changes"}, timeout=120).text
    assert "The prices make it" in changes and "electricity consumption price" in changes and "<table" in changes
    gone = browser.get(at, params={"tab": "plan", "schedule": "3", "part": "plan-figures"}, timeout=120).text
    assert "inputs of schedule 3 are not kept" in gone and "EUR" in gone


def test_a_step_is_explained_on_the_page_with_what_it_would_take(served: Api) -> None:
    browser, _ = signed_in(served, "hand")
    at, asked = f"{served.url}/assets/{served.ids['battery']}", {"tab": "plan", "schedule": "2", **TAKEN}
    page = browser.get(at, params=asked, timeout=120).text
    assert 'name="step" min="0"' in page and "part=plan-why" in page  # a link shows the answer again
    answer = browser.get(at, params=asked | {"part": "plan-why"}, timeout=120).text
    (first, *_) = served.get("/schedules/2/why", params=TAKEN).json()["text"]
    assert first[first.index("battery") :] in answer and "<polyline" in answer
    assert 'value="battery.soc-max">battery: most energy stored' in answer and 'name="most"' in answer
    by_price = {"part": "plan-take", "goal": "idle", "by": "step"}
    take = browser.get(at, params=asked | by_price, timeout=120).text
    wish = {"device": "battery", "at": TAKEN["at"], "wish": "idle"}
    needed = served.post("/schedules/2/what-would-it-take", json=wish).json()["answer"]
    assert needed["higher"] is not None and f"{needed['higher']['change']:+.4g} EUR/kWh" in take


def test_what_cannot_be_asked_on_the_page_is_told_there_and_others_are_told_nothing(served: Api) -> None:
    browser, _ = signed_in(served, "hand")
    at, asked = f"{served.url}/assets/{served.ids['battery']}", {"tab": "plan", "schedule": "2", **TAKEN}
    by_price = {"part": "plan-take", "goal": "idle", "by": "step"}
    wrong = browser.get(at, params=asked | by_price | {"goal": "cost", "most": "much"}, timeout=120).text
    assert "is not a number" in wrong
    unknown = browser.get(at, params=asked | by_price | {"by": "battery.size"}, timeout=120).text
    assert "there is no limit" in unknown and "battery.soc-max" in unknown
    beyond = browser.get(at, params=asked | {"part": "plan-why", "at": "2020-01-01T00:00Z"}, timeout=120).text
    assert "name a time in it" in beyond
    assert "There is no schedule" in browser.get(at, params=asked | {"schedule": "99"}, timeout=120).text
    rival, _ = signed_in(served, "rival")
    asked |= {"goal": "idle", "by": "step"}
    for asked_part in ("plan-why", "plan-take", "plan-table", "plan-figures", "plan-changes"):
        refused = rival.get(at, params=asked | {"part": asked_part, "wish": "idle"}, timeout=120)
        assert "battery runs" not in refused.text and "EUR" not in refused.text


def test_powers_held_on_the_page_have_a_price_and_are_taken_back(served: Api) -> None:
    browser, _ = signed_in(served, "hand")
    at = f"{served.url}/assets/{served.ids['battery']}"
    end = (START + timedelta(hours=1)).isoformat()

    def press(word: str, key: str) -> requests.Response:
        data = {"values": json.dumps({"key": key}), "_xsrf": browser.cookies["_xsrf"]}
        asked = {"tab": "plan", "schedule": "2", "do": word}
        return browser.post(at, params=asked, data=data, headers={"HX-Request": "true"}, timeout=120)

    browser.get(at, params={"tab": "plan"}, timeout=120)
    wrong = press("hold", "battery|now|then|x")
    assert "refused" in wrong.headers["HX-Trigger"] and "cannot be held" in wrong.headers["HX-Trigger"]
    done = press("hold", f"battery|{TAKEN['at']}|{end}|0.0")
    assert "is held at 0 kW." in done.headers["HX-Trigger"] and "Take back" in done.text
    (held,) = served.get(f"/assets/{served.ids['battery']}/overrides").json()
    assert (held["device"], held["power"]) == ("battery", 0.0)
    back = press("release", str(held["id"]))
    assert "Override ended" in back.headers["HX-Trigger"] and "Take back" not in back.text
    assert served.get(f"/assets/{served.ids['battery']}/overrides").json() == []


def test_a_schedule_of_another_asset_is_not_shown(served: Api) -> None:
    browser, _ = signed_in(served, "rival")
    at = f"{served.url}/assets/{served.ids['foreign']}"
    for asked in ("2", "99", "x", "-1", "9" * 30):
        page = browser.get(at, params={"tab": "plan", "schedule": asked}, timeout=120).text
        assert f"There is no schedule {asked}" in page and "EUR" not in page


def test_why_it_charges_now_and_what_else_would_cost(served: Api) -> None:
    answer = served.get("/schedules/2/why", params=TAKEN | {"power": "1.5"}).json()
    jsonschema.validate(answer, schema(served, "why"))
    assert answer["power"] > 0 and answer["others"][0]["extra-cost"] == pytest.approx(0.0, abs=1e-9)
    idle, asked = (next(other for other in answer["others"] if other["name"] == name) for name in ("idle", "asked"))
    assert idle["extra-cost"] > asked["extra-cost"] > 0
    assert answer["prices"]["above"]["price"] > 0.1 and answer["prices"]["above"]["exact"]
    assert f"battery runs at {answer['power']:.4g} kW in the cheapest plan" in answer["text"][0]
    end = (START + timedelta(minutes=15)).isoformat()
    pinned = {"pins": [{"device": "battery", "start": TAKEN["at"], "end": end, "power": 1.5}]}
    what_if = served.post("/schedules/2/what-if", json=pinned).json()
    assert what_if["after"]["cost"] - what_if["before"]["cost"] == pytest.approx(asked["extra-cost"], abs=1e-6)


def test_what_it_would_take_holds_when_it_is_applied(served: Api) -> None:
    wish = {**TAKEN, "wish": "idle"}
    needed = served.post("/schedules/2/what-would-it-take", json=wish).json()
    jsonschema.validate(needed, schema(served, "what-would-it-take"))
    change = needed["answer"]["higher"]["change"]
    end = (START + timedelta(minutes=15)).isoformat()
    dearer = {"prices": [{"start": TAKEN["at"], "end": end, "more": change}]}
    idle = dearer | {"pins": [{"device": "battery", "start": TAKEN["at"], "end": end, "power": 0}]}
    costs = [served.post("/schedules/2/what-if", json=edits).json()["after"]["cost"] for edits in (dearer, idle)]
    assert costs[0] == pytest.approx(costs[1], abs=1e-9)


def test_the_limit_it_would_take_brings_the_cost_down_when_it_is_applied(served: Api) -> None:
    explained = served.get("/schedules/2/explain").json()
    cost, first = explained["cost"], explained["bottlenecks"][0]
    limit, wanted = first["limit"], cost - 0.5 * first["saving"]
    more = served.post("/schedules/2/what-would-it-take", json={"cost": wanted, "limit": limit}).json()["answer"]
    assert more["kind"] == "limit" and more["smallest"]
    wider = served.post("/schedules/2/what-if", json={"limits": {limit: more["change"]}}).json()
    assert wider["after"]["cost"] == pytest.approx(wanted, abs=1e-6)
    mixed = {"cost": wanted, "weights": {limit: 0.1, "battery.consumption-capacity": 0.5}, "price-share": 0.2}
    mix = served.post("/schedules/2/what-would-it-take", json=mixed).json()
    jsonschema.validate(mix, schema(served, "what-would-it-take"))
    assert mix["answer"]["kind"] == "mix" and mix["answer"]["cost"] <= wanted + 1e-6
    never = served.post("/schedules/2/what-would-it-take", json={"cost": cost - 9.0, "limit": limit}).json()["answer"]
    assert never["kind"] == "limit-too-weak" and never["cost"] < cost


def test_a_what_if_leaves_nothing_and_every_control_back_gives_the_same_cost(served: Api, people: Database) -> None:
    assert served.get("/schedules/2").ok  # the first request of all signs in, which is counted
    before = count_rows(people)
    edits = {
        "loads": {},
        "limits": {"battery.soc-max": 3},
        "prices": [{"factor": 2, "more": 0.01}],
        "stored": {"battery": 3},
    }
    changed = served.post("/schedules/2/what-if", json=edits).json()
    jsonschema.validate(changed, schema(served, "what-if"))
    assert changed["after"]["cost"] != changed["before"]["cost"] and changed["changed"]["battery"]
    neutral = {"limits": {"battery.soc-max": 0}, "prices": [{"factor": 1}], "stored": {"battery": 2}}
    back = served.post("/schedules/2/what-if", json=neutral).json()
    stored = sum(served.get("/schedules/2").json()["costs"].values())
    assert back["after"]["cost"] == back["before"]["cost"] == stored
    assert count_rows(people) == before


def test_other_fields_are_planned_as_a_trigger_would(served: Api) -> None:
    def cost(**edits: Any) -> float:
        answer = served.post("/schedules/2/what-if", json=edits)
        assert answer.ok, answer.text
        return float(answer.json()["after"]["cost"])

    by_sensor = {"sensor": served.ids["s:power"]}
    smaller = cost(**{"flex-model": [by_sensor | {"soc-max": "4 kWh"}]})
    assert smaller == pytest.approx(cost(limits={"battery.soc-max": -6}), abs=1e-9)
    assert cost(**{"flex-model": [by_sensor | {"soc-max": "10 kWh"}]}) == pytest.approx(cost(), abs=1e-9)
    narrow = cost(**{"flex-context": {"site-power-capacity": "1 kW"}})
    assert narrow == pytest.approx(cost(limits={"electricity.consumption-capacity": -2,
                                                "electricity.production-capacity": -2}), abs=1e-9)  # fmt: skip
    assert cost(**{"flex-model": [by_sensor | {"roundtrip-efficiency": "80%"}]}) > cost()


def test_any_number_for_any_goal_holds_when_it_is_applied(served: Api) -> None:
    peak = max(served.post("/schedules/2/what-if", json={}).json()["after"]["peak-import"] - 0.5, 0.0)
    cost = served.get("/schedules/2").json()["costs"]
    goals: list[dict[str, Any]] = [{"peak": peak}, {"cost": sum(cost.values()) - 0.05}, {**TAKEN, "wish": "idle"}]
    answers = 0
    for goal in goals:
        for means in ({"price": "all"}, {"limit": "electricity.consumption-capacity"}, {"limit": "battery.soc-max"}):
            told = served.post("/schedules/2/what-would-it-take", json=goal | means).json()
            jsonschema.validate(told, schema(served, "what-would-it-take"))
            if (needed := told["answer"])["kind"] != "parameter":
                continue  # the price of a device's step and the limit of a cost have answers of their own
            assert "currency" not in needed["unit"]
            for end in filter(None, (needed["lower"], needed["higher"])):
                by = {"prices": [{"more": end["change"]}]}
                edits = {"limits": {means["limit"]: end["change"]}} if "limit" in means else by
                after = served.post("/schedules/2/what-if", json=edits).json()["after"]
                assert after["cost"] == pytest.approx(end["cost"], abs=1e-6)
                answers += 1
    assert answers >= 3


CARDS = r'(?s)(<dl aria-label="Key figures.*?</dl>)'
STATE = r'id="what-if-state"[^>]*>([^<]*)<'


@pytest.fixture(scope="module")
def browsers(served: Api) -> dict[str, requests.Session]:
    return {who: signed_in(served, who)[0] for who in ("hand", "reader")}


def answer(served: Api, browser: requests.Session, word: str, **sent: str) -> requests.Response:
    """Answer of the tab What-if to what is done there."""
    path = f"{served.url}/assets/{served.ids['battery']}?tab=what-if&schedule=2"
    browser.get(path, timeout=120)
    data = {"values": json.dumps(sent), "_xsrf": browser.cookies["_xsrf"]}
    return browser.post(f"{path}&{word}", data=data, headers={"HX-Request": "true"}, timeout=120)


def test_a_scenario_is_planned_and_linked_on_the_page(
    served: Api, people: Database, browsers: dict[str, requests.Session]
) -> None:
    asset_id, hand = served.ids["battery"], browsers["hand"]
    knob, before = f"knob~flex-model~{asset_id}~soc-max", count_rows(people)
    moved = answer(served, hand, "part=what_if", **{knob: "4", "act": ""})
    state = part(STATE, unescape(moved.text))
    assert json.loads(state) == [0, ["Scenario 1", {"flex-model": [{"asset": asset_id, "soc-max": "4 kWh"}]}]]
    path = f"{served.url}/assets/{asset_id}?tab=what-if&schedule=2"
    linked = hand.get(path, params={"what-if": state}, timeout=120)
    assert part(CARDS, linked.text) == part(CARDS, moved.text) and "+" in part(CARDS, linked.text)
    back = answer(served, hand, "part=what_if", state=state, **{knob: "10", "act": ""})
    assert part(STATE, back.text) == "" and back.text.count("no change") >= 5
    table = answer(served, browsers["reader"], "part=what_if_table", state=state[:-1] + ',["Other",{}]]')
    assert "Other" in table.text and "Plan now" in table.text
    assert count_rows(people) == before


def test_a_scenario_is_kept_by_those_who_may_change_the_asset(
    served: Api, people: Database, browsers: dict[str, requests.Session]
) -> None:
    state = json.dumps([0, ["A", {"flex-model": [{"asset": served.ids["battery"], "soc-max": "4 kWh"}]}]])
    before = count_rows(people)
    assert "refused" in answer(served, browsers["reader"], "do=what_if", state=state).headers["HX-Trigger"]
    nothing = answer(served, browsers["hand"], "do=what_if", state="").headers["HX-Trigger"]
    assert "Nothing of this what-if can be saved" in nothing and count_rows(people) == before
    assert "Saved on battery" in answer(served, browsers["hand"], "do=what_if", state=state).headers["HX-Trigger"]
    kept = served.get(f"/assets/{served.ids['battery']}").json()["flex_model"]
    assert json.loads(kept) == {"soc-max": "4 kWh"}


@pytest.mark.parametrize(
    ("method", "path", "more", "says"),
    [
        ("get", "/schedules/3/explain", {}, "inputs of schedule 3 are not kept"),
        ("get", "/schedules/2/explain", {"params": {"parts": "x"}}, "No part of an explanation is called 'x'"),
        ("get", "/schedules/2/why", {"params": TAKEN | {"device": "car"}}, "name one of battery"),
        ("get", "/schedules/2/why", {"params": TAKEN | {"at": "2020-01-01T00:00Z"}}, "name a time in it"),
        ("get", "/schedules/2/why", {"params": TAKEN | {"power": "99"}}, '"query":{"power":["battery can have'),
        ("post", "/schedules/2/what-would-it-take", {"json": {"cost": 1.0}}, "Ask either with cost, peak"),
        ("post", "/schedules/2/what-if", {"json": {"stored": {"x": 1.0}}}, "there is no 'x'; name battery"),
        ("post", "/schedules/2/what-if", {"json": {"flex-model": [{"soc-max": "1 kWh"}]}}, "names no device of this"),
        ("post", "/schedules/2/what-if", {"json": {"flex-context": {"site-power": "1 kW"}}}, "did you mean"),
        ("post", "/schedules/2/what-if", {"json": {"prices": [{"end": "2031-01-01T00:00Z"}]}}, "name a time within it"),
    ],
)
def test_what_cannot_be_answered_is_told(served: Api, method: str, path: str, more: dict[str, Any], says: str) -> None:
    answer = getattr(served, method)(path, **more)
    assert 400 <= answer.status_code < 500
    assert says in answer.text


@pytest.mark.parametrize(
    ("edits", "keys", "says"),
    [
        ({"stored": {"battery": 500}}, ["stored", "battery"], "it can hold 0 to"),
        ({"stored": {"battery": -1}}, ["stored", "battery"], "it can hold 0 to"),
        ({"limits": {"battery.soc-max": -1000}}, ["limits", "battery.soc-max"], "it would be below 0"),
        ({"limits": {"battery.soc-min": 1000}}, ["limits", "battery.soc-min"], "would lie above soc-max"),
        ({"limits": {"x": 1}}, ["limits", "x"], "no limit called x"),
        ({"prices": [{"factor": "x"}]}, ["prices", "0", "factor"], "write a number"),
        (
            {"prices": [{}, {"start": "2026-03-02T02:00Z", "end": "2026-03-02T01:00Z"}]},
            ["prices", "1", "end"], "must be after start",
        ),
        (
            {"pins": [{**TAKEN, "start": START.isoformat(), "end": START.isoformat(), "power": 0}]},
            ["pins", "0", "at"], "no such field",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(served: Api, edits: dict[str, Any], keys: list[str], says: str) -> None:
    edits = json.loads(json.dumps(edits).replace("2026-03-02", f"{START:%Y-%m-%d}"))
    answer = served.post("/schedules/2/what-if", json=edits)
    problems = answer.json()["message"]["json"]
    for key in keys:
        problems = problems[key]
    assert answer.status_code == 422 and says in problems[0]


def test_a_part_that_cannot_be_told_leaves_the_others(served: Api) -> None:
    answer = served.get("/schedules/1/explain", params={"parts": "headlines,trade-off,changes"}).json()
    jsonschema.validate(answer, schema(served, "explain"))
    assert answer["headlines"] and answer["trade-off"] is None and set(answer["missing"]) == {"trade-off", "changes"}
    assert "carbon-intensity" in answer["missing"]["trade-off"]
    for parts in ("trade-off", "", "x"):
        refused = served.get("/schedules/1/explain", params={"parts": parts})
        assert refused.status_code == 422 and refused.json()["message"]["query"]["parts"], parts


def test_a_past_year_needs_a_device_and_a_difference(served: Api) -> None:
    other = {"scenarios": [{"name": "dear", "price-factor": 2}]}
    market = {"name": "market", "generic_asset_type_id": 1, "account_id": served.ids["a:Mill"]}
    empty = served.post("/assets", json=market).json()["id"]
    for asset, asked, field in ((empty, other, "flex-model"), (served.ids["battery"], {}, "scenarios")):
        refused = served.post(f"/assets/{asset}/what-if/past-year", json=asked)
        assert refused.status_code == 422 and field in refused.json()["message"]["json"], asset


def test_another_account_is_told_nothing(served: Api) -> None:
    for path in ("explain", "why"):
        assert served.get(f"/schedules/2/{path}", who="rival", params=TAKEN).status_code == 403
    assert served.post("/schedules/2/what-if", who="rival", json={}).status_code == 403
    assert served.get("/schedules/99/explain").status_code == 404


def test_on_the_command_line(
    served: Api, people: Database, monkeypatch: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", people.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))

    def output_of(*words: str) -> str:
        with pytest.raises(SystemExit):
            main(["show", *words, "--schedule", "2"])
        shown = capsys.readouterr()
        return shown.out + shown.err

    assert "battery charges" in output_of("why")
    assert "battery runs at" in output_of("why", "--device", "battery", "--at", TAKEN["at"])
    assert "name both a device" in output_of("why", "--device", "battery")
    assert "The prices make it" in output_of("changes") and "Before [kW]" in output_of("changes")
    idle = output_of(
        "what-would-it-take", "--device", "battery", "--at", TAKEN["at"], "--wish", "idle", "--price", "step"
    )
    assert "Price of energy in this step is 0.1 EUR/kWh now." in idle and "would have battery rest then with" in idle
    assert "--limit or --price" in output_of("what-would-it-take", "--cost", "1")
    printed = output_of("what-if", "--stored", "battery", "4", "--price-factor", "2")
    assert "cost [EUR]" in printed and "battery would do otherwise in" in printed
    assert "not JSON" in output_of("what-if", "--edits", "x")
