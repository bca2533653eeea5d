"""Each kind of device, from its description to stored values, on both databases: what it does by hand numbers."""

import pytest

from app.jobs.handlers.schedule import Planned
from engine.errors import Infeasible
from tests.assemble.homes import HOUR, Home
from tests.assemble.test_every_field import BATTERY, at, hours

PRICES = {"consumption-price": hours("0.1 EUR/kWh", "0.4 EUR/kWh", "0.2 EUR/kWh", "0.5 EUR/kWh")}
HARD = {**PRICES, "relax-constraints": False}
CAR = {"soc-at-start": "0 kWh", "soc-max": "9 kWh", "consumption-capacity": "4 kW", "soc-minima": at(4, "4 kWh")}


@pytest.fixture
def home(home: Home) -> Home:
    home.asset("site", "building")
    return home


def sensor(home: Home, name: str, kind: str = "battery") -> int:
    """Return the power sensor of a new asset [kW, hours, positive when consuming]."""
    home.asset(name, kind, parent="site")
    return home.sensor(name, "power", "kW", HOUR, consumption_is_positive=True)


def asset(home: Home, name: str, kind: str = "building") -> dict[str, int]:
    """Return how an entry names a new asset without a power sensor."""
    return {"asset": home.asset(name, kind, parent="site").id}


def values(home: Home, key: int) -> list[float]:
    return [round(value, 4) + 0.0 for value in home.stored(key).values()]


def power(planned: Planned, name: str) -> list[float]:
    return (planned.schedule.power[name].round(4) + 0.0).tolist()


def test_heat_pump_with_a_forecast_of_its_efficiency(home):
    # 6 kW of heat are used; a kWh of heat costs 0.1/3, 0.4/3, 0.2/2 and 0.5/2 EUR, and 4 kW are the most.
    pump, cop = sensor(home, "pump", "heat-storage"), home.sensor("site", "cop", "%", HOUR)
    home.fill(cop, [300, 300, 200, 200] * 6)
    model = {
        "soc-at-start": "0 kWh",
        "soc-max": "12 kWh",
        "consumption-capacity": "4 kW",
        "soc-usage": ["4 kW", "2 kW"],
    }
    planned = home.plan("site", [{"sensor": pump, **model, "charging-efficiency": {"sensor": cop}}], PRICES)
    assert values(home, pump) == [4, round(4 / 3, 4), 4, 0]
    assert planned.schedule.cost == pytest.approx(0.4 + 0.4 * 4 / 3 + 0.8)


def test_combined_heat_and_power_with_a_tank_sells_when_power_is_dear(home):
    # 1 kW of gas gives 0.4 kW of power and 0.5 kW of heat; 2.5 kW of heat are used, the tank holds 5 kWh.
    gas, generator, tank = sensor(home, "engine"), sensor(home, "generator"), sensor(home, "tank")
    use = home.fill(home.sensor("site", "heating", "kW", HOUR), 2.5)
    coupling = {"coupling": "chp"}
    models = [
        {"sensor": gas, **coupling, "commodity": "gas", "consumption-capacity": "10 kW"},
        {"sensor": generator, **coupling, "coupling-coefficient": 0.4, "production-capacity": "9 kW"},
        {**asset(home, "exchanger"), **coupling, "coupling-coefficient": 0.5, "commodity": "heat",
         "production-capacity": "9 kW"},
        {"sensor": tank, "commodity": "heat", "soc-at-start": "0 kWh", "soc-max": "5 kWh", "power-capacity": "9 kW"},
        {**asset(home, "radiators"), "commodity": "heat", "inflexible-consumption": {"sensor": use}},
    ]  # fmt: skip
    context = {**PRICES, "commodities": [{"commodity": "gas", "consumption-price": "0.05 EUR/kWh"}],
               "relax-capacity-constraints": True}  # fmt: skip
    planned = home.plan("site", models, context)
    assert values(home, gas) == [5, 10, 5, 10]
    assert values(home, generator) == [-2, -4, -2, -4]
    assert values(home, tank) == [0, 2.5, 0, 2.5]
    assert planned.schedule.cost == pytest.approx(30 * 0.05 - 0.4 * (5 * 0.1 + 10 * 0.4 + 5 * 0.2 + 10 * 0.5))


