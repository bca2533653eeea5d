"""What runs when a plan begins: it is told, or read from the sensor that holds earlier plans and measurements."""

from datetime import timedelta
from typing import Any

import pytest

from app.jobs.handlers.schedule import Planned
from engine.errors import FieldError
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from tests.assemble.homes import HOUR, START, Home

PRICES = [0.1, 0.4, 0.2, 0.5]
MODES = [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["1 kW", "2 kW"]}]
MACHINE = {"consumption-capacity": "2 kW", "production-capacity": "0 kW", "operation-modes": MODES}
WASHING = {"power": "3 kW", "duration": "PT3H", "process-type": "SHIFTABLE"}


@pytest.fixture
def machine(home: Home) -> int:
    home.asset("house", "building")
    home.asset("machine", parent="house")
    return home.sensor("machine", "power", "kW", HOUR, consumption_is_positive=True)


def before(home: Home, sensor: int, *powers: float) -> None:
    """Record powers in the hours until the start."""
    home.fill(sensor, powers, Window.of_length(START - len(powers) * HOUR, len(powers) * HOUR, HOUR))


def plan(home: Home, sensor: int, model: dict[str, Any], **more: Any) -> Planned:
    context = {"consumption-price": {"sensor": home.price(PRICES * 6)}}
    return home.plan("house", [{"sensor": sensor, **model}], context, **more)


def powers(planned: Planned) -> list[float]:
    return [round(float(value), 6) + 0.0 for value in planned.schedule.power["machine"]]


def tried(home: Home, sensor: int, model: dict[str, Any]) -> list[float]:
    """Powers of a plan that is not saved."""
    read = home.read("house", [{"sensor": sensor, **model}], {"consumption-price": "0.2 EUR/kWh"})
    return [round(float(value), 6) + 0.0 for value in StorageScheduler().compute(read.site).power["machine"]]


@pytest.mark.parametrize(
    "history, expected", [((0, 2), [1, 1, 0, 0]), ((2, 2), [1, 0, 0, 0]), ((2, 2, 2), [0, 0, 0, 0]), ((), [0, 0, 0, 0])]
)
def test_a_machine_stays_on_for_what_is_left_of_its_time(home, machine, history, expected):
    if history:
        before(home, machine, *history)
    assert powers(plan(home, machine, {**MACHINE, "min-on": "PT3H"})) == expected


@pytest.mark.parametrize("history, starts", [((2,), 0.0), ((0,), 0.5), ((), 0.5)])
def test_a_start_is_paid_for_by_what_did_not_run_in_the_last_step(home, machine, history, starts):
    if history:
        before(home, machine, *history)
    paid = {"consumption-price": "-0.3 EUR/kWh"}
    planned = home.plan("house", [{"sensor": machine, **MACHINE, "start-cost": "0.50 EUR"}], paid)
    assert powers(planned) == [2, 2, 2, 2] and planned.schedule.costs["machine starts"] == starts


def test_pieces_that_begin_with_the_schedule_are_all_to_be_done(home, machine):
    before(home, machine, 3)
    model = {"power": "3 kW", "duration": "PT2H", "process-type": "BREAKABLE", "started": START.isoformat()}
    assert sorted(powers(plan(home, machine, model))) == [0, 0, 3, 3]


def test_a_machine_stays_off_for_what_is_left_of_its_time(home, machine):
    # It would run at once, at 2 kW, as that earns; it was switched off an hour ago.
    before(home, machine, 2, 0)
    paid = {"consumption-price": "-0.1 EUR/kWh"}
    planned = home.plan("house", [{"sensor": machine, **MACHINE, "min-off": "PT2H"}], paid)
    assert powers(planned) == [0, 2, 2, 2]


def test_since_when_it_runs_may_be_told(home, machine):
    model = {**MACHINE, "min-on": "PT3H", "on-at-start": True}
    assert tried(home, machine, model) == [0, 0, 0, 0]
    assert tried(home, machine, {**model, "switched-at": "2030-01-13T23:00:00Z"}) == [1, 1, 0, 0]
    with pytest.raises(FieldError, match="after the start"):
        plan(home, machine, {**model, "switched-at": "2030-01-14T01:00:00Z"})


