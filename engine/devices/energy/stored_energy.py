"""The energy in a store: its start, its bounds, its losses, what its ports can reach, and where its bounds clash."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.devices.answers import Conflict, DevicePlan, moment
from engine.devices.energy.bounds import Moments, SoftBound
from engine.devices.energy.thermal import ThermalMass
from engine.devices.port import Port
from engine.devices.reach import fastest, partly, path, settled
from engine.devices.wear import Prices
from engine.model.linear import Floats, Values, full
from engine.series.window import Window

_NOISE = 1e-6
"""Excesses up to this are rounding noise [kWh]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredEnergy:
    """What is known of the energy in a store; how a plan fills and empties it is told by ``Storage``."""

    name: str
    """Name under which its state of charge is reported; unique in the site."""
    ports: tuple[Port, ...]
    """Where it is charged and discharged; several may share the store."""
    soc_at_start: float
    """Energy stored when the window begins [kWh]; may lie outside the bounds, and is then brought back at once."""
    soc_min: Values = 0.0
    """Hard lower bound [kWh], one number or shape (n + 1,); entry 0 is the start and is not used."""
    soc_max: Values = np.inf
    """Hard upper bound [kWh], as soc_min."""
    soc_minima: Floats | None = None
    """Least energy [kWh] at some ticks, NaN elsewhere, shape (n + 1,); hard."""
    soc_maxima: Floats | None = None
    """Most energy [kWh] at some ticks, likewise."""
    soc_targets: Floats | None = None
    """Exact energy [kWh] at some ticks, likewise."""
    moments: Moments | None = None
    """Hard bounds at moments that are no ticks; they are also the moments of the soft bounds."""
    soft_minima: SoftBound | None = None
    """Lower bounds with a price."""
    soft_maxima: SoftBound | None = None
    """Upper bounds with a price."""
    soft_targets: tuple[SoftBound | None, SoftBound | None] | None = None
    """Exact energies with a price of falling short and one of going beyond."""
    storage_efficiency: Values = 1.0
    """Share of the stored energy left after one step [1]."""
    gain: Values = 0.0
    """Power that flows into the store from elsewhere, negative when it is used up [kW]."""
    end_value: float | Literal["learned"] | None = None
    """Worth of the energy stored at the end, of heat of what is more than at the start [currency/kWh]; None is nothing,
    ``learned`` the mean worth in the plan."""
    prefer_charging_sooner: bool = True
    """Between plans of equal cost that draw as little from the store, the one that fills it sooner."""
    prefer_charging_later: bool = False
    """Likewise the one that fills it later; goes before ``prefer_charging_sooner``."""
    depth_wear: Prices = ()
    """Prices of each kWh drawn by how deep below soc_max it lies, see ``engine.devices.wear``."""
    thermal: ThermalMass | None = None
    """What the energy is in terms of a temperature, in which soft bounds are told; None for energy that is none."""
    yields_above: float | None = None
    """Dearest price of energy about the store [currency/kWh], above which its window, use and gain may give way where
    no plan keeps them; None: they never do."""

    def bounds(self, window: Window) -> tuple[Floats, Floats]:
        """Return the hard bounds at the end of each step [kWh], each shape (n,).

        A start outside soc_min and soc_max is no contradiction: until it can be brought back, the fastest way back is
        the bound; a way that only leads farther away, as more is used up or flows in, ends at nothing or at the start.
        """
        lower, upper = full(after_start(self.soc_min), window.n), full(after_start(self.soc_max), window.n)
        if self.soc_at_start < lower[0] or self.soc_at_start > upper[0]:
            down, up = self.reach(window)
            below, above = self.soc_at_start < lower[0], self.soc_at_start > upper[0]
            up, down = np.maximum(up, np.minimum(lower, 0.0)), np.minimum(down, np.maximum(upper, self.soc_at_start))
            lower = np.where(_until_met(up >= lower), np.minimum(lower, up), lower) if below else lower
            upper = np.where(_until_met(down <= upper), np.maximum(upper, down), upper) if above else upper
        for least in (self.soc_minima, self.soc_targets):
            lower = lower if least is None else np.fmax(lower, least[1:])
        for most in (self.soc_maxima, self.soc_targets):
            upper = upper if most is None else np.fmin(upper, most[1:])
        return lower, upper

    def reach(self, window: Window) -> tuple[Floats, Floats]:
        """Return the least and most energy that the ports alone allow at the end of each step [kWh], shape (n,)."""
        off, on, kept = self.step_reach(window)
        return path(self.soc_at_start, kept, off), path(self.soc_at_start, kept, on)

    def step_reach(self, window: Window) -> tuple[Floats, Floats, Floats]:
        """Return the least and most that each step can add [kWh], and the share that is left, each shape (n,)."""
        kept = full(self.storage_efficiency, window.n)
        ports = [
            (p.consumption_limit, p.full_power_efficiencies[0], p.production_limit, p.full_power_efficiencies[1])
            for p in self.ports
        ]
        off, on = fastest(ports, self.gain, kept, window.hours)
        return off, on, kept

    def binding(self, n: int) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
        """Return at which ticks 1 ... n each lower and each upper bound, targets aside, is the one that binds."""
        least, most = full(after_start(self.soc_min), n), full(after_start(self.soc_max), n)
        below, above = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
        lower: dict[str, NDArray[np.bool_]] = {}
        upper: dict[str, NDArray[np.bool_]] = {}
        if self.soc_targets is not None:
            # At a target, a bound that it does not lie within is the other one's.
            lowest = least if self.soc_minima is None else np.fmax(least, self.soc_minima[1:])
            highest = most if self.soc_maxima is None else np.fmin(most, self.soc_maxima[1:])
            below, above = ~(self.soc_targets[1:] >= lowest), ~(self.soc_targets[1:] <= highest)
        if self.soc_minima is not None:
            lower["soc-minima"] = below & (self.soc_minima[1:] > least)
            below = below & ~lower["soc-minima"]
        if self.soc_maxima is not None:
            upper["soc-maxima"] = above & (self.soc_maxima[1:] < most)
            above = above & ~upper["soc-maxima"]
        return {**lower, "soc-min": below}, {**upper, "soc-max": above}

    def bound_margins(self, limit: Literal["soc-minima", "soc-maxima"], levels: Floats) -> list[tuple[float, float]]:
        """See Device.bound_margins."""
        field, sign = limit.replace("-", "_"), 1.0 if limit == "soc-minima" else -1.0
        soft, hard = getattr(self, field.replace("soc", "soft")), getattr(self, field)
        margins = []
        for ticks in (hard, soft.at if soft is not None else None):
            if ticks is not None:
                asked = np.flatnonzero(~np.isnan(ticks[1:])) + 1
                margins += [(float(at), sign * float(levels[at] - ticks[at])) for at in asked]
        if self.moments is not None:
            step = np.floor(self.moments.at).astype(int)
            before, after = partly(full(self.storage_efficiency, len(levels) - 1)[step], self.moments.at - step)
            planned = before * levels[step] + after * levels[step + 1]
            for bounds in (getattr(self.moments, field.removeprefix("soc_")), soft.between if soft is not None else ()):
                pairs = zip(self.moments.at, planned, bounds, strict=False)  # soft ones may have none there
                margins += [
                    (float(at), sign * float(level - bound)) for at, level, bound in pairs if not np.isnan(bound)
                ]
        return sorted(margins)


