"""The same sites written once more, slowly, with a whole number for every choice at every step."""

from itertools import pairwise

import numpy as np

from engine.tariffs import EnergyTariff, MeanPeakTariff, PeakTariff
from tests.engine.scheduling.milp import Milp, add
from tests.engine.scheduling.reference_parts import Peaks, Processes, at

BIG = 1e4


class Reference(Processes, Peaks):
    """One site as an always-binary problem; ``cost()`` is the least cost, None without a plan."""

    def __init__(self, site):
        self.site, self.n, self.h = site, site.window.n, site.window.hours
        self.milp, self.power, self.levels, self.sets, self.exchanged = Milp(), {}, {}, {}, {}
        self.place = {}
        for device in site.devices:
            getattr(self, "_" + type(device).__name__.lower())(device)
            for port in device.ports:
                self.place[port.name] = (port.commodity, port.group)
        for group in sorted(site.groups, key=self._depth, reverse=True):
            self.power[group.name] = self._limited(group, self._sum(lambda place, g=group: place[1] == g.name))
            self.place[group.name] = (group.commodity, group.group)
        self._commodities()
        for commitment in site.commitments:
            self._commitment(commitment)
        for cap in site.additions:
            self._carbon_cap(cap)

    def cost(self):
        found = self.milp.solve()
        return None if found is None else found[0]

    def _depth(self, group):
        parents = {g.name: g for g in self.site.groups}
        return 0 if group.group is None else 1 + self._depth(parents[group.group])

    def _sum(self, belongs):
        members = [self.power[name] for name, place in self.place.items() if belongs(place)]
        return [
            (add(*((1, member[j][0]) for member in members)), sum(member[j][1] for member in members))
            for j in range(self.n)
        ]

    def _inflexible(self, device):
        self.power[device.name] = [({}, float(v)) for v in device.power]

    def _adjustable(self, device):
        for port in device.ports:
            self._port(port)

    def _port(self, port):
        """Power up and down with a whole number for the sign at each step."""
        self.power[port.name] = []
        taken, given = [], []
        for j in range(self.n):
            up = self._one_way(port, j, "consumption")
            down = self._one_way(port, j, "production")
            sign = self.milp.var(0, 1, whole=True)
            self.milp.row(add((1, up), (-BIG, {sign: 1})), high=0)
            self.milp.row(add((1, down), (BIG, {sign: 1})), high=BIG)
            taken.append(up), given.append(down)
            self.power[port.name].append((add((1, up), (-1, down)), 0.0))
            if port.coupling:
                self._couple(port, j, add((1, up), (1, down)))
            for variable in {**up, **down}:
                self.milp.cost[variable] += at(port.wear_price, j) * self.h
        self._highest(port.soft_consumption, taken)
        self._highest(port.soft_production, given)
        self._modes(port, taken, given)
        return taken, given

    def _one_way(self, port, j, direction):
        hard = at(getattr(port, f"{direction}_limit"), j)
        return {self.milp.var(0, hard): 1.0}

    def _couple(self, port, j, flow):
        level = self.levels.setdefault((port.coupling, j), self.milp.var(0, np.inf))
        self.milp.row(add((1, flow), (-at(port.coefficient, j), {level: 1})), 0, 0)

    def _highest(self, soft, flows):
        """Price what lies above a soft limit, in each step and at its highest among steps of equal price."""
        if soft is None:
            return
        highest, before = None, None
        for j, flow in enumerate(flows):
            price = at(soft.highest_price, j)
            if price != before:
                highest, before = self.milp.var(0, np.inf, price), price
            above = self.milp.var(0, np.inf, at(soft.hourly_price, j) * self.h)
            self.milp.row(add((1, flow), (-1, {above: 1})), high=at(soft.limit, j))
            self.milp.row({above: 1, highest: -1}, high=0)

    def _modes(self, port, taken, given):
        for j in range(self.n if port.bands else 0):
            chosen = {}
            for band in port.bands:
                mode = self.milp.var(0, 1, whole=True)
                power = add((1, taken[j]), (-1, given[j]))
                self.milp.row(add((1, power), (BIG, {mode: 1})), high=band.high + BIG)
                self.milp.row(add((1, power), (-BIG, {mode: 1})), low=band.low - BIG)
                chosen[mode] = 1.0
            self.milp.row(chosen, 1, 1)

    def _storage(self, device):
        flows = [(port, *self._port(port)) for port in device.ports]
        soc, start = {}, device.soc_at_start
        levels, most = [], float(np.max(device.soc_max))
        for j in range(self.n):
            kept = at(device.storage_efficiency, j)
            beta = 1.0 if kept == 1 else (kept - 1) / np.log(kept)
            low, high = at(device.soc_min, j + 1), at(device.soc_max, j + 1)
            if device.soc_targets is not None and not np.isnan(device.soc_targets[j + 1]):
                low, high = max(low, device.soc_targets[j + 1]), min(high, device.soc_targets[j + 1])
            level = self.milp.var(low, high) if low <= high else None
            if level is None:
                level = self.milp.var(0, 0)
                self.milp.row({level: 1}, 1, 1)
            gained = {}
            for port, taken, given in flows:
                charged = self.h * beta * at(port.charging_efficiency, j)
                drawn = self.h * beta / at(port.discharging_efficiency, j)
                stored, spent = self._bent(port.curves.stored, taken[j]), self._bent(port.curves.drawn, given[j])
                gained = add((1, gained), (charged, stored), (-drawn, spent))
                for curve, flow in ((port.curves.charging, taken[j]), (port.curves.discharging, given[j])):
                    self._limited_by(curve, flow, (soc, 0.0 if soc else start), ({level: 1.0}, 0.0), most)
            known = at(device.gain, j) * self.h * beta + (kept * start if j == 0 else 0.0)
            self.milp.row(add((1, {level: 1}), (-kept, soc), (-1, gained)), known, known)
            soc = {level: 1.0}
            levels.append(soc)
        self._soft(device.soft_minima, levels, 1)
        self._soft(device.soft_maxima, levels, -1)
        if device.end_value:
            self.milp.cost[next(iter(soc))] -= device.end_value

    def _bent(self, curve, flow):
        """A flow on the other side of an inverter: one whole number for each stretch of its curve."""
        if curve is None or not flow:
            return flow
        far = 100.0
        points = [*zip(curve.at, curve.values, strict=True), (far, far * curve.values[-1] / curve.at[-1])]
        return self._on(points, flow, 0.0)

    def _on(self, points, amount, known):
        """What a line through points says of an amount, which lies on one of its stretches."""
        chosen, total, value = {}, {}, {}
        for (low, first), (high, second) in pairwise(points):
            mode, part = self.milp.var(0, 1, whole=True), self.milp.var(0, np.inf)
            self.milp.row({part: 1, mode: -(high - low)}, high=0)
            chosen[mode] = 1.0
            total = add((1, total), (1, {part: 1.0, mode: low}))
            value = add((1, value), (1, {part: (second - first) / (high - low), mode: first}))
        self.milp.row(chosen, 1, 1)
        self.milp.row(add((1, amount), (-1, total)), -known, -known)
        return value

    def _limited_by(self, curve, flow, before, after, most):
        if curve is None or not flow:
            return
        points = [(0.0, curve.values[0]), *zip(curve.at, curve.values, strict=True), (most, curve.values[-1])]
        points = [point for at, point in enumerate(points) if not at or point[0] > points[at - 1][0]]
        for soc, known in (before, after):
            if soc:
                self.milp.row(add((1, flow), (-1, self._on(points, soc, known))), high=0)
            else:
                xs, ys = zip(*points, strict=True)
                self.milp.row(flow, high=float(np.interp(known, xs, ys)))

    def _soft(self, soft, levels, sign):
        if soft is None:
            return
        highest = self.milp.var(0, np.inf, soft.highest_price)
        for j, level in enumerate(levels):
            if np.isnan(soft.at[j + 1]):
                continue
            breach = self.milp.var(0, np.inf, soft.hourly_price * self.h)
            self.milp.row(add((sign, level), (1, {breach: 1})), low=sign * soft.at[j + 1])
            self.milp.row({breach: 1, highest: -1}, high=0)

    def _limited(self, limited, net):
        """Split a flow by its sign, with a whole number at each step; return it unchanged."""
        ups, downs = [], []
        for j, (terms, known) in enumerate(net):
            up = self.milp.var(0, at(limited.consumption_limit, j))
            down = self.milp.var(0, at(limited.production_limit, j))
            sign = self.milp.var(0, 1, whole=True)
            self.milp.row({up: 1, sign: -BIG}, high=0)
            self.milp.row({down: 1, sign: BIG}, high=BIG)
            self.milp.row(add((1, {up: 1}), (-1, {down: 1}), (-1, terms)), known, known)
            ups.append({up: 1.0}), downs.append({down: 1.0})
        self._highest(limited.soft_consumption, ups)
        self._highest(limited.soft_production, downs)
        self.last = ups, downs
        return net

    def _commodities(self):
        names = {place[0] for place in self.place.values()} | {c.commodity for c in self.site.connections}
        for name in sorted(names):
            net = self._sum(lambda place, name=name: place == (name, None))
            connection = next((c for c in self.site.connections if c.commodity == name), None)
            if connection is None:
                for terms, known in net:
                    self.milp.row(terms, -known, -known)
                continue
            self._limited(connection, net)
            ups, downs = self.last
            self.power[name] = [(add((1, up), (-1, down)), 0.0) for up, down in zip(ups, downs, strict=True)]
            self.exchanged[name] = self.last
            for tariff in connection.tariffs:
                self._tariff(tariff, ups, downs)

    def _carbon_cap(self, cap):
        emitted = {self.milp.var(0, np.inf, cap.price): -1.0}
        for name, carbon in cap.intensities.items():
            for j, (up, down) in enumerate(zip(*self.exchanged[name], strict=True)):
                emitted = add(
                    (1, emitted), (at(carbon.consumption, j) * self.h, up), (-at(carbon.production, j) * self.h, down)
                )
        self.milp.row(emitted, high=cap.most)

    def _tariff(self, tariff, ups, downs):
        if isinstance(tariff, EnergyTariff):
            for j, (up, down) in enumerate(zip(ups, downs, strict=True)):
                self.milp.cost[next(iter(up))] += at(tariff.consumption_price, j) * self.h
                self.milp.cost[next(iter(down))] -= at(tariff.production_price, j) * self.h
        if isinstance(tariff, MeanPeakTariff):
            self._mean_peak(tariff, ups if tariff.direction == "consumption" else downs)
        if isinstance(tariff, PeakTariff):
            peaks = {}
            for j, flow in enumerate(ups if tariff.direction == "consumption" else downs):
                key = (
                    0 if tariff.billing is None else int(tariff.billing[j]),
                    at(tariff.price, j),
                    at(tariff.reached, j),
                )
                if key not in peaks:
                    peaks[key] = self.milp.var(0, np.inf, key[1])
                self.milp.row(add((1, flow), (-1, {peaks[key]: 1})), high=key[2])

    def _commitment(self, commitment):
        members = commitment.members or (commitment.commodity,)
        peaks = {}
        for j in range(self.n):
            terms = add(*((1, self.power[m][j][0]) for m in members))
            known = sum(self.power[m][j][1] for m in members) - at(commitment.baseline, j)
            up_price, down_price = at(commitment.up_price, j), at(commitment.down_price, j)
            up, down = self.milp.var(), self.milp.var()
            sign = self.milp.var(0, 1, whole=True)
            self.milp.row({up: 1, sign: -BIG}, high=0)
            self.milp.row({down: 1, sign: BIG}, high=BIG)
            self.milp.row(add((1, {up: 1}), (-1, {down: 1}), (-1, terms)), known, known)
            if commitment.on == "energy":
                self.milp.cost[up] += up_price * self.h
                self.milp.cost[down] -= down_price * self.h
                continue
            for side, price, variable in (("up", up_price, up), ("down", -down_price, down)):
                key = (side, price, at(commitment.baseline, j))
                if key not in peaks:
                    peaks[key] = self.milp.var(0, np.inf, price)
                self.milp.row({variable: 1, peaks[key]: -1}, high=0)
