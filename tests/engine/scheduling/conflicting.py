"""Thirty sites without a plan, each with the limits that clash, the tick at which it shows and the amount."""

import numpy as np

from engine.scheduling.devices.adjustable import Adjustable
from engine.scheduling.devices.inflexible import Inflexible
from engine.scheduling.devices.port import Port
from engine.scheduling.site import Group
from tests.engine.scheduling.samples import at, bumped, site, store


def out_of_reach(k):
    tick, wanted = 6 + k, 30.0 + 4 * k
    return (
        site(store(soc_targets=at(tick, wanted))),
        {"soc-targets", "consumption-capacity"},
        tick,
        wanted - 2 - 4 * tick,
    )


def above_the_top(k):
    return site(store(soc_targets=at(12, 41.0 + k))), {"soc-targets", "soc-max"}, 12, 1.0 + k


def bounds_crossed(k):
    low = np.where(np.arange(25) == 15 + k, 42.0, 0.0)
    return site(store(soc_min=low)), {"soc-min", "soc-max"}, 15 + k, 2.0


def load_too_large(k):
    return site(store(), load=bumped(12 + k, 5, 7), capacity=10.0), {"electricity.consumption-capacity"}, 5, 2.0 + k


def target_behind_the_connection(k):
    # The load leaves 3 kW for the car, so that after ten hours it holds 32 kWh.
    names = {"soc-targets", "electricity.consumption-capacity"}
    return site(store(soc_targets=at(10, 33.0 + k)), capacity=5.0), names, 10, 1.0 + k


def cannot_be_emptied(k):
    return site(store(soc_targets=at(3 + k, 1.0))), {"soc-targets", "production-capacity"}, 3 + k, 1.0


def used_up(k):
    # 2 kWh and a charger of 4 kW against a use of 5 kW or more: gone after two hours or sooner.
    used = 5.0 + k
    tick = int(np.floor(2 / (used - 4))) + 1
    return site(store(gain=-used)), {"soc-min", "consumption-capacity"}, tick, (used - 4) * tick - 2


def behind_a_fuse(k):
    fuse = Group(name="fuse", consumption_limit=2.0, production_limit=9.0)
    here = site(store(group="fuse", soc_targets=at(10, 23.0 + k)), groups=(fuse,))
    return here, {"soc-targets", "fuse.consumption-capacity"}, 10, 1.0 + k


def too_cold(k):
    pump = Port(name="pump", consumption_limit=3.0, production_limit=0.0, coupling="p")
    warm = Port(
        name="warm", consumption_limit=0.0, production_limit=99.0, coupling="p", coefficient=3.0, commodity="heat"
    )
    heating = Inflexible(name="heating", power=np.full(24, 10.0 + k), commodity="heat")
    here = site(Adjustable(name="heat pump", ports=(pump, warm)), heating)
    return here, {"pump.consumption-capacity"}, 0, (1.0 + k) / 3


def too_sunny(k):
    names = {"electricity.production-capacity", "consumption-capacity"}
    return site(store(charger=1.0), load=bumped(-13.0 - k, 9, 9), capacity=10.0), names, 9, 2.0 + k


CASES = [
    (make, k)
    for make in (
        out_of_reach, above_the_top, bounds_crossed, load_too_large, target_behind_the_connection,
        cannot_be_emptied, used_up, behind_a_fuse, too_cold, too_sunny,
    )
    for k in range(3)
]  # fmt: skip