def after_start(values: Values) -> Values:
    """Return values at the ticks without the one at the start, which is given."""
    return values[1:] if isinstance(values, np.ndarray) else values


def _until_met(met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return True for the steps before the first that is met."""
    before: NDArray[np.bool_] = np.cumsum(met) == 0
    return before


def crossing_bounds(store: StoredEnergy, window: Window) -> Conflict | None:
    """Return where the lower bound lies above the upper one: exact, with the moment."""
    at, lower, upper = _all_bounds(store, window)
    crossed = np.flatnonzero(lower > upper + _NOISE)
    if not len(crossed):
        return None
    first = int(crossed[0])
    tick, low, high = float(at[first]), float(lower[first]), float(upper[first])
    names = _field(store, tick, low, "lower"), _field(store, tick, high, "upper")
    wanted, other = (low, high) if names[1] != "soc-targets" else (high, low)
    names = names if names[1] != "soc-targets" else (names[1], names[0])
    text = (
        f"{store.name}: {names[0]} asks for {wanted:g} kWh at {moment(window, tick)}, "
        f"but {names[1]} is {other:g} kWh, {low - high:.4g} kWh off."
    )
    return Conflict(tuple(f"{store.name}.{name}" for name in names), tick, low - high, "kWh", text)


def bound_out_of_reach(store: StoredEnergy, window: Window) -> Conflict | None:
    """Return the first bound that the ports cannot keep from the start on, whatever the rest of the site does."""
    off, on, kept = store.step_reach(window)
    low = high = store.soc_at_start
    for tick, least, most in zip(*(values.tolist() for values in _all_bounds(store, window)), strict=True):
        step = int(np.ceil(tick)) - 1
        lowest, highest = float(kept[step] * low + off[step]), float(kept[step] * high + on[step])
        if not tick.is_integer():  # within the step, the energy lies between those before and after it
            before, after = (float(each[0]) for each in partly(kept[step : step + 1], np.array([tick - step])))
            lowest, highest = before * low + after * lowest, before * high + after * highest
        if highest < least - _NOISE:
            return _too_far(store, window, tick, (highest, least))
        if lowest > most + _NOISE:
            return _too_far(store, window, tick, (lowest, most))
        # A moment lies within its step; the next one goes on from the tick.
        if tick.is_integer():
            low, high = max(lowest, least), min(highest, most)
    return None


def _all_bounds(store: StoredEnergy, window: Window) -> tuple[Floats, Floats, Floats]:
    """Return every tick and moment with the least and most energy allowed there [kWh], in order of time."""
    lower, upper = store.bounds(window)
    at = np.arange(1.0, window.n + 1)
    if store.moments is not None:
        least, most = store.moments.bounds
        at, lower, upper = (np.concatenate(pair) for pair in ((at, store.moments.at), (lower, least), (upper, most)))
    order = np.argsort(at, kind="stable")
    return at[order], lower[order], upper[order]


def _field(store: StoredEnergy, tick: float, value: float, side: str) -> str:
    """Return the field that sets the bound of a store at a tick or moment: the tightest, targets before others."""
    if store.moments is not None and not tick.is_integer():
        place = int(np.searchsorted(store.moments.at, tick))
        bounds = {f"soc-{name}": getattr(store.moments, name)[place] for name in ("targets", "minima", "maxima")}
    else:
        bounds = {
            f"soc-{name}": np.nan if values is None else values[int(tick)]
            for name, values in (
                ("targets", store.soc_targets),
                ("minima", store.soc_minima),
                ("maxima", store.soc_maxima),
            )
        }
    bounds.pop("soc-maxima" if side == "lower" else "soc-minima", None)
    set_by = [name for name, bound in bounds.items() if bound == value]
    return set_by[0] if set_by else "soc-min" if side == "lower" else "soc-max"


def _too_far(store: StoredEnergy, window: Window, tick: float, energies: tuple[float, float]) -> Conflict:
    """Return the conflict of a bound with what can be reached; the energies are the one reached and the one wanted."""
    reached, wanted = energies
    short = wanted > reached
    field = _field(store, tick, wanted, "lower" if short else "upper")
    amount = abs(wanted - reached)
    most = "at most " if field in ("soc-max", "soc-maxima") else ""
    text = (
        f"{store.name}: {field} asks for {most}{wanted:.6g} kWh at {moment(window, tick)}, "
        f"but {'at most' if short else 'no less than'} {reached:.6g} kWh can be reached, "
        f"{amount:.4g} kWh {'short' if short else 'over'}."
    )
    way = "consumption" if short else "production"
    names = (f"{store.name}.{field}", *(f"{port.name}.{way}-capacity" for port in store.ports))
    return Conflict(names, tick, amount, "kWh", text)


def plan_to_first_target(store: StoredEnergy, window: Window) -> DevicePlan:
    """Return the plan of a store that goes to its first target as fast as its ports can, then rests."""
    n, goal = window.n, _first_target(store)
    kept, gain = full(store.storage_efficiency, n), full(store.gain, n)
    hours = full(settled(store.storage_efficiency), n) * window.hours
    low, high = (full(after_start(bound), n) for bound in (store.soc_min, store.soc_max))
    powers = {port.name: np.zeros(n) for port in store.ports}
    limits = [(port.consumption_limit, port.production_limit, *port.full_power_efficiencies) for port in store.ports]
    per_step = [zip(*(full(value, n).tolist() for value in values), strict=True) for values in limits]
    level, soc, reached = store.soc_at_start, [store.soc_at_start], goal is None
    for step, of_ports in enumerate(zip(*per_step, strict=True)):  # each depends on the energy after the one before
        level, lasts = kept[step] * level + gain[step] * hours[step], float(hours[step])
        wanted = level if reached or goal is None else float(np.clip(goal, low[step], high[step]))
        for power, (most_in, most_out, charging, discharging) in zip(powers.values(), of_ports, strict=True):
            # One that takes charges, or cools a store of heat; with an efficiency of 0 it does neither.
            if (wanted - level) * charging > 0:
                power[step] = min(most_in, (wanted - level) / (charging * lasts))
                level += power[step] * charging * lasts
            elif wanted < level:
                power[step] = -min(most_out, (level - wanted) * discharging / lasts)
                level += power[step] / discharging * lasts
        reached = reached or abs(level - wanted) < 1e-9
        soc.append(level)
    return DevicePlan(powers, {store.name: np.array(soc)})


def _first_target(store: StoredEnergy) -> float | None:
    """Return the first energy asked for at some time [kWh]: a target, a minimum above the start, a maximum below it."""
    short, over = store.soft_targets or (None, None)
    ticks: list[tuple[Floats | None, int]] = [(store.soc_targets, 0), (store.soc_minima, 1), (store.soc_maxima, -1)]
    between: list[tuple[Floats, int]] = []
    for soft, side in ((short, 0), (over, 0), (store.soft_minima, 1), (store.soft_maxima, -1)):
        if soft is not None:
            ticks.append((soft.at, side))
            between.append((soft.between, side))
    asked = [(np.arange(1.0, len(values)), values[1:], side) for values, side in ticks if values is not None]
    if store.moments is not None:
        hard = store.moments
        between += [(hard.targets, 0), (hard.minima, 1), (hard.maxima, -1)]
        asked += [(hard.at, values, side) for values, side in between if len(values)]
    firsts: list[tuple[float, float]] = []
    for moments, values, side in asked:
        matters = ~np.isnan(values) & (side * (values - store.soc_at_start) >= 0)
        firsts += [(float(moments[at]), float(values[at])) for at in np.flatnonzero(matters)[:1]]
    return min(firsts)[1] if firsts else None
