"""Buildings and tanks with a temperature: what is refused, assumed and told. Random ones are in tests/language."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.devices.energy.thermal import ThermalMass
from engine.errors import FieldError
from engine.packing import pack, unpack
from engine.series.window import Window
from engine.testing import check_device
from tests.assemble.homes import HOUR, START, Home
from tests.engine.scheduling.samples import store

ROOM = {
    "thermal-capacity": "2 kWh/K",
    "heat-loss": "0.2 kW/K",
    "outdoor-temperature": "0 °C",
    "temperature-min": "20 °C",
    "temperature-at-start": "20 °C",
    "consumption-capacity": "6 kW",
}
MODES = {"pump": "heating", "cooler": "cooling"}
CHEAP = {"consumption-price": "0.1 EUR/kWh"}


@pytest.fixture
def house(home: Home) -> Home:
    home.asset("house", "building")
    for name in ("pump", "rod"):
        home.asset(name, "heat_pump", parent="house")
    return home


def power(house: Home, name: str) -> int:
    return house.sensor(name, "power", "kW", HOUR, consumption_is_positive=True)


def entry(house: Home, **changed):
    fields = {key.replace("_", "-"): value for key, value in changed.items()}
    return {"sensor": power(house, "pump"), **ROOM, **fields}


def plan(house: Home, *entries):
    return house.plan("house", entries, CHEAP)


def test_holding_a_temperature_takes_what_is_lost(house):
    done = plan(house, entry(house, charging_efficiency=2.0))
    assert done.schedule.power["pump"] == pytest.approx(np.full(4, 0.2 * 20 / 2))


def test_the_temperature_follows_the_equation_whatever_the_length_of_the_step(house):
    # dT/dt = (q - H (T - T_out)) / C in steps of a second, against one step of an hour.
    mass, temperature = ThermalMass(capacity=2.0, heat_loss=0.2, outdoor=5.0), 20.0
    for _ in range(3600):
        temperature += (3.0 - 0.2 * (temperature - 5.0)) / 2.0 / 3600
    kept = float(mass.retention(1.0))
    assert kept * 20.0 + (1 - kept) * (5.0 + 3.0 / 0.2) == pytest.approx(temperature, abs=1e-3)


def test_two_heaters_of_one_room_name_its_temperature(house):
    level = house.sensor("house", "temperature", "°C", 0 * HOUR)
    rod = {
        "sensor": power(house, "rod"),
        "temperature": {"sensor": level},
        "consumption-capacity": "9 kW",
    }
    done = plan(
        house, entry(house, temperature={"sensor": level}, consumption_capacity="1 kW", charging_efficiency=3), rod
    )
    assert done.schedule.power["pump"] == pytest.approx(np.full(4, 1.0))
    assert done.schedule.power["rod"] == pytest.approx(np.full(4, 1.0))
    assert list(house.stored(level).values()) == pytest.approx([20.0] * 5)


@pytest.mark.parametrize("keeps_house", ["pump", "cooler"])
def test_one_room_is_heated_in_the_cold_and_cooled_in_the_heat(house, keeps_house):
    # Below 20 °C it takes 0.2 kW/K · 20 K / 2 of heating, above 24 °C cooling at an EER of 4.
    house.asset("cooler", "heat_pump", parent="house")
    level, air = (house.sensor("house", name, "°C", each * HOUR) for name, each in (("temperature", 0), ("air", 1)))
    house.fill(air, [0.0, 0.0, 54.0, 54.0], Window.of_length(START, 4 * HOUR, HOUR))
    devices = {
        name: {"charging-efficiency": share, "thermal-mode": MODES[name], "consumption-capacity": "9 kW"}
        for name, share in (("pump", 2), ("cooler", 4))
    }
    band = {"temperature-min": "20 °C", "temperature-max": "24 °C", "outdoor-temperature": {"sensor": air}}
    for name, each in devices.items():
        each |= {"sensor": power(house, name), "temperature": {"sensor": level}}
    devices[keeps_house] = {**ROOM, **band, **devices[keeps_house]}
    done = plan(house, *devices.values())
    kept = float(np.exp(-0.1))
    free = kept * 20.0 + (1 - kept) * 54.0
    assert done.schedule.power["pump"] == pytest.approx([2.0, 2.0, 0.0, 0.0])
    taken = 0.2 / (1 - kept) * (kept * free + (1 - kept) * 54.0 - 24.0) / 4
    assert done.schedule.power["cooler"] == pytest.approx([0.0, 0.0, 0.0, taken])
    assert list(house.stored(level).values()) == pytest.approx([20.0, 20.0, 20.0, free, 24.0])


def test_the_coldest_day_has_a_schedule_that_tells_by_how_many_kelvin_it_falls_short(house):
    done = plan(house, entry(house, consumption_capacity="1 kW", outdoor_temperature="-20 °C"))
    short = [each for each in done.schedule.breaches if each.limit == "pump.temperature-min"]
    assert {each.unit for each in short} == {"K"}
    equilibrium, kept = -20 + 1 / 0.2, np.exp(-0.1 * np.arange(1, 5))
    assert [each.amount for each in short] == pytest.approx(20 - (equilibrium + (20 - equilibrium) * kept))


def test_what_is_warm_at_the_end_counts_from_the_start(house):
    done = plan(house, entry(house, end_value="0.5 EUR/kWh", heat_loss="0 kW/K", consumption_capacity="1 kW"))
    assert done.schedule.costs["pump end value"] == pytest.approx(-0.5 * 4)


def test_a_room_keeps_every_promise_of_a_device():
    warm = ThermalMass(capacity=2.0, heat_loss=0.2, outdoor=5.0)
    room = store(thermal=warm, gain=warm.ambient_gain, storage_efficiency=float(warm.retention(0.25)))
    room = replace(room, soft_minima=SoftBound(at=np.full(25, 9.0), hourly_price=1.0))
    check_device(room)
    assert unpack(pack(room)).thermal.capacity == 2.0


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"soc-max": "3 kWh"}, "soc-max: with thermal-capacity, temperatures set"),
        ({"outdoor-temperature": None}, "outdoor-temperature: give it"),
        ({"temperature-min": None}, "temperature-min: give a comfort band"),
        ({"thermal-capacity": None}, "heat-loss: it is about a building"),
        ({"thermal-capacity": "0 kWh/K"}, "thermal-capacity: it is more than nothing"),
        ({"cop-curve": [{"temperature": "5 °C", "cop": 3}, {"temperature": "2 °C", "cop": 2}]}, "rising temperature"),
        ({"cop-curve": [{"temperature": "5 °C", "cop": 3}], "charging-efficiency": 2}, "not both"),
        ({"cop-curve": [{"temperature": "5 °C", "cop": 0}]}, "above 0"),
        ({"temperature-min": "20 kWh"}, "temperature-min"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(house, changed, refused):
    given = {key: value for key, value in {**entry(house), **changed}.items() if value is not None}
    with pytest.raises(FieldError, match=refused):
        house.read("house", [given], CHEAP)


def test_the_start_is_assumed_where_nothing_tells_it(house):
    given = entry(house)
    del given["temperature-at-start"]
    assert "20 °C is assumed, which is temperature-min" in " ".join(house.read("house", [given], CHEAP).warnings)
    level = house.sensor("house", "temperature", "°C", 0 * HOUR)
    with pytest.raises(FieldError, match="knows no temperature near the start"):
        house.read("house", [{**given, "temperature": {"sensor": level}}], CHEAP)


def test_outdoor_temperatures_must_be_known(house):
    air = house.sensor("house", "air", "°C", HOUR)
    with pytest.raises(FieldError, match="post a forecast of it"):
        house.read("house", [entry(house, outdoor_temperature={"sensor": air})], CHEAP)
