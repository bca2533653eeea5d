"""What is left around a schedule: every bit of it can be used, and no more, as linear programs of their own say."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.curves import Polyline, PortCurves
from engine.devices.energy.bounds import SoftBound
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.running import OperatingRange
from engine.errors import Infeasible
from engine.operation.headroom import site_headroom
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Group
from tests.engine.scheduling.samples import at, site, store

PRICES = 0.2 + 0.1 * np.sin(np.arange(24))


def battery(**fields):
    sizes = {"charger": 3.0, "discharger": 3.0, "soc_max": 8.0, "storage_efficiency": 0.99, "gain": -0.1}
    made = store("battery", **{**sizes, **fields})
    port = replace(made.ports[0], charging_efficiency=0.9, discharging_efficiency=0.8)
    return replace(made, ports=(port,), soc_minima=at(20, 5.0))


def forced(here, schedule, step, power):
    """Return the site in which a battery has done as planned until a step, and takes another power in that one."""
    device = here.devices[0]
    port, planned = device.ports[0], schedule.power["battery"]
    held = np.append(planned[:step], power)
    taking = np.full(24, port.consumption_limit)
    giving = np.full(24, port.production_limit)
    taking[: step + 1], giving[: step + 1] = np.maximum(held, 0.0), np.maximum(-held, 0.0)
    changed = replace(port, consumption_limit=taking, production_limit=giving)
    ends = np.full(25, np.nan)
    # The powers before are no choice: the energy they lead to is asked for.
    kept, share = 0.99, (0.99 - 1) / np.log(0.99)
    before = schedule.soc["battery"][step]
    stored = 0.9 * max(power, 0.0) - max(-power, 0.0) / 0.8 - 0.1
    ends[step], ends[step + 1] = before if step else np.nan, kept * before + share * stored
    minima = np.fmax(device.soc_minima, np.where(np.isnan(ends), -np.inf, ends - 1e-7))
    maxima = np.where(np.isnan(ends), np.nan, ends + 1e-7)
    minima = np.where(np.isneginf(minima), np.nan, minima)
    return replace(here, devices=(replace(device, ports=(changed,), soc_minima=minima, soc_maxima=maxima),))


def is_possible(here):
    try:
        StorageScheduler().compute(here)
    except Infeasible:
        return False
    return True


@pytest.mark.parametrize("step", [0, 5, 11, 18, 19, 23])
def test_headroom_is_as_much_as_leaves_a_schedule(step):
    here = site(battery(), buy=PRICES, sell=PRICES - 0.02, capacity=100.0)
    here = replace(here, devices=here.devices[:1])
    schedule = StorageScheduler().compute(here)
    left, planned = site_headroom(here, schedule)["battery"], schedule.power["battery"][step]
    for sign, power in ((1.0, left.consumption[step]), (-1.0, left.production[step])):
        assert is_possible(forced(here, schedule, step, planned + sign * (power - 1e-4) if power > 1e-3 else planned))
        beyond = planned + sign * (power + 0.01)
        assert abs(beyond) > 3.0 or not is_possible(forced(here, schedule, step, beyond))


def test_connections_and_groups_bound_it_and_the_site_has_the_sum():
    pair = [replace(battery(group="fuse"), name=name, ports=(replace(battery().ports[0], name=name, group="fuse"),))
            for name in ("a", "b")]  # fmt: skip
    here = site(*pair, capacity=4.0, groups=(Group(name="fuse", consumption_limit=2.5, production_limit=9.0),))
    schedule = StorageScheduler().compute(here)
    left = site_headroom(here, schedule)
    assert (left["a"].consumption <= 2.5 - schedule.power["fuse"] + 1e-9).all()
    both = left["a"].consumption + left["b"].consumption
    room = 4.0 - schedule.power["electricity"]
    assert left["electricity"].consumption == pytest.approx(np.minimum(both, np.maximum(room, 0.0)))


def test_what_is_not_planned_has_none_and_sun_can_be_curtailed():
    sun = Port(name="sun", consumption_limit=0.0, production_limit=np.full(24, 5.0))
    here = site(Adjustable(name="sun", ports=(sun,)), capacity=4.0, load=np.full(24, 0.5))
    left = site_headroom(here, StorageScheduler().compute(here))
    assert left.keys() == {"sun", "electricity"}
    assert left["sun"].consumption == pytest.approx(np.full(24, 4.5))
    assert left["sun"].production == pytest.approx(np.zeros(24))  # the connection takes no more
    assert left["sun"].consumption_energy == pytest.approx(np.full(24, 4.5))


def test_rules_of_running_leave_less():
    bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=1.0, high=2.0))
    car = store("car", soc_minima=at(24, 5.0))
    limited = replace(car, ports=(replace(car.ports[0], bands=bands),))
    here = site(limited, buy=PRICES)
    schedule = StorageScheduler().compute(here)
    power, left = schedule.power["car"], site_headroom(here, schedule)["car"]
    assert (power + left.consumption <= np.where(power > 0.5, 2.0, 0.0) + 1e-6).all()
    ramped = replace(car, ports=(replace(car.ports[0], ramp=1.0),))
    schedule = StorageScheduler().compute(site(ramped, buy=PRICES))
    more = schedule.power["car"] + site_headroom(site(ramped, buy=PRICES), schedule)["car"].consumption
    assert (np.abs(more[1:] - schedule.power["car"][:-1]) <= 1.0 + 1e-6).all()
    begun = replace(car, ports=(replace(car.ports[0], ramp=1.0, power_at_start=0.5),))
    schedule = StorageScheduler().compute(site(begun, buy=PRICES))
    assert (
        schedule.power["car"][0] + site_headroom(site(begun, buy=PRICES), schedule)["car"].consumption[0] <= 1.5 + 1e-6
    )


def test_soft_bounds_that_are_kept_bound_it_too():
    soft = SoftBound(at=at(24, 7.0), highest_price=100.0)
    here = site(replace(battery(gain=0.0, storage_efficiency=1.0), soc_minima=None, soft_minima=soft), buy=PRICES)
    left = site_headroom(here, StorageScheduler().compute(here))["battery"]
    assert left.production[-1] == pytest.approx(0.0, abs=1e-6)


def test_power_that_falls_with_the_energy_leaves_less():
    taper, steady = (Polyline(at=(2.0, 8.0), values=values) for values in ((3.0, 0.5), (3.0, 3.0)))
    for charging in (taper, steady):
        own = battery()
        port = replace(
            own.ports[0], curves=PortCurves(charging=charging, discharging=Polyline(at=(0, 4), values=(0.2, 3)))
        )
        here = site(replace(own, ports=(port,)), buy=PRICES, sell=PRICES - 0.02, capacity=100.0)
        here = replace(here, devices=here.devices[:1])
        schedule = StorageScheduler().compute(here)
        left, soc = site_headroom(here, schedule)["battery"], schedule.soc["battery"]
        for step in (1, 6, 19, 22):
            most = schedule.power["battery"][step] + left.consumption[step]
            if most > 0:
                assert most <= charging(soc[step]) + 1e-5
            for sign, power in ((1.0, left.consumption[step]), (-1.0, left.production[step])):
                if power > 1e-3:
                    changed = schedule.power["battery"][step] + sign * (power - 1e-4)
                    assert is_possible(forced(here, schedule, step, changed))
