"""What users describe → what the engine plans: field by field, with data in a database."""

import numpy as np
import pytest

from app.jobs.handlers.kinds import plan_result
from engine.devices.inflexible import Inflexible
from engine.devices.storage import Storage
from engine.errors import FieldError, InputError, UnknownName
from engine.series.window import Window
from tests.assemble.homes import HOUR, QUARTER, START, Home, us

FLAT = {"consumption-price": "0.30 EUR/kWh"}
BATTERY = {"soc-at-start": 2, "soc-min": "1 kWh", "soc-max": "10 kWh", "power-capacity": "5.0kW"}
IDLE = BATTERY | {"power-capacity": "0 kW"}


@pytest.fixture
def battery(home: Home) -> int:
    """A building with a battery, and the battery's power sensor [kW, quarter-hours]."""
    home.asset("house", "building")
    home.asset("battery", parent="house")
    return home.sensor("battery", "power", "kW", QUARTER, consumption_is_positive=True)


def only(site, kind):
    (found,) = (device for device in site.devices if isinstance(device, kind))
    return found


def test_bare_energy_is_in_the_unit_of_the_power_sensor(home, battery):
    store = only(home.read("house", [{"sensor": battery, **BATTERY}], FLAT).site, Storage)
    assert store.soc_at_start == 2.0 and store.soc_max.tolist() == [10.0] * 17
    assert store.ports[0].consumption_limit.tolist() == [5.0] * 16


def test_state_of_charge_at_the_start_comes_from_events_or_a_sensor(home, battery):
    rest = {key: value for key, value in BATTERY.items() if key != "soc-at-start"}
    plan_result = [{"value": "4 kWh", "datetime": START.isoformat()}]
    assert (
        only(
            home.read("house", [{"sensor": battery, **rest, "state-of-charge": plan_result}], FLAT).site, Storage
        ).soc_at_start
        == 4
    )
    share = home.sensor("battery", "level", "%", 0 * HOUR)
    with pytest.raises(FieldError, match="knows no state of charge"):
        home.read("house", [{"sensor": battery, **rest, "state-of-charge": {"sensor": share}}], FLAT)
    home.fill(share, 35, Window.of_length(START - QUARTER, QUARTER, QUARTER))
    site = home.read("house", [{"sensor": battery, **rest, "state-of-charge": {"sensor": share}}], FLAT).site
    assert only(site, Storage).soc_at_start == pytest.approx(3.5)
    assert only(home.read("house", [{"sensor": battery, **rest}], FLAT).site, Storage).soc_at_start == 1


def test_old_unit_field_and_old_price_sensor(home, battery):
    model = {"sensor": battery, "soc-unit": "MWh", "soc-at-start": 0.002, "soc-max": 0.01, "power-capacity": "5 kW"}
    price = home.price(200, unit="EUR/MWh")
    site = home.read("house", [model], {"consumption-price-sensor": price}).site
    assert only(site, Storage).soc_at_start == pytest.approx(2.0)
    tariff = site.connections[0].tariffs[0]
    assert tariff.consumption_price == pytest.approx(0.2) and tariff.production_price == pytest.approx(0.2)


def test_stored_model_is_completed_by_the_request(home, battery):
    home.assets["battery"].flex_model = {"soc-max": "20 kWh", "power-capacity": "3 kW", "roundtrip-efficiency": 0.81}
    store = only(
        home.read("house", [{"sensor": battery, "soc-at-start": "50%", "power-capacity": "4 kW"}], FLAT).site, Storage
    )
    assert store.soc_at_start == 10.0 and store.ports[0].consumption_limit[0] == 4.0
    assert store.ports[0].charging_efficiency == pytest.approx(0.9)


def test_empty_request_plans_what_is_stored_below(home, battery):
    home.assets["battery"].flex_model = {**BATTERY, "soc-at-start": "2 kWh", "consumption": {"sensor": battery}}
    planned = home.plan("house", (), FLAT)
    assert planned.stored[battery] == 16


def test_closer_context_counts_and_hides_the_older_spelling(home, battery):
    dear, cheap = home.price(0.5), home.price(0.1)
    home.assets["house"].flex_context = {"consumption-price-sensor": dear, "site-power-capacity": "20 kVA"}
    home.assets["battery"].flex_context = {"consumption-price": {"sensor": cheap}}
    site = home.read("battery", [{"sensor": battery, **BATTERY}]).site
    assert site.connections[0].tariffs[0].consumption_price == pytest.approx(0.1)
    assert site.connections[0].consumption_limit.tolist() == [20.0] * 16


