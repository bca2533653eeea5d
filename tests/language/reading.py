"""What is written in the flex language, as numbers per step: read anew from docs/flex-config.md, not from the engine.

Times are minutes since ``BASE``.
"""

from datetime import datetime, timedelta

import numpy as np

from tests.language.pool import BASE, Pool
from tests.language.sites import Drawn

UNITS = {
    "kW": 1.0, "W": 1e-3, "MW": 1e3, "kVA": 1.0, "kWh": 1.0, "MWh": 1e3, "EUR/kWh": 1.0, "EUR/MWh": 1e-3, "EUR/kW": 1.0,
    "EUR": 1.0, "kW/h": 1.0, "%": 0.01, "": 1.0,
    "°C": 1.0, "kWh/K": 1.0, "kW/K": 1.0, "W/K": 1e-3, "EUR/K/h": 1.0,
    "kg": 1.0, "g/kWh": 1e-3, "kg/kWh": 1.0, "EUR/kg": 1.0, "EUR/t": 1e-3,
}  # fmt: skip


def number(text, whole=1.0):
    """Return a value such as ``3 kW`` or ``95%`` in the units of the engine."""
    if not isinstance(text, str):
        return float(text)
    if text.endswith("%"):
        return float(text[:-1]) / 100 * whole
    value, _, unit = text.partition(" ")
    return float(value) * UNITS[unit]


def minutes(moment):
    return (datetime.fromisoformat(moment) - BASE) / timedelta(minutes=1)


def hours(text):
    """Return the length of a duration such as PT1H30M [h]."""
    total, digits = 0.0, ""
    for letter in text.removeprefix("P").replace("T", ""):
        if letter.isdigit():
            digits += letter
        else:
            total, digits = total + float(digits) * {"H": 1.0, "M": 1 / 60, "D": 24.0}[letter], ""
    return total


def span(event):
    """Return begin and end of an event."""
    if "datetime" in event:
        return minutes(event["datetime"]), minutes(event["datetime"])
    begin = minutes(event["start"])
    return begin, minutes(event["end"]) if "end" in event else begin + 60 * hours(event["duration"])


class Reader:
    """Reads what a request says over its window."""

    def __init__(self, drawn: Drawn, pool: Pool):
        self.pool, self.step = pool, drawn.resolution / timedelta(minutes=1)
        begin = (drawn.start - BASE) / timedelta(minutes=1)
        end = -(-(begin + drawn.duration / timedelta(minutes=1)) // self.step) * self.step
        inner = np.arange(np.floor(begin / self.step) + 1, end / self.step + 1) * self.step
        self.ticks = np.concatenate([[begin], inner])
        self.n, self.h = len(self.ticks) - 1, np.diff(self.ticks) / 60

    def position(self, at):
        """Return how many steps lie before a moment, with the part of the one in which it lies."""
        if at >= self.ticks[-1]:
            return self.n + (at - self.ticks[-1]) / self.step
        if at <= self.ticks[0]:
            return (at - self.ticks[0]) / self.step
        j = int(np.searchsorted(self.ticks, at, side="right")) - 1
        return j + (at - self.ticks[j]) / (self.ticks[j + 1] - self.ticks[j])

    def per_step(self, given, kind="price", whole=1.0):
        """Return a value in each step, NaN where nothing is said; a price, share, load or capacity."""
        if given is None:
            return None
        if isinstance(given, dict):
            return self.of_sensor(given, kind)
        if not isinstance(given, list):
            return np.full(self.n, number(given, whole))
        if kind == "load":
            return self.mean_of_events(given)
        values = np.full(self.n, np.nan)
        for event in given:
            begin, end = (self.position(at) for at in span(event))
            first, last = int(np.floor(begin)), int(np.ceil(end) if kind == "capacity" else np.floor(end))
            for j in range(max(first, 0), min(max(last, first + 1), self.n)):
                value = number(event["value"])
                if np.isnan(values[j]) or (kind == "capacity" and value < values[j]):
                    values[j] = value
        return self.held(values) if kind == "price" else values

    def mean_of_events(self, events):
        values = np.zeros(self.n)
        for j in range(self.n):
            for event in events:
                begin, end = span(event)
                common = min(end, self.ticks[j + 1]) - max(begin, self.ticks[j])
                values[j] += max(common, 0.0) / (self.ticks[j + 1] - self.ticks[j]) * number(event["value"])
        return values

    @staticmethod
    def held(values):
        """Return prices that stay what they were; before the first, the first."""
        known = values[~np.isnan(values)]
        last, held = (known[0] if len(known) else np.nan), values.copy()
        for j, value in enumerate(values):
            last = held[j] = last if np.isnan(value) else value
        return held

    def of_sensor(self, given, kind):
        stored, values = self.pool.by_id[given["sensor"]], np.full(self.n, np.nan)
        for j in range(self.n):
            shares, inside = [], []
            for at, value in enumerate(stored.values):
                begin = at * stored.minutes
                common = min(begin + stored.minutes, self.ticks[j + 1]) - max(begin, self.ticks[j])
                if common > 0 and not np.isnan(value):
                    shares.append(common), inside.append(value * UNITS[stored.unit])
            if inside:
                values[j] = min(inside) if kind == "capacity" else np.average(inside, weights=shares)
        if np.isnan(values).any():
            filler = number(given["default"]) if "default" in given else 0.0 if kind == "load" else np.nan
            values = np.where(np.isnan(values), filler, values)
        return values

    def bounds(self, given, tightest, whole):
        """Return what is asked of a stored energy by moment [steps since the start], at ticks and between them."""
        found = {}
        if given is None:
            return found
        if not isinstance(given, list):
            return {float(j): number(given, whole) for j in range(1, self.n + 1)}
        for event in given:
            begin, end = (self.position(at) for at in span(event))
            for at in {*range(1, self.n + 1), *self.between}:
                if begin - 1e-9 <= at <= end + 1e-9:
                    value = number(event["value"], whole)
                    found[at] = tightest(found.get(at, value), value)
        return found

    def note_moments(self, *fields):
        """Take note of the moments between ticks at which any of some bounds begins or ends."""
        ends = {self.position(at) for given in fields for event in given or () for at in span(event)}
        self.between = {at for at in ends if 0 < at < self.n and abs(at - round(at)) > 1e-9}

    def month(self, j):
        """Return the month of a step: the first or the second."""
        return int(self.ticks[j] >= 12 * 60)
