"""A hybrid inverter, panels and battery on one DC bus, against a linear program of its own."""

import numpy as np
import pytest
from scipy.optimize import linprog

from tests.assemble.homes import HOUR, Home

N = 8
SUN = np.array([0.0, 2.0, 6.0, 9.0, 7.0, 3.0, 0.0, 0.0])
LOAD = np.array([1.0, 1.0, 0.5, 0.5, 2.0, 3.0, 4.0, 3.0])
BUY = np.array([0.1, 0.15, 0.2, 0.2, 0.25, 0.4, 0.5, 0.45])
SELL, LOSS, AC, DC = 0.08, 0.96, 5.0, 4.0


def by_hand(rectifies: bool) -> float:
    """Least cost: bought, sold, inverted and rectified (DC side), charged, discharged, curtailed in each hour."""
    names = ("bought", "sold", "inverted", "rectified", "charged", "discharged", "used", "soc")
    at = {name: slice(place * N, (place + 1) * N) for place, name in enumerate(names)}
    cost, upper = np.zeros(8 * N), np.full(8 * N, np.inf)
    cost[at["bought"]], cost[at["sold"]] = BUY, -SELL
    for name, most in (("inverted", AC / LOSS), ("rectified", AC * LOSS if rectifies else 0.0), ("charged", DC),
                       ("discharged", DC), ("soc", 8.0)):  # fmt: skip
        upper[at[name]] = most
    upper[at["used"]] = SUN
    rows, right = np.zeros((3 * N, 8 * N)), np.concatenate([LOAD, np.zeros(N), np.zeros(N)])
    for t in range(N):
        for name, factor in (("bought", 1), ("sold", -1), ("inverted", LOSS), ("rectified", -1 / LOSS)):
            rows[t, at[name].start + t] = factor  # the house
        for name, factor in (("used", 1), ("discharged", 1), ("charged", -1), ("inverted", -1), ("rectified", 1)):
            rows[N + t, at[name].start + t] = factor  # the bus
        for name, factor in (("soc", 1), ("charged", -0.98), ("discharged", 1 / 0.98)):
            rows[2 * N + t, at[name].start + t] = factor
        rows[2 * N + t, at["soc"].start + t - 1] = -1.0 if t else rows[2 * N + t, at["soc"].start + t - 1]
    right[2 * N] = 1.0
    return linprog(cost, A_eq=rows, b_eq=right, bounds=list(zip(np.zeros(8 * N), upper, strict=True))).fun


@pytest.fixture
def house(home: Home) -> Home:
    home.asset("house", "building")
    for name in ("panels", "battery", "dc out", "ac out", "ac in", "dc in"):
        home.asset(name, parent="house")
    return home


def hybrid(house: Home, rectifies: bool):
    def entry(name, commodity, **fields):
        power = house.sensor(name, "power", "kW", HOUR, consumption_is_positive=True)
        return {
            "sensor": power,
            "commodity": commodity,
            **{key.replace("_", "-"): value for key, value in fields.items()},
        }

    def side(name, commodity, coupling, way, limit, coefficient=1.0):
        other = "production" if way == "consumption" else "consumption"
        limits = {f"{way}_capacity": f"{limit} kW", f"{other}_capacity": "0 kW"}
        return entry(name, commodity, coupling=coupling, coupling_coefficient=coefficient, **limits)

    forecast = house.fill(house.sensor("house", "sun", "kW", HOUR), np.append(SUN, np.zeros(16)))
    model = [
        entry("panels", "dc", production_capacity={"sensor": forecast}, consumption_capacity="0 kW"),
        entry("battery", "dc", soc_at_start="1 kWh", soc_max="8 kWh", power_capacity=f"{DC} kW",
              charging_efficiency=0.98, discharging_efficiency=0.98),
        side("dc out", "dc", "inverter", "consumption", AC / LOSS),
        side("ac out", "electricity", "inverter", "production", AC, LOSS),
    ]  # fmt: skip
    if rectifies:
        model += [side("ac in", "electricity", "rectifier", "consumption", AC),
                  side("dc in", "dc", "rectifier", "production", AC * LOSS, LOSS)]  # fmt: skip
    load = house.fill(house.sensor("house", "load", "kW", HOUR), np.append(LOAD, np.zeros(16)))
    price = house.price(np.append(BUY, np.zeros(16)))
    context = {"consumption-price": {"sensor": price}, "production-price": f"{SELL} EUR/kWh"}
    context["inflexible-consumption"] = [{"sensor": load}]
    return house.plan("house", model, context, duration=N * HOUR).schedule


@pytest.mark.parametrize("rectifies", [True, False])
def test_a_hybrid_inverter_costs_what_a_program_of_its_own_says(house, rectifies):
    schedule = hybrid(house, rectifies)
    power = schedule.power
    assert schedule.cost == pytest.approx(by_hand(rectifies), abs=1e-6)
    assert power["ac out"] == pytest.approx(-LOSS * power["dc out"]) and power["ac out"].min() >= -AC - 1e-6
    bus = [power[name] for name in power if name in ("panels", "battery", "dc out", "dc in")]
    assert np.sum(bus, axis=0) == pytest.approx(np.zeros(N), abs=1e-6)
    assert SUN.max() > AC / LOSS and power["battery"].max() > 0  # what the inverter cannot pass goes into the battery
    if not rectifies:  # the battery charges from the panels only
        assert (np.maximum(power["battery"], 0.0) <= -power["panels"] + 1e-6).all()
