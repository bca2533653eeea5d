"""A site as it is described, as a plain problem with a whole number for every choice; from the documentation."""

import numpy as np

from tests.engine.scheduling.milp import Milp, add
from tests.language.charges import ChargeParts
from tests.language.parts import PortParts
from tests.language.pool import Pool
from tests.language.reading import Reader, number
from tests.language.sites import Drawn
from tests.language.stores import StoreParts
from tests.language.works import ProcessParts

FAR = 200.0
"""More power than any site here has [kW]."""


class Reference(PortParts, StoreParts, ProcessParts, ChargeParts):
    """One request; ``cost()`` is the least cost of a schedule, None without one."""

    def __init__(self, drawn: Drawn, pool: Pool, *, yields: bool = False):
        self.drawn, self.pool, self.yields = drawn, pool, yields
        self.read, self.milp, self.entries = Reader(drawn, pool), Milp(), drawn.model
        self.context, self.n, self.h = drawn.context, 0, None
        self.n, self.h = self.read.n, self.read.h
        self.contexts = {
            "electricity": self.context,
            **{c["commodity"]: c for c in self.context.get("commodities", ())},
        }
        self.power, self.up, self.down, self.places = {}, {}, {}, {}
        self.levels, self.stores, self.fixed = {}, set(), {}
        self.captive, self.serving, self.phases, self.switched = [], [], {}, {}
        self.apart, self.emitted, self.missing = {}, {}, {}
        self.dearest = self._dearest()
        groups = {each["group"]["asset"] for each in self.entries if "group" in each}
        self.groups = {self.name(each) for each in self.entries if each.get("asset") in groups}
        members = [each for each in self.entries if each.get("asset") not in groups]
        works = [each for each in members if {"power", "power-profile"} & each.keys()]
        self._stores([each for each in members if each not in works])
        for each in works:
            self.process(each)
        self._keep_apart()
        self._loads()
        for each in self._innermost_first([each for each in self.entries if each.get("asset") in groups]):
            self._group(each)
        for commodity in dict.fromkeys(place[0] for place in self.places.values()):
            self._commodity(commodity)
        self._price_carbon()
        for each in self.context.get("commitments", ()):
            self._commitment(each)

    def cost(self):
        found = self.milp.solve()
        return None if found is None else found[0]

    def cost_of(self, powers, slack=1e-5):
        """Return the cost of a plan whose powers are known by the names of its parts; None if it is not allowed."""
        for name, power in powers.items():
            for j, (terms, known) in enumerate(self.power[name]):
                self.milp.row(terms, low=power[j] - known - slack, high=power[j] - known + slack)
        return self.cost()

    def allows(self, powers, step, name, power):
        """Whether a device can take another power in one step, all powers before and beside it as they are."""
        for part, planned in powers.items():
            for j in range(step + 1 if part not in (*self.contexts, *self.groups) else 0):
                asked, slack = (power, 1e-5) if (part, j) == (name, step) else (planned[j], 1e-5)
                terms, known = self.power[part][j]
                self.milp.row(terms, low=asked - known - slack, high=asked - known + slack)
        return self.milp.solve() is not None

    def least_missing(self):
        """Return the least energy that is not there for its use, or overflows, whatever it costs [kWh]."""
        self.milp.cost = [self.missing.get(variable, 0.0) for variable in range(len(self.milp.low))]
        self.milp.constant = 0.0
        return self.cost()

    def name(self, entry):
        """Return the name of the asset that an entry is about."""
        keys = {**{key: name for name, key in self.pool.power.items()}}
        if entry.get("sensor") in keys:
            return keys[entry["sensor"]]
        return next(name for name, asset in self.pool.home.assets.items() if asset.id == entry["asset"])

    def _dearest(self):
        """Price of the dearest energy of a commodity that is used, or a fiftieth of a peak's if it is more."""
        used, found = {each.get("commodity", "electricity") for each in self.entries}, [0.0]
        for commodity, context in self.contexts.items():
            if commodity in used:
                for way in ("consumption", "production"):
                    price = context.get(f"{way}-price")
                    found += [] if price is None else [abs(self.read.per_step(price)).max()]
                    peak = context.get(f"site-peak-{way}-price")
                    found += [] if peak is None else [0.02 * self.read.per_step(peak).max()]
                    ratchet = number(context.get("site-peak-ratchet", 0.0)) if way == "consumption" else 0.0
                    found += [] if peak is None else [0.02 * 11 * ratchet * self.read.per_step(peak).max()]
                carbon = number(self.context.get("carbon-price", 0.0))
                for field in ("carbon-intensity", "production-carbon-intensity") if carbon else ():
                    found.append(carbon * abs(self.read.per_step(context.get(field, 0.0))).max())
        return max(found)

    def usual(self, price):
        return price * max(1.0, 0.3 * self.dearest)

    def relaxes(self, what):
        return self.context.get(f"relax-{what}", self.context.get("relax-constraints", True))

    def total(self, names):
        parts = [self.power[name] for name in names]
        return [(add(*((1, part[j][0]) for part in parts)), sum(part[j][1] for part in parts)) for j in range(self.n)]

    def _loads(self):
        for way, sign in (("consumption", 1.0), ("production", -1.0)):
            for each in self.context.get(f"inflexible-{way}", ()):
                self.load(f"sensor {each['sensor']}", sign * self.read.per_step(each, "load"))

    def load(self, name, power, commodity="electricity", group=None):
        """Add what is as it is; what it gives counts as local production."""
        self.power[name] = [({}, float(value)) for value in power]
        self.fixed[name] = np.maximum(-power, 0.0)
        self.places[name] = commodity, group

    def _innermost_first(self, groups):
        return sorted(groups, key=lambda each: "group" not in each)

    def _group(self, entry):
        name, asset = self.name(entry), entry["asset"]
        net = self.total([key for key, place in self.places.items() if place[1] == asset])
        both = self.read.per_step(entry.get("power-capacity"), "capacity")
        both = np.full(self.n, FAR) if both is None else both
        self.power[name] = net
        for way, sign in (("consumption", 1), ("production", -1)):
            own, price = self.read.per_step(entry.get(f"{way}-capacity"), "capacity"), self.usual(10_000.0)
            soft = own is not None and self.relaxes("site-capacity-constraints")
            hard = both if own is None or soft else np.minimum(both, own)
            for j, (terms, known) in enumerate(net):
                self.milp.row(add((sign, terms)), high=hard[j] - sign * known)
            if soft:
                flows = [(add((sign, terms)), sign * known) for terms, known in net]
                self.breach(flows, np.minimum(both, own), np.full(self.n, price))
        self.places[name] = entry.get("commodity", "electricity"), entry.get("group", {}).get("asset")

    def breach(self, flows, limit, price):
        """Price what lies above a limit: every hour of it, and the highest."""
        highest = self.milp.var(0, np.inf, float(price[0]))
        for j, (terms, known) in enumerate(flows):
            above = self.milp.var(0, np.inf, float(price[j]) * self.h[j])
            self.milp.row(add((1, terms), (-1, {above: 1})), high=limit[j] - known)
            self.milp.row({above: 1, highest: -1}, high=0)

    def _commodity(self, commodity):
        names = [name for name, place in self.places.items() if place == (commodity, None)]
        net, context = self.total(names), self.contexts.get(commodity)
        if context is None:
            for terms, known in net:
                self.milp.row(terms, -known, -known)
            return
        hard = self.read.per_step(context.get("site-power-capacity"), "capacity")
        hard = np.full(self.n, FAR) if hard is None else hard
        bought = [self.milp.var(0, hard[j]) for j in range(self.n)]
        sold = [self.milp.var(0, hard[j]) for j in range(self.n)]
        self.power[commodity] = [({bought[j]: 1, sold[j]: -1}, 0.0) for j in range(self.n)]
        for j, (terms, known) in enumerate(net):
            self.milp.row(add((1, {bought[j]: 1, sold[j]: -1}), (-1, terms)), known, known)
            self.one_way(bought[j], sold[j], hard[j], hard[j])
        self._site_limits(context, bought, sold, hard)
        self._prices(context, bought, sold)
        self._carbon(context, bought, sold)
        for way, flow in (("consumption", bought), ("production", sold)):
            self._peak(context, way, flow)
        self._keep_from_grid(commodity, sold)
        if commodity == "electricity":
            self._phases(context)

    def _phases(self, context):
        """Price what a phase carries beyond its capacity, and how much further two lie apart than they may."""

        def kw(text):
            return None if text is None else float(text[:-2]) * 0.23 if text.endswith(" A") else number(text)

        most, apart = (kw(context.get(f"site-phase-{field}")) for field in ("capacity", "unbalance"))
        for j in range(self.n):
            carried = {}
            for phase in ("L1", "L2", "L3"):
                parts = [(1 / 3, self.power["electricity"][j])]
                phases = [(self.power[name][j], own) for name, own in self.phases.items()]
                for (_, step), each in self.switched.items():
                    phases += [((power, 0.0), own) for power, own in each if step == j]
                parts += [((phase in own) / len(own) - 1 / 3, power) for power, own in phases]
                terms = add(*((share, flow[0]) for share, flow in parts))
                carried[phase] = terms, sum(share * flow[1] for share, flow in parts)
            flows = [] if most is None else [(each, most) for each in carried.values()]
            for one, other in (("L1", "L2"), ("L1", "L3"), ("L2", "L3")) if apart is not None else ():
                (first, known), (second, less) = carried[one], carried[other]
                flows.append(((add((1, first), (-1, second)), known - less), apart))
            for (terms, known), limit in flows:
                above = {self.milp.var(0, np.inf, self.usual(10_000.0) * self.h[j]): 1.0}
                self.milp.row(add((1, terms), (-1, above)), high=limit - known)
                self.milp.row(add((1, terms), (1, above)), low=-limit - known)

    def one_way(self, first, second, most, other):
        """Let only one of two flows run."""
        sign = self.milp.var(0, 1, whole=True)
        self.milp.row({first: 1, sign: -float(most)}, high=0)
        self.milp.row({second: 1, sign: float(other)}, high=float(other))

    def _site_limits(self, context, bought, sold, hard):
        for way, flow in (("consumption", bought), ("production", sold)):
            own = self.read.per_step(context.get(f"site-{way}-capacity"), "capacity")
            other = "production" if way == "consumption" else "consumption"
            closed = (
                context.get("commodity") and f"{way}-price" not in context and f"site-{way}-capacity" not in context
            )
            if closed and "site-power-capacity" not in context and f"{other}-price" in context:
                own = np.zeros(self.n)  # a grid that only delivers takes nothing back
            if own is None:
                continue
            limit, told = np.minimum(hard, own), context.get(f"site-{way}-breach-price")
            if told is None and not self._relaxes_of(context):
                for j, variable in enumerate(flow):
                    self.milp.high[variable] = limit[j]
                continue
            price = self.usual(10_000.0) if told is None else self.read.per_step(told)[0]
            self.breach([({variable: 1}, 0.0) for variable in flow], limit, np.full(self.n, price))

    def _relaxes_of(self, context):
        return self.relaxes("site-capacity-constraints")

    def _prices(self, context, bought, sold):
        buy, sell = (self.read.per_step(context.get(f"{way}-price")) for way in ("consumption", "production"))
        buy, sell = (sell if buy is None else buy), (buy if sell is None else sell)
        for j in range(self.n):
            self.milp.cost[bought[j]] += buy[j] * self.h[j]
            self.milp.cost[sold[j]] -= sell[j] * self.h[j]

    def _keep_from_grid(self, commodity, sold):
        """Let captive devices take no more than is produced locally, and none of what serves local use be sold."""
        produced = {name for name, place in self.places.items() if place[0] == commodity and name not in self.stores}
        for j in range(self.n):
            given = add(*((1, self.down[name][j]) for name in produced if name in self.down))
            known = sum(self.fixed[name][j] for name in produced if name in self.fixed)
            if captive := [name for name in self.captive if self.places[name][0] == commodity]:
                terms = add(*((1, self.power[name][j][0]) for name in captive), (-1, given))
                self.milp.row(terms, high=known)
            if any(self.places[name][0] == commodity for name in self.serving):
                free = [name for name in self.stores - set(self.serving) if self.places[name][0] == commodity]
                terms = add((1, {sold[j]: 1}), (-1, given), *((-1, self.down[name][j]) for name in free))
                self.milp.row(terms, high=known)

    def _commitment(self, bid):
        keys = {key: name for name, key in self.pool.power.items()}
        members = [keys[key] for key in bid.get("sensors", ())] or ["electricity"]
        if "group" in bid:
            members = [self.name(bid["group"])]
        net, baseline = self.total(members), self.read.per_step(bid["baseline"], "load")
        prices = {way: bid.get(f"{way}-price") for way in ("up", "down")}
        on_peak = any(str(price).endswith("kW") for price in prices.values())
        up_price, down_price = (0.0 if price is None else self.read.per_step(price)[0] for price in prices.values())
        peaks = {}
        for j, (terms, known) in enumerate(net):
            up, down = self.milp.var(0, 2 * FAR), self.milp.var(0, 2 * FAR)
            self.one_way(up, down, 2 * FAR, 2 * FAR)
            self.milp.row(add((1, {up: 1, down: -1}), (-1, terms)), known - baseline[j], known - baseline[j])
            if not on_peak:
                self.milp.cost[up] += up_price * self.h[j]
                self.milp.cost[down] -= down_price * self.h[j]
                continue
            if j and abs(baseline[j] - baseline[j - 1]) > 1e-9:
                peaks = {}
            for side, price, variable in (("up", up_price, up), ("down", -down_price, down)):
                if side not in peaks:
                    peaks[side] = self.milp.var(0, np.inf, price)
                self.milp.row({variable: 1, peaks[side]: -1}, high=0)
