"""The second solve is left out only where it could change nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.solve.complementarity import Cells
from engine.solve.highs import Model
from engine.solve.optimum import Options, solve_problem
from engine.solve.preference import is_surely_unique, is_unique, refine_in_place
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, bumped, site, store

NO_PAIRS = Cells.of([])


@pytest.mark.parametrize("alone", [is_unique, lambda model, answer: is_surely_unique(model.arrays, answer)])
def test_a_plan_said_to_be_alone_stays_whatever_is_preferred(alone):
    rng, told = np.random.default_rng(7), []
    for kind in ("plain", "soft", "groups", "heat"):
        for seed in range(12):
            arrays = build_problem(draw(kind, seed)).problem.arrays()
            model = Model(arrays)
            answer = model.run()
            if not answer.has_plan:
                continue
            told.append(alone(model, answer))
            if told[-1]:
                found = refine_in_place(model, answer, rng.normal(size=arrays.width), NO_PAIRS)
                np.testing.assert_allclose(found.x, answer.x, atol=1e-6)
    assert any(told)
    assert not all(told)


def test_at_one_price_the_plan_is_notis_unique():
    model = Model(build_problem(site(store(soc_targets=at(20, 10.0)))).problem.arrays())
    answer = model.run()
    assert not is_unique(model, answer)
    assert not is_surely_unique(model.arrays, answer)


def sunny():
    """Return a site whose sun is worth nothing at noon, with a lossy store that is wanted half full in the evening."""
    car = store(soc_targets=at(20, 10.0), discharger=4.0)
    lossy = replace(car, ports=(replace(car.ports[0], charging_efficiency=0.9, discharging_efficiency=0.9),))
    return site(lossy, load=bumped(-20.0, 6, 15), buy=0.2, sell=0.0)


@pytest.mark.parametrize("solver", ["highspy", "appsi_highs"])
def test_what_is_free_is_taken_sooner_and_not_burned(solver):
    plan = StorageScheduler(solver=solver).compute(sunny())
    # The target of 10 kWh, and 8 kWh for the load in the evening; what else would fit would be given away at night.
    taken = (10.0 + 8.0 / 0.9) / 0.9
    np.testing.assert_allclose(plan.power["car"][6:16], [*[4.0] * 5, taken - 20.0, *[0.0] * 4], atol=1e-9)
    np.testing.assert_allclose(plan.power["car"][16:20], -2.0)
    cheapest = solve_problem(build_problem(sunny()).problem, Options(preferences=False))
    assert plan.cost == pytest.approx(build_problem(sunny()).problem.arrays().cost @ cheapest.x)


def battery(**fields):
    """Return a lossless battery of 20 kWh with 1 kWh in it, behind 4 kW both ways."""
    return store(**{"discharger": 4.0, "soc_at_start": 1.0, "soc_max": 20.0, "soc_min": 1.0, **fields})


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("buy", "efficiency"), [(np.full(24, 0.2), 1.0), (np.repeat([0.5, 0.1], 12), 1.0),
                                                 (np.repeat([0.45, 0.5], 12), 0.9)])  # fmt: skip
def test_a_battery_that_earns_nothing_rests(buy, efficiency, compiled):
    car = battery()
    car = replace(car, ports=(replace(car.ports[0], charging_efficiency=efficiency),))
    plan = StorageScheduler(compiled=compiled).compute(site(car, load=np.zeros(24), buy=buy, sell=buy))
    np.testing.assert_allclose(plan.power["car"], 0.0, atol=1e-9)
    assert plan.cost == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_has_to_move_moves_in_one_block(compiled):
    # 8 kWh are bought at 0.1 and sold at 0.5; at each price it charges at once and discharges at last.
    car = battery(soc_max=9.0)
    buy = np.repeat([0.1, 0.5, 0.1], 8)
    plan = StorageScheduler(compiled=compiled).compute(site(car, load=np.zeros(24), buy=buy, sell=buy))
    np.testing.assert_allclose(plan.power["car"], [4.0, 4.0, *[0.0] * 12, -4.0, -4.0, *[0.0] * 8], atol=1e-9)
    assert plan.cost == pytest.approx(8 * (0.1 - 0.5), abs=1e-9)


def curtailable(car):
    """Return a site of a battery and 3 kW of sun at noon, of which nothing can be sold."""
    here = site(car, sun(), load=np.zeros(24), sell=0.0)
    return replace(here, connections=(replace(here.connections[0], production_limit=0.0),))


def sun():
    """Return sun that can be curtailed, 3 kW in the steps 8 to 13."""
    port = Port(name="sun", consumption_limit=0.0, production_limit=bumped(3.0, 8, 13) * (bumped(1.0, 8, 13) < 2.0),
                prefer_sooner=True)  # fmt: skip
    return Adjustable(name="sun", ports=(port,))


def test_a_store_takes_the_sun_as_soon_as_it_shines():
    # It has room for 7 kWh, and nothing else takes any.
    plan = StorageScheduler().compute(curtailable(battery(soc_max=8.0)))
    np.testing.assert_allclose(plan.power["car"], [*[0.0] * 8, 3.0, 3.0, 1.0, *[0.0] * 13], atol=1e-9)


@pytest.mark.parametrize(("wish", "first"), [({}, 0), ({"prefer_charging_later": True}, 18)])
def test_a_target_is_reached_in_one_block_soon_or_late(wish, first):
    # 8 kWh by tick 20 with 4 kW at one price: two steps, the first ones or the last ones.
    plan = StorageScheduler().compute(site(store(soc_targets=at(20, 10.0), **wish)))
    assert np.flatnonzero(np.abs(plan.power["car"]) > 1e-9).tolist() == [first, first + 1]
    assert plan.cost == pytest.approx((24 * 2.0 + 8.0) * 0.2, abs=1e-9)


def test_a_battery_feeds_a_car_in_one_block():
    # The car takes 12 kWh at 4 kW, at once; of them 6 kWh come from the battery, as late as the car still charges.
    car = store(soc_at_start=0.0, soc_targets=at(24, 12.0))
    feeding = store("battery", discharger=3.0, soc_at_start=6.0, soc_max=6.0)
    plan = StorageScheduler().compute(site(car, feeding, load=np.zeros(24)))
    np.testing.assert_allclose(plan.power["car"], [4.0, 4.0, 4.0, *[0.0] * 21], atol=1e-9)
    np.testing.assert_allclose(plan.power["battery"], [0.0, -3.0, -3.0, *[0.0] * 21], atol=1e-9)
    assert plan.cost == pytest.approx(6 * 0.2, abs=1e-9)
