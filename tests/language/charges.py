"""Costs of the reference beside energy: peaks as grid operators bill them, and CO₂."""

from datetime import timedelta

import numpy as np

from tests.engine.scheduling.milp import add
from tests.language.pool import BASE
from tests.language.reading import hours, number

MONTHS = {"Jan": 1, "Feb": 2}
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
LATER_MONTHS = 11
FAR = 200.0
"""A peak beyond any here [kW]."""


def counts(text, minute):
    """Whether a moment [min since BASE] lies in hours such as ``Feb Thu-Fri 18:00-24:00``; the site is in UTC."""
    at = BASE + timedelta(minutes=float(minute))
    for word in text.split():
        first, _, last = word.partition("-")
        if first in MONTHS and not MONTHS[first] <= at.month <= MONTHS[last or first]:
            return False
        if first in DAYS and not DAYS.index(first) <= at.weekday() <= DAYS.index(last or first):
            return False
        if ":" in first:
            begin, end = (60 * int(clock[:2]) + int(clock[3:]) for clock in (first, last))
            if not begin <= 60 * at.hour + at.minute < end:
                return False
    return True


class ChargeParts:
    """What is paid beside energy; ``Reference`` joins it."""

    def _peak(self, context, way, flow):
        """Add the price of the highest mean powers of each month, above what is paid for anyway."""
        price, bands = context.get(f"site-peak-{way}-price"), context.get("site-peak-bands", ())
        bands = bands if way == "consumption" else ()
        if price is None and not bands:
            return
        price = 0.0 if price is None else self.read.per_step(price)[0]
        told = context if way == "consumption" else {}
        reached = number(context.get(f"site-peak-{way}", 0.0))
        floor, ratchet = number(told.get("site-peak-floor", 0.0)), number(told.get("site-peak-ratchet", 0.0))
        year = number(told.get("site-peak-year-consumption", 0.0))
        days, earlier = told.get("site-peak-highest-days"), self._earlier(told)
        peaks = {}
        for month, means in self._means(context, told, flow).items():
            first = month == self.read.month(0)
            peak = peaks[month] = {self.milp.var(0, np.inf): 1.0}
            paid = max(floor, ratchet * year)
            before = reached if first else 0.0
            if days is None:
                paid = max(paid, before)
            elif first:
                paid = max(paid, sum(sorted([*earlier, reached])[-days:]) / days)
            self._above(means, peak, (days, earlier if first else [], before))
            self.milp.row(peak, low=paid)
            for variable in peak:
                self.milp.cost[variable] += price
            self.milp.constant -= price * paid
            if bands:
                self._band(bands, peak, paid)
        if ratchet:  # a peak above that of the year is paid for in later months, too
            of_year = {self.milp.var(max(reached, year, floor / ratchet), np.inf, LATER_MONTHS * ratchet * price): 1.0}
            self.milp.constant -= LATER_MONTHS * ratchet * price * max(reached, year, floor / ratchet)
            for means in self._means(context, told, flow).values():
                self._above(means, of_year, (None, [], 0.0))

    def _earlier(self, told):
        given = told.get("site-peak-earlier-days", ())
        return [number(each) for each in given]

    def _means(self, context, told, flow):
        """Return what counts of the mean power of each interval of the clock, by month: terms and a known part."""
        lasts = 60 * hours(context["site-peak-interval"]) if "site-peak-interval" in context else self.read.step
        steps = {}
        for j, variable in enumerate(flow):
            steps.setdefault(self.read.ticks[j] // lasts, []).append((variable, j))
        months = {}
        for at, parts in steps.items():
            whole, passed = sum(self.h[j] for _, j in parts), 0.0
            terms = {variable: self.h[j] for variable, j in parts}
            if parts[0][1] == 0 and "site-peak-running-consumption" in told:
                passed = (self.read.ticks[0] - at * lasts) / 60
            share = 1.0
            if "site-peak-share" in told:
                share = self.read.per_step(told["site-peak-share"])[parts[0][1]]
            if "site-peak-hours" in told:
                share *= counts(told["site-peak-hours"], at * lasts)
            known = passed * number(told.get("site-peak-running-consumption", 0.0))
            mean = add((share / (whole + passed), terms)), share * known / (whole + passed)
            months.setdefault(self.read.month(parts[0][1]), []).append(mean)
        return months

    def _above(self, means, peak, about):
        """Let a peak be the highest mean, or the mean of the highest days of which today is one."""
        days, earlier, today = about
        if days is None:
            for terms, known in means:
                self.milp.row(add((1, terms), (-1, peak)), high=-known)
            return
        day = {self.milp.var(today, np.inf): 1.0}
        for terms, known in means:
            self.milp.row(add((1, terms), (-1, day)), high=-known)
        others = sum(sorted(earlier)[::-1][: days - 1])
        self.milp.row(add((1 / days, day), (-1, peak)), high=-others / days)

    def _band(self, bands, peak, paid):
        """Add the fee of the band in which a peak lies, less that of the band that is paid for anyway."""
        ends = [number(band["up-to"]) if "up-to" in band else FAR for band in bands]
        fees = [number(band["fee"]) for band in bands]
        chosen = [self.milp.var(0, 1, fee, whole=True) for fee in fees]
        self.milp.row(dict.fromkeys(chosen, 1), 1, 1)
        self.milp.row(add((1, peak), *((-end, {each: 1}) for each, end in zip(chosen, ends, strict=True))), high=0)
        self.milp.constant -= next(fee for end, fee in zip(ends, fees, strict=True) if paid <= end)

    def _carbon(self, context, bought, sold):
        """Note what is emitted, and price it."""
        if "carbon-intensity" not in context:
            return
        emitted, saved = (self.read.per_step(context.get(f"{way}carbon-intensity", 0.0)) for way in ("", "production-"))
        for j in range(self.n):
            self.emitted = add((1, self.emitted), (1, {bought[j]: emitted[j] * self.h[j]}))
            self.emitted = add((1, self.emitted), (1, {sold[j]: -saved[j] * self.h[j]}))

    def _price_carbon(self):
        for variable, kg in self.emitted.items():
            self.milp.cost[variable] += kg * number(self.context.get("carbon-price", 0.0))
        if "carbon-cap" in self.context:
            above = self.milp.var(0, np.inf, self.usual(1000.0))
            self.milp.row(add((1, self.emitted), (-1, {above: 1})), high=number(self.context["carbon-cap"]))