def test_one_tank_fed_by_a_heat_pump_and_a_boiler(home):
    # Heat costs 0.1 EUR/kWh from gas; the pump is cheaper in the first and third hour, in which 2 kW give all of 6 kW.
    pump, boiler = sensor(home, "pump"), sensor(home, "boiler")
    level = {"state-of-charge": {"sensor": home.sensor("site", "level", "kWh", 0 * HOUR)}}
    models = [
        {"sensor": pump, **level, "consumption-capacity": "2 kW", "charging-efficiency": "300%"},
        {"sensor": boiler, **level, "consumption-capacity": "10 kW", "charging-efficiency": "90%", "commodity": "gas"},
        {**asset(home, "tank"), **level, "soc-at-start": "0 kWh", "soc-max": "20 kWh", "soc-usage": "6 kW"},
    ]
    planned = home.plan("site", models, [PRICES, {"commodity": "gas", "consumption-price": "0.09 EUR/kWh"}])
    assert values(home, pump) == [2, 0, 2, 0]
    assert sum(values(home, boiler)) == pytest.approx(12 / 0.9, abs=1e-3)
    assert planned.schedule.cost == pytest.approx(0.2 + 0.4 + 12 * 0.1)
    assert values(home, level["state-of-charge"]["sensor"])[0] == 0


def test_groups_within_groups_each_keep_their_limit(home):
    # 12 kWh for three cars through 4 kW: the three cheapest hours; two of them share 3 kW.
    row, panel = asset(home, "row"), asset(home, "panel")
    cars = {name: sensor(home, name) for name in ("one", "two", "three")}
    models = [{"sensor": key, **CAR, "group": panel if name == "three" else row} for name, key in cars.items()]
    planned = home.plan("site", [*models, {**row, "power-capacity": "3 kW", "group": panel},
                                 {**panel, "power-capacity": "4 kW"}], PRICES)  # fmt: skip
    assert power(planned, "panel") == [4, 4, 4, 0]
    assert max(power(planned, "row")) <= 3
    assert planned.schedule.cost == pytest.approx(4 * (0.1 + 0.4 + 0.2))


def test_a_one_way_limit_of_a_group_is_soft_and_leaves_the_other_way_open(home):
    car, sun = sensor(home, "car"), sensor(home, "sun")
    group = asset(home, "panel")
    models = [
        {"sensor": car, **CAR, "soc-minima": at(1, "4 kWh"), "group": group},
        {"sensor": sun, "consumption-capacity": "0 kW", "production-capacity": hours("0 kW", "5 kW", "5 kW", "5 kW"),
         "group": group},
        {**group, "consumption-capacity": "3 kW"},
    ]  # fmt: skip
    planned = home.plan("site", models, {**HARD, "relax-site-capacity-constraints": True})
    assert power(planned, "panel") == [4, -5, -5, -5]
    assert planned.schedule.costs["any panel.consumption breach"] == pytest.approx(10_000)


@pytest.mark.parametrize("context", [HARD, {**PRICES, "relax-site-capacity-constraints": False}])
def test_a_one_way_limit_of_a_group_is_hard_once_it_is_not_relaxed(home, context):
    car, group = sensor(home, "car"), asset(home, "panel")
    models = [{"sensor": car, **CAR, "group": group}, {**group, "consumption-capacity": "3 kW"}]
    limited = home.read("site", models, context).site.groups[0]
    assert limited.consumption_limit.tolist() == [3, 3, 3, 3] and limited.soft_consumption is None