def test_soc_minima_take_the_highest_of_points_and_ranges(home, battery):
    minima = [
        {"value": 4, "start": START.isoformat(), "duration": "PT4H"},
        {"value": "6 kWh", "start": START.isoformat(), "end": "2030-01-14T02:00:00+00:00"},
        {"value": 9, "datetime": "2030-01-14T04:00+00"},
    ]
    store = only(home.read("house", [{"sensor": battery, **BATTERY, "soc-minima": minima}], FLAT).site, Storage)
    assert store.soft_minima.at[[1, 8, 9, 15, 16]].tolist() == [6, 6, 4, 4, 9]
    assert store.soft_minima.hourly_price == 1000


def test_targets_are_hard_once_nothing_is_relaxed(home, battery):
    model = {"sensor": battery, **BATTERY, "soc-targets": [{"value": 9, "datetime": "2030-01-14T04:00Z"}]}
    store = only(home.read("house", [model], {**FLAT, "relax-constraints": False}).site, Storage)
    assert store.soft_minima is None and store.soc_targets[16] == 9
    with pytest.raises(FieldError, match="above soc-max"):
        high = {**model, "soc-targets": [{"value": 11, "datetime": "2030-01-14T04:00Z"}]}
        home.read("house", [high], {**FLAT, "relax-constraints": False})


def test_loads_and_production_get_their_sign_from_the_field_or_the_sensor(home, battery):
    load = home.fill(home.sensor("house", "load", "W", HOUR), 800)
    sun = home.fill(home.sensor("house", "sun", "kW", HOUR), 3)
    context = {**FLAT, "inflexible-consumption": [{"sensor": load}], "inflexible-production": [{"sensor": sun}]}
    fixed = [
        d.power[0]
        for d in home.read("house", [{"sensor": battery, **BATTERY}], context).site.devices
        if isinstance(d, Inflexible)
    ]
    assert fixed == [pytest.approx(0.8), -3.0]
    old = {**FLAT, "inflexible-device-sensors": [sun]}
    assert only(home.read("house", [{"sensor": battery, **BATTERY}], old).site, Inflexible).power[0] == -3.0


def test_missing_load_counts_as_nothing_and_is_told(home, battery):
    load = home.sensor("house", "load", "kW", HOUR, consumption_is_positive=True)
    planned = home.plan("house", [{"sensor": battery, **BATTERY}], {**FLAT, "inflexible-device-sensors": [load]})
    assert list(planned.warnings) == [
        (
            f"inflexible-device-sensors: sensor {load} (load) has no value from 2030-01-14T00:00+00:00 to "
            "2030-01-14T04:00+00:00; taken as 0 kW."
        )
    ]


def test_solar_is_curtailed_when_giving_costs_money(home):
    home.asset("roof", "solar")
    power = home.sensor("roof", "power", "kW", HOUR)
    forecast = home.fill(home.sensor("roof", "forecast", "kW", HOUR), [2.0] * 24)
    model = {
        "sensor": power,
        "power-capacity": "12 kW",
        "consumption-capacity": "0 kW",
        "production-capacity": {"sensor": forecast},
    }
    price = home.price([0.1, -0.1] * 12)
    planned = home.plan("roof", [model], {"consumption-price": {"sensor": price}})
    assert list(home.stored(power).values()) == [2.0, 0.0, 2.0, 0.0]  # stored as production, positive
    assert isinstance(planned.schedule.power["roof"], np.ndarray)


def test_heat_pump_fills_its_tank(home):
    home.asset("tank", "heat-storage")
    power, level = home.sensor("tank", "power", "kW", HOUR), home.sensor("tank", "level", "kWh", HOUR * 0)
    use = home.fill(home.sensor("tank", "use", "kW", HOUR), 3)
    model = {
        "sensor": power,
        "state-of-charge": {"sensor": level},
        "soc-at-start": 6,
        "soc-min": "0 kWh",
        "soc-max": "12 kWh",
        "power-capacity": "4 kW",
        "production-capacity": "0 kW",
        "charging-efficiency": "300.0 %",
        "soc-usage": [{"sensor": use}],
    }
    home.plan("tank", [model], {"consumption-price": {"sensor": home.price([0.1, 0.3, 0.3, 0.3] * 6)}})
    heat = list(home.stored(level).values())
    assert len(heat) == 5 and heat[0] == 6.0 and heat[1] == 9.0  # 2 kW make 6 kWh of heat, 3 are used
    assert home.stored(power)[us(0)] == -2.0