@pytest.mark.parametrize(
    "history, told, expected",
    [
        ((3,), {}, [2, 1, 0, 0]),
        ((0,), {}, [0] * 4),
        ((), {}, [0] * 4),
        ((0,), {"power-at-start": "2 kW"}, [1, 0, 0, 0]),
    ],
)
def test_a_ramp_counts_from_the_power_before(home, machine, history, told, expected):
    if history:
        before(home, machine, *history)
    model = {"consumption-capacity": "4 kW", "production-capacity": "0 kW", "ramp-limit": "1 kW/h", **told}
    assert powers(plan(home, machine, model)) == expected


@pytest.mark.parametrize("history, expected", [((3,), [3, 3, 0, 0]), ((3, 3), [3, 0, 0, 0])])
def test_a_washing_that_has_begun_goes_on(home, machine, history, expected):
    before(home, machine, *history)
    planned = plan(home, machine, WASHING)
    assert powers(planned) == expected
    assert planned.warnings == (f"machine: it runs already, for PT{len(history)}H; it goes on to its end.",)
    assert planned.schedule.cost == pytest.approx(sum(p * c for p, c in zip(expected, PRICES, strict=True)))


@pytest.mark.parametrize("history", [(3, 3, 3), (3, 0), (0,)])
def test_a_washing_that_has_ended_is_planned_anew(home, machine, history):
    before(home, machine, *history)
    assert sum(powers(plan(home, machine, WASHING))) == 9


def test_when_a_washing_began_may_be_told(home, machine):
    started = {"started": "2030-01-13T22:30:00Z"}
    assert powers(plan(home, machine, {**WASHING, **started})) == [3, 3, 0, 0]  # until 01:30: a slot is whole
    with pytest.raises(FieldError, match="after the start"):
        plan(home, machine, {**WASHING, "started": "2030-01-14T01:00:00Z"})


def test_a_plan_every_quarter_keeps_a_washing_where_it_is(home, machine):
    fine = home.sensor("machine", "fine", "kW", timedelta(minutes=15), consumption_is_positive=True)
    first = powers(plan(home, fine, {**WASHING, "duration": "PT1H"}))
    assert first == [3] * 4 + [0] * 12  # the first hour is the cheapest
    for quarter in range(1, 4):
        again = plan(home, fine, {**WASHING, "duration": "PT1H"}, start=START + quarter * timedelta(minutes=15))
        assert powers(again)[: 4 - quarter] == [3] * (4 - quarter) and sum(powers(again)) == 3 * (4 - quarter)


def test_what_runs_is_read_from_postgresql_as_well(postgres_home):
    postgres_home.asset("house", "building")
    postgres_home.asset("machine", parent="house")
    machine = postgres_home.sensor("machine", "power", "kW", HOUR, consumption_is_positive=True)
    before(postgres_home, machine, 0, 2)
    from_sun = {"charging-from-grid": False, "soc-at-start": "0 kWh", "soc-max": "4 kWh", "power-capacity": "2 kW"}
    assert powers(plan(postgres_home, machine, {**MACHINE, "min-on": "PT3H"})) == [1, 1, 0, 0]
    assert tried(postgres_home, machine, from_sun) == [0, 0, 0, 0]


def test_of_work_in_pieces_what_was_done_since_it_began_counts(home, machine):
    before(home, machine, 3, 0, 3)
    model = {**WASHING, "process-type": "BREAKABLE"}
    assert sum(tried(home, machine, model)) == 9
    assert sum(tried(home, machine, {**model, "started": "2030-01-13T21:00:00Z"})) == 3


def test_work_that_takes_longer_than_the_plan_runs_all_the_time(home, machine):
    planned = plan(home, machine, {**WASHING, "duration": "PT6H"})
    assert powers(planned) == [3, 3, 3, 3]
    assert planned.warnings == ("machine: it takes longer than the schedule lasts; it runs all the time.",)
