"""Marginal prices against the costs of slightly changed sites."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.inflexible import Inflexible
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import raised, with_limit
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, bumped, site, store

STEP = 1e-5


def cost(here):
    return StorageScheduler().compute(here).cost


def loaded(here, step, by):
    """Return a site that takes so much more power in one step."""
    power = np.zeros(here.window.n)
    power[step] = by
    return replace(here, devices=(*here.devices, Inflexible(name="more", power=power)))


def between(value, lower, upper):
    low, high = sorted((lower, upper))
    return low - 1e-4 <= value <= high + 1e-4


@pytest.mark.parametrize(
    ("kind", "seed"), [(kind, seed) for kind in ("plain", "negative", "soft") for seed in range(6)]
)
def test_the_price_of_a_step_is_what_one_more_kwh_costs(kind, seed):
    here = draw(kind, seed)
    try:
        schedule = StorageScheduler().compute(here)
    except Exception:
        pytest.skip("this draw has no plan")
    for step in range(0, here.window.n, 3):
        up = (cost(loaded(here, step, STEP)) - schedule.cost) / (STEP * here.window.hours)
        down = (schedule.cost - cost(loaded(here, step, -STEP))) / (STEP * here.window.hours)
        assert between(schedule.shadow_prices["electricity"][step], down, up)


@pytest.mark.parametrize("seed", range(6))
def test_the_worth_of_stored_energy_is_what_it_saves(seed):
    here = draw("plain", seed)
    store_of, schedule = here.devices[0], StorageScheduler().compute(here)
    start = store_of.soc_at_start

    def with_start(energy):
        return replace(here, devices=(replace(store_of, soc_at_start=energy), *here.devices[1:]))

    more = (schedule.cost - cost(with_start(start + STEP))) / STEP
    less = (cost(with_start(start - STEP)) - schedule.cost) / STEP
    assert between(schedule.storage_values[store_of.name][0] * store_of.storage_efficiency, more, less)


def test_a_binding_connection_has_a_price():
    here = site(store(soc_targets=at(10, 32.0)), load=bumped(3.0, 0, 23), capacity=6.0, buy=np.linspace(0.1, 0.3, 24))
    schedule = StorageScheduler().compute(here)
    saved = (schedule.cost - cost(with_limit(here, "electricity.consumption-capacity", raised(STEP)))) / STEP
    assert schedule.limit_shadow_prices["electricity.consumption-capacity"].sum() == pytest.approx(saved, abs=1e-4)
    assert saved > 0.1


@pytest.mark.parametrize("capacity", [20.0, 6.5])
def test_limits_count_what_they_save_where_selling_pays_more_than_buying(capacity):
    battery = store("battery", charger=5.0, discharger=5.0, soc_at_start=2.0)
    here = site(battery, load=bumped(2.0, 0, 23), capacity=capacity, buy=0.1, sell=0.3)
    schedule = StorageScheduler().compute(here)
    for limit in (
        "electricity.consumption-capacity",
        "electricity.production-capacity",
        "battery.consumption-capacity",
    ):
        saved = (schedule.cost - cost(with_limit(here, limit, raised(STEP)))) / STEP
        assert schedule.limit_shadow_prices[limit].sum() == pytest.approx(saved, abs=1e-4)
