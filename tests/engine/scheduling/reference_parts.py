"""Parts of the reference: processes with every way to run written out, and peaks with every set of days."""

from itertools import combinations

import numpy as np

from engine.devices.process import ProcessType
from tests.engine.scheduling.milp import add


def at(values, step):
    return float(values[step]) if isinstance(values, np.ndarray) else float(values)


class Processes:
    """Of a reference: its processes."""

    def _process(self, device):
        """Every way to run is written out: one whole number per possible start or step."""
        begun = np.broadcast_to(device.begun, self.n)
        running, power = [{} for _ in range(self.n)], [{} for _ in range(self.n)]
        placed = self._pieces if device.kind is ProcessType.BREAKABLE else self._runs
        runs = placed(device, begun, running, power)
        self.milp.row(dict.fromkeys(runs, 1.0), device.runs if device.ceiling is None else 0, device.runs)
        if device.ceiling is not None:
            self.milp.constant += device.runs * device.ceiling
            for run in runs:
                self.milp.cost[run] -= device.ceiling
        self.power[device.name] = [(each, float(known)) for each, known in zip(power, begun, strict=True)]
        for j in range(self.n if device.exclusion else 0):
            others = self.sets.setdefault((device.exclusion, j), [])
            others.append((running[j], float(begun[j] != 0)))
            self.milp.row(add(*((1, run) for run, _ in others)), high=1 - sum(known for _, known in others))

    def _pieces(self, device, _begun, running, power):
        """Return a whole number that tells whether the work is done, in any steps."""
        for j in range(self.n):
            if device.blocked is None or not device.blocked[j]:
                run = self.milp.var(0, 1, whole=True)
                running[j], power[j] = {run: 1.0}, {run: device.power}
        done = self.milp.var(0, 1, whole=True)
        self.milp.row(add(*((1, run) for run in running), (-device.steps, {done: 1.0})), 0, 0)
        return [done]

    def _runs(self, device, begun, running, power):
        """Return one whole number per possible start, with a row for each pair that would clash."""
        blocked = device.blocked if device.blocked is not None else np.zeros(self.n, bool)
        ends = int(np.flatnonzero(begun)[-1]) + 1 + device.pause if begun.any() else 0
        starts = [j for j in range(ends, self.n - device.steps + 1) if not blocked[j : j + device.steps].any()]
        if device.kind is ProcessType.INFLEXIBLE:
            allowed = []
            for start in starts:
                if len(allowed) < device.runs and (not allowed or start - allowed[-1] >= device.steps + device.pause):
                    allowed.append(start)
            starts = allowed
        runs = {start: self.milp.var(0, 1, whole=True) for start in starts}
        for start, run in runs.items():
            for at, value in enumerate(np.broadcast_to(device.power, device.steps)):
                running[start + at] = add((1, running[start + at]), (1, {run: 1.0}))
                power[start + at] = add((1, power[start + at]), (value, {run: 1.0}))
            for other, before in runs.items():
                if other < start < other + device.steps + device.pause:
                    self.milp.row({run: 1, before: 1}, high=1)
        return list(runs.values())


class Peaks:
    """Of a reference: its mean peaks."""

    def _mean_peak(self, tariff, flows):
        """Every set of days that could be the highest has a row of its own."""
        intervals, days, periods = {}, {}, {}
        for j, flow in enumerate(flows):
            intervals.setdefault(int(tariff.interval[j]), []).append((j, flow))
        for number, steps in intervals.items():
            first = steps[0][0]
            hours, passed = self.h * len(steps), 0.0
            if number == int(tariff.interval[0]):
                hours += tariff.begun[0]
                passed = tariff.begun[0] * tariff.begun[1]
            share = at(tariff.share, first)
            mean = add(*((share * self.h / hours, flow) for _, flow in steps))
            period = 0 if tariff.billing is None else int(tariff.billing[first])
            key = (period, at(tariff.price, first), at(tariff.reached, first))
            if key not in periods:
                periods[key] = self.milp.var(0, np.inf, key[1])
            if tariff.days is None:
                self.milp.row(add((1, mean), (-1, {periods[key]: 1})), high=key[2] - share * passed / hours)
                continue
            of_period = days.setdefault(key, {})
            day = int(tariff.days[first])
            if day not in of_period:
                today = tariff.earlier[-1] if tariff.earlier and first == 0 else 0.0
                of_period[day] = self.milp.var(today, np.inf)
            self.milp.row(add((1, mean), (-1, {of_period[day]: 1})), high=-share * passed / hours)
        for at_first, (key, of_period) in enumerate(days.items()):
            known = [({}, each) for each in (tariff.earlier[:-1] if not at_first else ())]
            peaks = [*(({day: 1.0}, 0.0) for day in of_period.values()), *known]
            for chosen in combinations(peaks, min(tariff.count, len(peaks))):
                mean = add(*((1 / tariff.count, terms) for terms, _ in chosen), (-1, {periods[key]: 1}))
                self.milp.row(mean, high=key[2] - sum(value for _, value in chosen) / tariff.count)
