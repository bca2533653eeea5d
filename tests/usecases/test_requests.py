"""What is asked for by a job: one line in the audit log for each job, and none for who shares one."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from app.usecases.jobs.reports import ReportTrigger, asset_of_outputs, request_report
from app.usecases.jobs.schedules import ScheduleTrigger, order_for_sensor, request_schedule
from db.core.audit import AuditEvent
from db.core.database import Database
from engine.errors import FieldError
from tests.assemble.homes import HOUR, START, Home

END = START + timedelta(hours=4)
WINDOW = {"start": START.isoformat(), "duration": "PT4H"}


@pytest.fixture
def operator(tmp_path: Path) -> Actor:
    return Actor(principal=None, settings=load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), now=START - HOUR)


def report(operator: Actor, source: int, *outputs: int) -> ReportTrigger:
    sensors: dict[str, Any] = {"input": [{"sensor": source}], "output": [{"sensor": key} for key in outputs]}
    span = {"start": START.isoformat(), "end": END.isoformat()}
    return operator.read(ReportTrigger, {"reporter": "AggregatorReporter", "parameters": sensors | span})


def test_each_job_has_one_line_in_the_audit_log(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        home = Home(session)
        home.asset("store")
        key = home.fill(home.sensor("store", "power", "kW"), 1.0)
        order = order_for_sensor(session, key, operator.read(ScheduleTrigger, WINDOW))
        foreseen = operator.read(ForecastTrigger, WINDOW)
        for seconds in (0, 5):  # the second request of each shares the job of the first
            later = replace(operator, now=operator.now + timedelta(seconds=seconds))
            request_schedule(session, later, order)
            request_forecast(session, later, key, foreseen)
        request_report(session, operator, home.assets["store"].id, report(operator, key, key))
    with database.reading() as session:
        logged = [row.event for row in session.query(AuditEvent).order_by(AuditEvent.id) if "Asked" in row.event]
    assert sorted(logged) == [
        f"Asked for a forecast of sensor 'power' ({key})",
        f"Asked for a report by AggregatorReporter from {START.isoformat()}",
        f"Asked for a schedule from {START.isoformat()}",
    ]


def test_the_outputs_of_a_report_are_below_one_asset(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        home = Home(session)
        home.asset("house", "building")
        home.asset("shed", "building")
        keys = {}
        for name, above in (("attic", "house"), ("cellar", "house"), ("loft", "shed")):
            home.asset(name, "building", above)
            keys[name] = home.sensor(name, "power", "kW")
        both = report(operator, keys["attic"], keys["attic"], keys["cellar"])
        assert asset_of_outputs(session, both) == home.assets["house"].id
        assert asset_of_outputs(session, report(operator, keys["loft"], keys["loft"])) == home.assets["loft"].id
        apart = report(operator, keys["attic"], keys["attic"], keys["loft"])
        asset_id = asset_of_outputs(session, apart)
        with pytest.raises(FieldError, match=f"must be a sensor of asset {asset_id} or of one below it"):
            request_report(session, operator, asset_id, apart)
