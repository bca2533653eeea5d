"""Powers held by hand: kept by schedules until they end or are taken back, with a price, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.explanations import overrides
from app.usecases.explanations.overrides import NewOverride
from db.assets import Asset
from db.core.audit import AuditEvent
from db.core.database import Database
from db.overrides import PowerOverride
from db.schedules import StoredSchedule
from db.sensors import Sensor
from engine.errors import FieldError
from tests.assemble.homes import HOUR, KNOWN_AT, START, Home
from tests.assemble.test_every_field import BATTERY, hours

PRICES = {"consumption-price": hours("0.1 EUR/kWh", "0.4 EUR/kWh", "0.2 EUR/kWh", "0.5 EUR/kWh")}


@pytest.fixture
def operator(tmp_path: Path) -> Actor:
    return Actor(principal=None, settings=load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), now=KNOWN_AT)


@pytest.fixture
def home(database: Database) -> Iterator[Home]:
    with database.writing() as session:
        site = Home(session)
        site.asset("battery")
        yield site


def model(home: Home) -> list[dict[str, Any]]:
    return [{"sensor": home.session.query(Sensor).one().id, **BATTERY}]


def planned(home: Home, minute: int = 0, **more: Any) -> StoredSchedule:
    """Plan four hours, and return the row."""
    home.sensor("battery", "power", "kW", HOUR, consumption_is_positive=True)
    done = home.plan("battery", model(home), PRICES, **more)
    row = home.session.get_one(StoredSchedule, done.id)
    row.belief_time = KNOWN_AT - timedelta(hours=1) + minute * timedelta(minutes=1)
    home.session.flush()
    return row


def hold(home: Home, operator: Actor, power: float, first: int = 0, last: int = 1) -> PowerOverride:
    new = NewOverride(device="battery", start=START + first * HOUR, end=START + last * HOUR, power=power)
    return overrides.create_override(home.session, operator, home.assets["battery"].id, new)


def again(home: Home, **more: Any) -> Any:
    """Plan once more without saving, and return the schedule and its warnings."""
    asked = home._request("battery", model(home), PRICES, **more)
    return schedule.compute(References(home.session, None), asked, known_at=KNOWN_AT)


def test_the_next_schedule_keeps_a_held_power_and_plans_the_rest_around_it(home: Home, operator: Actor) -> None:
    row = planned(home)
    new = NewOverride(device="battery", start=START, end=START + HOUR, power=0.0)
    price = overrides.price_override(home.session, operator, home.assets["battery"].id, new)
    hold(home, operator, 0.0)
    held = again(home)
    assert held.schedule.power["battery"][0] == pytest.approx(0.0, abs=1e-9)
    assert price is not None and price.extra_cost > 0
    assert held.schedule.cost - row.cost == pytest.approx(price.extra_cost)
    assert again(home, start=START + HOUR, duration=3 * HOUR).warnings == ()


def test_one_call_takes_all_of_them_back_and_the_log_tells(database: Database, operator: Actor) -> None:
    with database.writing() as session:
        home = Home(session)
        home.asset("battery")
        cost, key = planned(home).cost, home.assets["battery"].id
        hold(home, operator, 0.0)
        hold(home, operator, 1.0, 1, 2)
    with database.writing() as session:  # as after a restart
        home = Home(session, {"battery": session.get_one(Asset, key)})
        assert again(home).schedule.power["battery"][:2] == pytest.approx([0.0, 1.0], abs=1e-9)
        assert overrides.delete_overrides(session, operator, key) == 2
        session.flush()
        assert again(home).schedule.cost == cost
    with database.reading() as session:
        events = [each.event for each in session.query(AuditEvent).order_by(AuditEvent.id) if "override" in each.event]
    assert events == ["Added override 'battery'"] * 2 + ["Deleted override 'battery'"] * 2


def test_the_later_override_of_a_step_counts_and_ended_ones_do_not(home: Home, operator: Actor) -> None:
    planned(home)
    hold(home, operator, 0.0, 0, 2)
    hold(home, replace(operator, now=KNOWN_AT + timedelta(minutes=1)), 0.5)
    power = again(home).schedule.power["battery"]
    assert power[:2] == pytest.approx([0.5, 0.0], abs=1e-9)
    later = replace(operator, now=START + 90 * timedelta(days=1))
    assert overrides.list_overrides(home.session, later, home.assets["battery"].id, since=later.now) == []
    new = NewOverride(device="battery", start=later.now, end=later.now + HOUR, power=0.0)
    overrides.create_override(home.session, later, home.assets["battery"].id, new)
    assert home.session.query(PowerOverride).count() == 1


def test_what_no_schedule_keeps_is_left_out_and_told(home: Home, operator: Actor) -> None:
    row = planned(home)
    hold(home, operator, 99.0)
    left = again(home)
    assert left.schedule.cost == row.cost
    assert any("overrides are left out" in warning for warning in left.warnings)
    home.session.query(PowerOverride).one().device = "gone"
    home.session.flush()
    assert any("override of gone is left out" in warning for warning in again(home).warnings)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end": START - HOUR}, "end"),
        ({"end": START + timedelta(days=99)}, "end"),
        ({"device": "car"}, "device"),
    ],
)
def test_what_cannot_be_held_is_refused(home: Home, operator: Actor, change: dict[str, Any], field: str) -> None:
    planned(home)
    new = NewOverride(**{"device": "battery", "start": START, "end": START + HOUR, "power": 0.0} | change)
    with pytest.raises(FieldError) as refused:
        overrides.price_override(home.session, operator, home.assets["battery"].id, new)
    assert refused.value.field == field
