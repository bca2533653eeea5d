"""Sites as engineers write them: gaps, mistakes, old spellings, month ends; what is planned, or what is said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from db.assets import asset_type
from db.sensors import Sensor
from engine.devices.storage import Storage
from engine.errors import InputError
from engine.series.window import Window
from tests.assemble.homes import HOUR, START, Home, us
from tests.assemble.test_every_field import BATTERY, House, at, hours, house, power

__all__ = ["house"]  # the fixture


@pytest.fixture
def gap(house: House) -> dict[str, int]:
    """A sensor that knows 1 kW in the first two of four hours."""
    key = house.home.sensor("house", "gap", "kW", HOUR)
    house.home.fill(key, 1.0, Window.of_length(START, 2 * HOUR, HOUR))
    return {"sensor": key}


def nothing(gap: dict[str, int]) -> str:
    times = "from 2030-01-14T02:00+00:00 to 2030-01-14T04:00+00:00"
    return f"sensor {gap['sensor']} (gap) has no value {times}"


def test_a_capacity_nobody_knows_is_none_and_told(house, gap):
    planned = house.plan({"power-capacity": gap})
    assert np.abs(planned.schedule.power["battery"]).tolist()[2:] == [0, 0]
    assert planned.warnings == (f"battery: power-capacity: {nothing(gap)}; taken as 0 kW.",)
    with_default = {"sensor": house["battery"], **BATTERY, "power-capacity": {**gap, "default": "2 kW"}}
    assert house.home.read("house", [with_default], {"consumption-price": house.ref("price")}).warnings == ()


def test_a_one_way_capacity_nobody_knows_leaves_the_one_of_both_ways(house, gap):
    planned = house.plan({"production-capacity": gap})
    assert planned.schedule.power["battery"].tolist() == pytest.approx([2, -1, -1, -2])
    assert planned.warnings == (f"battery: production-capacity: {nothing(gap)}; power-capacity counts, 2 kW.",)


def test_a_site_capacity_nobody_knows_does_not_limit(house, gap):
    assert power(house, house.plan({}, {"site-power-capacity": gap})) == pytest.approx([1, -1, 0, -2])


def test_a_capacity_that_changes_within_a_step_counts_in_all_of_it(house):
    capacity = [{"value": "2 kW", "start": "2030-01-13T00:00Z", "duration": "P3D"},
                {"value": "0 kW", "start": "2030-01-14T00:30Z", "duration": "PT1H"}]  # fmt: skip
    assert power(house, house.plan({"power-capacity": capacity})) == pytest.approx([0, 0, 0, -2])


def test_a_use_of_twenty_minutes_takes_its_energy(house):
    use = [{"value": "6 kW", "start": "2030-01-14T00:10Z", "duration": "PT20M"}]
    assert house.plan({"soc-usage": [use], "power-capacity": "0 kW"}).schedule.soc["battery"].tolist() == [
        2,
        0,
        0,
        0,
        0,
    ]


def test_a_pump_rests_where_its_efficiency_is_none(house):
    model = {"charging-efficiency": hours("0%", "90%", "0%", "90%"), "end-value": "9 EUR/kWh"}
    assert power(house, house.plan(model)) == pytest.approx([0, 2, 0, 2])


def test_a_generator_rests_where_nothing_comes_out(house):
    model = {"discharging-efficiency": hours("100%", "0%", "100%", "0%")}
    assert power(house, house.plan(model)) == pytest.approx([0, 0, -2, 0])


def test_a_target_is_as_hard_upwards_as_said_when_only_falling_short_is_priced(house):
    context = {"soc-minima-breach-price": "0.01 EUR/kWh", "relax-constraints": False}
    assert house.plan({"soc-targets": at(1, "3 kWh")}, context).schedule.soc["battery"][1] == pytest.approx(3)


def test_charging_sessions_behind_one_meter_are_added(house):
    house.plan({"soc-minima": at(1, "4 kWh")}, {}, {"sensor": house["battery"], **BATTERY, "power-capacity": "1 kW"})
    assert house.values("battery") == [3, -3, -1, -3]


def test_gas_is_not_given_to_a_grid_that_only_delivers(house):
    maker = {
        "sensor": house["other"],
        "commodity": "gas",
        "consumption-capacity": "0 kW",
        "production-capacity": "3 kW",
    }
    context = {"commodities": [{"commodity": "gas", "site-consumption-capacity": "5 kW"}], "relax-constraints": False}
    assert house.plan({}, context, maker).schedule.power["other"].tolist() == [0, 0, 0, 0]


def test_a_commodity_that_nobody_uses_has_no_power(house):
    gas = {"commodity": "gas", "consumption-price": "0.1 EUR/kWh", "aggregate-consumption": house.ref("in")}
    house.plan({}, {"commodities": [gas]})
    assert house.values("in") == [0, 0, 0, 0]
    with pytest.raises(InputError, match="heat has no connection"):
        house.plan({}, {"commodities": [{"commodity": "heat", "aggregate-consumption": house.ref("in")}]})


def test_what_attributes_used_to_say_still_counts(house):
    home = house.home
    home.assets["battery"].attributes = {"roundtrip_efficiency": 0.81, "capacity_in_mw": 0.004, "max_soc_in_mwh": 0.02}
    home.assets["house"].attributes = {"market_id": house["dear"], "production_capacity_in_mw": 0.001}
    site = home.read("house", [{"sensor": house["battery"], "soc-at-start": "50%"}]).site
    (store,) = (device for device in site.devices if isinstance(device, Storage))
    assert (store.soc_at_start, store.ports[0].charging_efficiency[0]) == (10.0, pytest.approx(0.9))
    assert store.ports[0].consumption_limit[0] == 4.0
    assert site.connections[0].soft_production.limit[0] == 1.0
    assert site.connections[0].tariffs[0].consumption_price.tolist() == [0.2, 0.8, 0.4, 1.0]


@pytest.fixture
def months(home: Home) -> House:
    """A house whose plan lasts from 22:00 to 02:00 over the end of October in Amsterdam, which is 21:00 in UTC."""
    home.asset("house", "building")
    made = {"battery": home.sensor("house", "power", "kW", HOUR, consumption_is_positive=True)}
    home.session.flush()
    return House(home, made)


def test_a_month_ends_when_it_does_on_the_clock_of_the_site(months):
    # Eight hours around midnight in Amsterdam, where a new month begins; the load is 5 kW, from then on 3 kW.
    home, start = months.home, datetime(2030, 10, 31, 19, tzinfo=UTC)
    home.session.get(Sensor, months["battery"]).timezone = "Europe/Amsterdam"
    window = Window.of_length(start, 8 * HOUR, HOUR)
    load = home.fill(home.sensor("house", "load", "kW", HOUR), [5.0] * 4 + [3.0] * 4, window)
    context = {"consumption-price": "0.1 EUR/kWh", "inflexible-consumption": [{"sensor": load}],
               "site-peak-consumption-price": "2 EUR/kW", "site-peak-consumption": "4 kW"}  # fmt: skip
    model = {"sensor": months["battery"], "soc-at-start": "0 kWh", "soc-max": "0 kWh", "power-capacity": "1 kW"}
    planned = home.plan("house", [model], context, start=start, duration=8 * HOUR)
    # In October 4 kW are paid for already, in November nothing is.
    assert planned.schedule.costs["electricity consumption peak"] == pytest.approx(2 * (5 - 4) + 2 * 3)
    metered = home.sensor("house", "peak", "kW", 0 * HOUR)
    home.fill(metered, 4.5, Window.of_length(start - HOUR, HOUR, HOUR))
    context["site-peak-consumption"] = {"sensor": metered}
    site = home.read("house", [model], context, start=start, duration=8 * HOUR).site
    assert site.connections[0].tariffs[1].reached.tolist() == [4.5] * 4 + [0] * 4


@pytest.mark.parametrize(
    ("model", "context", "told"),
    [
        ({"charging-efficiency": 95}, {}, "battery: charging-efficiency: 95.0 is not between 0 and 2000 %"),
        ({"roundtrip-efficiency": 1.2}, {}, "battery: roundtrip-efficiency: 1.2 is not between 0 and 100 %"),
        ({"storage-efficiency": 99}, {}, "battery: storage-efficiency: 99.0 is not between 0 and 2000 %"),
        ({"charging-efficiency": "0%"}, {}, "battery: charging-efficiency: with 0 % nothing"),
        (
            {"operation-modes": [{"consumption-range": [0, 1]}]},
            {},
            r"battery: operation-modes\[0\].consumption-range\[1\]: 1 has no unit",
        ),
        ({"operation-modes": [{"consumption-rang": ["0 kW", "1 kW"]}]}, {}, "operation-modes field.*consumption-range"),
        ({"operation-modes": [{"consumption-range": ["3 kW", "1 kW"]}]}, {}, "3 to 1 kW is no range"),
        ({"operation-modes": [{"consumption-range": ["0 kWh", "1 kW"]}]}, {}, "'0 kWh' cannot be written in kW"),
        ({"consumption": {"sensr": 1}}, {}, "output field of battery.*'sensor'"),
        ({"consumption": 5}, {}, 'battery: consumption: .*, like {"sensor": 12}'),
        ({"prefer-charging-sooner": "maybe"}, {}, "battery: prefer-charging-sooner: write true or false, like true"),
        ({"soc-unit": "GWh"}, {}, "battery: soc-unit: .*'kWh' or 'MWh'"),
        ({"min-on": "1 hour"}, {}, "battery: min-on|min-on: '1 hour' is not a duration"),
        ({"min-off": "-PT1H"}, {}, "min-off: -PT1H is less than no time"),
        ({"start-cost": "0.5 USD"}, {"production-price": "1 EUR/kWh"}, "Prices are in EUR, USD"),
        ({"end-value": "0.5 USD/kWh"}, {"production-price": "1 EUR/kWh"}, "Prices are in EUR, USD"),
        ({"wear-price": "-1 EUR/kWh"}, {}, "battery: wear-price: -1 EUR/kWh is below 0"),
        ({"soc-min": "11 kWh"}, {}, r"battery: soc-min: 11 kWh is above soc-max \(10 kWh\)"),
        ({"coupling": "x", "coupling-coefficient": -1}, {}, "battery: coupling-coefficient: it must be above 0"),
        ({}, {"site-peak-consumption-price": "-1 EUR/kW"}, "site-peak-consumption-price: -1 EUR/kW is below 0"),
        ({}, {"commodities": [{"commodity": "gas", "consumption-prize": "1 EUR/kWh"}]}, "'consumption-price'"),
        ({}, {"commitments": [{"name": "x", "baselin": "1 kW"}]}, "did you mean 'baseline'"),
        ({"soc-minima": [{"value": 1, "datetim": "2030-01-14T01:00Z"}]}, {}, "did you mean 'datetime'"),
        ({"soc-minima": [{"value": 1, "datetime": "2030-01-14T01:00"}]}, {}, "has no time zone; add an offset"),
        ({"group": {"asset": 9999}}, {}, "group.asset: there is no asset 9999"),
    ],
)
def test_a_mistake_is_told_with_its_device_field_and_way_out(house, model, context, told):
    with pytest.raises(InputError, match=told):
        house.plan(model, context)


def test_a_device_that_runs_already_need_not_start(house):
    request = [{"sensor": house["battery"], **BATTERY, "start-cost": "0.5 EUR"}]
    for running, starts in ((False, 0.5), (True, 0.0)):
        with house.home.session.begin_nested() as one:
            planned = house.plan({**request[0], "on-at-start": running})
            assert planned.schedule.costs["battery starts"] == pytest.approx(starts)
            one.rollback()


def test_a_load_named_twice_is_refused(house):
    entry = {"asset": house.home.assets["other"].id, "inflexible-consumption": house.ref("load")}
    with pytest.raises(InputError, match="in the flex-model and in the flex-context"):
        house.plan({}, {"inflexible-consumption": [house.ref("load")]}, entry)
    with pytest.raises(InputError, match="named twice"):
        house.plan({}, {"inflexible-device-sensors": [house["load"], house["load"]]})


def test_power_and_duration_make_a_process_of_any_asset(house):
    house.plan({}, {}, {"sensor": house["other"], "power": "1 kW", "duration": "PT2H"})
    assert house.values("other") == [1, 1, 0, 0]


def test_the_power_of_a_process_may_be_a_number_in_the_unit_of_its_sensor(house):
    house.plan({}, {}, {"sensor": house["other"], "power": 2, "duration": "PT1H"})
    assert house.values("other") == [2, 0, 0, 0]


def test_a_process_longer_than_the_schedule_runs_all_the_time_and_it_is_told(house):
    planned = house.plan({}, {}, {"sensor": house["other"], "power": "1 kW", "duration": "PT9H"})
    assert house.values("other") == [1, 1, 1, 1]
    assert any("it runs all the time" in warning for warning in planned.warnings)


def test_fields_of_a_device_make_one_of_an_asset_of_the_type_process(house):
    house.home.assets["other"].asset_type = asset_type(house.home.session, "process")
    boiler = {"sensor": house["other"], "consumption-capacity": "3 kW", "production-capacity": "0 kW"}
    house.plan({}, {"consumption-price": "-0.1 EUR/kWh", "production-price": "-0.2 EUR/kWh"}, boiler)
    assert house.values("other") == [3, 3, 3, 3]


AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("start", "end", "length"),
    [
        (datetime(2030, 3, 31, tzinfo=AMSTERDAM), datetime(2030, 4, 1, tzinfo=AMSTERDAM), 23),
        (datetime(2030, 10, 27, tzinfo=AMSTERDAM), datetime(2030, 10, 28, tzinfo=AMSTERDAM), 25),
    ],
)
def test_a_day_of_23_or_25_hours_in_five_minutes(home, start, end, length):
    home.asset("battery")
    key = home.sensor("battery", "power", "kW", timedelta(minutes=5), consumption_is_positive=True)
    model = {"sensor": key, **BATTERY, "soc-targets": [{"value": "8 kWh", "datetime": end.isoformat()}]}
    planned = home.plan("battery", [model], {"consumption-price": "0.1 EUR/kWh"}, start=start, duration=length * HOUR)
    assert planned.stored[key] == length * 12
    assert planned.schedule.soc["battery"][-1] == pytest.approx(8)


def test_a_plan_asked_for_within_a_step_has_only_the_rest_of_it(house):
    # From 00:40, 2 kW reach 2 + 2 · (20 + 60) / 60 kWh by 02:00; the events stored are whole hours.
    start, wanted = START + timedelta(minutes=40), {"value": "9 kWh", "datetime": "2030-01-14T02:00:00Z"}
    entry = {"sensor": house["battery"], **BATTERY, "soc-minima": [wanted], "state-of-charge": house.ref("level")}
    planned = house.home.plan("house", [entry], {"consumption-price": house.ref("price")}, start=start)
    assert planned.schedule.window.start == start
    assert planned.schedule.soc["battery"].tolist()[:3] == pytest.approx([2, 2 + 2 / 3, 4 + 2 / 3])
    assert [each.amount for each in planned.schedule.breaches] == pytest.approx([9 - 4 - 2 / 3])
    assert list(house.home.stored(house["battery"], hours=5)) == [us(hour) for hour in range(5)]
    assert list(house.home.stored(house["level"], hours=5)) == [us(2 / 3), *(us(hour) for hour in range(1, 6))]


def test_self_discharge_counts_for_the_rest_of_a_step_only(house):
    start = START + timedelta(minutes=30)
    model = {"storage-efficiency": "81%", "power-capacity": "0 kW"}
    entry = {"sensor": house["battery"], **BATTERY, **model}
    planned = house.home.plan("house", [entry], {"consumption-price": house.ref("price")}, start=start)
    assert planned.schedule.soc["battery"].tolist()[:3] == pytest.approx([2, 1.8, 1.458])


def test_a_process_begins_with_a_whole_step_and_runs_for_every_step_it_touches(house):
    start = START + timedelta(minutes=30)
    entry = {"sensor": house["other"], "power": "3 kW", "duration": "PT1H20M", "process-type": "INFLEXIBLE"}
    planned = house.home.plan("house", [entry], {"consumption-price": house.ref("price")}, start=start)
    assert planned.schedule.power["other"].tolist() == [0, 3, 3, 0, 0]


def test_a_week_in_growing_steps_is_stored_in_the_slots_of_its_sensors(house):
    power = house.home.sensor("other", "fine power", "kW", timedelta(minutes=5), consumption_is_positive=True)
    level = house.home.sensor("other", "fine level", "kWh", timedelta(minutes=5))
    week, due = timedelta(days=7), {"value": "9 kWh", "datetime": "2030-01-16T12:12:00Z"}
    entry = {"sensor": power, **BATTERY, "state-of-charge": {"sensor": level}, "soc-minima": [due]}
    context = {"consumption-price": "0.2 EUR/kWh", "growing-steps": True}
    planned = house.home.plan("house", [entry], context, duration=week)
    assert planned.schedule.window.n < 288 and planned.schedule.breaches == ()
    powers, levels = house.home.stored(power, hours=168), house.home.stored(level, hours=168)
    assert (len(powers), len(levels)) == (2016, 2017)
    charged = sum(powers.values()) / 12
    assert levels[us(168)] - levels[us(0)] == pytest.approx(charged, abs=1e-3) and levels[us(61)] >= 9 - 1e-6


def test_processes_keep_steps_of_one_length(house):
    entry = {"sensor": house["other"], "power": "3 kW", "duration": "PT2H", "process-type": "SHIFTABLE"}
    context = {"consumption-price": house.ref("price"), "growing-steps": True}
    planned = house.home.plan("house", [entry], context)
    assert planned.warnings == ("growing-steps is left aside: a process needs steps of one length.",)
    assert planned.schedule.window.bounds == ()
