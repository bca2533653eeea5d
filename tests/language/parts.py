"""Devices of the reference: ports, stores and processes, each a handful of plain rows."""

import numpy as np

from tests.engine.scheduling.milp import add
from tests.language.reading import hours, minutes, number, span


class Parts:
    """What stands behind the connections; ``Reference`` joins it."""

    def _stores(self, entries):
        """Add every entry that is no process; those that name one state-of-charge sensor share a store."""
        shared = {}
        for entry in entries:
            fixed = next((way for way in ("consumption", "production") if f"inflexible-{way}" in entry), None)
            if fixed is not None:
                power = self.read.per_step(entry[f"inflexible-{fixed}"], "load")
                group = entry.get("group", {}).get("asset")
                self.load(self.name(entry), power if fixed == "consumption" else -power, group=group)
                continue
            level = entry.get("state-of-charge")
            shared.setdefault(level["sensor"] if level else self.name(entry), []).append(entry)
        for feeders in shared.values():
            teller = next((each for each in feeders if {"soc-max", "thermal-capacity"} & each.keys()), None)
            ports = [each for each in feeders if "sensor" in each]
            flows = [self.port(each, stores=teller is not None) for each in ports]
            if teller is not None:
                (self.building if "thermal-capacity" in teller else self.store)(teller, ports, flows)

    def port(self, entry, *, stores):
        """Add the power of a device; return what it takes and gives in each step."""
        name = self.name(entry)
        most, soft = self._capacities(entry)
        self.places[name] = entry.get("commodity", "electricity"), entry.get("group", {}).get("asset")
        taken, given = ([{self.milp.var(0, limit[j]): 1.0} for j in range(self.n)] for limit in most)
        self.power[name] = [(add((1, taken[j]), (-1, given[j])), 0.0) for j in range(self.n)]
        wear = number(entry.get("wear-price", 0.0))
        for j in range(self.n):
            (up,), (down,) = taken[j], given[j]
            self.one_way(up, down, most[0][j], most[1][j])
            for variable in (up, down):
                self.milp.cost[variable] += wear * self.h[j]
            if "coupling" in entry:
                factor = self.read.per_step(entry.get("coupling-coefficient", 1.0))[j]
                level = self.levels.setdefault((entry["coupling"], j), self.milp.var(0, np.inf))
                self.milp.row(add((1, taken[j]), (1, given[j]), (-factor, {level: 1})), 0, 0)
        for flow, limit in zip((taken, given), soft, strict=True):
            if limit is not None:
                self.breach([(terms, 0.0) for terms in flow], *limit)
        self._running(entry, taken, given, most)
        self._ramp(entry, name)
        for j in range(self.n if "wear-by-power" in entry else 0):
            self._wear_by_power(entry["wear-by-power"], add((1, taken[j]), (1, given[j])), self.h[j])
        if "standby-power" in entry:
            self.load(f"{name} standby", np.full(self.n, number(entry["standby-power"])), *self.places[name])
        if "phases" in entry:
            self.phases[name] = entry["phases"].replace(",", "").split()
        if stores:
            self.stores.add(name)
        self.down[name] = given
        self.captive += [name] if entry.get("charging-from-grid") is False else []
        self.serving += [name] if entry.get("discharging-to-grid") is False else []
        return taken, given

    def _wear_by_power(self, parts, flow, hours):
        """Price each part of a power by a variable of its own, as wide as the part."""
        before, pieces = 0.0, {}
        for part in parts:
            end = number(part["power"]) if "power" in part else np.inf
            pieces[self.milp.var(0, end - before, number(part["price"]) * hours)] = 1.0
            before = end
        self.milp.row(add((1, flow), (-1, pieces)), 0, 0)

    def _capacities(self, entry):
        """Return the most taken and given in each step, and soft limits below them with their prices."""
        told = {
            way: self.read.per_step(entry.get(f"{way}-capacity"), "capacity") for way in ("consumption", "production")
        }
        both, one_way = self.read.per_step(entry.get("power-capacity"), "capacity"), list(told.values())
        if both is None:
            both = np.maximum(*(np.zeros(self.n) if limit is None else np.nan_to_num(limit) for limit in one_way))
        own = [both if limit is None else np.fmin(both, limit) for limit in one_way]
        if "thermal-capacity" in entry and one_way[1] is None:
            own[1] = np.zeros(self.n)  # warmth gives no electricity back
        prices = [self.context.get(f"{way}-breach-price") for way in told]
        by_name = self.context.get("relax-capacity-constraints", False) and not any(prices)
        soft = [None, None]
        for side, price in enumerate(prices):
            told_price = self.usual(100.0) if by_name else None if price is None else number(price)
            if told_price is not None and own[side].any() and "coupling" not in entry:
                soft[side] = own[side], np.full(self.n, told_price)
                own[side] = both
        return own, soft

    def _running(self, entry, taken, given, most):
        """Add modes, and when the device is on."""
        resting = [None] * self.n
        for j in range(self.n if "operation-modes" in entry else 0):
            chosen, far = {}, float(most[0][j] + most[1][j] + 5)
            power = add((1, taken[j]), (-1, given[j]))
            for mode in entry["operation-modes"]:
                low, high = (number(each) for each in mode.get("consumption-range", mode.get("production-range")))
                low, high = (low, high) if "consumption-range" in mode else (-high, -low)
                this = self.milp.var(0, 1, whole=True)
                self.milp.row(add((1, power), (far, {this: 1})), high=high + far)
                self.milp.row(add((1, power), (-far, {this: 1})), low=low - far)
                chosen[this] = 1.0
                if low == high == 0:
                    resting[j] = this
            self.milp.row(chosen, 1, 1)
        lasting = {rule: hours(entry[rule]) for rule in ("min-on", "min-off") if rule in entry}
        if lasting or "start-cost" in entry:
            self._switching(entry, taken, given, (most, resting, lasting))

    def _switching(self, entry, taken, given, how):
        (takes, gives), resting, lasting = how
        on = [self.milp.var(0, 1, whole=True) for _ in range(self.n)]
        starts = [self.milp.var(0, 1, number(entry.get("start-cost", 0.0)), whole=True) for _ in on]
        stops = [self.milp.var(0, 1, whole=True) for _ in on]
        before = float(entry.get("on-at-start", "switched-at" in entry))
        begin = (self.read.ticks[:-1] - self.read.ticks[0]) / 60
        since = (self.read.ticks[0] - minutes(entry["switched-at"])) / 60 if "switched-at" in entry else np.inf
        stays = lasting.get("min-on" if before else "min-off", 0.0) - since
        for j in range(self.n):
            limit = float(max(takes[j], gives[j]))
            self.milp.row(add((1, taken[j]), (1, given[j]), (-limit, {on[j]: 1})), high=0)
            if resting[j] is not None:
                self.milp.row({on[j]: 1, resting[j]: 1}, 1, 1)
            self.milp.row(add((1, {on[j]: 1, starts[j]: -1, stops[j]: 1}), (-1, {on[j - 1]: 1} if j else {})),
                          0.0 if j else before, 0.0 if j else before)  # fmt: skip
            self.milp.row({starts[j]: 1, stops[j]: 1}, high=1)
            if begin[j] < stays - 1e-9:
                self.milp.row({on[j]: 1}, before, before)
            for later in range(j, self.n):
                if begin[later] - begin[j] < lasting.get("min-on", 0.0) - 1e-9:
                    self.milp.row({on[later]: 1, starts[j]: -1} if later != j else {on[j]: 1, starts[j]: -1}, low=0)
                if begin[later] - begin[j] < lasting.get("min-off", 0.0) - 1e-9:
                    self.milp.row({on[later]: 1, stops[j]: 1}, high=1)

    def _ramp(self, entry, name):
        if "ramp-limit" not in entry:
            return
        ramp, power = number(entry["ramp-limit"]), self.power[name]
        for j in range(1, self.n):
            most = ramp * (self.h[j] + self.h[j - 1]) / 2
            self.milp.row(add((1, power[j][0]), (-1, power[j - 1][0])), -most, most)
        if "power-at-start" in entry:
            before, most = number(entry["power-at-start"]), ramp * (self.h[0] + self.read.step / 60) / 2
            self.milp.row(power[0][0], before - most, before + most)

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
                terms = add((1, terms), (-part * into, taken[j]), (part / out, given[j]))
            slack = self._missing(entry, j, part)
            self.milp.row(add((1, terms), (-1, slack)), known, known)
        self._asked(entry, soc, (start, kept, capacity))
        self.milp.cost[next(iter(soc[-1]))] -= number(entry.get("end-value", 0.0))

    def building(self, entry, ports, flows):
        """Add the temperature at the end of each step, which follows heat and surroundings without delay."""
        mass, start = number(entry["thermal-capacity"]), number(entry["temperature-at-start"])
        loss, way = number(entry.get("heat-loss", 0.0)), -1.0 if entry.get("thermal-mode") == "cooling" else 1.0
        outdoor = self.read.per_step(entry["outdoor-temperature"])
        kept = np.exp(-loss * self.h / mass)
        warm = [{self.milp.var(-np.inf, np.inf): 1.0} for _ in range(self.n)]
        for j in range(self.n):
            per_kw = (1 - kept[j]) / loss if loss else self.h[j] / mass
            known = (kept[j] * start if j == 0 else 0.0) + (1 - kept[j]) * outdoor[j] + per_kw * self._flow(entry, j)
            terms = add((1, warm[j])) if j == 0 else add((1, warm[j]), (-kept[j], warm[j - 1]))
            for port, (taken, _) in zip(ports, flows, strict=True):
                terms = add((1, terms), (-way * per_kw * self._cop(port, j), taken[j]))
            self.milp.row(terms, known, known)
        price = self.usual(1000.0)
        if "temperature-breach-price" in entry:
            price = number(entry["temperature-breach-price"])
        bands = [entry.get(field) for field in ("temperature-min", "temperature-max")]
        self.read.note_moments(*(band for band in bands if isinstance(band, list)))
        for field, sign, tightest in (("temperature-min", 1, max), ("temperature-max", -1, min)):
            asked = self.read.bounds(entry.get(field), tightest, 1.0)
            self._bound(asked, sign, (price, 0.0), (warm, start, kept))
        worth = number(entry.get("end-value", 0.0)) * mass * way
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
        return {self.milp.var(0, max(gain - flow, 0.0)): part, self.milp.var(0, gain): -part}

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
            told = self.context.get(f"soc-{bound}-breach-price")
            usual = self.usual(1000.0) if self.relaxes("soc-constraints") else None
            prices[bound] = usual if told is None else number(told)
        for field, sides in (("minima", ("minima",)), ("maxima", ("maxima",)), ("targets", ("minima", "maxima"))):
            tightest = {"minima": max, "maxima": min, "targets": lambda first, _: first}[field]
            asked = self.read.bounds(entry.get(f"soc-{field}"), tightest, capacity)
            for side in sides if asked else ():
                self._bound(asked, 1 if side == "minima" else -1, (prices[side], prices[side]), (soc, start, kept))

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

    def process(self, entry):
        """Add work of one power for as many whole steps as its duration touches."""
        n, step = self.n, self.read.step
        steps = int(np.ceil(60 * hours(entry["duration"]) / step - 1e-9))
        allowed = self.h * 60 > step - 1e-9
        steps = min(steps, max(int(allowed.sum()), 1))
        for event in entry.get("time-restrictions", ()):
            begin, end = span(event)
            allowed &= ~((self.read.ticks[1:] > begin) & (self.read.ticks[:-1] < end))
        power, name = number(entry["power"]), self.name(entry)
        place = entry.get("commodity", "electricity"), entry.get("group", {}).get("asset")
        self.places[name] = place
        runs = [self.milp.var(0, float(allowed[j]), whole=True) for j in range(n)]
        self.power[name] = [({run: power}, 0.0) for run in runs]
        self.milp.row(dict.fromkeys(runs, 1), steps, steps)
        kind, dearest = entry["process-type"], entry.get("optimization-direction") == "MAX"
        price = self.read.per_step(self.context["consumption-price"])
        if kind == "BREAKABLE":
            if dearest:
                order = sorted((j for j in range(n) if allowed[j]), key=lambda j: (-price[j], j))
                self._hold(runs, order[:steps])
            return
        places = [j for j in range(n - steps + 1) if allowed[j : j + steps].all()]
        begins = {self.milp.var(0, 1, whole=True): j for j in places}
        self.milp.row(dict.fromkeys(begins, 1), 1, 1)
        for j, run in enumerate(runs):
            covering = {begin: -1.0 for begin, first in begins.items() if first <= j < first + steps}
            self.milp.row({run: 1.0, **covering}, 0, 0)
        if places and (kind == "INFLEXIBLE" or dearest):
            best = [price[j : j + steps].sum() for j in places]
            chosen = places[0] if kind == "INFLEXIBLE" else places[int(np.argmax(np.array(best) >= max(best) - 1e-9))]
            self._hold(runs, range(chosen, chosen + steps))

    def _hold(self, runs, steps):
        for j in steps:
            self.milp.low[runs[j]] = 1.0