def test_two_outputs_split_a_power_by_sign(home):
    home.asset("battery")
    takes, gives = (home.sensor("battery", way, "kW", HOUR) for way in ("in", "out"))
    model = {**BATTERY, "soc-at-start": "5 kWh", "consumption": {"sensor": takes}, "production": {"sensor": gives}}
    home.plan("battery", [model], {"consumption-price": {"sensor": home.price([0.1, 0.5] * 12)}})
    assert list(home.stored(takes).values()) == [5.0, 0.0, 1.0, 0.0]  # no more than can be sold until the end
    assert list(home.stored(gives).values()) == [0.0, 5.0, 0.0, 5.0]


@pytest.mark.parametrize("unit, step, third", [("MW", HOUR, 0.005), ("kWh", QUARTER, 1.25), ("W", 2 * HOUR, 2500.0)])
def test_plan_is_stored_in_the_unit_and_resolution_of_the_sensor(home, unit, step, third):
    home.asset("battery")
    power = home.sensor("battery", "power", unit, step, consumption_is_positive=True)
    model = {"sensor": power, **BATTERY, "soc-at-start": "5 kWh"}
    context = {"consumption-price": {"sensor": home.price([-0.1, 0.5] * 12)}, "production-price": "0 EUR/kWh"}
    home.plan("battery", [model], context, resolution=HOUR)
    assert home.stored(power)[us(2)] == pytest.approx(third)  # after 5 kW up and down come 5 kW up, and rest


def test_peak_already_reached_is_free(home, battery):
    context = {**FLAT, "site-peak-consumption": "(30/2 - 1) kW", "site-peak-consumption-price": "260 EUR/MW"}
    tariff = home.read("house", [{"sensor": battery, **BATTERY}], context).site.connections[0].tariffs[1]
    assert tariff.reached.tolist() == [14.0] * 16 and tariff.price == pytest.approx(0.26)


def test_one_way_site_limits_are_soft_unless_told(home, battery):
    context = {**FLAT, "site-power-capacity": "20 kVA", "site-consumption-capacity": "8 kW"}
    relaxed = home.read("house", [{"sensor": battery, **BATTERY}], context).site.connections[0]
    assert relaxed.consumption_limit[0] == 20 and relaxed.soft_consumption.limit[0] == 8
    hard = home.read("house", [{"sensor": battery, **BATTERY}], {**context, "relax-constraints": False}).site
    assert hard.connections[0].consumption_limit[0] == 8 and hard.connections[0].soft_consumption is None


def test_group_limits_its_members(home, battery):
    home.asset("panel", "building", parent="house")
    second = home.sensor("panel", "power", "kW", QUARTER, consumption_is_positive=True)
    fuse = {"asset": home.assets["panel"].id, "power-capacity": "3 kW"}
    members = [{"sensor": key, **BATTERY, "group": {"asset": home.assets["panel"].id}} for key in (battery, second)]
    prices = {"consumption-price": {"sensor": home.price([0.1, 0.5] * 12)}}
    planned = home.plan("house", [*members, fuse], prices)
    assert np.abs(sum(planned.schedule.power[n] for n in planned.schedule.soc)).max() <= 3 + 1e-6


def test_boiler_turns_gas_into_heat(home):
    home.asset("boiler", "building")
    gas, heat = (home.sensor("boiler", name, "kW", HOUR, consumption_is_positive=True) for name in ("gas", "heat"))
    use = home.fill(home.sensor("boiler", "use", "kW", HOUR), 9)
    models = [
        {
            "sensor": gas,
            "commodity": "gas",
            "coupling": "boiler",
            "coupling-coefficient": 1.0,
            "consumption-capacity": "20 kW",
        },
        {
            "sensor": heat,
            "commodity": "heat",
            "coupling": "boiler",
            "coupling-coefficient": 0.9,
            "production-capacity": "20 kW",
        },
        {"asset": home.assets["boiler"].id, "commodity": "heat", "inflexible-consumption": {"sensor": use}},
    ]
    context = [{"commodity": "gas", "consumption-price": "0.07 EUR/kWh"}, {"commodity": "heat"}, FLAT]
    planned = home.plan("boiler", models, context)
    assert list(home.stored(gas).values()) == pytest.approx([10.0] * 4)
    assert planned.schedule.costs["gas net energy"] == pytest.approx(4 * 10 * 0.07)


def test_commitment_binds_the_devices_it_names(home, battery):
    bid = {"name": "bid", "baseline": "2 kW", "up-price": "9 EUR/kWh", "down-price": "-9 EUR/kWh", "sensors": [battery]}
    planned = home.plan("house", [{"sensor": battery, **BATTERY}], {**FLAT, "commitments": [bid]})
    assert list(home.stored(battery).values())[:4] == pytest.approx([2.0] * 4)
    with pytest.raises(FieldError, match="sensor 99"):
        home.read("house", [{"sensor": battery, **BATTERY}], {**FLAT, "commitments": [{**bid, "sensors": [99]}]})
    assert planned.currency == "EUR"


