"""Sites without a plan: the limits that clash, the tick at which it shows and the amount, and what is given."""

import numpy as np

from engine.devices.energy.bounds import Moments
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.process import Process, ProcessType
from engine.devices.running import OperatingRange
from engine.site import Group
from tests.effort import effort
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
    return site(store(gain=-used, soc_max=99.0)), {"soc-min", "consumption-capacity"}, tick, (used - 4) * tick - 2


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


def between_two_steps(k):
    # 04:30 and later half hours: a charger of 4 kW brings 2 kWh until then.
    tick, none = 4.5 + k, np.full(1, np.nan)
    moments = Moments(at=np.array([tick]), minima=none, maxima=none, targets=np.array([3 + 4 * tick]))
    return site(store(moments=moments)), {"soc-targets", "consumption-capacity"}, tick, 1.0


def too_little_all_day(k):
    low = np.where(np.arange(25) == 5 + k, 31.0, np.nan)
    return site(store(soc_minima=low)), {"soc-minima", "consumption-capacity"}, 5 + k, 31 - 2 - 4.0 * (5 + k)


def too_much_is_left(k):
    high = np.where(np.arange(25) == 2 + k, 5.0, np.nan)
    full = store(soc_at_start=30.0, discharger=4.0, soc_maxima=high)
    return site(full), {"soc-maxima", "production-capacity"}, 2 + k, 30 - 5 - 4.0 * (2 + k)


def filled_by_the_sun(k):
    # 3 kW and more flow in; the store has 38 kWh of room and no way out.
    tick = int(np.floor(38 / (3.0 + k))) + 1
    return site(store(gain=3.0 + k)), {"soc-max", "production-capacity"}, tick, (3.0 + k) * tick - 38


def too_slow(k):
    # At 06:00 the load leaves 1 kW, so that before it only 2 kW, 3 kW and 4 kW can be taken: 23 kWh by then.
    port = Port(name="car", consumption_limit=4.0, production_limit=0.0, ramp=1.0)
    here = site(store(ports=(port,), soc_targets=at(6, 24.0 + k)), load=bumped(9.0, 6, 6), capacity=10.0)
    names = {"soc-targets", "electricity.consumption-capacity", "consumption-capacity", "ramp-limit"}
    return here, names, 6, 1.0 + k


def stays_on_too_long(k):
    # Once on it takes 4 kW for three hours and more, for which the store has no room.
    bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=4.0, high=4.0))
    port = Port(name="car", consumption_limit=4.0, production_limit=0.0, bands=bands, min_on=3.0 + k)
    here = site(store(ports=(port,), soc_max=10.0, soc_targets=at(12, 6.0), end_value=0.0))
    return here, {"soc-targets", "min-on", "operation-modes", "soc-max"}, None, None


def stays_off_too_long(k):
    # Switched off after the first hours, it must rest too long to fill up what the use has taken.
    bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=4.0, high=4.0))
    port = Port(name="car", consumption_limit=4.0, production_limit=0.0, bands=bands, min_off=20.0 + k)
    here = site(store(ports=(port,), soc_at_start=4.0, soc_max=4.0, gain=-1.0))
    return here, {"min-off", "operation-modes", "soc-max"}, None, None


def no_room_for_work(k):
    blocked = np.arange(24) % 4 == 3
    work = Process(name="work", power=3.0, steps=4 + k, kind=ProcessType.SHIFTABLE, blocked=blocked)
    return site(work), {"work.duration", "work.time-restrictions"}, 0, 1.0 + k


def too_few_hours_for_work(k):
    work = Process(name="work", power=3.0, steps=3 + k, kind=ProcessType.BREAKABLE, blocked=np.arange(24) > 1)
    return site(work), {"work.duration", "work.time-restrictions"}, 0, 1.0 + k


def work_meets_the_load(k):
    # It starts at once and runs 3 h at 3 kW beside a load of 9 kW behind 10 kW.
    work = Process(name="work", power=3.0 + k, steps=3)
    here = site(work, load=bumped(9.0, 1, 1), capacity=10.0)
    return here, {"electricity.consumption-capacity", "work.duration", "work.process-type"}, 1, 2.0 + k


CASES = [
    (make, k)
    for make in (
        out_of_reach, above_the_top, bounds_crossed, load_too_large, target_behind_the_connection,
        cannot_be_emptied, used_up, behind_a_fuse, too_cold, too_sunny, between_two_steps, too_little_all_day,
        too_much_is_left, filled_by_the_sun, too_slow, stays_on_too_long, stays_off_too_long, no_room_for_work,
        too_few_hours_for_work, work_meets_the_load,
    )
    for k in range(effort(1, 3))
]  # fmt: skip
START, LOAD = {"car.soc-at-start"}, {"load"}
CAUSES = {
    out_of_reach: START, load_too_large: LOAD, target_behind_the_connection: START | LOAD, cannot_be_emptied: START,
    used_up: START | {"car.soc-usage"}, behind_a_fuse: START, too_cold: {"heating"}, too_sunny: LOAD,
    between_two_steps: START, too_little_all_day: START, too_much_is_left: START, filled_by_the_sun: {"car.soc-gain"},
    too_slow: START | LOAD, work_meets_the_load: LOAD,
}  # fmt: skip
"""What is given and makes the difference; nothing in the others."""
