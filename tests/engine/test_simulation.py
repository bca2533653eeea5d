"""Rolling simulations: decisions know nothing of what comes, and figures can be checked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.errors import InputError
from engine.model.linear import Floats
from engine.series.window import Window
from engine.simulation.knowledge import PastKnowledge, expected_load, expected_price
from engine.simulation.rolling import RollingRules, simulate
from engine.simulation.year import full_days, payback, year_figures
from engine.site import Connection, Site
from engine.tariffs import NET_ENERGY, EnergyTariff, PeakTariff

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
RULES = RollingRules(knowledge=PastKnowledge(zone=ZoneInfo("UTC")), every=2 * HOUR, horizon=36 * HOUR)
DAYS = 6
CHEAP = np.tile(np.where(np.arange(24) < 12, 0.1, 0.3), DAYS)
"""0.10 EUR/kWh until noon, 0.30 after it."""


def house(price: Floats = CHEAP, load: Floats | float = 0.0, capacity: float = 4.0) -> Site:
    port = Port(name="b", commodity="electricity", consumption_limit=1.0, production_limit=1.0)
    store = Storage(name="b", ports=(port,), soc_at_start=0.0, soc_min=0.0, soc_max=capacity)
    tariff = EnergyTariff(name=NET_ENERGY, consumption_price=price, production_price=price)
    base = Inflexible(name="load", power=np.full(len(price), load) if isinstance(load, float) else load)
    connection = Connection(commodity="electricity", tariffs=(tariff,))
    window = Window.of_length(START, HOUR * len(price), HOUR)
    return Site(window=window, devices=(store, base), connections=(connection,))


def test_a_store_earns_its_spread_each_day() -> None:
    done = simulate(house(), RULES)
    # Each day 4 kWh are bought at 0.10 and sold at 0.30.
    assert done.cost.sum() == pytest.approx(-DAYS * 4 * 0.2)
    assert done.idle_cost.sum() == 0.0
    figures = year_figures(done, [date(2026, 1, 1 + day) for day in range(DAYS)], ZoneInfo("UTC"))
    assert figures.cycles == {"b": pytest.approx(DAYS)} and figures.saving == pytest.approx(DAYS * 0.8)
    larger = year_figures(simulate(house(capacity=8.0), RULES), [date(2026, 1, 2)], ZoneInfo("UTC"))
    smaller = year_figures(done, [date(2026, 1, 2)], ZoneInfo("UTC"))
    # 4 kWh more earn 0.80 EUR a day, so that 1000 EUR are back after 1250 days.
    assert payback(smaller, larger, 1000.0) == pytest.approx(1250 / 365.25)
    assert payback(larger, smaller, 1000.0) is None


def test_load_is_paid_for_and_energy_left_at_the_end_is_worth_the_mean_price() -> None:
    rising = np.concatenate([np.full(24 * (DAYS - 1), 0.2), np.full(24, 0.2)])
    done = simulate(house(rising, load=0.5), RULES)
    assert done.cost.sum() == pytest.approx(0.5 * 0.2 * 24 * DAYS)
    held = {"b": np.concatenate([np.zeros(24 * DAYS), [2.0]])}
    figures = year_figures(replace(done, stored=held), [date(2026, 1, 3)], ZoneInfo("UTC"))
    assert figures.cost == pytest.approx(0.5 * 0.2 * 24 - 2.0 * 0.2)


def test_a_price_of_tomorrow_counts_once_it_is_published() -> None:
    dear = CHEAP.copy()
    dear[4 * 24 :] += 5.0
    one, two = (simulate(house(price), RULES).power["b"] for price in (CHEAP, dear))
    noon, evening = 3 * 24 + 12, 3 * 24 + 14
    assert np.array_equal(one[:noon], two[:noon])
    # Then it keeps for tomorrow what it would have sold today.
    assert one[evening : evening + 10].sum() < two[evening : evening + 10].sum()


def test_a_load_is_expected_as_on_the_days_that_are_over() -> None:
    power = np.arange(24.0 * 10)
    known = expected_load(power, at=24 * 8 + 5, last=24 * 10, steps_per_day=24)
    changed = power.copy()
    changed[24 * 8 + 5 :] = 1e9
    assert np.array_equal(known, expected_load(changed, at=24 * 8 + 5, last=24 * 10, steps_per_day=24))
    # The mean of the seven days before at that hour
    assert known[0] == np.mean([24 * day + 5 for day in range(1, 8)])
    assert expected_load(power, at=0, last=24, steps_per_day=24).tolist() == [0.0] * 24


def test_prices_beyond_what_is_published_are_those_of_the_last_day() -> None:
    price = np.arange(96.0)
    found = expected_price(price, at=30, last=96, known_until=48, steps_per_day=24)
    assert found[:18].tolist() == list(range(30, 48))
    assert found[18:42].tolist() == list(range(24, 48)) and found[42:].tolist() == list(range(24, 48))


@pytest.mark.parametrize(("moment", "until"), [("2026-03-28T12:59", "2026-03-29"), ("2026-03-28T13:00", "2026-03-30")])
def test_days_are_those_of_the_market_also_when_the_clock_changes(moment: str, until: str) -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    known = PastKnowledge(zone=zone).prices_until(datetime.fromisoformat(moment).replace(tzinfo=zone).astimezone(UTC))
    assert known == datetime.fromisoformat(until).replace(tzinfo=zone)


def test_only_full_days_count() -> None:
    begins = [START + timedelta(days=day) for day in range(5)]
    lacking = [(START + timedelta(days=1, hours=3), START + timedelta(days=1, hours=4)), (begins[3], begins[4])]
    assert full_days(begins, lacking) == [date(2026, 1, 1), date(2026, 1, 3)]
    assert full_days(begins, [(begins[2], begins[2])]) == [moment.date() for moment in begins[:4]]


def test_what_lasts_from_one_schedule_to_the_next_is_refused_by_name() -> None:
    site = house()
    peak: Any = PeakTariff(price=5.0, direction="consumption")
    connection = replace(site.connections[0], tariffs=(*site.connections[0].tariffs, peak))
    with pytest.raises(InputError, match="PeakTariff of electricity"):
        simulate(replace(site, connections=(connection,)), RULES)
