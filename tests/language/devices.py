"""Entries of a flex-model drawn at random: storages, vehicles, suns, machines, processes, heat, with their fields."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.language.pool import DEVICES, Pool

Entry = dict[str, Any]


@dataclass
class Writer:
    """Writes quantities and times in the many ways that the language allows."""

    rng: np.random.Generator
    pool: Pool
    start: datetime
    duration: timedelta
    resolution: timedelta
    has_heat: bool = False
    grouped: bool = False
    taken: int = 0
    powers: set[int] = field(default_factory=set)
    metered: set[int] = field(default_factory=set)

    def device(self) -> str:
        self.taken += 1
        return DEVICES[self.taken - 1]

    def has_power(self, entry: Entry) -> bool:
        """Whether an entry has a power of its own."""
        return entry.get("sensor") in self.powers

    def entry(self, **fields: Any) -> Entry:
        name = self.device()
        self.powers.add(self.pool.power[name])
        return {"sensor": self.pool.power[name], **fields}

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def some(self, shares: dict[str, float], value: Callable[[], Any]) -> Entry:
        """Return some fields, each present with its own chance."""
        return {name: value() for name, share in shares.items() if self.chance(share)}

    def number(self, low: float, high: float) -> float:
        return round(float(self.rng.uniform(low, high)), 2)

    def kw(self, low: float, high: float) -> str:
        value = self.number(low, high)
        return [f"{value} kW", f"{value / 1000:.6f} MW", f"{value * 1000:.0f} W", f"{value} kVA"][
            int(self.rng.choice(4, p=[0.7, 0.1, 0.1, 0.1]))
        ]

    def kwh(self, low: float, high: float) -> str:
        value = self.number(low, high)
        return f"{value} kWh" if self.chance(0.8) else f"{value / 1000:.6f} MWh"

    def share(self, low: float, high: float) -> Any:
        value = round(float(self.rng.uniform(low, high)), 3)
        return f"{100 * value:.1f}%" if self.chance(0.7) else value

    def sensor(self, kind: str) -> Entry:
        return {"sensor": self.pool.sensors[kind][int(self.rng.integers(len(self.pool.sensors[kind])))].id}

    def meter(self, kind: str) -> Entry:
        """Return a sensor of a load or production, which counts once."""
        free = [each.id for each in self.pool.sensors[kind] if each.id not in self.metered]
        self.metered.add(free[int(self.rng.integers(len(free)))] if free else 0)
        return {"sensor": next(each for each in free if each in self.metered)}

    def sensors(self, *kinds: str) -> list[Entry]:
        return [self.meter(kind) for kind in kinds if self.chance(0.7)]

    def moment(self, low: float = 0.0, high: float = 1.0) -> datetime:
        """Return a moment within shares of the window, mostly at the end of a step."""
        at = self.start + float(self.rng.uniform(low, high)) * self.duration
        minutes = self.resolution // timedelta(minutes=1) if self.chance(0.7) else 5
        since = (at - datetime(2030, 1, 1, tzinfo=at.tzinfo)) // timedelta(minutes=minutes)
        return datetime(2030, 1, 1, tzinfo=at.tzinfo) + since * timedelta(minutes=minutes)

    def event(self, value: Any, low: float, high: float, *, at_moment: bool | None = None) -> Entry:
        begin = self.moment(low, high)
        if self.chance(0.6) if at_moment is None else at_moment:
            return {"value": value, "datetime": begin.isoformat()}
        lasts = self.resolution * int(self.rng.integers(1, 4))
        if self.chance(0.5):
            return {"value": value, "start": begin.isoformat(), "end": (begin + lasts).isoformat()}
        minutes = lasts // timedelta(minutes=1)
        return {"value": value, "start": begin.isoformat(), "duration": f"PT{minutes}M"}

    def price_events(self) -> list[Entry]:
        """Return a price that changes twice, and is not told of the last part."""
        middle = self.moment(0.3, 0.6).isoformat()
        before = {
            "value": f"{self.number(0, 0.3)} EUR/kWh",
            "start": (self.start - self.resolution).isoformat(),
            "end": middle,
        }
        return [before, {"value": f"{self.number(-0.1, 0.3)} EUR/kWh", "start": middle, "duration": "PT1H"}]


def efficiencies(w: Writer) -> Entry:
    roll = w.rng.random()
    if roll < 0.2:
        return {}
    if roll < 0.5:
        return {"roundtrip-efficiency": w.sensor("share") if w.chance(0.2) else w.share(0.6, 0.98)}
    made = {f"{way}-efficiency": w.share(0.8, 1.0) for way in ("charging", "discharging") if w.chance(0.7)}
    if "charging-efficiency" in made and w.chance(0.2):
        made["charging-efficiency"] = w.sensor("share")
    return made


def stored(w: Writer, capacity: float, *, asked: float = 0.5) -> Entry:
    """Return the fields of stored energy of a store of some capacity [kWh]."""
    rng, start = w.rng, float(w.rng.uniform(0.1, 0.8)) * capacity
    made: Entry = {"soc-at-start": f"{start:.3f} kWh", "soc-max": f"{capacity} kWh"}
    if w.chance(0.2):
        made["soc-at-start"] = f"{100 * start / capacity:.1f}%"
    elif w.chance(0.1):
        made |= {"soc-unit": "MWh", "soc-at-start": round(start / 1000, 6)}
    if w.chance(0.3):
        made["soc-min"] = f"{min(0.1 * capacity, 0.9 * start):.3f} kWh"
    if w.chance(asked):
        levels = [w.event(w.kwh(0.2 * capacity, 0.75 * capacity), 0.4, 1.0) for _ in range(int(rng.integers(1, 3)))]
        made["soc-minima"] = levels
    if w.chance(0.25):
        made["soc-maxima"] = [w.event(w.kwh(0.4 * capacity, capacity), 0.3, 1.0)]
    if w.chance(0.25):
        made["soc-targets"] = [w.event(w.kwh(0.2 * capacity, 0.8 * capacity), 0.5, 1.0, at_moment=True)]
    if w.chance(0.15):
        made["soc-usage"] = [w.kw(0.1, 0.6)]
        if w.chance(0.5):
            made["soc-usage"].append([w.event(w.kw(0.1, 1), 0.2, 0.8, at_moment=False)])
    made |= w.some({"soc-gain": 0.1}, lambda: [w.kw(0.05, 0.4)])
    made |= w.some({"storage-efficiency": 0.3}, lambda: w.share(0.95, 0.999))
    made |= w.some({"end-value": 0.3}, lambda: f"{rng.choice([0.0, 0.1, 0.2])} EUR/kWh")
    return made | w.some({"prefer-charging-later": 0.1, "prefer-charging-sooner": 0.1}, lambda: w.chance(0.5))


def powers(w: Writer) -> Entry:
    """Return capacities in one of the ways to tell them."""
    roll = w.rng.random()
    if roll < 0.4:
        return {"power-capacity": w.kw(1.5, 5)}
    made = {"power-capacity": w.kw(2, 5)} if roll < 0.7 else {}
    made |= {"consumption-capacity": w.kw(1, 5)}
    if roll > 0.55:
        made["production-capacity"] = w.kw(1, 5)
    return made


def rules(w: Writer) -> Entry:
    """Return fields of running, wear and grid rules."""
    made: Entry = w.some({"wear-price": 0.2}, lambda: "0.02 EUR/kWh")
    made |= w.some({"charging-from-grid": 0.08, "discharging-to-grid": 0.08}, lambda: False)
    if w.chance(0.1):
        made |= running(w)
    if w.chance(0.08):
        made["ramp-limit"] = f"{w.number(2, 8)} kW/h"
        made |= w.some({"power-at-start": 0.5}, lambda: w.kw(0, 2))
    return made


def running(w: Writer) -> Entry:
    made = w.some({"start-cost": 0.6}, lambda: f"{w.rng.choice([0.02, 0.1, 0.5])} EUR")
    made |= w.some({"min-on": 0.6, "min-off": 0.4}, lambda: str(w.rng.choice(["PT30M", "PT1H", "PT50M", "PT2H"])))
    if w.chance(0.5):
        made["on-at-start"] = w.chance(0.5)
        if w.chance(0.5):
            made["switched-at"] = (w.start - timedelta(minutes=int(w.rng.choice([10, 30, 45])))).isoformat()
    return made


def battery(w: Writer) -> list[Entry]:
    return [w.entry(**stored(w, w.number(3, 12), asked=0.3), **powers(w), **efficiencies(w), **rules(w))]


def vehicle(w: Writer) -> list[Entry]:
    """Return a car that charges only, is away for a while, and may have a least power."""
    made = w.entry(**stored(w, w.number(10, 30), asked=0.8), **efficiencies(w))
    made["production-capacity"] = "0 kW"
    made["consumption-capacity"] = w.kw(3, 8)
    if w.chance(0.3):
        away = w.event("0 kW", 0.0, 0.6, at_moment=False)
        usual = {"value": made["consumption-capacity"], "start": w.start.isoformat(), "duration": "P1D"}
        made["consumption-capacity"] = [usual, away]
    elif w.chance(0.3):
        ranges = [["0 kW", "0 kW"], ["1.4 kW", "8 kW"], *([["2 kW", "6 kW"]] if w.chance(0.3) else [])]
        made["operation-modes"] = [{"consumption-range": each} for each in ranges]
    return [made | w.some({"fair-share": 0.2}, lambda: "cars")]


def sun(w: Writer) -> list[Entry]:
    power = w.sensor("sun")
    if w.chance(0.3):
        power["default"] = "0 kW"
    made = w.entry(**{"consumption-capacity": "0 kW", "production-capacity": power})
    return [made | w.some({"prefer-curtailing-later": 0.3}, lambda: w.chance(0.5))]


def machine(w: Writer) -> list[Entry]:
    """Return a machine with modes that has to run now and then, as it feeds a store that is used."""
    modes: list[Entry] = [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["1.5 kW", "3 kW"]}]
    if w.chance(0.3):
        modes.append({"production-range": ["0.8 kW", "1.2 kW"]})
    made = w.entry(**{"power-capacity": "3 kW", "operation-modes": modes}, **running(w))
    made |= {"soc-at-start": w.kwh(1, 4), "soc-max": "6 kWh", "soc-usage": w.kw(0.2, 0.9)}
    return [made | w.some({"ramp-limit": 0.2}, lambda: "6 kW/h") | w.some({"wear-price": 0.2}, lambda: "0.01 EUR/kWh")]


def process(w: Writer) -> list[Entry]:
    kind = str(w.rng.choice(["INFLEXIBLE", "SHIFTABLE", "BREAKABLE"]))
    made = w.entry(power=w.kw(0.5, 3), duration=str(w.rng.choice(["PT30M", "PT50M", "PT1H"])))
    made["process-type"] = kind
    made |= w.some({"optimization-direction": 0.15}, lambda: "MAX")
    if w.chance(0.3):
        begin = w.moment(0.0, 0.4)
        made["time-restrictions"] = [{"start": begin.isoformat(), "duration": "PT30M"}]
    return [made]


def heater(w: Writer) -> list[Entry]:
    """Return what takes power without storing it, when that pays."""
    made = w.entry(**{"consumption-capacity": w.kw(1, 4), "production-capacity": "0 kW"})
    return [made | w.some({"wear-price": 0.3}, lambda: "0.01 EUR/kWh") | (running(w) if w.chance(0.3) else {})]


def load(w: Writer) -> list[Entry]:
    """Return an entry of a device that is as it is."""
    made = w.entry()
    way, kind = [("consumption", "load"), ("production", "sun")][int(w.rng.integers(2))]
    return [made | {f"inflexible-{way}": w.meter(kind)}]


def shared(w: Writer) -> list[Entry]:
    """Return a store that two ports feed, one of which may empty it; an entry of its own tells of it."""
    level = {"sensor": w.pool.level[DEVICES[w.taken + 2]]}
    one = w.entry(**{"consumption-capacity": w.kw(1, 4), "production-capacity": "0 kW", "state-of-charge": level})
    other = w.entry(**{"power-capacity": w.kw(1, 4), "state-of-charge": level, **efficiencies(w)})
    name = w.device()
    return [one, other, {"asset": w.pool.asset(name), "state-of-charge": level, **stored(w, w.number(4, 10))}]


def heat(w: Writer) -> list[Entry]:
    """Return a heat pump or a CHP that feeds a tank of heat, from which a use is drawn."""
    tank = w.entry(**{"commodity": "heat", "power-capacity": "12 kW", "soc-at-start": "4 kWh", "soc-max": "12 kWh"})
    tank |= {"soc-usage": [w.kw(0.3, 1.2)], **w.some({"storage-efficiency": 0.5}, lambda: "98%")}
    if w.chance(0.5):
        pump = w.entry(**{"coupling": "pump", "consumption-capacity": w.kw(1, 3), "production-capacity": "0 kW"})
        warm = w.entry(**{"coupling": "pump", "coupling-coefficient": w.sensor("cop"), "commodity": "heat"})
        return [pump, warm | {"production-capacity": "20 kW", "consumption-capacity": "0 kW"}, tank]
    gas = w.entry(
        **{"coupling": "chp", "commodity": "gas", "consumption-capacity": "6 kW", "production-capacity": "0 kW"}
    )
    out = w.entry(**{"coupling": "chp", "coupling-coefficient": 0.35, "production-capacity": "9 kW"})
    warm = w.entry(
        **{"coupling": "chp", "coupling-coefficient": 0.5, "production-capacity": "9 kW", "commodity": "heat"}
    )
    for each in (out, warm):
        each["consumption-capacity"] = "0 kW"
    return [gas, out, warm, tank]


def building(w: Writer) -> list[Entry]:
    """Return a heat pump, or a cooler, of a house that leaks to the air outside; at times one beside the other."""
    cools, start = w.chance(0.25), w.number(17, 24)
    made = w.entry(**{"consumption-capacity": w.kw(0.5, 4), "temperature-at-start": f"{start} °C"})
    made |= {"thermal-capacity": f"{w.number(1, 15)} kWh/K", "outdoor-temperature": w.sensor("air")}
    if cools:
        made |= {"thermal-mode": "cooling", "outdoor-temperature": f"{w.number(22, 38)} °C"}
    made |= w.some({"heat-loss": 0.85}, lambda: f"{w.number(20, 600)} W/K")
    low, high = w.number(16, 20), w.number(21, 25)
    ends = w.some({"temperature-min": 0.7, "temperature-max": 0.6}, lambda: None)
    for end in ends or ("temperature-min", "temperature-max"):
        value = f"{low if end == 'temperature-min' else high} °C"
        made[end] = [w.event(value, 0.2, 0.7, at_moment=False)] if w.chance(0.3) else value
    made |= w.some({"temperature-breach-price": 0.8}, lambda: f"{w.rng.choice([0.05, 0.3, 2.0])} EUR/K/h")
    if w.chance(0.5):
        points = zip((-7, 2, 35), sorted(w.rng.uniform(1.5, 5, 3).round(2).tolist()), strict=True)
        made["cop-curve"] = [{"temperature": f"{at} °C", "cop": cop} for at, cop in points]
        made |= w.some({"source-temperature": 0.3}, lambda: f"{w.number(-10, 40)} °C")
    elif w.chance(0.7):
        made["charging-efficiency"] = w.sensor("cop") if w.chance(0.5) else w.number(1, 5)
    made |= w.some({"soc-gain": 0.3, "soc-usage": 0.2}, lambda: [w.kw(0.1, 0.8)])
    made |= w.some({"end-value": 0.2}, lambda: "0.05 EUR/kWh")
    return [made, other_way(w, made)] if w.chance(0.35) else [made]


def other_way(w: Writer, house: Entry) -> Entry:
    """Return what cools a house that is heated, or warms one that is cooled."""
    house["temperature"] = {"sensor": w.pool.warmth[DEVICES[w.taken - 1]]}
    made = w.entry(**{"consumption-capacity": w.kw(0.5, 4), "temperature": house["temperature"]})
    made["thermal-mode"] = "heating" if house.get("thermal-mode") == "cooling" else "cooling"
    return made | w.some({"charging-efficiency": 0.8}, lambda: w.number(1, 5))


@dataclass(frozen=True)
class Maker:
    """A way to draw entries, and how often it is taken."""

    name: str
    make: Callable[[Writer], list[Entry]]
    weight: float


MAKERS = (
    Maker("battery", battery, 3), Maker("vehicle", vehicle, 3), Maker("sun", sun, 2), Maker("machine", machine, 2),
    Maker("process", process, 2), Maker("heater", heater, 1), Maker("load", load, 1), Maker("shared", shared, 1),
    Maker("heat", heat, 0), Maker("building", building, 0),
)  # fmt: skip
