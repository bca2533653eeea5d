"""Stores of the reference: stored energy, heat, what is asked of them, curves and wear by depth."""

from itertools import pairwise

import numpy as np

from tests.engine.scheduling.milp import add
from tests.language.reading import number

FAR = 200.0
"""More power and energy than any store here has [kW, kWh]."""
HIGHEST_PRIORITY = 9.0
"""How many times dearer a breach of the highest priority is than one of the lowest."""


class StoreParts:
    """What is stored; ``Reference`` joins it."""

    def store(self, entry, ports, flows):
        """Add the energy at the end of each step, its bounds and what it is worth at the end."""
        capacity = number(entry["soc-max"])
        unit = {"MWh": 1000.0}.get(entry.get("soc-unit"), 1.0)
        start = number(entry["soc-at-start"], capacity)
        start *= unit if not isinstance(entry["soc-at-start"], str) else 1.0
        low = number(entry.get("soc-min", 0.0), capacity)
        self.read.note_moments(*(entry.get(f"soc-{bound}") for bound in ("minima", "maxima", "targets")))
        kept = number(entry.get("storage-efficiency", 1.0)) ** (self.h / (self.read.step / 60))
        free = (-np.inf, np.inf) if self.yields else (low, capacity)
        soc = [{self.milp.var(*(0.0, capacity) if self.yields else free): 1.0} for _ in range(self.n)]
        for j in range(self.n):
            # Power is constant within a step: of what flows in, self-discharge takes its part.
            part = self.h[j] * (1.0 if kept[j] == 1 else (kept[j] - 1) / np.log(kept[j]))
            terms, known = add((1, soc[j])), (kept[j] * start if j == 0 else 0.0) + part * self._flow(entry, j)
            terms = terms if j == 0 else add((1, terms), (-kept[j], soc[j - 1]))
            for port, (taken, given) in zip(ports, flows, strict=True):
                into, out = self._efficiencies(port, j)
                stored, drawn = add((into, taken[j])), add((1 / out, given[j]))
                if "charging-efficiency-curve" in port:
                    stored = self._bent(port["charging-efficiency-curve"], taken[j], lambda power, share: power * share)
                if "discharging-efficiency-curve" in port:
                    drawn = self._bent(
                        port["discharging-efficiency-curve"], given[j], lambda power, share: power / share
                    )
                terms = add((1, terms), (-part, stored), (part, drawn))
            slack = self._missing(entry, j, part)
            self.milp.row(add((1, terms), (-1, slack)), known, known)
        ticks = [({}, start), *((each, 0.0) for each in soc)]
        for port, flow in zip(ports, flows, strict=True):
            for way, side in (("charging", 0), ("discharging", 1)):
                if f"{way}-curve" in port:
                    self._slowed(port[f"{way}-curve"], flow[side], ticks, capacity)
        if "wear-by-depth" in entry:
            self._wear_by_depth(entry["wear-by-depth"], ticks, (low, capacity))
        self._asked(entry, soc, (start, kept, capacity))
        self.milp.cost[next(iter(soc[-1]))] -= number(entry.get("end-value", 0.0))

    def building(self, entry, ports, flows):
        """Add the temperature at the end of each step, which follows heat and surroundings without delay."""
        mass, start = number(entry["thermal-capacity"]), number(entry["temperature-at-start"])
        told = entry.get("thermal-mode", "heating")
        ways = [-1.0 if port.get("thermal-mode", told) == "cooling" else 1.0 for port in ports]
        loss = number(entry.get("heat-loss", 0.0))
        outdoor = self.read.per_step(entry["outdoor-temperature"])
        kept = np.exp(-loss * self.h / mass)
        warm = [{self.milp.var(-np.inf, np.inf): 1.0} for _ in range(self.n)]
        for j in range(self.n):
            per_kw = (1 - kept[j]) / loss if loss else self.h[j] / mass
            known = (kept[j] * start if j == 0 else 0.0) + (1 - kept[j]) * outdoor[j] + per_kw * self._flow(entry, j)
            terms = add((1, warm[j])) if j == 0 else add((1, warm[j]), (-kept[j], warm[j - 1]))
            for port, (taken, _), way in zip(ports, flows, ways, strict=True):
                terms = add((1, terms), (-way * per_kw * self._cop(port, j), taken[j]))
            self.milp.row(terms, known, known)
        price = self.usual(1000.0)
        if "temperature-breach-price" in entry:
            price = number(entry["temperature-breach-price"])
        price *= self._weight(entry)
        bands = [entry.get(field) for field in ("temperature-min", "temperature-max")]
        self.read.note_moments(*(band for band in bands if isinstance(band, list)))
        for field, sign, tightest in (("temperature-min", 1, max), ("temperature-max", -1, min)):
            asked = self.read.bounds(entry.get(field), tightest, 1.0)
            self._bound(asked, sign, (price, 0.0), (warm, start, kept))
        # What is left is warmth, unless everything cools.
        worth = number(entry.get("end-value", 0.0)) * mass * max(ways)
        self.milp.row({self.milp.var(-np.inf, np.inf, -worth): 1.0, next(iter(warm[-1])): -1.0}, -start, -start)

    def _cop(self, entry, j):
        if "cop-curve" not in entry:
            return self._efficiencies(entry, j)[0]
        at = self.read.per_step(entry.get("source-temperature", entry["outdoor-temperature"]))[j]
        points = [(number(each["temperature"]), each["cop"]) for each in entry["cop-curve"]]
        return float(np.interp(at, *zip(*points, strict=True)))

    def _flow(self, entry, j):
        total = 0.0
        for field, sign in (("soc-gain", 1), ("soc-usage", -1)):
            told = entry.get(field, [])
            for each in told if isinstance(told, list) else [told]:
                total += sign * self.read.per_step(each, "load")[j]
        return total

    def _missing(self, entry, j, part):
        """Return what of a use is not met, less what overflows, where physics gives way [kWh]."""
        flow = self._flow(entry, j) if self.yields else 0.0
        gain = sum(self.read.per_step(each, "load")[j] for each in entry.get("soc-gain", [])) if self.yields else 0.0
        if not self.yields:
            return {}
        unmet, overflow = self.milp.var(0, max(gain - flow, 0.0)), self.milp.var(0, gain)
        self.missing |= dict.fromkeys((unmet, overflow), self.h[j])
        return {unmet: part, overflow: -part}

    def _efficiencies(self, entry, j):
        if "roundtrip-efficiency" in entry:
            both = float(np.sqrt(self.read.per_step(entry["roundtrip-efficiency"])[j]))
            return both, both
        return tuple(self.read.per_step(entry.get(f"{way}-efficiency", 1.0))[j] for way in ("charging", "discharging"))

    def _asked(self, entry, soc, about):
        """Add what is asked of the stored energy at some times: hard, or at a price of each hour and of the largest."""
        start, kept, capacity = about
        prices = {}
        for bound in ("minima", "maxima"):
            field = f"soc-{bound}-breach-price"
            told = entry.get(field, self.context.get(field))
            usual = self.usual(1000.0) if self.relaxes("soc-constraints") else None
            prices[bound] = usual if told is None else number(told)
            if prices[bound] is not None:
                prices[bound] *= self._weight(entry)
        for field, sides in (("minima", ("minima",)), ("maxima", ("maxima",)), ("targets", ("minima", "maxima"))):
            tightest = {"minima": max, "maxima": min, "targets": lambda first, _: first}[field]
            asked = self.read.bounds(entry.get(f"soc-{field}"), tightest, capacity)
            for side in sides if asked else ():
                self._bound(asked, 1 if side == "minima" else -1, (prices[side], prices[side]), (soc, start, kept))

    def _weight(self, entry):
        """Return how much dearer a breach is by the priority of a device, among those of the site."""
        every = sorted(
            {each.get("priority", 0) for each in self.entries if "power" not in each and "power-profile" not in each}
        )
        return HIGHEST_PRIORITY ** (every.index(entry.get("priority", 0)) / max(len(every) - 1, 1))

    def _bound(self, asked, sign, prices, about):
        soc, start, kept = about
        price, highest = prices
        highest = None if price is None else self.milp.var(0, np.inf, highest)
        for at, wanted in asked.items():
            j, share = int(np.ceil(at - 1e-9)) - 1, at - np.ceil(at - 1e-9) + 1
            k = kept[j]
            after = share if k == 1 else (1 - k**share) / (1 - k)
            before = 1 - share if k == 1 else k**share - after * k
            level, known = add((after, soc[j])), before * start if j == 0 else 0.0
            level = level if j == 0 else add((1, level), (before, soc[j - 1]))
            breach = {}
            if price is not None:
                breach = {self.milp.var(0, np.inf, price * self.h[j]): 1.0}
                self.milp.row(add((1, breach), (-1, {highest: 1})), high=0)
            self.milp.row(add((sign, level), (1, breach)), low=sign * (wanted - known))

    def _between(self, points, terms, known):
        """Return the value at a place on a line through points, level beyond the ends; one part of it is chosen."""
        points = [(points[0][0] - FAR, points[0][1]), *points, (points[-1][0] + FAR, points[-1][1])]
        weights = [self.milp.var(0, 1) for _ in points]
        parts = [self.milp.var(0, 1, whole=True) for _ in points[1:]]
        self.milp.row(dict.fromkeys(parts, 1), 1, 1)
        self.milp.row(dict.fromkeys(weights, 1), 1, 1)
        for at, weight in enumerate(weights):
            near = dict.fromkeys(parts[max(at - 1, 0) : at + 1], -1)
            self.milp.row({weight: 1, **near}, high=0)
        place = {weight: at for weight, (at, _) in zip(weights, points, strict=True)}
        self.milp.row(add((1, terms), (-1, place)), -known, -known)
        return {weight: value for weight, (_, value) in zip(weights, points, strict=True)}

    def _slowed(self, curve, flow, ticks, capacity):
        """Limit a power by the energy at the start and at the end of each step."""
        points = [(number(each["soc"], capacity), number(each["power"])) for each in curve]
        limits = [self._between(points, *tick) for tick in ticks]
        for j, terms in enumerate(flow):
            for limit in limits[j : j + 2]:
                self.milp.row(add((1, terms), (-1, limit)), high=0)

    def _bent(self, curve, flow, other_side):
        """Return what a flow is on the other side of an inverter: a straight line between each two points."""
        points = [(number(each["power"]), number(each["efficiency"])) for each in curve]
        # Beyond the last point its efficiency holds.
        points = [(0.0, 1.0), *points, (points[-1][0] + FAR, points[-1][1])]
        return self._between([(power, other_side(power, share)) for power, share in points], flow, 0.0)

    def _wear_by_depth(self, layers, ticks, bounds):
        """Price what is drawn from each layer; the upper ones are emptied first, and filled again first."""
        low, capacity = bounds
        top, held = capacity, []
        for layer in layers:
            bottom = max(capacity * (1 - number(layer["depth"])), low) if "depth" in layer else low
            width, start = top - bottom, min(max(ticks[0][1] - bottom, 0.0), top - bottom)
            energy = [({}, start), *(({self.milp.var(0, width): 1.0}, 0.0) for _ in range(self.n))]
            for (before, known), (after, _) in pairwise(energy):
                drawn = self.milp.var(0, np.inf, number(layer["price"]))
                self.milp.row(add((1, before), (-1, after), (-1, {drawn: 1})), high=-known)
            held.append([terms for terms, _ in energy])
            top = bottom
        for j in range(1, self.n + 1):
            self.milp.row(add((1, ticks[j][0]), *((-1, each[j]) for each in held)), low, low)
