"""What cannot be met is shared in energy: against rounds of linear problems, which level one car after the other."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from scipy.optimize import linprog

from engine.devices.energy.bounds import SHARE_PARTS, SoftBound
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.search.store_site import StoreSite
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff
from engine.testing import check_device
from tests.engine.scheduling.samples import START

STEPS, HOURS = 24, 0.5


def car(name, here, need, *, width, price=1000.0):
    """A car that is there for some steps and needs an energy when it leaves [kWh]."""
    limit, at = np.zeros(STEPS), np.full(STEPS + 1, np.nan)
    limit[slice(*here)], at[here[1]] = 11.0, need
    port = Port(name=name, consumption_limit=limit, production_limit=0.0, charging_efficiency=0.9)
    soft = SoftBound(at=at, highest_price=price, hourly_price=price, share_width=width)
    return Storage(name=name, ports=(port,), soc_at_start=0.0, soc_max=60.0, soft_minima=soft)


def park(seed, count=8):
    """A car park behind a connection that cannot fill all cars."""
    rng, cars = np.random.default_rng(seed), []
    for at in range(count):
        arrives = int(rng.integers(0, STEPS // 2))
        here = arrives, int(rng.integers(arrives + 3, STEPS + 1))
        cars.append(car(f"car {at}", here, float(rng.uniform(5, 50)), width=50.0 / SHARE_PARTS))
    window = Window.of_length(START, timedelta(minutes=30) * STEPS, timedelta(minutes=30))
    price = 0.25 + 0.1 * np.sin(np.arange(STEPS)) + rng.normal(0, 0.01, STEPS)
    tariff = EnergyTariff(consumption_price=price, production_price=price - 0.1)
    grid = Connection(consumption_limit=float(rng.uniform(8, 16)), production_limit=0.0, tariffs=(tariff,))
    return Site(window=window, devices=tuple(cars), connections=(grid,))


def lacking(site, schedule):
    """What each car lacks when it leaves [kWh]."""
    return np.array([max(np.nanmax(c.soft_minima.at - schedule.soc[c.name]), 0.0) for c in site.devices])


def levelled(site):
    """The lexicographically least shortfalls [kWh]: the worst is made least, those held at it are fixed, and again."""
    cars, n = site.devices, STEPS
    count, fixed = len(cars), {}
    short = count * n  # first column of the shortfalls; the last column is the level
    columns = short + count + 1
    while len(fixed) < count:
        power, need, level = np.zeros((n, columns)), np.zeros((count, columns)), np.zeros((count, columns))
        for at in range(count):
            power[range(n), range(at * n, at * n + n)] = 1.0
            need[at, at * n : at * n + n], need[at, short + at] = -0.9 * HOURS, -1.0
            if at not in fixed:
                level[at, short + at], level[at, -1] = 1.0, -1.0
        limits = [site.connections[0].consumption_limit] * n
        wanted = [-float(np.nanmax(c.soft_minima.at)) for c in cars]
        bounds = [(0.0, most) for c in cars for most in c.ports[0].consumption_limit]
        bounds += [*((0.0, fixed.get(at)) for at in range(count)), (0.0, None)]
        found = linprog([0.0] * (columns - 1) + [1.0], np.vstack([power, need, level]),
                        [*limits, *wanted, *[0.0] * count], bounds=bounds)  # fmt: skip
        held = found.ineqlin.marginals[n + count :]
        now = [at for at in range(count) if at not in fixed and (held[at] < -1e-9 or found.fun < 1e-7)]
        fixed |= dict.fromkeys(now, found.fun)
    return np.array([fixed[at] for at in range(count)])


@pytest.mark.parametrize("seed", range(6))
def test_cars_lack_what_the_rounds_give_and_all_together_no_more(seed):
    site = park(seed)
    expected, found = levelled(site), lacking(site, StorageScheduler().compute(site))
    assert expected.max() > 1.0
    np.testing.assert_allclose(found, expected, atol=2 * 2 * 50.0 / SHARE_PARTS / SHARE_PARTS)
    unshared = site.with_devices(lambda c: replace(c, soft_minima=replace(c.soft_minima, share_width=None)))
    apart = lacking(unshared, StorageScheduler().compute(unshared))
    assert found.sum() == pytest.approx(apart.sum(), abs=1e-4) and apart.max() > found.max() + 1.0


def test_where_all_can_be_met_sharing_costs_nothing():
    site = park(1, count=1)
    schedule = StorageScheduler().compute(site)
    assert not schedule.breaches and sum(schedule.costs.values()) == schedule.costs["electricity net energy"]


def test_a_higher_price_goes_before_an_equal_share():
    site = park(0)
    dear = car("car 0", (0, 10), 30.0, width=50.0 / SHARE_PARTS, price=9000.0)
    site = replace(site, devices=(dear, *site.devices[1:]))
    found = lacking(site, StorageScheduler().compute(site))
    assert found[0] == pytest.approx(0.0, abs=1e-6) and found[1:].max() > 1.0


def test_sharing_keeps_the_promises_of_a_device_and_leaves_paths_of_one_store():
    one = car("car", (0, 20), 30.0, width=1.0)
    check_device(one, park(0, count=1).with_devices(lambda _: one))
    assert StoreSite.of(park(0, count=1)) is None
    assert one.with_finer_sharing({"car.soc-minima": 3.0}).soft_minima.shared == 3.0
