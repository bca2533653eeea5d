"""Sensors with known values, from which random sites take their prices, loads, capacities and efficiencies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from engine.series.window import Window
from tests.assemble.homes import Home

BASE = datetime(2030, 1, 31, 12, tzinfo=UTC)
"""Where known values begin; a month ends twelve hours later."""
LASTS = 36 * 60
"""How long they last [min]."""
DEVICES = [f"device {at}" for at in range(20)]
GROUPS = ["street", "fuse"]
PER_KIND = 6
"""Sensors of one kind."""


@dataclass
class Stored:
    """A sensor and what it holds."""

    id: int
    unit: str
    minutes: int
    values: np.ndarray


@dataclass
class Pool:
    """What all sites are made from, in one database."""

    home: Home
    sensors: dict[str, list[Stored]] = field(default_factory=dict)
    by_id: dict[int, Stored] = field(default_factory=dict)
    power: dict[str, int] = field(default_factory=dict)
    """Id of the power sensor of each device."""
    level: dict[str, int] = field(default_factory=dict)
    """Id of a state-of-charge sensor of each device."""
    warmth: dict[str, int] = field(default_factory=dict)
    """Id of a temperature sensor of each device."""

    def asset(self, name: str) -> int:
        return self.home.assets[name].id


def kinds(rng):
    """Return how the values of each kind of sensor are drawn, with its unit."""
    return {
        "price": ("EUR/kWh", lambda n: rng.uniform(0.05, 0.4, n).round(3)),
        "levels": ("EUR/MWh", lambda n: rng.choice([0.0, 100.0, 200.0, 300.0], n)),
        "negative": ("EUR/kWh", lambda n: np.where(rng.random(n) < 0.4, -0.1, 0.25) + rng.uniform(0, 0.1, n).round(2)),
        "dear": ("EUR/kWh", lambda n: rng.uniform(20, 60, n).round(1)),
        "load": ("kW", lambda n: rng.uniform(0, 5, n).round(2)),
        "sun": ("W", lambda n: (1000 * np.maximum(0.0, rng.uniform(-2, 5, n))).round()),
        "capacity": ("kW", lambda n: rng.choice([0.0, 2.0, 3.7, 4.5], n)),
        "share": ("%", lambda n: rng.uniform(80, 99, n).round(1)),
        "cop": ("", lambda n: rng.uniform(2, 4, n).round(2)),
        "gap": ("kW", lambda n: np.where(rng.random(n) < 0.2, np.nan, rng.uniform(0, 3, n).round(2))),
        "air": ("°C", lambda n: (rng.uniform(-5, 10) + rng.uniform(-4, 4, n)).round(1)),
        "carbon": ("g/kWh", lambda n: rng.uniform(50, 700, n).round()),
        "counting": ("%", lambda n: rng.choice([0.0, 50.0, 100.0], n)),
    }


def furnished(home: Home, seed: int = 0) -> Pool:
    """Return a pool in an empty database."""
    rng, pool = np.random.default_rng([3, seed]), Pool(home)
    home.asset("site", "building")
    for name in [*DEVICES, *GROUPS]:
        home.asset(name, parent="site")
    for name in DEVICES:
        pool.power[name] = home.sensor(name, "power", "kW", timedelta(minutes=15), consumption_is_positive=True)
        pool.level[name] = home.sensor(name, "level", "kWh", timedelta(0))
        pool.warmth[name] = home.sensor(name, "warmth", "°C", timedelta(0))
    for kind, (unit, values) in kinds(rng).items():
        for at in range(PER_KIND):
            minutes = int(rng.choice([15, 30, 60]))
            drawn = values(LASTS // minutes)
            key = home.sensor("site", f"{kind} {at}", unit, timedelta(minutes=minutes))
            length = timedelta(minutes=minutes)
            home.fill(key, drawn, Window.of_length(BASE, LASTS // minutes * length, length))
            pool.sensors.setdefault(kind, []).append(Stored(key, unit, minutes, drawn))
            pool.by_id[key] = pool.sensors[kind][-1]
    home.session.flush()
    return pool
