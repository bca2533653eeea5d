"""Every documented field is accepted and changes the plan: one row per field, with the number it leads to by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from math import log
from typing import Any

import numpy as np
import pytest

from app.jobs.handlers.schedule import Planned
from db import sources
from db.beliefs import store
from db.sensors import Sensor
from engine.flex.context import FlexContext
from engine.flex.storage import StorageModel
from engine.series.window import Window
from tests.assemble.homes import HOUR, KNOWN_AT, START, Home

PRICES = [0.1, 0.4, 0.2, 0.5]
"""Price of four hours [EUR/kWh], for both directions; all plans here are four hours long."""
BATTERY = {"soc-at-start": "2 kWh", "soc-min": "0 kWh", "soc-max": "10 kWh", "power-capacity": "2 kW"}
"""Charges 2 kW in the first hour, sells them and the 2 kWh it had in the second and fourth: 0.2 - 0.8 - 1.0 EUR."""


@dataclass
class House:
    """A house with a battery and whatever a row needs beside it."""

    home: Home
    sensor_ids: dict[str, int] = field(default_factory=dict)

    def plan(self, model: Any = None, context: Any = None, *others: Any) -> Planned:
        entries = [{"sensor": self["battery"], **BATTERY, **(model or {})}, *others]
        prices = {} if "consumption-price-sensor" in (context or {}) else {"consumption-price": self.ref("price")}
        return self.home.plan("house", [{k: v for k, v in e.items() if v is not None} for e in entries],
                              prices | (context or {}))  # fmt: skip

    def __getitem__(self, name: str) -> int:
        return self.sensor_ids[name]

    def ref(self, name: str) -> dict[str, int]:
        return {"sensor": self[name]}

    def values(self, name: str) -> list[float]:
        return [round(value, 6) + 0.0 for value in self.home.stored(self[name]).values()]


@pytest.fixture
def house(home: Home) -> House:
    home.asset("house", "building")
    for name in ("battery", "other"):
        home.asset(name, parent="house")
    made = {name: home.sensor(name, "power", "kW", HOUR, consumption_is_positive=True) for name in ("battery", "other")}
    for name, value in (("load", 3.0), ("sun", 3.0)):
        made[name] = home.fill(home.sensor("house", name, "kW", HOUR), value)
    for name in ("in", "out", "net"):
        made[name] = home.sensor("house", name, "kW", HOUR)
    made["mode"] = home.sensor("house", "mode", "", HOUR)
    made["energy"] = home.sensor("house", "energy", "kWh", HOUR)
    made["level"] = home.sensor("battery", "level", "kWh", 0 * HOUR)
    made["warmth"] = home.sensor("battery", "temperature", "°F", 0 * HOUR)
    made["price"] = home.price(PRICES * 6)
    made["dear"] = home.price([2 * price for price in PRICES] * 6)
    return House(home, made)


def cost(house: House, planned: Planned) -> float:
    return planned.schedule.cost


def power(house: House, planned: Planned) -> list[float]:
    return (planned.schedule.power["battery"].round(6) + 0.0).tolist()


def grid(house: House, planned: Planned) -> list[float]:
    return (planned.schedule.power["electricity"].round(6) + 0.0).tolist()


def soc(house: House, planned: Planned) -> list[float]:
    return (planned.schedule.soc["battery"].round(6) + 0.0).tolist()


def stored(name: str) -> Callable[[House, Planned], list[float]]:
    return lambda house, planned: house.values(name)


def named(name: str) -> Callable[[House, Planned], float]:
    return lambda house, planned: planned.schedule.costs.get(name, 0.0)


def at(hour: int, value: Any) -> list[dict[str, Any]]:
    return [{"value": value, "datetime": f"2030-01-14T{hour:02d}:00Z"}]


def split(house: House) -> dict[str, Any]:
    return {"aggregate-consumption": house.ref("in"), "aggregate-production": house.ref("out")}


def hours(*values: Any) -> list[dict[str, Any]]:
    """Write one value per hour as timed events."""
    starts = (f"2030-01-14T{hour:02d}:00Z" for hour in range(len(values)))
    return [{"value": value, "start": start, "duration": "PT1H"} for value, start in zip(values, starts, strict=True)]


def points(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"soc": soc, "power": power} for soc, power in pairs]


def shares(*efficiencies: str) -> list[dict[str, str]]:
    """Write the efficiencies at 1, 2, ... kW."""
    return [{"power": f"{at + 1} kW", "efficiency": efficiency} for at, efficiency in enumerate(efficiencies)]


def wrong_forecasts(house: House) -> dict[str, Any]:
    """Measure a load that is otherwise than it was forecast on each of the last days."""
    load, by = house.home.session.get(Sensor, house["load"]), sources.named(house.home.session, "meter", type="script")
    for back in range(1, 5):
        span = Window.of_length(START - back * timedelta(days=1), timedelta(hours=4), HOUR)
        for known_at, value in ((KNOWN_AT - back * timedelta(days=1), 3.0), (KNOWN_AT, 3.0 + 2 * (-1) ** back)):
            values = np.full(4, value)
            store.write(house.home.session, load, by, events=span.starts, values=values, known_at=known_at)
    return {"inflexible-consumption": [house.ref("load")], "production-price": "0 EUR/kWh"}


ON_OFF = {"operation-modes": [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["0.5 kW", "2 kW"]}],
          "production-capacity": "0 kW", "soc-max": "2 kWh", "soc-at-start": "0 kWh"}  # fmt: skip
"""A charger of 0.5 to 2 kW."""
UP_AND_DOWN = {"power-capacity": "20 kW", "consumption-price": hours(*(f"{p} EUR/kWh" for p in (0.1, 0.5, 0.1, 0.15)))}
Row = tuple[str, Any, Any, Any, Any]
NO_ENERGIES = {"soc-at-start": None, "soc-min": None, "soc-max": None}
ROOM = {
    **NO_ENERGIES,
    "thermal-capacity": "2 kWh/K",
    "temperature-at-start": "20 °C",
    "temperature-min": at(4, "21 °C"),
}
"""A room without losses that needs 2 kWh of heat until the end, which cost least in the first hour."""
DRAUGHTY = {**NO_ENERGIES, "thermal-capacity": "2 kWh/K", "heat-loss": f"{2 * log(2)} kW/K", "temperature-min": "20 °C",
            "temperature-breach-price": "1 EUR/K/h", "power-capacity": "0 kW", "temperature-at-start": "20 °C",
            "outdoor-temperature": "10 °C"}  # fmt: skip
"""One in which the difference to the outside halves every hour, without a heater: 15, 12.5, 11.25 and 10.625 °C."""
COPS = [{"temperature": "0 °C", "cop": 2}, {"temperature": "10 °C", "cop": 4}]
THERMAL: list[Row] = [
    ("thermal-capacity", ROOM, {}, cost, 0.2),
    ("heat-loss", DRAUGHTY, {}, cost, 5 + 7.5 + 8.75 + 9.375),
    ("outdoor-temperature", {**DRAUGHTY, "outdoor-temperature": hours("10 °C", "15 °C", "11 °C", "20 °C")}, {}, cost,
     5 + 5 + 7 + 3.5),
    ("source-temperature", {**ROOM, "source-temperature": "5 °C", "cop-curve": COPS}, {}, cost, 0.2 / 3),
    ("cop-curve", {**ROOM, "outdoor-temperature": "30 °C", "cop-curve": COPS}, {}, cost, 0.2 / 4),
    ("temperature", lambda h: {**DRAUGHTY, "temperature": h.ref("warmth")}, {}, stored("warmth"),
     [68, 59, 54.5, 52.25, 51.125]),
    ("temperature-at-start", {**ROOM, "temperature-at-start": "20.5 °C"}, {}, cost, 0.1),
    ("temperature-min", {**ROOM, "temperature-min": at(4, "22 °C")}, {}, cost, 0.2 + 0.4),
    ("temperature-max", {**DRAUGHTY, "temperature-min": None, "temperature-max": "12 °C"}, {}, cost, 3 + 0.5),
    ("temperature-breach-price", {**DRAUGHTY, "temperature-breach-price": "2 EUR/K/h"}, {}, cost, 61.25),
    ("thermal-mode", {**ROOM, "thermal-mode": "cooling", "temperature-min": None,
                      "temperature-max": at(4, "18 °C")}, {}, cost, 0.2 + 0.4),
]  # fmt: skip
STORAGE: list[Row] = [
    *THERMAL,
    # field, flex-model, flex-context, what is looked at, what it is; without the field it is something else
    ("consumption", lambda h: {"consumption": h.ref("in"), "production": h.ref("out")}, {}, stored("in"), [2, 0, 0, 0]),
    ("production", lambda h: {"consumption": h.ref("in"), "production": h.ref("out")}, {}, stored("out"), [0, 2, 0, 2]),
    ("set-point", lambda h: {"set-point": h.ref("net")}, {}, stored("net"), [2, -2, 0, -2]),
    ("set-point-mode", lambda h: {"set-point-mode": h.ref("mode")}, lambda h: wrong_forecasts(h), stored("mode"),
     [0, 2, 0, 2]),
    ("consumption-headroom", lambda h: {"consumption-headroom": h.ref("net")}, {}, stored("net"), [0, 4, 2, 4]),
    ("production-headroom", lambda h: {"production-headroom": h.ref("net")}, {}, stored("net"), [4, 0, 2, 0]),
    ("consumption-headroom-energy", lambda h: {"consumption-headroom-energy": h.ref("energy")}, {}, stored("energy"),
     [0, 8, 8, 10]),
    ("production-headroom-energy", lambda h: {"production-headroom-energy": h.ref("energy")}, {}, stored("energy"),
     [4, 0, 2, 0]),
    ("state-of-charge", lambda h: {"state-of-charge": h.ref("level")}, {}, stored("level"), [2, 4, 2, 2, 0]),
    ("soc-at-start", {"soc-at-start": "4 kWh"}, {}, cost, 0.2 - 0.8 - 0.4 - 1.0),
    ("soc-unit", {"soc-unit": "MWh", "soc-at-start": 0.004}, {}, cost, 0.2 - 0.8 - 0.4 - 1.0),
    ("soc-min", {"soc-min": "1 kWh"}, {}, cost, 0.2 + 0.2 - 0.8 - 1.0),
    ("soc-max", {"soc-max": "2 kWh"}, {}, cost, -0.8 + 0.4 - 1.0),
    ("soc-minima", {"soc-minima": at(4, "3 kWh")}, {}, cost, 0.2 - 0.4 + 0.4 - 1.0),
    ("soc-maxima", {"soc-maxima": at(1, "2 kWh")}, {}, cost, -0.8 + 0.4 - 1.0),
    ("soc-targets", {"soc-targets": at(1, "3 kWh")}, {}, soc, [2, 3, 1, 2, 0]),
    ("soc-gain", {"soc-gain": ["0.5 kW", "0.5 kW"]}, {}, cost, -0.8 - 0.4 - 1.0),
    ("soc-usage", {"soc-usage": "0.5 kW"}, {}, cost, 0.2 - 0.8 + 0.4 - 1.0),
    ("charging-efficiency", {"charging-efficiency": "50%"}, {}, cost, 0.2 + 0.2 * 2 - 0.8 - 1.0),
    ("discharging-efficiency", {"discharging-efficiency": "50%"}, {}, cost, 0.2 + 0.4 - 0.4 - 1.0),
    ("roundtrip-efficiency", {"roundtrip-efficiency": "25%"}, {}, power, [2, 0, 0, -1.5]),
    ("storage-efficiency", {"storage-efficiency": "50%", "power-capacity": "0 kW"}, {}, soc, [2, 1, 0.5, 0.25, 0.125]),
    ("charging-from-grid", {"charging-from-grid": False}, {}, cost, -1.0),
    ("discharging-to-grid", {"discharging-to-grid": False}, {}, cost, 0.0),
    ("prefer-charging-sooner", {"soc-at-start": "0 kWh", "soc-minima": at(4, "1 kWh"), "production-capacity": "0 kW"},
     {"consumption-price": "0.1 EUR/kWh"}, power, [1, 0, 0, 0]),
    ("prefer-charging-later", {"soc-at-start": "0 kWh", "soc-minima": at(4, "3 kWh"), "production-capacity": "0 kW",
                               "prefer-charging-later": True},
     {"consumption-price": "0.1 EUR/kWh"}, power, [0, 0, 1, 2]),
    ("power-capacity", {"power-capacity": "1 kW"}, {}, cost, 0.1 - 0.4 - 0.2 - 0.5),
    ("consumption-capacity", {"consumption-capacity": "1 kW"}, {}, cost, 0.1 + 0.2 - 0.8 - 1.0),
    ("consumption-limit", {"consumption-limit": "1 kW"}, {}, cost, 0.1 + 0.2 - 0.8 - 1.0),
    ("production-capacity", {"production-capacity": "1 kW"}, {}, cost, 0.1 - 0.4 - 0.2 - 0.5),
    ("production-limit", {"production-limit": "1 kW"}, {}, cost, 0.1 - 0.4 - 0.2 - 0.5),
    ("operation-modes", {"operation-modes": [{"consumption-range": ["0 kW", "0 kW"]},
                                             {"production-range": ["1 kW", "1 kW"]}]}, {}, power, [0, -1, 0, -1]),
    ("charging-curve", {"charging-curve": points(("20%", "2 kW"), ("4 kWh", "1 kW"))}, {}, cost,
     0.4 / 3 - 0.8 + 0.4 / 3 - 1.0),
    ("discharging-curve", {"discharging-curve": points(("0 %", "1 kW"), ("40 %", "2 kW"))}, {}, cost,
     0.2 - 0.4 * 1.6 - 0.2 * 1.28 - 0.5 * 1.024),
    ("charging-efficiency-curve", {"charging-efficiency-curve": shares("90%", "50%")}, {}, cost,
     0.1 + 0.2 - 0.4 * 1.8 - 1.0),
    ("discharging-efficiency-curve", {"discharging-efficiency-curve": shares("100%", "80%")}, {}, cost,
     0.2 + 0.2 - 0.8 - 1.0),
    ("standby-power", {"standby-power": "100 W"}, {}, cost, -1.6 + 0.1 * 1.2),
    # Up to 1 kW for 0.01, the rest for 0.05, of 2 kWh charged and 4 kWh sold; and what lies below 9 of 10 kWh for 0.03.
    ("wear-by-power", {"wear-by-power": [{"power": "1 kW", "price": "0.01 EUR/kWh"}, {"price": "0.05 EUR/kWh"}]}, {},
     cost, -1.6 + 3 * (0.01 + 0.05)),
    ("wear-by-depth", {"soc-at-start": "10 kWh", "soc-min": "6 kWh",
                       "wear-by-depth": [{"depth": "10%", "price": "0.01 EUR/kWh"}, {"price": "0.03 EUR/kWh"}]}, {},
     cost, -0.8 - 1.0 + 0.01 + 3 * 0.03),
    ("wear-price", {"wear-price": "0.2 EUR/kWh"}, {}, cost, 2 * 0.2 - 1.0),
    ("start-cost", {"start-cost": "0.5 EUR"}, {}, cost, 0.5 + 0.2 - 0.8 - 1.0),
    ("min-on", {**ON_OFF, "soc-minima": at(4, "1 kWh"), "min-on": "PT2H"}, {}, power, [0.5, 0.5, 0, 0]),
    ("min-off", {**ON_OFF, "soc-max": "9 kWh", "soc-minima": at(4, "4 kWh"), "min-off": "PT2H"}, {}, cost,
     0.2 + 0.4 * 0.5 + 0.2 * 1.5),
    ("ramp-limit", {"ramp-limit": "2 kW/h"}, {}, power, [1, -1, 0, -2]),
    ("soc-minima-breach-price", {"soc-minima": at(4, "1 kWh"), "soc-minima-breach-price": "0.05 EUR/kWh"}, {}, cost,
     -1.6 + 0.05 + 0.05),
    ("soc-maxima-breach-price", {"soc-maxima": at(1, "3 kWh"), "soc-maxima-breach-price": "0.01 EUR/kWh"}, {}, cost,
     -1.6 + 0.01 + 0.01),
    ("end-value", {"end-value": "0.45 EUR/kWh"}, {}, cost, 0.2 + 0.8 + 0.4 - 1.0 - 6 * 0.45),
    ("end-value learned", {"end-value": "learned", "power-capacity": "20 kW"},
     {"consumption-price": UP_AND_DOWN["consumption-price"]}, soc, [2, 10, 0, 10, 10]),
]  # fmt: skip
SITE: list[Row] = [
    ("consumption-price", {}, lambda h: {"consumption-price": h.ref("dear")}, cost, 2 * -1.6),
    ("consumption-price-sensor", {}, lambda h: {"consumption-price-sensor": h["dear"]}, cost, 2 * -1.6),
    ("production-price", {}, {"production-price": "0.2 EUR/kWh"}, cost, 0.2 - 4 * 0.2),
    ("production-price-sensor", {}, lambda h: {"consumption-price-sensor": h["price"],
                                               "production-price-sensor": h["dear"]}, cost, 0.2 - 1.6 - 2.0),
    ("site-power-capacity", {}, {"site-power-capacity": "1 kW"}, cost, 0.1 - 0.4 - 0.2 - 0.5),
    ("site-consumption-capacity", {}, {"site-consumption-capacity": "1 kW"}, cost, 0.1 + 0.2 - 0.8 - 1.0),
    ("site-production-capacity", {}, {"site-production-capacity": "1 kW"}, cost, 0.1 - 0.4 - 0.2 - 0.5),
    ("site-consumption-breach-price", {}, {"site-consumption-capacity": "1 kW",
                                           "site-consumption-breach-price": "0.01 EUR/kW"}, cost, -1.6 + 0.02),
    ("site-production-breach-price", {}, {"site-production-capacity": "1 kW",
                                          "site-production-breach-price": "0.01 EUR/kW"}, cost, -1.6 + 0.01 + 0.02),
    ("site-peak-consumption-price", {}, {"site-peak-consumption-price": "1 EUR/kW"}, cost, -1.0),
    ("site-peak-consumption", {}, {"site-peak-consumption-price": "1 EUR/kW", "site-peak-consumption": "1 kW"}, cost,
     0.1 + 0.2 - 1.8),
    ("site-peak-interval", {}, {"site-peak-consumption-price": "0.4 EUR/kW", "site-peak-interval": "PT2H"}, cost,
     0.1 + 0.2 - 1.8 + 0.5 * 0.4),
    ("site-peak-production-price", {}, {"site-peak-production-price": "0.5 EUR/kW"}, cost, -1.6 + 1.0),
    ("site-peak-production", {}, {"site-peak-production-price": "1 EUR/kW", "site-peak-production": "1 kW"}, cost,
     0.1 - 0.4 - 0.2 - 0.5),
    ("soc-minima-breach-price", {"soc-minima": at(4, "1 kWh")}, {"soc-minima-breach-price": "0.05 EUR/kWh"}, cost,
     -1.6 + 0.05 + 0.05),
    ("soc-maxima-breach-price", {"soc-maxima": at(1, "3 kWh")}, {"soc-maxima-breach-price": "0.01 EUR/kWh"}, cost,
     -1.6 + 0.01 + 0.01),
    ("consumption-breach-price", {"consumption-capacity": "1 kW"}, {"consumption-breach-price": "0.01 EUR/kW"}, cost,
     -1.6 + 0.01 + 0.01),
    ("production-breach-price", {"production-capacity": "1 kW"}, {"production-breach-price": "0.01 EUR/kW"}, cost,
     -1.6 + 0.01 + 0.02),
    ("relax-capacity-constraints", {"consumption-capacity": "1 kW", "soc-minima": at(1, "4 kWh")},
     {"relax-capacity-constraints": True}, cost, -1.6 + 100 + 100),
    ("commitments", {}, {"commitments": [{"name": "bid", "baseline": "1 kW", "up-price": "9 EUR/kWh",
                                          "down-price": "-9 EUR/kWh"}]}, grid, [1, 1, 1, 1]),
    ("inflexible-consumption", {}, lambda h: {"inflexible-consumption": [h.ref("load")]}, cost, 3 * 1.2 - 1.6),
    ("inflexible-production", {}, lambda h: {"inflexible-production": [h.ref("sun")]}, cost, -3 * 1.2 - 1.6),
    ("inflexible-device-sensors", {}, lambda h: {"inflexible-device-sensors": [h["sun"]]}, cost, -3 * 1.2 - 1.6),
    ("aggregate-consumption", {}, split, stored("in"), [2, 0, 0, 0]),
    ("aggregate-production", {}, split, stored("out"), [0, 2, 0, 2]),
    ("aggregate-consumption-headroom", {}, lambda h: {"aggregate-consumption-headroom": h.ref("net"),
                                                      "site-consumption-capacity": "3 kW"}, stored("net"),
     [0, 4, 2, 4]),
    ("aggregate-production-headroom", {}, lambda h: {"aggregate-production-headroom": h.ref("net"),
                                                     "site-production-capacity": "2.5 kW"}, stored("net"),
     [4, 0, 2, 0]),
    ("aggregate-power", {}, lambda h: {"aggregate-power": h.ref("net")}, stored("net"), [2, -2, 0, -2]),
]  # fmt: skip
IDS = [row[0] for row in STORAGE + SITE]


@pytest.mark.parametrize(("name", "model", "context", "look", "expected"), STORAGE + SITE, ids=IDS)
def test_a_field_has_the_effect_it_says(house, name, model, context, look, expected):
    with house.home.session.begin_nested() as without:
        assert look(house, house.plan()) != pytest.approx(expected, abs=1e-6)
        without.rollback()
    given = [each(house) if callable(each) else each for each in (model, context)]
    assert look(house, house.plan(*given)) == pytest.approx(expected, abs=1e-5)


ELSEWHERE = {  # in the other tests of this folder
    StorageModel: "sensor asset phases commodity group coupling coupling-coefficient inflexible-consumption "
    "inflexible-production prefer-curtailing-later fair-share priority on-at-start switched-at power-at-start",
    FlexContext: "commodity commodities relax-constraints relax-soc-constraints relax-site-capacity-constraints "
    "hedge-for growing-steps stay-with-plan terminal-value carbon-intensity production-carbon-intensity carbon-price "
    "carbon-cap "
    "site-peak-running-consumption site-peak-hours site-peak-share site-peak-highest-days site-peak-earlier-days "
    "site-phase-capacity site-phase-unbalance site-peak-bands site-peak-floor site-peak-ratchet "
    "site-peak-year-consumption",
}


@pytest.mark.parametrize(("model", "rows"), [(StorageModel, STORAGE), (FlexContext, SITE)])
def test_no_field_is_forgotten(model, rows):
    tried = {row[0].split()[0] for row in rows} | set(ELSEWHERE[model].split())
    assert {fact.name for fact in model.facts()} <= tried
