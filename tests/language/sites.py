"""Sites drawn at random from the whole flex language, as people write them: flex-model, flex-context and a window."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.language.devices import MAKERS, Writer
from tests.language.pool import BASE, GROUPS, Pool


@dataclass
class Drawn:
    """A request for a schedule."""

    seed: int
    start: datetime
    duration: timedelta
    resolution: timedelta
    model: list[dict[str, Any]] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)


def draw(seed: int, pool: Pool) -> Drawn:
    """Return one request; every number comes from the seed."""
    rng = np.random.default_rng([14, seed])
    drawn = span(rng, seed)
    writer = Writer(rng, pool, drawn.start, drawn.duration, drawn.resolution)
    writer.has_heat = rng.random() < 0.15
    wanted = ["battery"] if rng.random() < 0.6 else []
    weights = np.array([each.weight for each in MAKERS])
    most = 3 if rng.random() < 0.5 else 2
    for maker in [*rng.choice(len(MAKERS), size=int(rng.integers(1, most + 1)), p=weights / weights.sum())]:
        wanted.append(MAKERS[int(maker)].name)
    makers = {each.name: each.make for each in MAKERS}
    for name in wanted[:4]:
        drawn.model += makers[name](writer)
    if writer.has_heat:
        drawn.model += makers["heat"](writer)
    group(rng, writer, drawn)
    drawn.context = context(rng, writer)
    promise(rng, writer, drawn)
    writer.rng = np.random.default_rng([15, seed])
    if writer.chance(0.15):
        drawn.model += makers["building"](writer)
    more(writer, drawn)
    return drawn


def more(writer: Writer, drawn: Drawn) -> None:
    """Add fields of wear, standby and phases to devices that have a power of their own."""
    ports = [each for each in drawn.model if writer.has_power(each) and "power" not in each]
    ports = [each for each in ports if not each.keys() & {"inflexible-consumption", "inflexible-production"}]
    for entry in ports:
        if writer.chance(0.1):
            prices = sorted(writer.rng.uniform(0.0, 0.06, 3).round(3).tolist())
            ends = ({"power": "0.8 kW"}, {"power": "2 kW"}, {})
            entry["wear-by-power"] = [
                {**end, "price": f"{price} EUR/kWh"} for end, price in zip(ends, prices, strict=True)
            ]
        entry |= writer.some({"standby-power": 0.1}, lambda: writer.kw(0.02, 0.3))
    electric = [each for each in ports if each.get("commodity", "electricity") == "electricity"]
    if electric and writer.chance(0.12):
        drawn.context["site-phase-capacity"] = "10 A" if writer.chance(0.5) else writer.kw(1, 4)
        drawn.context |= writer.some({"site-phase-unbalance": 0.4}, lambda: writer.kw(0.5, 3))
        for entry in electric[:2]:
            entry["phases"] = str(writer.rng.choice(["L1", "L2 L3", "L1, L2, L3"]))
        for entry in electric:
            if "operation-modes" in entry and writer.chance(0.7):
                entry.pop("phases", None)
                for mode, phases in zip(entry["operation-modes"][1:], ("L1", "L2 L3"), strict=False):
                    mode["phases"] = phases


def span(rng: np.random.Generator, seed: int) -> Drawn:
    """Return a window: around the end of a month at times, begun within a step at times, growing at times."""
    step = timedelta(minutes=int(rng.choice([15, 30, 60])))
    steps = int(rng.integers(4, 10))
    start = BASE + timedelta(hours=float(rng.choice([2, 5, 11 if step.seconds > 900 else 11.5])))
    if rng.random() < 0.2:
        start += timedelta(minutes=int(rng.choice([5, 10, 4])))
    end = start + steps * step
    return Drawn(seed, start, end - start, step)


def group(rng: np.random.Generator, writer: Writer, drawn: Drawn) -> None:
    """Put some devices of one commodity behind a fuse, which may stand in a street."""
    there = [entry for entry in drawn.model if entry.get("commodity", "electricity") == "electricity"]
    there = [entry for entry in there if writer.has_power(entry)]
    if len(there) < 2 or rng.random() < 0.65:
        return
    fuse: dict[str, Any] = {"asset": writer.pool.asset(GROUPS[1])}
    for entry in there[:2]:
        entry["group"] = {"asset": fuse["asset"]}
    fuse |= writer.some({"power-capacity": 0.4, "consumption-capacity": 0.5, "production-capacity": 0.3},
                        lambda: writer.kw(2.5, 8))  # fmt: skip
    if len(fuse) == 1:
        fuse["power-capacity"] = writer.kw(3, 8)
    drawn.model.append(fuse)
    if rng.random() < 0.3:
        fuse["group"] = {"asset": writer.pool.asset(GROUPS[0])}
        drawn.model.append({"asset": writer.pool.asset(GROUPS[0]), "power-capacity": writer.kw(3, 9)})
    writer.grouped = True


def context(rng: np.random.Generator, writer: Writer) -> dict[str, Any]:
    """Return a flex-context: prices of any kind, limits, peaks, loads, and what gives way."""
    made: dict[str, Any] = {}
    kind = str(rng.choice(["price", "levels", "negative", "dear"], p=[0.35, 0.25, 0.35, 0.05]))
    made["consumption-price"] = writer.sensor(kind)
    if rng.random() < 0.12:
        made["consumption-price"] = writer.price_events()
    roll = rng.random()
    if roll < 0.3:
        made["production-price"] = writer.sensor(str(rng.choice(["price", "levels", "negative"])))
    elif roll < 0.75:
        made["production-price"] = f"{rng.choice([-0.05, 0.0, 0.05, 0.12, 0.3])} EUR/kWh"
    made |= writer.some({"site-power-capacity": 0.5}, lambda: writer.kw(6, 14))
    made |= writer.some(
        {"site-consumption-capacity": 0.3, "site-production-capacity": 0.25},
        lambda: writer.sensor("capacity") if rng.random() < 0.2 else writer.kw(2, 7),
    )
    for way in ("consumption", "production"):
        if rng.random() < (0.25 if way == "consumption" else 0.1):
            made[f"site-peak-{way}-price"] = f"{rng.choice([0.02, 0.2, 1.0])} EUR/kW"
            made |= writer.some({f"site-peak-{way}": 0.4}, lambda: writer.kw(0.5, 3))
            made |= writer.some({"site-peak-interval": 0.3}, lambda: str(rng.choice(["PT30M", "PT1H"])))
    made |= writer.some({"inflexible-consumption": 0.6}, lambda: writer.sensors("load", "gap"))
    made |= writer.some({"inflexible-production": 0.35}, lambda: writer.sensors("sun"))
    made |= relaxation(rng, writer)
    if writer.has_heat:
        gas = {"commodity": "gas", "consumption-price": f"{rng.choice([0.03, 0.08, 0.15])} EUR/kWh"}
        made["commodities"] = [gas | writer.some({"site-consumption-capacity": 0.3}, lambda: writer.kw(3, 9))]
    return made


def relaxation(rng: np.random.Generator, writer: Writer) -> dict[str, Any]:
    """Return flags and prices of giving way."""
    made: dict[str, Any] = {}
    if rng.random() < 0.4:
        made["relax-constraints"] = bool(rng.random() < 0.2)
    for name in ("relax-soc-constraints", "relax-site-capacity-constraints", "relax-capacity-constraints"):
        if rng.random() < 0.12:
            made[name] = bool(rng.random() < 0.6)
    made |= writer.some(
        {f"{name}-breach-price": 0.1 for name in ("soc-minima", "soc-maxima")},
        lambda: f"{rng.choice([0.3, 5, 100])} EUR/kWh",
    )
    ways = [f"{owner}{way}-breach-price" for owner in ("site-", "") for way in ("consumption", "production")]
    return made | writer.some(dict.fromkeys(ways, 0.1), lambda: f"{rng.choice([0.2, 3, 50])} EUR/kW")


def promise(rng: np.random.Generator, writer: Writer, drawn: Drawn) -> None:
    """Add commitments about the site, some devices or a group."""
    made = []
    while rng.random() < 0.2 and len(made) < 2:
        bid: dict[str, Any] = {"name": f"bid {len(made)}", "baseline": writer.sensor("load")}
        if rng.random() < 0.5:
            bid["baseline"] = writer.kw(-2, 4)
        per, peak = ("EUR/kW", True) if rng.random() < 0.4 else ("EUR/kWh", False)
        up, down = rng.choice([0.0, 0.2, 0.3] if peak else [-0.05, 0.0, 0.2, 0.3], 2)
        bid |= {"up-price": f"{up} {per}", "down-price": f"{-down if peak or rng.random() < 0.8 else down} {per}"}
        if rng.random() < 0.2:
            del bid[str(rng.choice(["up-price", "down-price"]))]
        electric = [each for each in drawn.model if each.get("commodity", "electricity") == "electricity"]
        sensors = [each["sensor"] for each in electric if "sensor" in each and writer.has_power(each)]
        if sensors and rng.random() < 0.4:
            bid["sensors"] = sensors[:2]
        elif writer.grouped and rng.random() < 0.5:
            bid["group"] = {"asset": writer.pool.asset(GROUPS[1])}
        made.append(bid)
    if made:
        drawn.context["commitments"] = made
