"""Fields that are drawn on top of a site: curves, wear by depth, priorities, profiles, capacity charges, CO₂."""

from typing import Any

import numpy as np

from tests.language.devices import Entry, Writer
from tests.language.pool import Pool
from tests.language.sites import Drawn, draw


def draw_whole(seed: int, pool: Pool) -> Drawn:
    """Return a request from the whole language: a site, and on top of it fields that few have."""
    drawn = draw(seed, pool)
    add_extras(Writer(np.random.default_rng([16, seed]), pool, drawn.start, drawn.duration, drawn.resolution), drawn)
    return drawn


def add_extras(w: Writer, drawn: Drawn) -> None:
    """Add some of the fields that few sites have."""
    storages = [each for each in drawn.model if "soc-max" in each and "sensor" in each and "commodity" not in each]
    for entry in storages:
        if w.chance(0.25):
            entry |= curves(w, entry)
        entry |= w.some({"wear-by-depth": 0.12}, lambda: layers(w))
    asked = [each for each in drawn.model if each.keys() & {"soc-minima", "soc-targets", "temperature-min"}]
    for entry in asked if w.chance(0.3) else ():
        entry["priority"] = int(w.rng.choice([-1, 0, 2, 7]))
        ways = {f"soc-{bound}-breach-price": 0.15 for bound in ("minima", "maxima")}
        entry |= w.some(ways if "soc-max" in entry else {}, lambda: f"{w.rng.choice([0.4, 20])} EUR/kWh")
    for entry in drawn.model:
        if "process-type" in entry and w.chance(0.6):
            rework(w, entry)
    if w.chance(0.35):
        charge(w, drawn.context)
    if w.chance(0.25):
        emit(w, drawn.context)


def curves(w: Writer, entry: Entry) -> Entry:
    """Return power by the energy stored, concave or not, and efficiency by power instead of a constant one."""
    made: Entry = {}
    for way in ("charging", "discharging"):
        levels = sorted(w.rng.choice([20, 40, 60, 80, 100], size=int(w.rng.integers(2, 4)), replace=False).tolist())
        points = [{"soc": f"{level}%", "power": w.kw(0.3, 5)} for level in levels]
        made |= w.some({f"{way}-curve": 0.4}, lambda points=points: points)
    if "roundtrip-efficiency" in entry:
        return made
    for way in ("charging", "discharging"):
        if f"{way}-efficiency" in entry or w.chance(0.6):
            continue
        low, high = w.share(0.6, 0.85), w.share(0.86, 0.97)
        made[f"{way}-efficiency-curve"] = [{"power": w.kw(0.3, 0.9), "efficiency": low},
                                           {"power": w.kw(2, 4), "efficiency": high}]  # fmt: skip
    return made


def layers(w: Writer) -> list[Entry]:
    """Return layers of wear, dearer the deeper they lie."""
    prices = sorted(w.rng.uniform(0.0, 0.15, 3).round(3).tolist())
    ends = ({"depth": "30%"}, {"depth": "70%"}, {})
    return [{**end, "price": f"{price} EUR/kWh"} for end, price in zip(ends, prices, strict=True)]


def rework(w: Writer, entry: Entry) -> None:
    """Give a process a profile, several runs, a ceiling or others that it must not meet."""
    if entry.get("optimization-direction") == "MAX":
        return
    if entry["process-type"] != "BREAKABLE":
        if w.chance(0.5):
            del entry["power"], entry["duration"]
            entry["power-profile"] = [w.kw(0.2, 3) for _ in range(int(w.rng.integers(2, 4)))]
            entry |= w.some({"profile-resolution": 0.7}, lambda: str(w.rng.choice(["PT10M", "PT20M", "PT45M"])))
        if w.chance(0.3):
            entry["runs"] = 2
            entry |= w.some({"pause": 0.6}, lambda: str(w.rng.choice(["PT15M", "PT40M"])))
    ceilings = ["0.1 EUR/kWh", "0.22 EUR/kWh", "0.3 EUR", "-0.02 EUR/kWh"]
    entry |= w.some({"price-ceiling": 0.5}, lambda: str(w.rng.choice(ceilings)))
    entry |= w.some({"exclusion-group": 0.5}, lambda: "wet machines")


def charge(w: Writer, context: dict[str, Any]) -> None:
    """Write a capacity charge as grid operators do, in the place of a plain peak."""
    context.pop("site-peak-consumption", None)
    context["site-peak-consumption-price"] = f"{w.rng.choice([0.05, 0.4, 1.5])} EUR/kW"
    context["site-peak-interval"] = str(w.rng.choice(["PT30M", "PT1H"]))
    context |= w.some({"site-peak-consumption": 0.4}, lambda: w.kw(0.5, 4))
    context |= w.some({"site-peak-running-consumption": 0.4}, lambda: w.kw(0.0, 6))
    hours = ["Thu-Fri 18:00-24:00", "Feb 00:00-06:00", "Mon-Thu 07:00-20:30", "Jan"]
    context |= w.some({"site-peak-hours": 0.3}, lambda: str(w.rng.choice(hours)))
    context |= w.some({"site-peak-share": 0.25}, lambda: w.sensor("counting"))
    context |= w.some({"site-peak-floor": 0.3}, lambda: w.kw(0.5, 3))
    if w.chance(0.3):
        context["site-peak-highest-days"] = int(w.rng.integers(1, 4))
        context["site-peak-earlier-days"] = [w.kw(0.5, 5) for _ in range(int(w.rng.integers(1, 5)))]
    elif w.chance(0.4):
        context["site-peak-ratchet"] = w.share(0.5, 0.9)
        context |= w.some({"site-peak-year-consumption": 0.6}, lambda: w.kw(1, 5))
        return
    if w.chance(0.3):
        fees = sorted(w.rng.uniform(0, 2, 3).round(2).tolist())
        ends = ({"up-to": w.kw(1, 2.4)}, {"up-to": w.kw(2.6, 5)}, {})
        context["site-peak-bands"] = [{**end, "fee": f"{fee} EUR"} for end, fee in zip(ends, fees, strict=True)]
        if w.chance(0.3):
            del context["site-peak-consumption-price"]


def emit(w: Writer, context: dict[str, Any]) -> None:
    """Write what is emitted, what it costs and how much of it is allowed."""
    context["carbon-intensity"] = w.sensor("carbon") if w.chance(0.7) else "0.35 kg/kWh"
    context |= w.some({"production-carbon-intensity": 0.4}, lambda: w.sensor("carbon"))
    context |= w.some({"carbon-price": 0.6}, lambda: str(w.rng.choice(["0.08 EUR/kg", "250 EUR/t"])))
    context |= w.some({"carbon-cap": 0.4}, lambda: f"{w.number(0.1, 4)} kg")
    for each in context.get("commodities", ()):
        each["carbon-intensity"] = "0.2 kg/kWh"
