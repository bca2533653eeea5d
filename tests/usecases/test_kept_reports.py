"""Reports that somebody looks at, and keeps: nothing is stored before, and sensors of a name serve again."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.inputs import Invalid
from app.usecases.jobs.reports import KeptReport, ReportPreview, keep_report, preview_report
from db.core.database import Database
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor, of_asset
from engine.errors import FieldError, UnknownField
from tests.assemble.homes import DAY, HOUR, START, Home


@pytest.fixture
def operator(tmp_path: Path) -> Actor:
    return Actor(
        principal=None, settings=load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), now=START + timedelta(days=1)
    )


def bill(operator: Actor, power: int, price: int, *, hours: int = 24) -> ReportPreview:
    parameters = {
        "input": [{"name": "power", "sensor": power}, {"name": "consumption_price", "sensor": price}],
        "start": START.isoformat(),
        "end": (START + timedelta(hours=hours)).isoformat(),
        "resolution": "PT6H",
    }
    fields = {"reporter": "EnergyBillReporter", "config": {"fixed_per_month": 31.0}, "parameters": parameters}
    return operator.read(ReportPreview, fields)


def house(home: Home) -> tuple[int, int, int]:
    """Ids of a house, of its power, 2 kW but 1 kW in the last six hours, and of a price of 0.25 EUR/kWh."""
    home.asset("house", "building")
    power = home.fill(home.sensor("house", "power", "kW", consumption_is_positive=True), np.repeat([2.0, 1.0], [18, 6]))
    return home.assets["house"].id, power, home.price(0.25)


def test_a_report_is_looked_at_without_a_sensor_for_it(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        asset, power, price = house(Home(session))
        before = session.query(Sensor).count()
        results = preview_report(session, operator, asset, bill(operator, power, price))
        assert session.query(Sensor).count() == before and not session.query(Job).count()
    np.testing.assert_allclose(results["energy"].values, [3.0, 3.0, 3.0, 1.5])
    np.testing.assert_allclose(results["fixed"].values, 31.0 / 31 / 4)  # January has 31 days
    assert {series.unit for series in results.values()} == {"EUR"}


def test_a_report_is_kept_in_sensors_of_its_own(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        asset, power, price = house(Home(session))
        preview, kept = bill(operator, power, price), KeptReport(name="Bill", outputs=["total", "energy"], every="P1D")
        (job,) = keep_report(session, operator, asset, preview, kept)
        keep_report(
            session, operator, asset, bill(operator, power, price, hours=12), kept.model_copy(update={"every": None})
        )
        sensors = {row.name: (row.id, row.unit, row.resolution) for row in of_asset(session, asset)}
        assert {name: facts[1:] for name, facts in sensors.items() if name != "power"} == {
            "Bill: total": ("EUR", 6 * HOUR),
            "Bill: energy": ("EUR", 6 * HOUR),
        }
        outputs = [{"name": name, "sensor": sensors[f"Bill: {name}"][0]} for name in ("total", "energy")]
        assert job.request["output"] == outputs
        (rule,) = session.query(Automation).all()
        assert (rule.kind, rule.every, rule.request["output"]) == ("report", timedelta(days=1), outputs)
        assert rule.request["config"] == {"fixed_per_month": 31.0}


def test_what_cannot_be_kept_leaves_nothing_behind(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        home = Home(session)
        asset, power, price = house(home)
        home.sensor("house", "Bill: total", "kW")
        preview = bill(operator, power, price)
        with pytest.raises(UnknownField, match="totl"):
            keep_report(session, operator, asset, preview, KeptReport(name="Bill", outputs=["totl"]))
        longest = KeptReport(name="B" * 80, outputs=[f"{'x' * 60}.energy"])
        preview.parameters.input.append({"name": "x" * 60, "sensor": power})
        with pytest.raises(Invalid, match="name"):
            keep_report(session, operator, asset, preview, longest)
        with pytest.raises(FieldError, match="choose another name"):
            keep_report(session, operator, asset, preview, KeptReport(name="Bill", outputs=["total"]))
        assert not session.query(Job).count() and DAY.n == 24
