"""Ports of the reference: powers with their limits, when they run, what they wear; each a handful of plain rows."""

import numpy as np

from tests.engine.scheduling.milp import add
from tests.language.reading import hours, minutes, number


class PortParts:
    """What stands behind the connections; ``Reference`` joins it."""

    def _stores(self, entries):
        """Add every entry that is no process; those that name one sensor of what is stored share a store."""
        shared = {}
        for entry in entries:
            fixed = next((way for way in ("consumption", "production") if f"inflexible-{way}" in entry), None)
            if fixed is not None:
                power = self.read.per_step(entry[f"inflexible-{fixed}"], "load")
                group = entry.get("group", {}).get("asset")
                self.load(self.name(entry), power if fixed == "consumption" else -power, group=group)
                continue
            level = entry.get("state-of-charge") or entry.get("temperature")
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
        if {"thermal-capacity", "temperature"} & entry.keys() and one_way[1] is None:
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
                if "phases" in mode:
                    own = {self.milp.var(-far, far): 1.0}  # the power while it runs so, else none
                    self.milp.row(add((1, own), (-far, {this: 1})), high=0)
                    self.milp.row(add((1, own), (far, {this: 1})), low=0)
                    self.milp.row(add((1, own), (-1, power), (far, {this: 1})), high=far)
                    self.milp.row(add((1, own), (-1, power), (-far, {this: 1})), low=-far)
                    self.switched.setdefault((self.name(entry), j), []).append((own, mode["phases"].split()))
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
