"""Automations: due once whoever runs, caught up once, brought forward only by what is new."""

import re
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from app.assemble.files.posted import Posted
from app.auth.access.references import References
from app.jobs.handlers import ingest
from app.jobs.triggers import automations
from app.jobs.triggers.automations import AutomationPlan, Leader
from app.usecases.actor import Actor
from app.usecases.jobs.automations import AutomationChange, renew_forecasts, update_automation
from app.usecases.jobs.forecasts import ForecastTrigger
from db import sources
from db.core.database import get
from db.jobs import jobs
from db.jobs.automations import Automation, of_assets, wake
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import FieldError, InputError
from tests.jobs.staging import Stage

NOW = datetime(2026, 5, 1, 10, 7, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def forecasting(stage: Stage, **more) -> AutomationPlan:
    request = {"sensors": [stage.sensor_id], "horizon": "PT24H"}
    return AutomationPlan(
        asset_id=stage.asset_id, kind="forecast", name="look ahead", request=request, every=HOUR, **more
    )


def new_automation(stage: Stage, plan: AutomationPlan) -> int:
    with stage.database.writing() as session:
        return automations.make(References(session, None), plan, now=NOW).id


def leader(stage: Stage, name: str = "one") -> Leader:
    return Leader(stage.settings, stage.database, name)


def row(stage: Stage, key: int) -> Automation:
    with stage.database.reading() as session:
        return get(session, Automation, key)


def test_what_is_due_becomes_a_job_and_moves_on(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage))
    assert leader(stage).tick(NOW) == []
    [job] = leader(stage).tick(NOW + HOUR)
    assert (job.kind, job.queue, job.automation_id, job.known_at) == ("forecast", "forecasting", key, NOW + HOUR)
    assert job.request["start"] == "2026-05-01T11:00:00Z" or job.request["start"].startswith("2026-05-01T")
    assert row(stage, key).next_at == NOW.replace(hour=12, minute=0)


def test_what_was_missed_is_caught_up_once(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage))
    after = NOW + timedelta(days=3)
    assert len(leader(stage).tick(after)) == 1 and leader(stage).tick(after) == []
    assert row(stage, key).last_at == after.replace(minute=0) and row(stage, key).next_at > after


def test_of_many_processes_one_runs_it(stage: Stage) -> None:
    new_automation(stage, forecasting(stage))
    found: list[Job] = []
    threads = [
        threading.Thread(target=lambda n=n: found.extend(leader(stage, f"process {n}").tick(NOW + HOUR)))
        for n in range(6)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(found) == 1


def test_another_process_leads_once_the_leader_is_gone(stage: Stage) -> None:
    key, later = new_automation(stage, forecasting(stage)), NOW + HOUR
    assert leader(stage, "first").tick(later)
    with stage.database.writing() as session:
        get(session, Automation, key).next_at = later
    assert leader(stage, "second").tick(later + timedelta(seconds=5)) == []
    assert len(leader(stage, "second").tick(later + timedelta(seconds=20))) == 1


def test_a_paused_automation_is_not_done(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage))
    with stage.database.writing() as session:
        get(session, Automation, key).active = False
    assert leader(stage).tick(NOW + HOUR) == []


def post(stage: Stage, value: float, at: datetime) -> None:
    with stage.database.writing() as session:
        sensor, by = get(session, Sensor, stage.sensor_id), sources.named(session, "meter")
        posted = Posted.regular(NOW - HOUR, QUARTER, np.array([value]), "kW")
        ingest.run(session, sensor, by, posted, known_at=at)


def test_new_data_bring_it_forward_and_nothing_new_does_not(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage, on_data=True))
    with stage.database.writing() as session:
        get(session, Automation, key).next_at = late = datetime.now(UTC) + timedelta(days=1)
    post(stage, 5.0, NOW)
    sooner = row(stage, key).next_at
    assert sooner < late and len(leader(stage).tick(sooner)) == 1
    before = row(stage, key).next_at
    post(stage, 5.0, NOW + HOUR)  # says the same
    assert row(stage, key).next_at == before


def test_data_that_keep_coming_start_it_once_a_minute(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage, on_data=True))
    assert len(leader(stage).tick(NOW + HOUR)) == 1
    done = row(stage, key).last_at
    assert done is not None
    for seconds in (5, 10, 15):
        with stage.database.writing() as session:
            wake(session, "posted", [stage.sensor_id], now=done + timedelta(seconds=seconds))
    assert row(stage, key).next_at == done + timedelta(minutes=1)


def test_a_rule_that_cannot_be_used_is_refused_by_its_field(stage: Stage) -> None:
    for request, field in (({"sensors": []}, "sensors"), ({"sensors": [1], "horizon": "soon"}, "horizon")):
        plan = AutomationPlan(asset_id=stage.asset_id, kind="forecast", name="", request=request, every=HOUR)
        with pytest.raises(InputError, match=field):
            new_automation(stage, plan)


