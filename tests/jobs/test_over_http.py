"""Jobs, automations, alerts and numbers over the API of a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.core.database import Database
from tests.http import serving
from tests.http.serving import Api
from tests.jobs.staging import wait
from tests.postgres import free_port

START = "2026-04-01T00:00:00+02:00"
TOKENS = {"FLEXSCOPE_METRICS_TOKEN": "for-prometheus", "FLEXMEASURES_TASK_CHECK_AUTH_TOKEN": "for-pinger"}


@pytest.fixture
def server(sqlite_url: str, tmp_path: Path) -> Iterator[Api]:
    database = Database(sqlite_url)
    serving.populate(database)
    settings = TOKENS | {"FLEXSCOPE_LOG_FORMAT": "json", "LOGGING_LEVEL": "INFO", "FLEXMEASURES_PROFILE_REQUESTS": "1"}
    with serving.server(sqlite_url, tmp_path, **settings) as running:
        running.ids = serving.identifiers(database)
        yield running
    database.close()


def plan(server: Any, **more: Any) -> Any:
    model = {"sensor": server.ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    body = {
        "start": START,
        "duration": "PT6H",
        "flex-model": [model],
        "flex-context": {"consumption-price": "1 EUR/kWh"},
    }
    return server.post(f"/assets/{server.ids['battery']}/schedules/trigger", json=body | more)


def test_jobs_automations_alerts_and_numbers(server: Any) -> None:
    job = plan(server).json()["job"]
    assert server.get(f"/jobs/{job}").json()["status"] == "FINISHED"
    assert server.post(f"/jobs/{job}/cancel").status_code == 409
    assert server.post(f"/jobs/{job}/requeue").status_code == 409
    assert server.post(f"/jobs/{job}/requeue", who="rival").status_code == 403
    numbers = server.get("//metrics", who=None, headers={"Authorization": "Bearer for-prometheus"})
    assert 'flexscope_jobs{queue="scheduling",state="finished"} 1' in numbers.text
    assert 'flexscope_requests_total{method="POST",status="202"} 1' in numbers.text
    assert server.get("//metrics", who="root").status_code == 200
    assert [server.get("//metrics", who=who).status_code for who in (None, "boss")] == [401, 401]
    assert server.get("/alerts").json() == []
    assert server.get("/alerts", who=None).status_code == 401
    profiles = list((server.log.parent / "profiles").glob("*.prof"))
    assert any("schedules.trigger" in file.name for file in profiles)
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert any(line["level"] == "INFO" and "202 POST" in line["message"] for line in lines)


def test_automations_are_made_paused_told_and_deleted(server: Any) -> None:
    battery = server.ids["battery"]
    body = {"name": "every quarter", "kind": "schedule", "every": "PT15M", "request": {"duration": "PT6H"}}
    model = {"sensor": server.ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    body["request"] |= {"flex_model": [model], "flex_context": {"consumption-price": "1 EUR/kWh"}}
    made = server.post(f"/assets/{battery}/automations", json=body)
    assert made.status_code == 201 and made.json()["timezone"] == "UTC", made.text
    path = f"/automations/{made.json()['id']}"
    assert [each["name"] for each in server.get(f"/assets/{server.ids['site']}/automations").json()] == [
        "every quarter"
    ]
    assert server.patch(path, json={"active": False}).json()["next-at"] is None
    assert server.patch(path, json={"active": True}).json()["next-at"] == made.json()["next-at"]
    assert server.get(path).json()["history"] == []
    assert [server.get(path, who=who).status_code for who in ("rival", None)] == [403, 401]
    assert server.post(f"/assets/{battery}/automations", json=body | {"every": "PT7M"}).status_code == 422
    refused = server.post(f"/assets/{battery}/automations", json=body | {"request": {"durration": "PT6H"}})
    assert refused.status_code == 422 and "durration" in refused.text
    assert server.delete(path).status_code == 204 and server.get(path).status_code == 404


def test_a_forecast_that_no_one_may_ask_for_is_no_automation_either(server: Any) -> None:
    path, body = f"/assets/{server.ids['battery']}/automations", {"name": "ahead", "kind": "forecast", "every": "PT1H"}
    request = {"sensors": [server.ids["s:power"]]}
    regressors = [{"sensor": server.ids["s:price"], "ahead": True}] * 500
    for more in ({"regressors": regressors}, {"levels": [5, -1, "nan"]}, {"lower": "nan"}):
        refused = server.post(path, json=body | {"request": request | more})
        assert refused.status_code == 422 and next(iter(more)) in refused.text, refused.text
    made = server.post(path, json=body | {"request": request})
    assert made.status_code == 201, made.text
    changed = server.patch(f"/automations/{made.json()['id']}", json={"request": request | {"lower": "nan"}})
    assert changed.status_code == 422 and "request" in changed.text  # a request is made anew, never changed
    assert server.delete(f"/automations/{made.json()['id']}").status_code == 204


def test_numbers_that_are_none_are_refused_by_their_field(server: Any) -> None:
    for question in ({"cost": "nan"}, {"cost": "-inf"}, {"power": "inf"}):
        refused = server.post("/schedules/1/what-would-it-take", json=question | {"limit": "battery.soc-max"})
        assert refused.status_code == 422 and next(iter(question)) in refused.text, refused.text


def test_an_automation_is_done_once_more_when_somebody_asks(server: Any) -> None:
    model = {"sensor": server.ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    request = {"duration": "PT6H", "flex_model": [model], "flex_context": {"consumption-price": "1 EUR/kWh"}}
    body = {"name": "daily", "kind": "schedule", "every": "P1D", "request": request}
    made = server.post(f"/assets/{server.ids['battery']}/automations", json=body).json()
    path = f"/automations/{made['id']}"
    assert server.post(f"{path}/run", who="rival").status_code == 403
    [asked] = server.post(f"{path}/run").json()["jobs"]
    wait(lambda: server.get(f"/jobs/{asked['id']}").json()["status"] == "FINISHED", 120)
    told = server.get(path).json()
    assert [each["id"] for each in told["history"]] == [asked["id"]]
    assert told["next-at"] == made["next-at"] and told["last-at"] is None


def test_other_programs_note_and_read_task_runs(server: Any) -> None:
    header = {"Authorization": "for-pinger"}
    body = {"name": "import prices", "status": True}
    noted = server.post("//api/ops/postLatestTaskRun", who=None, json=body, headers=header)
    assert noted.status_code == 200, noted.text
    told = server.get("//api/ops/getLatestTaskRun", who=None, params={"name": "import prices"}, headers=header)
    assert told.json()["status"] is True and told.json()["succeeded-at"]
    assert server.get("//api/ops/getLatestTaskRun", who=None).status_code == 401
    assert server.get("//api/ops/getLatestTaskRun", who="boss").status_code == 403


def test_a_queue_that_is_down_answers_503_and_keeps_the_job(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    serving.populate(database)
    where = f"redis://127.0.0.1:{free_port()}/0"
    with serving.server(sqlite_url, tmp_path, FLEXMEASURES_REDIS_URL=where) as server:
        server.ids = serving.identifiers(database)
        answer = plan(server)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
        assert answer.json()["status"] == "QUEUE_UNAVAILABLE"
        assert server.get(f"/jobs/{answer.json()['job']}").json()["status"] == "QUEUED"
        assert server.get("/health/ready", who=None).json() == {"database_sql": True, "database_redis": False}
        again = [plan(server, **more) for more in ({}, {"force-new-job-creation": True})]
        assert [each.json()["job"] for each in again] == [answer.json()["job"]] * 2  # not planned twice
    database.close()


def test_posted_data_bring_a_plan_forward_within_seconds(server: Any) -> None:
    ids = server.ids
    model = {"sensor": ids["s:power"], "soc-at-start": "2 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
    request = {
        "duration": "PT6H",
        "flex_model": [model],
        "flex_context": {"consumption-price": {"sensor": ids["s:price"]}},
    }
    body = {"name": "on prices", "kind": "schedule", "every": "P1D", "request": request, "on-data": True}
    made = server.post(f"/assets/{ids['battery']}/automations", json=body)
    assert made.status_code == 201, made.text
    values = {"start": "2026-04-01T00:00:00+02:00", "duration": "PT1H", "values": [5], "unit": "EUR/MWh"}
    assert server.post(f"/sensors/{ids['s:price']}/data", who="root", json=values).status_code == 200
    path = f"/automations/{made.json()['id']}"
    wait(lambda: len(server.get(path).json()["history"]) == 1, 120)


def test_posted_values_may_wait_for_a_worker(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    serving.populate(database)
    ids = serving.identifiers(database)
    with serving.server(sqlite_url, tmp_path, FLEXSCOPE_INGEST_LATER="true") as server:
        body = {"start": START, "duration": "PT1H", "values": [1, None, 3, 4], "unit": "kW"}
        answer = server.post(f"/sensors/{ids['s:load']}/data", json=body)
        assert answer.status_code == 202 and answer.json()["job-url"].endswith(answer.json()["job"])
        job = server.get(f"/jobs/{answer.json()['job']}").json()
        assert (job["status"], job["origin"], job["result"]["stored"]) == ("FINISHED", "ingestion", 3)
        when = {"start": START, "duration": "PT1H"}
        assert server.get(f"/sensors/{ids['s:load']}/data", params=when).json()["values"] == [1, None, 3, 4]
        wrong = server.post(f"/sensors/{ids['s:load']}/data", json=body | {"unit": "m"})
        assert wrong.status_code == 422
    database.close()
