"""Processes of the reference: work of known power, in one piece or several, once or more often."""

import numpy as np

from tests.engine.scheduling.milp import add
from tests.language.reading import hours, number, span


class ProcessParts:
    """What is run at a time of choice; ``Reference`` joins it."""

    def process(self, entry):
        """Add work for as many whole steps as its duration touches."""
        n, step, name = self.n, self.read.step, self.name(entry)
        kind, dearest = entry["process-type"], entry.get("optimization-direction") == "MAX"
        allowed = self.h * 60 > step - 1e-9
        powers, lasts = self._powers(entry)
        steps = min(int(np.ceil(lasts / step - 1e-9)), max(int(allowed.sum()), 1))
        for event in entry.get("time-restrictions", ()):
            begin, end = span(event)
            allowed &= ~((self.read.ticks[1:] > begin) & (self.read.ticks[:-1] < end))
        per_step = self._per_step(powers, lasts, steps)
        self.places[name] = entry.get("commodity", "electricity"), entry.get("group", {}).get("asset")
        ceiling = entry.get("price-ceiling")
        if ceiling is not None:
            per_kwh = ceiling.endswith("kWh")
            ceiling = number(ceiling) * (per_step.sum() * step / 60 if per_kwh else 1.0)
        if kind == "BREAKABLE":
            price = self._counted_price()
            dear = sorted((j for j in range(n) if allowed[j]), key=lambda j: (-price[j], j))[:steps] if dearest else ()
            running = self._in_pieces(name, per_step[0], (steps, allowed, dear), ceiling)
        else:
            running = self._in_one_piece(entry, per_step, (steps, allowed, kind, dearest), ceiling)
        if "exclusion-group" in entry:
            self.apart.setdefault(entry["exclusion-group"], []).append(running)

    def _counted_price(self):
        """Return what a kWh from the grid counts by which the dearest time is chosen: money and CO₂."""
        carbon = number(self.context.get("carbon-price", 0.0)) * self.read.per_step(
            self.context.get("carbon-intensity", 0.0)
        )
        return self.read.per_step(self.context["consumption-price"]) + carbon

    def _powers(self, entry):
        """Return the powers of a run, one after the other [kW], and how long it takes [min]."""
        if "power-profile" not in entry:
            return [number(entry["power"])], 60 * hours(entry["duration"])
        powers = [number(each) for each in entry["power-profile"]]
        return powers, 60 * hours(entry.get("profile-resolution", "PT15M")) * len(powers)

    def _per_step(self, powers, lasts, steps):
        """Return the power in each step of a run [kW]: the mean of a profile, a constant one to the end of the step."""
        if len(powers) == 1:
            return np.full(steps, powers[0])
        fine = np.zeros(int(steps * self.read.step) + int(lasts) + 1)  # minute by minute
        each = lasts / len(powers)
        for at, power in enumerate(powers):
            fine[int(at * each) : int((at + 1) * each)] = power
        return fine[: int(steps * self.read.step)].reshape(steps, -1).mean(axis=1)

    def _in_pieces(self, name, power, how, ceiling):
        steps, allowed, dear = how
        runs = [self.milp.var(float(j in dear), float(allowed[j]), whole=True) for j in range(self.n)]
        self.power[name] = [({run: power}, 0.0) for run in runs]
        done = {self.milp.var(0 if ceiling is not None else 1, 1, -(ceiling or 0.0), whole=True): 1.0}
        self.milp.constant += ceiling or 0.0
        self.milp.row(add((1, dict.fromkeys(runs, 1.0)), (-steps, done)), 0, 0)
        return [{run: 1.0} for run in runs]

    def _in_one_piece(self, entry, per_step, how, ceiling):
        steps, allowed, kind, dearest = how
        n, count = self.n, entry.get("runs", 1)
        pause = int(np.ceil(60 * hours(entry.get("pause", "PT0M")) / self.read.step - 1e-9))
        places = [j for j in range(n - steps + 1) if allowed[j : j + steps].all()]
        if kind == "INFLEXIBLE" or dearest:
            places = self._known(places, (steps, pause, count), kind, dearest)
        begins = {j: self.milp.var(0, 1, -(ceiling or 0.0), whole=True) for j in places}
        self.milp.constant += count * (ceiling or 0.0)
        self.milp.row(dict.fromkeys(begins.values(), 1.0), count if ceiling is None else 0, count)
        for j in places:
            near = [begins[other] for other in places if j <= other < j + steps + pause]
            self.milp.row(dict.fromkeys(near, 1.0), high=1)
        power, running = ([{} for _ in range(n)] for _ in range(2))
        for j, begin in begins.items():
            for at in range(steps):
                power[j + at] = add((1, power[j + at]), (per_step[at], {begin: 1.0}))
                running[j + at] = add((1, running[j + at]), (1, {begin: 1.0}))
        self.power[self.name(entry)] = [(terms, 0.0) for terms in power]
        return running

    def _known(self, places, how, kind, dearest):
        """Return where each run begins as soon as it may, or one run at the dearest time."""
        steps, pause, count = how
        if kind == "INFLEXIBLE":
            chosen = []
            for j in places:
                if len(chosen) < count and (not chosen or j >= chosen[-1] + steps + pause):
                    chosen.append(j)
            return chosen
        price = self._counted_price()
        best = [price[j : j + steps].sum() for j in places]
        return [places[int(np.argmax(np.array(best) >= max(best) - 1e-9))]] if places else []

    def _keep_apart(self):
        """Let no two processes of one exclusion-group run at the same time."""
        for members in self.apart.values():
            for j in range(self.n):
                self.milp.row(add(*((1, running[j]) for running in members)), high=1)
