"""What each step of a site of one store may do, as intervals of energy with a linear cost, under caps on its levels."""

from typing import NamedTuple

import numpy as np

from engine.devices.reach import path
from engine.model.linear import Floats, full
from engine.search.paths.store_path import Ticks
from engine.search.paths.store_values import SoftTicks
from engine.search.paths.store_windows import LEAST, MOST
from engine.search.store_site import StoreSite


class StepRange(NamedTuple):
    """Least and most of something in each step, each shape (n,)."""

    least: Floats
    most: Floats

    def within(self, least: Floats | float, most: Floats | float) -> "StepRange":
        """Return what lies between two bounds as well."""
        return StepRange(np.maximum(self.least, least), np.minimum(self.most, most))


class Limits(NamedTuple):
    """What may be done under caps on the levels."""

    net: StepRange
    """Power of the site [kW]."""
    power: StepRange
    """Power of the store [kW]."""
    soc: StepRange
    """Energy in the store, its own bounds aside [kWh]."""


def limits(parts: StoreSite, caps: Floats) -> Limits:
    """Return what may be done if no level exceeds what is free by more than its cap [kW or kWh]."""
    port, connection, n = parts.port, parts.connection, len(parts.load)
    most = {
        "bought": full(connection.consumption_limit, n),
        "sold": full(connection.production_limit, n),
        "taken": full(port.consumption_limit, n),
        "given up": full(port.production_limit, n),
        "short": np.full(n, np.inf),
        "over": np.full(n, np.inf),
    }
    for level, cap in zip(parts.levels, caps, strict=True):
        most[level.quantity] = np.minimum(most[level.quantity], level.free + cap)
    return Limits(
        StepRange(-most["sold"], most["bought"]),
        StepRange(-most["given up"], most["taken"]),
        StepRange(-most["short"], most["over"]),
    )


def ways_and_ticks(parts: StoreSite, may: Limits) -> tuple[Floats, Ticks] | None:
    """Return what each step may do and what holds at each tick, see ``store_path``; None without room or a limit."""
    power = may.power.within(may.net.least - parts.load, may.net.most - parts.load + parts.sun)
    if not (np.isfinite(power.least).all() and np.isfinite(power.most).all()):
        return None
    bands = [(band.low, band.high) for band in parts.port.bands] or [(-np.inf, np.inf)]
    ways = np.concatenate([each for band in bands for each in _of_band(parts, may, power.within(*band))], axis=2)
    ways = ways[:, :, ~np.isnan(ways[LEAST]).all(axis=0)]
    if np.isnan(ways[LEAST]).all(axis=1).any():
        return None
    n, store = len(parts.load), parts.store
    kept, gained = full(store.storage_efficiency, n), full(store.gain, n) * parts.share * parts.hours
    least, most = np.nanmin(ways[LEAST], axis=1), np.nanmax(ways[MOST], axis=1)
    # Finite bounds for a store that has none: no farther than its steps can bring it.
    reached = [path(store.soc_at_start, kept, gained + each) for each in (least, most)]
    soc = StepRange(*store.bounds(parts.site.window)).within(*may.soc).within(*reached)
    short, over = store.soft_targets or (None, None)
    bounds = ((store.soft_minima, 1.0), (store.soft_maxima, -1.0), (short, 1.0), (over, -1.0))
    soft = tuple(
        # What holds at the beginning is left out: no step changes it.
        SoftTicks(bound.at[1:], full(bound.hourly_price, len(bound.at) - 1) * parts.hours, sign)
        for bound, sign in bounds
        if bound is not None
    )
    return ways, Ticks(*soc, kept, gained, soft, parts.level_limits)


def _of_band(parts: StoreSite, may: Limits, power: StepRange) -> list[Floats]:
    """Return the ways within a band of powers: with all the sun or none, or so much that the price of power changes."""
    bends = parts.store_bends()
    found = []
    for sun in (0.0, parts.sun) if parts.sun.any() else (0.0,):
        beside = parts.load - sun
        room = power.within(may.net.least - beside, may.net.most - beside)
        both = bends + [bend - beside for bend in parts.net_bends()]
        found.append(_ways(parts, room, both, beside, None))
    if parts.sun.any():
        for bend in (*parts.net_bends(), *may.net):
            pinned = np.where(np.isfinite(bend) & (bend >= may.net.least) & (bend <= may.net.most), bend, np.nan)
            room = power.within(pinned - parts.load, pinned - parts.load + parts.sun)
            found.append(_ways(parts, room, bends, parts.load, pinned))
    return found


def _ways(parts: StoreSite, room: StepRange, bends: list[Floats], beside: Floats, pinned: Floats | None) -> Floats:
    """Return the intervals of equal slope between two powers of each step, see ``store_path``, shape (4, n, ways).

    Args:
        parts: The site.
        room: Least and most power of the store [kW].
        bends: Where slopes change [kW].
        beside: Power of everything else [kW].
        pinned: Power of the site, whatever that of the store, NaN where it cannot be [kW]; None if it follows.
    """
    begin, end = room
    possible = begin <= end  # NaN is not
    end = np.maximum(begin, end)
    power = np.sort(np.stack([begin, *(np.clip(bend, begin, end) for bend in bends), end]), axis=0)
    net = power + beside if pinned is None else np.broadcast_to(pinned, power.shape)
    energy, cost = parts.added(power), parts.energy_cost(net) + parts.store_cost(power)
    least, most = energy[:-1], energy[1:]
    use = most > least
    use[0] |= begin == end  # one power and no other, such as rest
    slope = np.divide(cost[1:] - cost[:-1], most - least, out=np.zeros_like(most), where=most > least)
    return np.where(use & possible, np.stack([least, most, cost[:-1], slope]), np.nan).transpose(0, 2, 1)
