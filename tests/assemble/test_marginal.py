"""What a plan says about its limits: what a little more of each would save, told where plans are answered."""

import pytest

from app.assemble.schedule_facts import binding_limits
from app.jobs.handlers.kinds import plan_result
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.assemble.homes import HOUR


@pytest.fixture
def planned(home):
    """Four hours at 10, 40, 20 and 50 cents; a battery that holds 2 kWh, charges 1 kW and gives 2 kW."""
    home.asset("house", "building")
    home.asset("battery", parent="house")
    sensor = home.sensor("battery", "power", "kW", HOUR, consumption_is_positive=True)
    price = home.price([0.1, 0.4, 0.2, 0.5] * 6)

    def plan(charger=1.0):
        model = {
            "sensor": sensor, "soc-at-start": "2 kWh", "soc-max": "9 kWh", "consumption-capacity": f"{charger} kW",
            "production-capacity": "2 kW",
        }  # fmt: skip
        make = home.plan if charger == 1.0 else home.read
        return make("house", [model], {"consumption-price": {"sensor": price}})

    return plan


def test_a_limit_is_worth_what_a_wider_one_saves(planned):
    # What is charged more at 10 cents takes the place of as much at 20.
    done = planned()
    limits = {each["limit"]: each for each in plan_result(done)["binding-limits"]}
    charger = limits["battery.consumption-capacity"]
    wider = StorageScheduler().compute(planned(1.01).site)
    saved = sum(done.schedule.costs.values()) - wider.cost
    assert charger["saving"] == pytest.approx(saved / 0.01) and saved > 0
    assert (charger["per"], charger["first"]) == ("kW", "2030-01-14T00:00:00+00:00")


def test_a_limit_that_is_not_felt_is_not_told(planned):
    told_of = {each["limit"] for each in binding_limits(planned(1.0).schedule)}
    assert "battery.soc-max" not in told_of


def test_how_long_the_solver_took_is_told(planned):
    solver = plan_result(planned())["solver"]
    assert solver["building-s"] > 0 and solver["solving-s"] > 0 and solver["gap"] == 0
