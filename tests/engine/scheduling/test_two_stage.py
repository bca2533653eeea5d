"""Scenarios: the first steps are one decision, the rest follows what comes true."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.errors import Infeasible, InputError
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.schedulers.two_stage import Scenario, plan_for_all, quantile_scenarios
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, bumped, site, store


def with_load(here, more):
    """Return a site whose electric load takes so much more."""
    devices = [replace(each, power=each.power + more) if each.name == "load" else each for each in here.devices]
    return replace(here, devices=tuple(devices))


def ways(kind, seed, count=4):
    """Return scenarios of one random site whose loads differ."""
    here = draw(kind, seed)
    rng = np.random.default_rng(seed)
    sites = [with_load(here, rng.normal(0, 0.5, here.window.n)) for _ in range(count)]
    return [Scenario(site=each, probability=1 / count) for each in sites]


def test_one_scenario_is_the_plan_itself():
    here = draw("plain", 0)
    staged = plan_for_all([Scenario(site=here, probability=1.0)])
    assert staged.cost == pytest.approx(StorageScheduler().compute(here).cost)


@pytest.mark.parametrize("kind", ["plain", "negative", "soft", "heat"])
@pytest.mark.parametrize("steps", [1, 3])
def test_first_steps_are_common_and_every_plan_is_valid(kind, steps):
    scenarios = ways(kind, 2)
    staged = plan_for_all(scenarios, common_steps=steps)
    for scenario, plan in zip(scenarios, staged.schedules, strict=True):
        assert check(scenario.site, plan) == pytest.approx(plan.cost, abs=1e-5)
        for device in scenario.site.devices:
            if not isinstance(device, Inflexible):
                name = device.ports[0].name
                np.testing.assert_allclose(plan.power[name][:steps], staged.schedules[0].power[name][:steps], atol=1e-7)


def test_knowing_less_never_costs_less():
    scenarios = ways("plain", 5)
    known = sum(each.probability * StorageScheduler().compute(each.site).cost for each in scenarios)
    first, all_of_it = (plan_for_all(scenarios, common_steps=steps).cost for steps in (1, scenarios[0].site.window.n))
    assert known <= first + 1e-9
    assert first <= all_of_it + 1e-9


def test_a_scenario_without_a_plan_is_named():
    good, bad = site(store()), site(store(), load=bumped(200.0, 3, 3))
    with pytest.raises(Infeasible, match=r"electricity\.consumption-capacity cannot be kept"):
        plan_for_all([Scenario(site=good, probability=0.5), Scenario(site=bad, probability=0.5)])


def test_no_common_decision_is_told_as_that():
    # What flows into the only heat store must equal two different demands at once.
    port = Port(name="tank", consumption_limit=9.0, production_limit=9.0, commodity="heat")
    tank = Storage(name="tank", ports=(port,), soc_at_start=20.0, soc_max=30.0)
    sites = [site(tank, Inflexible(name="h", power=np.full(24, v), commodity="heat")) for v in (0.1, 0.2)]
    with pytest.raises(Infeasible, match="No decision for the first 2 steps fits all scenarios"):
        plan_for_all([Scenario(site=each, probability=0.5) for each in sites], common_steps=2)


def test_probabilities_and_devices_must_fit():
    one, two = site(store()), site(store(), store("van", soc_targets=at(3, 4.0)))
    with pytest.raises(InputError, match="add up to 1"):
        plan_for_all([Scenario(site=one, probability=0.5)])
    with pytest.raises(InputError, match="only their numbers"):
        plan_for_all([Scenario(site=one, probability=0.5), Scenario(site=two, probability=0.5)])


def test_quantiles_become_scenarios():
    levels = {level: np.full(24, 10 * level) for level in (0.9, 0.1, 0.5)}
    here = replace(site(store()), devices=(store(), Inflexible(name="load", power=np.zeros(24), quantiles=levels)))
    ways = quantile_scenarios(here)
    assert [each.probability for each in ways] == pytest.approx([0.3, 0.4, 0.3])
    assert [each.site.devices[-1].power[0] for each in ways] == pytest.approx([1.0, 5.0, 9.0])
    plan_for_all(ways)
    never = Inflexible(name="load", power=np.zeros(24), quantiles={0.0: np.zeros(24), 0.5: np.ones(24)})
    with pytest.raises(InputError, match="levels between 0 and 1"):
        quantile_scenarios(replace(here, devices=(never,)))


def test_what_follows_from_a_decision_may_differ_between_scenarios():
    # Nothing can be decided: the car is used up more or less, and falls short of 2 kWh by another amount at each tick.
    asked = SoftBound(at=np.full(25, 2.0), hourly_price=1.0)
    sites = [site(store(charger=0.0, soc_min=-30.0, gain=-gain, soft_minima=asked)) for gain in (0.8, 0.4)]
    alone = sum(StorageScheduler().compute(each).cost for each in sites) / 2
    ways = [Scenario(site=each, probability=0.5) for each in sites]
    assert plan_for_all(ways, common_steps=3).cost == pytest.approx(alone)
