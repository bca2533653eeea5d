"""What a day costs at a site, and what it would without a plan, in numbers worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from app.assemble import day_costs
from app.assemble.schedule_row import pack_values
from app.auth.access.references import References
from app.demo.toy import add_asset, add_sensor
from db import schedules, sources
from db.assets import Asset
from db.beliefs import store
from db.core.database import Database
from db.schedules import CONNECTION, POWER, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.series.window import Window

SLOT = timedelta(hours=6)
DAY = datetime(2026, 3, 2, tzinfo=UTC)
NIGHT = DAY + 4 * SLOT
WINDOW = Window(DAY, NIGHT, SLOT)
PLANNED, METERED = ("Flexscope", "scheduler"), ("meter", "script")


def tell(work: Any, sensor: Sensor, by: tuple[str, str], values: list[float], *, known_at: datetime = DAY) -> None:
    """Write the values of the quarters of a day."""
    source, starts = sources.named(work, by[0], type=by[1]), WINDOW.starts[: len(values)]
    store.write(work, sensor, source, events=starts, values=np.asarray(values, float), known_at=known_at)


def planned(work: Any, asset: Asset, *outputs: tuple[Sensor, str, float], **more: Any) -> StoredSchedule:
    """Add the row of a schedule of the day: sensors with role and sign, and prices of the connection."""
    prices = {"commodity": "electricity"} | {name: more.pop(name) for name in day_costs.PRICES if name in more}
    known_at = more.pop("belief_time", DAY)
    row = StoredSchedule(
        asset_id=asset.id, scheduler="StorageScheduler", start=DAY, end=NIGHT, step=SLOT, belief_time=known_at,
        created_at=known_at, status="optimal", currency="EUR", costs={}, breaches=[], warnings=[],
        connections=[prices], **{"loads": [], "input_sensors": [], **more},
    )  # fmt: skip
    row.outputs = [
        ScheduleOutput(
            sensor_id=sensor.id, device="electricity" if role == CONNECTION else sensor.asset.name, role=role,
            commodity="electricity", part="both", sign=sign, belief_time=known_at, numbers={},
        )
        for sensor, role, sign in outputs
    ]  # fmt: skip
    return schedules.add_schedule(work, row, None)


def home(work: Any, name: str = "home", *, prices: int = 4, **context: Any) -> dict[str, Any]:
    """Add a site that takes 1 kW, with a battery that takes 2 kW in the second quarter and gives it in the last."""
    market = add_asset(work, f"{name} market", "market", account_id=None)
    price = add_sensor(work, market, "price", "EUR/kWh", SLOT)
    site = add_asset(work, name, "building", account_id=None)
    total = add_sensor(work, site, "total", "kW", SLOT)
    battery = add_asset(work, f"{name} battery", "battery", account_id=None, parent_asset_id=site.id)
    power = add_sensor(work, battery, "power", "kW", SLOT)
    tell(work, price, METERED, [0.2, 0.1, 0.3, 0.4][:prices])
    tell(work, power, PLANNED, [0, -2, 0, 2])  # it stores consumption as negative
    tell(work, total, PLANNED, [1, 3, 1, -1])
    bought = {"sensor": price.id}
    row = planned(work, site, (total, CONNECTION, 1.0), (power, POWER, -1.0),
                  **{"consumption-price": bought, "production-price": bought, **context})  # fmt: skip
    return {"site": site, "total": total, "power": power, "price": price, "row": row}


def day_costs_of(work: Any, known_at: datetime = NIGHT) -> list[day_costs.DayCost]:
    """Return the costs of all assets there are."""
    every = work.query(Asset).order_by(Asset.id).all()
    return day_costs.of_sites(References(work, None), every, DAY, NIGHT, known_at=known_at)


def test_cost_and_what_it_would_be_follow_from_power_and_price(database: Database):
    # 6 h × (1·0.2 + 3·0.1 + 1·0.3 - 1·0.4) = 2.40; the battery takes nothing in all: 6 h × 1 kW × 1.0 = 6.00.
    with database.writing() as session:
        home(session)
        (day,) = day_costs_of(session)
    assert (day.cost, day.even) == (pytest.approx(2.4), pytest.approx(6.0))
    assert (day.currency, day.hours) == ("EUR", 24)


def test_what_is_sold_has_its_own_price(database: Database):
    with database.writing() as session:
        home(session, **{"production-price": "0.05 EUR/kWh"})
        (day,) = day_costs_of(session)
    assert day.cost == pytest.approx(6 * (1 * 0.2 + 3 * 0.1 + 1 * 0.3 - 1 * 0.05))
    assert day.even == pytest.approx(6.0)


def test_a_measurement_told_later_counts_before_the_plan(database: Database):
    with database.writing() as session:
        tell(session, home(session)["total"], METERED, [2, 3, 1, -1], known_at=DAY + SLOT)
        (before,), (after,) = day_costs_of(session, known_at=DAY), day_costs_of(session)
    assert (before.cost, after.cost) == (pytest.approx(2.4), pytest.approx(2.4 + 6 * 0.2))


def test_hours_without_a_price_are_left_out_and_told(database: Database):
    with database.writing() as session:
        home(session, prices=3)
        (day,) = day_costs_of(session)
    assert day.hours == 18
    assert day.cost == pytest.approx(6 * (1 * 0.2 + 3 * 0.1 + 1 * 0.3))
    # the battery took 2 kW in one of three quarters: 2/3 kW in each, beside 1 kW of the house
    assert day.even == pytest.approx(6 * 5 / 3 * 0.6)


def test_prices_of_timed_events_are_those_of_the_schedule(database: Database):
    with database.writing() as session:
        home(session, **{name: {"packed": pack_values(np.array([0.1, 0.2, 0.3, 0.4]))} for name in day_costs.PRICES})
        (day,) = day_costs_of(session)
    assert day.cost == pytest.approx(6 * (1 * 0.1 + 3 * 0.2 + 1 * 0.3 - 1 * 0.4))


def test_sites_inside_sites_are_not_counted_twice_and_one_that_stands_alone_is(database: Database):
    prices = dict.fromkeys(day_costs.PRICES, "0.1 EUR/kWh")
    with database.writing() as session:
        inner = home(session, "inner")
        around = home(session, "around")
        inner["site"].parent_asset_id = around["site"].id
        alone = add_asset(session, "alone", "battery", account_id=None)
        power = add_sensor(session, alone, "power", "kW", SLOT)
        tell(session, power, PLANNED, [-1, 0, 0, 0])
        planned(session, alone, (power, POWER, -1.0), **prices)
        loaded = add_asset(session, "loaded", "battery", account_id=None)
        planned(
            session, loaded, (add_sensor(session, loaded, "power", "kW", SLOT), POWER, 1.0), loads=["house"], **prices
        )
        days = {day.asset_id: day for day in day_costs_of(session)}
    assert set(days) == {around["site"].id, alone.id}
    assert days[alone.id].cost == pytest.approx(0.6)  # its sensor stores consumption as negative
    assert days[alone.id].even == pytest.approx(0.6)


def test_devices_scheduled_one_by_one_behind_a_connection_are_one_site(database: Database):
    with database.writing() as session:
        site = home(session)
        second = add_asset(session, "second", "battery", account_id=None, parent_asset_id=site["site"].id)
        power = add_sensor(session, second, "power", "kW", SLOT)
        tell(session, power, PLANNED, [1, 0, 0, 0])
        bought = {name: {"sensor": site["price"].id} for name in day_costs.PRICES}
        planned(session, second, (site["total"], CONNECTION, 1.0), (power, POWER, 1.0), **bought)
        (day,) = day_costs_of(session)
    assert (day.asset_id, day.cost) == (site["site"].id, pytest.approx(2.4))
    # beside 0, 1, 1 and 1 kW both batteries take 0.25 kW on average
    assert day.even == pytest.approx(6 * (0.25 * 0.2 + 1.25 * (0.1 + 0.3 + 0.4)))


def test_the_newest_schedule_of_the_day_counts(database: Database):
    with database.writing() as session:
        site = home(session)
        dear = dict.fromkeys(day_costs.PRICES, "1 EUR/kWh")
        planned(session, site["site"], (site["total"], CONNECTION, 1.0), belief_time=DAY + SLOT, **dear)
        (before,), (after,) = day_costs_of(session, known_at=DAY), day_costs_of(session)
    assert (before.cost, after.cost) == (pytest.approx(2.4), pytest.approx(24.0))
    assert after.even is None


def test_nothing_is_told_of_a_site_without_prices_or_without_a_schedule(database: Database):
    with database.writing() as session:
        row = home(session, **dict.fromkeys(day_costs.PRICES))["row"]
        assert not day_costs_of(session)
        session.delete(session.get_one(StoredSchedule, row.id))
        session.flush()
        assert not day_costs_of(session)


def test_many_sites_take_no_more_statements_than_one(database: Database):
    def statements() -> int:
        seen: list[str] = []
        with database.reading() as session:
            bind = session.get_bind()
            listen = ("before_cursor_execute", lambda *given: seen.append(given[2]))
            event.listen(bind, *listen)
            assert day_costs_of(session)
            event.remove(bind, *listen)
        return len(seen)

    with database.writing() as session:
        home(session, "first")
    one = statements()
    with database.writing() as session:
        for at in range(12):
            home(session, f"home {at}")
    assert statements() == one
