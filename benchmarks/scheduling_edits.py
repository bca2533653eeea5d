"""Rows 8 and 9: a live problem after one edit, and rolled on by a step, against a cold run of HiGHS alone.

python -m benchmarks.scheduling_edits
"""

import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.scheduling_measure import bare, interleaved
from benchmarks.scheduling_sites import draw
from engine.schedulers.storage_scheduler import LiveProblem
from engine.site import Site, raised, with_limit


def with_prices(site: Site, factor: np.ndarray) -> Site:
    own = site.connections[0]
    first, *others = own.tariffs
    dearer = replace(first, consumption_price=first.consumption_price * factor, production_price=first.production_price)
    return replace(site, connections=(replace(own, tariffs=(dearer, *others)),))


def with_store(site: Site, **fields: object) -> Site:
    return replace(site, devices=(replace(site.devices[0], **fields), *site.devices[1:]))


def with_targets(site: Site) -> Site:
    store = site.devices[0]
    if store.soc_targets is not None:
        return with_store(site, soc_targets=store.soc_targets + 0.3)
    return with_store(site, soft_minima=replace(store.soft_minima, at=store.soft_minima.at + 0.3))


def tighter(site: Site) -> Site:
    limit = np.full(site.window.n, site.connections[0].consumption_limit)
    limit[40:44] *= 0.7
    return replace(site, connections=(replace(site.connections[0], consumption_limit=limit),))


def with_load(site: Site) -> Site:
    load = site.devices[-1]
    noise = 1 + 0.03 * np.random.default_rng(1).normal(size=site.window.n)
    return replace(site, devices=(*site.devices[:-1], replace(load, power=load.power * noise)))


def one_dearer(site: Site) -> Site:
    return with_prices(site, np.where(np.arange(site.window.n) == 30, 1.3, 1.0))


def all_dearer(site: Site) -> Site:
    return with_prices(site, 1 + 0.05 * np.random.default_rng(2).uniform(0, 1, site.window.n))


EDITS: dict[str, Callable[[Site], Site]] = {
    "one price": one_dearer,
    "all prices +0-5 %": all_dearer,
    "SoC at start +5 %": lambda site: with_store(site, soc_at_start=5.25),
    "targets +0.3 kWh": with_targets,
    "device power −10 %": lambda site: with_limit(site, f"{site.devices[0].name}.consumption-capacity", raised(-0.4)),
    "site capacity −30 %, 4 steps": tighter,
    "load ±3 %": with_load,
    "efficiency": lambda site: with_store(site, storage_efficiency=0.999),
}
CASES = [("arb", 1, 96), ("full", 1, 96), ("arb", 1, 192), ("full", 1, 192), ("arb", 3, 192), ("full", 3, 192)]


def edited(site: Site, edit: Callable[[Site], Site]) -> Callable[[], object]:
    """Return a run that solves a site and its edited twin in turn; only the twin is to be measured."""
    live, twin = LiveProblem(preferences=False), edit(site)
    live.solve(site)
    return lambda: (live.solve(twin), live.solve(site))


def rows_8() -> None:
    print("Re-solve after an edit, complete (site in, schedule out), ms (ratio to HiGHS alone, cold):\n")
    print("| edit | " + " | ".join(f"{kind} {devices}×{steps}" for kind, devices, steps in CASES) + " |")
    ratios = []
    for name, edit in EDITS.items():
        cells = []
        for case in CASES:
            site = draw(*case)
            ms = interleaved({"bare": bare(site), "edit": edited(site, edit)}, times=7)
            took = ms["edit"] / 2  # there and back
            ratios.append(took / ms["bare"])
            cells.append(f"{took:.2f} ({ratios[-1]:.2f})")
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nMedian ratio {statistics.median(ratios):.2f}, worst {max(ratios):.2f}.")


def rows_9() -> None:
    print("| site | roll by one step / cold |")
    for kind, devices, steps in (("arb", 1, 96), ("arb", 1, 192), ("arb", 3, 192)):
        sites = [cut(draw(kind, devices, steps + 17), first, steps) for first in range(17)]
        ms = interleaved({"bare": bare(sites[0]), "roll": rolling(sites)}, times=15)
        print(f"| {kind} {devices}×{steps} | {ms['roll']:.2f} ms, {ms['roll'] / ms['bare']:.2f} |")


def rolling(sites: list[Site]) -> Callable[[], object]:
    """Return a run that goes on by one site each time."""
    live, following = LiveProblem(preferences=False), iter(sites)
    live.solve(next(following))
    return lambda: live.solve(next(following))


def cut(site: Site, first: int, steps: int) -> Site:
    """Return the part of a site that begins at a step."""
    own, part = site.window, slice(first, first + steps)
    tariff = site.connections[0].tariffs[0]
    here = replace(
        tariff, consumption_price=tariff.consumption_price[part], production_price=tariff.production_price[part]
    )
    devices = [
        replace(d, soc_targets=None) if hasattr(d, "soc_targets") else replace(d, power=d.power[part])
        for d in site.devices
    ]
    window = replace(own, start=own.start + first * own.step, end=own.start + (first + steps) * own.step)
    return replace(
        site, window=window, devices=tuple(devices), connections=(replace(site.connections[0], tariffs=(here,)),)
    )


if __name__ == "__main__":
    rows_8()
    print()
    rows_9()