@pytest.mark.parametrize(
    "more, field",
    [
        ({"regressors": [{"sensor": 1, "ahead": True}] * 500}, "regressors"),
        ({"regressors": [1]}, "regressors[0]"),
        ({"annotations": [{"kind": "asset", "id": 1, "type": "holiday"}] * 21}, "annotations"),
        ({"levels": [0.5, -1, "nan"]}, "levels[1]"),
        ({"levels": [0.1, "nan"]}, "levels[1]"),
        ({"levels": [0.5, 0.5]}, "levels"),
        ({"levels": []}, "levels"),
        ({"lower": "nan"}, "lower"),
        ({"upper": "inf"}, "upper"),
        ({"lower": 3, "upper": 2}, "upper"),
        ({"most_missing": 2}, "most_missing"),
        ({"learnt": "PT1H"}, "learnt"),
        ({"snaps": [{"target": 9, "low": 0, "high": 4}]}, "snaps"),
        ({"snaps": [{"target": "nan", "low": 0, "high": 4}]}, "snaps[0].target"),
        ({"forecaster": "None such"}, "config.forecaster"),
        ({"horizon": "P9999Y"}, "horizon"),
        ({"sensors": 5}, "sensors"),
        ({"sensors": ["x"]}, "sensor"),
    ],
)
def test_a_forecast_is_bounded_as_it_is_for_one_time(stage: Stage, more: dict[str, Any], field: str) -> None:
    plan = forecasting(stage)
    with pytest.raises(InputError, match=re.escape(field.rpartition(".")[2])) as refused:
        new_automation(stage, replace(plan, request=plan.request | more))
    assert not isinstance(refused.value, FieldError) or refused.value.field == field


def test_an_automation_that_asks_for_too_much_does_not_go_on(stage: Stage) -> None:
    key, actor = new_automation(stage, forecasting(stage)), Actor(principal=None, settings=stage.settings, now=NOW)
    with stage.database.writing() as session:
        before = get(session, Automation, key)
        before.active, before.request = False, before.request | {"lower": "nan"}
    with pytest.raises(FieldError, match="lower"), stage.database.writing() as session:
        update_automation(session, actor, key, AutomationChange(active=True))
    assert not row(stage, key).active


def test_forecasts_of_a_sensor_are_renewed_by_one_automation(stage: Stage) -> None:
    actor = Actor(principal=None, settings=stage.settings, now=NOW)
    config = {"upper": "7 kW", "snap": {"0 kW": ["0 kW", "1 kW"]}, "train-period": "P30D"}
    holidays = {"annotation-regressors": [{"asset": stage.asset_id}]}
    for asked in ({}, {"config": config | holidays, "prior": NOW, "start": NOW}):
        with stage.database.writing() as session:
            renew_forecasts(session, actor, stage.sensor_id, actor.read(ForecastTrigger, asked))
            [made] = of_assets(session, [stage.asset_id])
            made.active = False  # so that the second time has to let it go on
    assert set(made.request) == {"sensors", "horizon", "upper", "snaps", "learnt", "annotations"}
    with stage.database.writing() as session:
        renew_forecasts(session, replace(actor, now=NOW + HOUR), stage.sensor_id, ForecastTrigger())
        [made] = of_assets(session, [stage.asset_id])
        assert made.request == {"sensors": [stage.sensor_id], "horizon": "PT48H"}
        assert made.active and made.on_data and made.next_at > NOW + HOUR
        [job] = automations.once(session, made, user_id=None, now=NOW + HOUR, settings=stage.settings)
        assert job.request["upper"] is None


def test_plans_depend_on_the_sensors_their_description_names(stage: Stage) -> None:
    with stage.database.writing() as session:
        price = Sensor(name="price", asset_id=stage.asset_id, unit="EUR/MWh", resolution=HOUR)
        session.add(price)
        session.flush()
        model = {"sensor": stage.sensor_id, "soc-at-start": "1 kWh", "soc-max": "9 kWh"}
        request = {"flex_model": [model], "flex_context": {"consumption-price": {"sensor": price.id}}}
        plan = AutomationPlan(
            asset_id=stage.asset_id, kind="schedule", name="", request=request, every=QUARTER, on_data=True
        )
        found = automations.make(References(session, None), plan, now=NOW)
        assert automations.inputs(References(session, None), found) == {price.id}
        assert wake(session, "posted", [stage.sensor_id], now=NOW) == 0
        assert wake(session, "posted", [price.id], now=NOW) == 1


def test_the_history_is_in_its_jobs(stage: Stage) -> None:
    key = new_automation(stage, forecasting(stage))
    leader(stage).tick(NOW + HOUR)
    leader(stage).tick(NOW + 2 * HOUR)
    with stage.database.reading() as session:
        assert len(list(session.scalars(select(Job).where(Job.automation_id == key)))) == 2
        assert all(job.is_pending for job in jobs.of_automation(session, key))
