"""Wear by power and by depth, against costs worked out from the schedule itself and against shallow and deep cycles."""

from dataclasses import replace

import numpy as np
import pytest

from engine.packing import pack, unpack
from engine.schedulers.sequential_scheduler import SequentialScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.testing import check_device
from tests.engine.scheduling.samples import site, store

RATE = ((1.0, 0.01), (2.0, 0.03), (np.inf, 0.09))
DEPTH = ((2.0, 0.01), (5.0, 0.04), (np.inf, 0.35))
PRICES = np.where(np.arange(24) % 8 < 4, 0.1, 0.3) + 0.01 * np.sin(np.arange(24))


def battery(**fields):
    made = store("battery", charger=4.0, discharger=4.0, soc_max=8.0, soc_at_start=8.0)
    port = replace(made.ports[0], rate_wear=fields.pop("rate_wear", ()))
    return replace(made, ports=(port,), **fields)


def test_power_costs_what_its_parts_cost():
    schedule = StorageScheduler().compute(site(battery(rate_wear=RATE), buy=PRICES, sell=PRICES - 0.01))
    power = np.abs(schedule.power["battery"])
    by_hand = 0.01 * power + 0.02 * np.maximum(power - 1, 0) + 0.06 * np.maximum(power - 2, 0)
    assert schedule.costs["battery wear"] == pytest.approx(by_hand.sum()) and power.max() <= 2.0 + 1e-6


def layered(soc):
    """Cost of a path of energies [kWh] when every decrease is drawn from the uppermost layers that hold something."""
    layers, cost = [[min(max(soc[0] - low, 0.0), high - low), high - low, price]
                    for high, low, price in ((8, 6, 0.01), (6, 3, 0.04), (3, 0, 0.35))], 0.0  # fmt: skip
    for change in np.diff(soc):
        for layer in layers:
            moved = min(-change, layer[0]) if change < 0 else -min(change, layer[1] - layer[0])
            layer[0], change = layer[0] - moved, change + moved
            cost += max(moved, 0.0) * layer[2]
    return cost


@pytest.mark.parametrize("start", [8.0, 5.0, 0.0])
def test_energy_costs_what_its_layers_cost(start):
    here = site(battery(depth_wear=DEPTH, soc_at_start=start), buy=PRICES, sell=PRICES - 0.01)
    schedule = StorageScheduler().compute(here)
    soc = schedule.soc["battery"]
    assert schedule.costs.get("battery wear by depth", 0.0) == pytest.approx(layered(soc), abs=1e-6)
    assert soc.min() >= 3.0 - 1e-6 or start < 3.0  # the lowest layer costs more than the prices differ by


def test_both_keep_every_promise_of_a_device():
    device = battery(depth_wear=DEPTH, rate_wear=RATE)
    check_device(device)
    assert unpack(pack(device)).depth_wear == DEPTH
    assert SequentialScheduler(scheduler=StorageScheduler()).compute(site(device)).costs is not None
