"""The numbers of the latest plan."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.assemble import plan_summary
from app.auth.access.references import References
from app.demo.toy import add_asset, add_sensor
from db import sources
from db.beliefs import store
from db.core.database import Database
from engine.window import Window

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
MADE = START - HOUR


def planned(
    session, power: list[float], prices: list[float] | None, *, positive: bool = True, known_at: datetime = MADE
):
    """Add a site with a plan and prices by the hour; return it."""
    market = add_asset(session, "market", "market", account_id=None)
    price = add_sensor(session, market, "price", "EUR/MWh", HOUR)
    site = add_asset(
        session, "site", "building", account_id=None, flex_context={"consumption-price": {"sensor": price.id}}
    )
    sensor = add_sensor(session, site, "power", "kW", HOUR, attributes={"consumption_is_positive": positive})
    scheduler = sources.named(session, "Flexscope", type="scheduler", model="StorageScheduler", version="1")
    window = Window(START, START + len(power) * HOUR, HOUR)
    write(session, sensor, scheduler, window, power, known_at)
    if prices:
        write(session, price, sources.named(session, "market", type="market"), window, prices, MADE)
    return site


def write(session, sensor, source, window, values, known_at):
    store.write(session, sensor, source, events=window.starts, values=np.asarray(values, float), known_at=known_at)


@pytest.mark.parametrize("positive", [True, False])
def test_energy_peak_and_cost_follow_from_power_and_price(database: Database, positive: bool):
    # 2 kWh at 0.10 and 1 kWh at 0.40 are bought, 3 kWh at 0.20 sold: 0.20 + 0.40 - 0.60 EUR.
    power = np.array([2, -3, 1]) * (1 if positive else -1)
    with database.writing() as session:
        site = planned(session, list(power), [100, 200, 400], positive=positive)
        found = plan_summary.latest(References(session, None), site, known_at=START)
    assert found is not None
    assert (found.bought, found.sold, found.highest) == (3, 3, 2)
    assert found.cost == pytest.approx(0)
    assert found.paid_price == pytest.approx(0.2)
    assert found.mean_price == pytest.approx(0.7 / 3)
    assert (found.currency, found.made, found.window.n) == ("EUR", MADE, 3)


def test_without_a_price_for_each_step_there_is_no_cost(database: Database):
    with database.writing() as session:
        found = plan_summary.latest(
            References(session, None), planned(session, [2, 1, 1], [100, 200, float("nan")]), known_at=START
        )
    assert found is not None
    assert found.cost is None
    assert found.bought == 4


def test_a_device_inside_a_site_has_no_cost_of_its_own(database: Database):
    with database.writing() as session:
        site = planned(session, [2, -1], [100, 200])
        site.parent_asset_id = add_asset(session, "campus", "building", account_id=None).id
        session.flush()
        found = plan_summary.latest(References(session, None), site, known_at=START)
    assert found is not None
    assert found.cost is None
    assert found.paid_price == pytest.approx(0.1)


def test_what_was_not_planned_yet_is_not_told(database: Database):
    with database.writing() as session:
        assert plan_summary.latest(References(session, None), planned(session, [2], None), known_at=MADE - HOUR) is None


def test_an_asset_without_a_plan_has_no_summary(database: Database):
    with database.writing() as session:
        site = add_asset(session, "empty", "building", account_id=None)
        assert plan_summary.latest(References(session, None), site, known_at=START) is None