def test_a_fixed_load_in_a_group_leaves_less_to_the_others(home):
    car, group = sensor(home, "car"), asset(home, "panel")
    use = home.fill(home.sensor("site", "use", "kW", HOUR), 2)
    load = {**asset(home, "pumps"), "inflexible-consumption": {"sensor": use}, "group": group}
    planned = home.plan(
        "site", [{"sensor": car, **CAR, "group": group}, load, {**group, "power-capacity": "3 kW"}], PRICES
    )
    assert values(home, car) == [1, 1, 1, 1]
    assert planned.warnings == ()


@pytest.mark.parametrize(
    ("kind", "runs", "charged", "cost"),
    [
        ("INFLEXIBLE", [2, 2, 0, 0], [1, 0, 1, 0], 2 * 0.5 + 0.3),
        ("SHIFTABLE", [2, 2, 0, 0], [1, 0, 1, 0], 2 * 0.5 + 0.3),
        ("BREAKABLE", [2, 0, 2, 0], [1, 0, 1, 0], 2 * 0.3 + 0.3),
    ],
)
def test_a_process_beside_a_car_behind_one_connection(home, kind, runs, charged, cost):
    car, session = sensor(home, "car"), sensor(home, "work", "process")
    models = [
        {"sensor": car, **CAR, "soc-minima": at(4, "2 kWh")},
        {"sensor": session, "power": "2 kW", "duration": "PT2H", "process-type": kind},
    ]
    planned = home.plan("site", models, {**PRICES, "site-power-capacity": "3 kW"})
    assert (values(home, session), values(home, car)) == (runs, charged)
    assert planned.schedule.cost == pytest.approx(cost)


def test_several_processes_share_what_there_is(home):
    # Behind 3 kW only one of them runs at a time: 2 h in one piece, 1 h in pieces, and never in the first hour.
    first, second = sensor(home, "first", "process"), sensor(home, "second", "process")
    closed = [{"start": "2030-01-14T00:00Z", "duration": "PT1H"}]
    models = [
        {
            "sensor": first,
            "power": "2 kW",
            "duration": "PT2H",
            "process-type": "SHIFTABLE",
            "time-restrictions": closed,
        },
        {
            "sensor": second,
            "power": "2 kW",
            "duration": "PT1H",
            "process-type": "BREAKABLE",
            "time-restrictions": closed,
        },
    ]
    planned = home.plan("site", models, {**PRICES, "site-power-capacity": "3 kW"})
    assert (values(home, first), values(home, second)) == ([0, 0, 2, 2], [0, 2, 0, 0])
    assert planned.schedule.cost == pytest.approx(2 * (0.4 + 0.2 + 0.5))


@pytest.mark.parametrize(("fields", "runs"), [
    ({"optimization-direction": "MAX"}, [0, 0, 2, 2]),
    ({"optimization-sense": "MAX"}, [0, 0, 2, 2]),
    ({"process-type": "INFLEXIBLE"}, [2, 2, 0, 0]),
    ({"time-restrictions": [{"start": "2030-01-14T00:00Z", "duration": "PT30M"}]}, [0, 2, 2, 0]),
    ({"power": "3 kW"}, [3, 3, 0, 0]),
    ({"duration": "PT1H"}, [2, 0, 0, 0]),
    ({"commodity": "heat"}, [0, 0, 2, 2]),
])  # fmt: skip
def test_each_field_of_a_process(home, fields, runs):
    session = sensor(home, "work", "process")
    model = {"sensor": session, "power": "2 kW", "duration": "PT2H", "process-type": "SHIFTABLE", **fields}
    heat = {"commodity": "heat", "consumption-price": hours(*(f"{p} EUR/kWh" for p in (0.3, 0.2, 0.1, 0.1)))}
    home.plan("site", [model], [PRICES, heat])
    assert values(home, session) == runs


