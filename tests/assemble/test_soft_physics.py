"""A plan wherever physics allows one, on both databases: what gives way, and what the one who asked is told of it."""

import pytest

from app.assemble.schedule_facts import unresolved
from engine.devices.storage import Storage
from engine.errors import Infeasible
from tests.assemble.homes import HOUR, START, Home
from tests.assemble.test_every_field import at

PRICE = {"consumption-price": "0.25 EUR/kWh", "production-price": "0.05 EUR/kWh"}
MODEL = {"soc-min": "1 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
TANK = {"soc-at-start": "1.5 kWh", "soc-max": "10 kWh", "consumption-capacity": "2 kW"}


@pytest.fixture
def home(home: Home) -> Home:
    home.asset("site", "building", attributes={"timezone": "Europe/Amsterdam"})
    home.asset("tank", "heat-storage", parent="site")
    return home


@pytest.fixture
def power(home: Home) -> int:
    return home.sensor("tank", "power", "kW", HOUR, consumption_is_positive=True)


def warnings_and_breaches(planned):
    """Return the warnings, and what is unresolved of the only device as moments on the clock of UTC and amounts."""
    (device,) = unresolved(planned.schedule, planned.outputs)
    limits = {key: value for key, value in device.items() if key not in ("device", "asset")}
    return list(planned.warnings), {
        limit: [(each["datetime"][11:16], each["violation"]) for each in every] for limit, every in limits.items()
    }


def test_use_beyond_the_supply_is_met_as_far_as_it_can_be(home, power):
    planned = home.plan("site", [{"sensor": power, **TANK, "soc-usage": "3 kW"}], PRICE)
    assert planned.schedule.soc["tank"] == pytest.approx([1.5, 0.5, 0, 0, 0], abs=1e-6)
    assert warnings_and_breaches(planned) == (
        ["tank: 2.5 kWh of soc-usage are not met, between 2030-01-14T02:00+01:00 and 2030-01-14T05:00+01:00."],
        {"soc-usage": [("01:00", "0.5 kW"), ("02:00", "1.0 kW"), ("03:00", "1.0 kW")]},
    )


def test_gain_into_a_full_tank_overflows(home, power):
    planned = home.plan("site", [{"sensor": power, **TANK, "soc-at-start": "9 kWh", "soc-gain": "2 kW"}], PRICE)
    assert warnings_and_breaches(planned) == (
        ["tank: 7 kWh of soc-gain overflow, between 2030-01-14T01:00+01:00 and 2030-01-14T05:00+01:00."],
        {"soc-gain": [("00:00", "1.0 kW"), *((f"0{hour}:00", "2.0 kW") for hour in (1, 2, 3))]},
    )


def test_a_start_just_below_the_minimum_waits_for_the_connection(home, power):
    load = home.fill(home.sensor("site", "load", "kW"), 8)
    context = {**PRICE, "site-power-capacity": "8 kW", "inflexible-consumption": [{"sensor": load}]}
    planned = home.plan("site", [{"sensor": power, **MODEL, "soc-at-start": "0.95 kWh"}], context)
    assert planned.schedule.soc["tank"] == pytest.approx([0.95] * 5)
    assert warnings_and_breaches(planned)[0] == [
        "tank: soc-at-start: 0.95 kWh is below soc-min (1 kWh); it is brought back as soon as possible.",
        "tank: up to 0.05 kWh less than soc-min are stored, between 2030-01-14T02:00+01:00 and 2030-01-14T05:00+01:00.",
    ]


def test_a_start_just_above_the_maximum_is_not_sold_at_the_price_of_a_breach(home, power):
    context = {**PRICE, "site-production-capacity": "0 kW"}
    planned = home.plan("site", [{"sensor": power, **MODEL, "soc-at-start": "10.05 kWh"}], context)
    assert planned.schedule.power["tank"] == pytest.approx([0] * 4)
    assert warnings_and_breaches(planned)[1] == {"soc-max": [(f"0{hour}:00", "0.05 kWh") for hour in (1, 2, 3, 4)]}


@pytest.mark.parametrize(
    ("bounds", "soc", "warning"),
    [
        ({"soc-targets": at(2, "12 kWh")}, 10, "soc-targets: 12 kWh is above soc-max (10 kWh); it is approached"),
        ({"soc-targets": at(2, "0 kWh")}, 1, "soc-targets: 0 kWh is below soc-min (1 kWh); it is approached"),
        ({"soc-minima": at(2, "12 kWh")}, 10, "soc-minima: 12 kWh is above soc-max (10 kWh); it is approached"),
        ({"soc-targets": at(1, "9.5 kWh")}, None, "soc-targets is missed by up to 2.5 kWh, at 2030-01-14T02:00+01:00."),
        ({"soc-targets": at(2, "5 kWh"), "soc-minima": at(2, "8 kWh")}, None, "3 kWh, at 2030-01-14T03:00+01:00."),
    ],
)
def test_a_bound_out_of_reach_is_approached_and_told(home, power, bounds, soc, warning):
    planned = home.plan("site", [{"sensor": power, **MODEL, "soc-at-start": "2 kWh", **bounds}], PRICE)
    assert any(warning in each for each in planned.warnings)
    assert unresolved(planned.schedule, planned.outputs)
    if soc is not None:
        assert planned.schedule.soc["tank"][2] == pytest.approx(soc)


def test_physics_is_hard_once_nothing_is_relaxed(home, power):
    with pytest.raises(Infeasible, match=r"soc-usage of tank takes .* until 2030-01-14T03:00\+01:00"):
        home.plan("site", [{"sensor": power, **TANK, "soc-usage": "3 kW"}], {**PRICE, "relax-constraints": False})


def test_a_breach_costs_more_than_energy_in_any_currency(home, power):
    context = {"consumption-price": "1500 IDR/kWh", "site-consumption-capacity": "3 kW"}
    model = {"sensor": power, **MODEL, "soc-at-start": "1 kWh", "soc-minima": at(2, "7 kWh")}
    planned = home.plan("site", [model], context)
    assert planned.schedule.soc["tank"][2] == pytest.approx(7) and not planned.schedule.breaches
    (store,) = (device for device in home.read("site", [model], context).site.devices if isinstance(device, Storage))
    assert store.soft_minima.hourly_price == pytest.approx(450 * 1000)


def test_what_makes_energy_from_nothing_is_told(home, power):
    def warnings(**fields):
        return home.read("site", [{"sensor": power, "power-capacity": "5 kW", **fields}], PRICE).warnings

    store = {"soc-at-start": "2 kWh", "soc-max": "9 kWh"}
    assert "together are above 100 %" in warnings(**store, **{"charging-efficiency": "120%"})[0]
    assert warnings(**store, **{"charging-efficiency": "300%", "production-capacity": "0 kW"}) == ()
    assert "produces up to 5 kW from nothing" in warnings(**{"roundtrip-efficiency": "90%"})[0]
    assert warnings(**{"production-capacity": "3 kW"}) == ()
    kept = home.fill(home.sensor("tank", "kept", "%"), 104)
    assert "taken as 100 %" in warnings(**store, **{"storage-efficiency": {"sensor": kept}})[0]


def test_what_is_stored_at_the_start_is_told_if_it_is_assumed(home, power):
    read = home.read("site", [{"sensor": power, **MODEL}], PRICE)
    assert read.site.devices[0].soc_at_start == 1
    text = "the state of charge at the start of the schedule is not given; 1 kWh is assumed, which is soc-min"
    assert read.warnings == (f"tank: soc-at-start: {text}.",)


def test_bounds_before_and_after_the_schedule_are_told(home, power):
    late = [{"value": "8 kWh", "datetime": "2030-01-14T06:00:00+01:00"}]
    early = [{"value": "8 kWh", "start": "2030-01-13T20:00:00+01:00", "duration": "PT1H"}]
    model = {"sensor": power, **MODEL, "soc-at-start": "2 kWh", "soc-targets": late, "soc-minima": early}
    assert home.read("site", [model], PRICE).warnings == (
        (
            "tank: soc-targets: 2030-01-14T06:00+01:00 lies after the schedule ends and counts for nothing; "
            "ask for a longer duration."
        ),
        "tank: soc-minima: 2030-01-13T20:00+01:00 lies before the schedule starts and counts for nothing.",
    )
    assert home.read("site", [model], PRICE, duration=None).warnings[0].startswith("tank: soc-minima")


def test_a_month_of_peaks_is_that_of_the_site_not_of_a_sensor(home, power):
    # The sensor counts in UTC; the last hour of the month in Amsterdam is the one before 23:00 UTC.
    start = START.replace(day=31, hour=22)
    context = {**PRICE, "site-peak-consumption-price": "4.5 EUR/kW", "site-peak-consumption": "4 kW"}
    model = {"sensor": power, **MODEL, "soc-at-start": "1 kWh"}
    read = home.read("site", [model], context, start=start)
    assert read.site.connections[0].tariffs[1].billing.tolist() == [0, 1, 1, 1]
