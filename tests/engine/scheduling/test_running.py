"""Devices that are on or off, start at a cost, stay on or off a while, or change power slowly."""

from itertools import product

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.running import OperatingRange
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from tests.engine.scheduling.samples import START, at, site, store

EIGHT = Window(START, START.replace(hour=8), (START.replace(hour=1) - START))


def boiler(**fields):
    off_or_on = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=3.0, high=3.0))
    port = Port(name="boiler", consumption_limit=3.0, production_limit=0.0, bands=off_or_on, **fields)
    return Adjustable(name="boiler", ports=(port,))


def lasts(pattern, state, least, *, before):
    """Tell whether each run of a state that begins inside the window and ends inside it is long enough."""
    run, began = 0, before != state
    for on in [*pattern, None]:
        if on == state:
            run += 1
            continue
        if on is None:
            break
        if run and began and run < least:
            return False
        run, began = 0, True
    return True


@pytest.mark.parametrize("seed", range(12))
def test_switching_equals_a_full_search(seed):
    rng = np.random.default_rng(seed)
    price, start_cost = rng.normal(0.0, 0.2, 8).round(3), float(rng.choice([0.0, 0.3]))
    min_on, min_off, before = int(rng.integers(1, 4)), int(rng.integers(1, 4)), bool(rng.random() < 0.5)
    best = min(
        3.0 * float(price @ pattern)
        + start_cost * sum(b > a for a, b in zip([before, *pattern], pattern, strict=False))
        for pattern in product([0, 1], repeat=8)
        if lasts(pattern, 1, min_on, before=before) and lasts(pattern, 0, min_off, before=before)
    )
    device = boiler(start_cost=start_cost, min_on=float(min_on), min_off=float(min_off), on_at_start=before)
    schedule = StorageScheduler().compute(site(device, load=np.zeros(8), window=EIGHT, buy=price, sell=price - 0.01))
    assert schedule.cost == pytest.approx(best, abs=1e-7)


def test_a_ramp_limits_the_change_of_power():
    port = Port(name="car", consumption_limit=4.0, production_limit=0.0, ramp=1.0)
    buy = np.where(np.arange(24) == 12, 0.1, 0.3)
    power = StorageScheduler().compute(site(store(ports=(port,), soc_targets=at(24, 6.0)), buy=buy)).power["car"]
    assert np.abs(np.diff(power)).max() <= 1.0 + 1e-6
    assert power[12] == pytest.approx(2.0)  # 1 + 2 + 1 kWh around the cheap hour


def test_a_band_across_zero_runs_both_ways():
    port = Port(name="car", consumption_limit=4.0, production_limit=4.0, bands=(OperatingRange(low=-2.0, high=3.0),))
    buy = np.where(np.arange(24) < 12, 0.1, 0.3)
    power = StorageScheduler().compute(site(store(ports=(port,)), buy=buy, sell=0.0)).power["car"]
    assert (power.min(), power.max()) == (pytest.approx(-2.0), pytest.approx(3.0))