def test_solar_is_curtailed_as_late_as_can_be(home):
    # Nothing may be given to the grid; 2 kWh of 8 fit into the battery, at any time.
    battery, sun = sensor(home, "battery"), sensor(home, "sun")
    models = [
        {
            "sensor": battery,
            **BATTERY,
            "soc-max": "4 kWh",
            "end-value": "0.01 EUR/kWh",
            "prefer-charging-sooner": False,
        },
        {"sensor": sun, "consumption-capacity": "0 kW", "production-capacity": "2 kW", "prefer-curtailing-later": True},
    ]
    context = {**HARD, "production-price": "0 EUR/kWh", "site-production-capacity": "0 kW"}
    home.plan("site", models, context)
    assert values(home, sun) == [-2, 0, 0, 0]


def cars(home, *more, capacity="4 kW", needs=("10 kWh", "6 kWh")):
    """Two cars with too little power, and what each lacks after two hours."""
    models = [
        {**CAR, "sensor": sensor(home, name), "soc-max": "20 kWh", "soc-targets": at(2, need), **own}
        for name, need, own in zip(("one", "two"), needs, more, strict=True)
    ]
    planned = home.plan("site", models, {**PRICES, "site-power-capacity": capacity})
    return [
        float(need.split()[0]) - planned.schedule.soc[name][2] for name, need in zip(("one", "two"), needs, strict=True)
    ]


def test_cars_of_one_set_share_what_they_lack_in_energy(home):
    shared = {"fair-share": "park"}
    assert cars(home, shared, shared) == pytest.approx([4, 4], abs=0.05)


def test_a_set_of_one_shares_nothing(home):
    assert sum(cars(home, {"fair-share": "one"}, {"fair-share": "two"})) == pytest.approx(8)


@pytest.mark.parametrize(("first", "second"), [(None, 1), (2, 7), (-3, None)])
def test_the_car_of_higher_priority_comes_first(home, first, second):
    ranks = [{} if rank is None else {"priority": rank} for rank in (first, second)]
    assert cars(home, *ranks) == pytest.approx([8, 0], abs=1e-6)
    assert cars(home, *ranks[::-1], needs=("6 kWh", "10 kWh"))[1] == pytest.approx(8, abs=1e-6)


def test_priority_goes_before_an_equal_share_and_never_beyond_the_connection(home):
    shared = {"fair-share": "park"}
    assert cars(home, shared, {**shared, "priority": 1}) == pytest.approx([8, 0], abs=1e-6)
    limit = {"capacity": "100 kW", "needs": ("10 kWh", "8 kWh")}
    assert cars(home, {}, {"priority": 9}, **limit) == pytest.approx([2, 0], abs=1e-6)  # its charger gives 8 kWh


@pytest.mark.parametrize(("model", "context", "limit"), [
    ({"soc-targets": at(1, "9 kWh")}, {"relax-soc-constraints": False}, "car: soc-targets"),
    ({"soc-targets": at(1, "9 kWh")}, {"relax-constraints": False}, "car: soc-targets"),
    ({}, {"relax-site-capacity-constraints": False, "site-consumption-capacity": "1 kW"}, "consumption-capacity"),
])  # fmt: skip
def test_what_is_not_relaxed_is_hard(home, model, context, limit):
    car = sensor(home, "car")
    load = home.fill(home.sensor("site", "load", "kW", HOUR), 2)
    loads = {**PRICES, "inflexible-consumption": [{"sensor": load}]}
    soft = {key: value for key, value in context.items() if "relax" not in key}
    with home.session.begin_nested() as relaxed:
        assert home.plan("site", [{"sensor": car, **CAR, **model}], {**loads, **soft}).schedule.breaches
        relaxed.rollback()
    with pytest.raises(Infeasible, match=limit):
        home.plan("site", [{"sensor": car, **CAR, **model}], {**loads, **context})


def test_a_device_without_a_sensor_is_planned_and_told(home):
    named = asset(home, "car")
    planned = home.plan("site", [{**named, **CAR}], PRICES, resolution=HOUR)
    assert power(planned, "car") == [4, 0, 0, 0]
    assert planned.warnings == ("car: no sensor receives its power; name one.",)