@pytest.mark.parametrize(
    "model, context, error, told",
    [
        ({"soc-at-strat": 1}, FLAT, UnknownName, "did you mean 'soc-at-start'"),
        ({}, {"site-power-capacty": "1 kW"}, UnknownName, "did you mean 'site-power-capacity'"),
        ({}, {"consumption-price": "0.3 kW"}, InputError, "consumption-price"),
        ({}, {}, FieldError, "consumption-price"),
        ({}, {**FLAT, "production-price": "0.3 USD/kWh"}, InputError, "one currency"),
        ({"power-capacity": "-1 kW"}, FLAT, FieldError, "0 or more"),
        ({"roundtrip-efficiency": 0.9, "charging-efficiency": 0.9}, FLAT, FieldError, "not both"),
        ({"charging-efficiency": 0}, FLAT, FieldError, "above 0"),
        ({"soc-at-start": "-1 kWh"}, FLAT, FieldError, "less than nothing"),
    ],
)
def test_what_cannot_be_planned_is_named(home, battery, model, context, error, told):
    with pytest.raises(error, match=told):
        home.read("house", [{"sensor": battery, **BATTERY, **model}], context)


def test_nothing_described_is_told(home):
    home.asset("field", "building")
    with pytest.raises(InputError, match="has nothing to plan"):
        home.read("field", (), FLAT)


def test_a_target_between_two_steps_is_met_at_its_time(home, battery):
    target = [{"value": "4 kWh", "datetime": "2030-01-14T01:10Z"}]
    model = {"sensor": battery, **BATTERY, "power-capacity": "2 kW", "soc-targets": target}
    soc = home.plan("house", [model], {**FLAT, "relax-constraints": False}).schedule.soc["battery"]
    assert soc[4] / 3 + soc[5] * 2 / 3 == pytest.approx(4.0)


def test_a_storage_efficiency_above_all_is_all_and_is_told(home, battery):
    planned = home.plan("house", [{"sensor": battery, **IDLE, "storage-efficiency": "120 %"}], FLAT)
    assert planned.schedule.soc["battery"] == pytest.approx(2.0)
    assert any("is more than 100 %" in told for told in planned.warnings)


def test_the_connection_of_a_device_s_own_asset_is_its_capacity(home, battery):
    home.assets["battery"].attributes = {"site-power-capacity": "3 kVA"}
    model = {key: value for key, value in BATTERY.items() if key != "power-capacity"}
    paid = {"consumption-price": "-0.1 EUR/kWh", "production-price": "-0.2 EUR/kWh", "site-power-capacity": "9 kW"}
    planned = home.plan("house", [{"sensor": battery, **model, "soc-max": "90 kWh"}], paid)
    assert planned.schedule.power["battery"] == pytest.approx(3.0)


def test_bounds_that_are_met_are_told_with_their_margins(home, battery):
    model = {"sensor": battery, **BATTERY, "power-capacity": "2 kW"}  # 2 kWh to begin with
    least = [{"value": "3 kWh", "datetime": "2030-01-14T01:00Z"}, {"value": "3.5 kWh", "datetime": "2030-01-14T01:10Z"}]
    planned = home.plan("house", [{**model, "soc-minima": least}], FLAT)
    soc = planned.schedule.soc["battery"]
    (met,) = plan_result(planned)["resolved"]
    margins = [item["margin"].split() for item in met["soc-minima"]]
    assert [item["datetime"][11:16] for item in met["soc-minima"]] == ["01:00", "01:10"]
    assert [float(number) for number, _ in margins] == pytest.approx([soc[4] - 3, soc[4] / 3 + soc[5] * 2 / 3 - 3.5])
    assert met["asset"] == planned.outputs[0].sensor.asset_id and not plan_result(planned)["unresolved"]


def test_a_target_that_cannot_be_met_is_told_with_its_time(home, battery):
    model = {"sensor": battery, **BATTERY, "power-capacity": "2 kW"}  # 2 kWh, and 2 kW for seventy minutes
    target = [{"value": "5 kWh", "datetime": "2030-01-14T01:10Z"}]
    planned = home.plan("house", [{**model, "soc-targets": target}], FLAT)
    (missed,) = plan_result(planned)["unresolved"]
    assert missed == {
        "device": "battery",
        "asset": planned.outputs[0].sensor.asset_id,
        "soc-targets": [{"datetime": "2030-01-14T01:10:00+00:00", "violation": "0.666667 kWh"}],
    }
