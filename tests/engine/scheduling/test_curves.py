"""Power that depends on the energy stored, and losses that depend on power; random ones are in test_reference."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.curves import Polyline, PortCurves
from engine.devices.port import Port
from engine.errors import Infeasible
from engine.model.linear import full
from engine.packing import pack, unpack
from engine.schedulers.storage_dp import has_one_store
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.testing import check_device
from tests.effort import effort
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import at, site, store

TAPER = Polyline(at=(20.0, 40.0), values=(4.0, 0.0))
"""All of 4 kW up to 20 kWh, nothing at 40 kWh."""
LOSSY = Polyline(at=(0.0, 1.0, 4.0), values=(0.0, 0.5, 3.8))
"""A half of little power is lost, and little of much power."""


def bent(**curves):
    port = Port(name="car", consumption_limit=4.0, production_limit=2.0, curves=PortCurves(**curves))
    return store(ports=(port,))


def test_a_car_charges_slower_the_fuller_it_is():
    schedule = StorageScheduler().compute(site(replace(bent(charging=TAPER), soc_minima=at(24, 36.0))))
    power, soc = schedule.power["car"], schedule.soc["car"]
    limit = np.interp(soc, TAPER.at, TAPER.values)
    assert (power <= np.minimum(limit[:-1], limit[1:]) + 1e-6).all()
    assert soc[-1] == pytest.approx(36.0) and power[soc[1:] > 30].max() < 2.0


def test_the_reason_and_the_way_out_are_told_where_a_curve_alone_prevents_a_schedule():
    full = replace(bent(charging=TAPER), soc_minima=at(8, 32.0))
    with pytest.raises(Infeasible, match=r"leave out car\.charging-curve"):
        StorageScheduler().compute(site(full))
    StorageScheduler().compute(site(replace(full, ports=(replace(full.ports[0], curves=PortCurves()),))))


def test_an_inverter_charges_with_much_power_in_few_steps():
    schedule = StorageScheduler().compute(site(replace(bent(stored=LOSSY), soc_minima=at(24, 9.6))))
    assert sorted(schedule.power["car"].round(6)) == pytest.approx([*np.zeros(22), 4.0, 4.0])


def test_a_negative_price_fills_no_part_of_a_curve_out_of_order():
    bends = Polyline(at=(0.0, 2.0, 4.0), values=(0.0, 2.0, 2.2))
    car = replace(bent(stored=bends), soc_at_start=0.0, soc_max=2.1)
    schedule = StorageScheduler().compute(site(car, buy=-0.1, sell=-0.2))
    gained = np.diff(schedule.soc["car"])[schedule.power["car"] > 0]
    assert gained == pytest.approx(np.interp(schedule.power["car"][schedule.power["car"] > 0], bends.at, bends.values))


@pytest.mark.parametrize("curves", [{"charging": TAPER}, {"discharging": TAPER}, {"stored": LOSSY}, {"drawn": LOSSY}])
def test_curves_keep_every_promise_of_a_device(curves):
    check_device(bent(**curves))
    assert unpack(pack(bent(**curves))).ports[0].curves == PortCurves(**curves)


@pytest.mark.parametrize("curves", [{"charging": TAPER}, {"drawn": LOSSY}])
def test_what_is_compiled_for_one_store_leaves_curves_alone(curves):
    assert has_one_store(site(bent())) and not has_one_store(site(bent(**curves)))


@pytest.mark.parametrize("seed", range(effort(6, 60)))
def test_curves_cost_what_the_reference_says_where_the_grid_is_out_of_bounds(seed):
    # With one battery beside a known load and sun, both rules are limits on its power.
    here = draw("curves", 500 + seed)
    here = replace(here, devices=(here.devices[0], here.devices[-1]))
    battery, load = here.devices
    (port,), n = battery.ports, here.window.n
    ruled = replace(port, charging_from_grid=False, discharging_to_grid=False)
    taken = np.minimum(full(port.consumption_limit, n), np.maximum(-load.power, 0.0))
    given = np.minimum(full(port.production_limit, n), np.maximum(load.power, 0.0))
    limited = replace(port, consumption_limit=taken, production_limit=given)
    schedule = StorageScheduler(gap=0.0).compute(here.with_device(battery, battery.with_port(port, ruled)))
    expected = Reference(here.with_device(battery, battery.with_port(port, limited))).cost()
    assert schedule.cost == pytest.approx(expected, rel=1e-5, abs=1e-5)
