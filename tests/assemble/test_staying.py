"""Re-planning with stay-with-plan: noise changes nothing, a new target or a real saving does."""

from datetime import timedelta

import numpy as np
import pytest

from app.assemble.schedule_row import recompute
from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from db import schedules
from engine.errors import FieldError
from engine.flex.context import FlexContext
from tests.assemble.homes import KNOWN_AT, START, Home

STEP = timedelta(minutes=5)
CAR = {"soc-max": "20 kWh", "soc-min": "0 kWh", "consumption-capacity": "4 kW", "production-capacity": "0 kW"}


class Car:
    """A car that is to hold 4 kWh after four hours, behind 4 kW, at 0.2 EUR/kWh and a little noise."""

    def __init__(self, home: Home) -> None:
        home.asset("house", "building")
        home.asset("car", parent="house")
        self.home, self.plans = home, 0
        self.sensor = home.sensor("car", "power", "kW", STEP, consumption_is_positive=True)

    def plan(self, at=0, soc=0.0, noise=None, target=4.0, **context):
        """Plan from a step on with prices of 48 steps, known then; 1 is 0.2 EUR/kWh."""
        starts = [START + each * STEP for each in range(48)]
        prices = 0.2 * (np.ones(48) if noise is None else noise)
        events = [{"value": f"{price} EUR/kWh", "start": start, "duration": "PT5M"}
                  for start, price in zip(starts, prices.tolist(), strict=True)]  # fmt: skip
        goal = [{"value": f"{target} kWh", "datetime": START + timedelta(hours=4)}]
        entry = {"sensor": self.sensor, **CAR, "soc-at-start": f"{soc} kWh", "soc-targets": goal}
        request = ScheduleRequest(
            asset=self.home.assets["house"].id, start=starts[at], duration=(48 - at) * STEP, flex_model=(entry,),
            flex_context={"consumption-price": events, "relax-constraints": False, **context},
        )  # fmt: skip
        self.plans += 1
        known_at = KNOWN_AT + self.plans * timedelta(seconds=1)
        return schedule.run(References(self.home.session, None), request, known_at=known_at)


@pytest.fixture
def car(home: Home) -> Car:
    return Car(home)


def noises():
    """Return prices of 48 steps as shares of 0.2 EUR/kWh, for each re-plan: 1 % of noise."""
    return np.random.default_rng(3).normal(1.0, 0.01, (12, 48))


def replanned(car, **context):
    """Re-plan a car every 5 minutes, as its plans are carried out; return the energy moved each time [kWh]."""
    plan, soc, moved = car.plan(noise=noises()[0]).schedule.power["car"], 0.0, []
    for at, noise in enumerate(noises()[1:], start=1):
        soc += plan[0] / 12
        new = car.plan(at, round(soc, 6), noise, **context).schedule.power["car"]
        moved.append(float(np.abs(new - plan[1:]).sum()) / 12)
        plan = new
    return moved


def test_noise_of_1_percent_changes_nothing(car):
    assert max(replanned(car, **{"stay-with-plan": "0.05 EUR"})) < 1e-4


def test_without_the_field_noise_moves_the_charging(car):
    assert min(replanned(car)) > 1.0


def test_a_new_target_makes_a_new_schedule(car):
    car.plan()
    first = car.plan(1, 1 / 3, target=5.0, **{"stay-with-plan": "1000 EUR"})
    assert first.schedule.soc["car"][-1] == pytest.approx(5.0)
    assert not any("is kept" in each for each in first.warnings)


HALF = np.repeat([1.0, 0.5], 24)
"""Half the price in the last two hours: 4 kWh cost 0.4 EUR less there."""


@pytest.mark.parametrize(
    ("margin", "stays"), [("0.41 EUR", True), ("0.39 EUR", False), ("0.051 EUR/kWh", True), ("0.049 EUR/kWh", False)]
)
def test_a_schedule_stays_where_another_saves_no_more_than_the_margin(car, margin, stays):
    # 4 kWh that move from one step to another change 8 kWh in all.
    car.plan()
    again = car.plan(noise=HALF, **{"stay-with-plan": margin})
    assert again.schedule.cost == pytest.approx(0.8 if stays else 0.4, abs=1e-5)
    told = [each for each in again.warnings if "would save 0.4 EUR" in each]
    assert len(told) == stays


def test_a_kept_schedule_is_computed_again_from_its_inputs(car):
    car.plan()
    kept = car.plan(noise=HALF, **{"stay-with-plan": "1 EUR"})
    again = recompute(schedules.read_inputs(car.home.session, kept.id))
    np.testing.assert_array_equal(again.power["car"], kept.schedule.power["car"])


def test_the_last_schedule_stays_on_postgresql_as_well(postgres_home):
    car = Car(postgres_home)
    first = car.plan()
    kept = car.plan(noise=HALF, **{"stay-with-plan": "1 EUR"})
    np.testing.assert_allclose(kept.schedule.power["car"], first.schedule.power["car"], atol=1e-5)
    again = recompute(schedules.read_inputs(car.home.session, kept.id))
    np.testing.assert_array_equal(again.power["car"], kept.schedule.power["car"])


@pytest.mark.parametrize(
    ("written", "problem"),
    [({"sensor": 3}, "one amount"), ("3 kW", "kW"), ("-1 EUR", "below 0"), ("2 EUR/kW", "kW")],
)
def test_a_margin_is_money_or_a_price_of_energy(written, problem):
    with pytest.raises(Exception, match=problem) as refused:
        FlexContext.read({"stay-with-plan": written})
    assert isinstance(refused.value, FieldError) or "stay-with-plan" in str(refused.value)
