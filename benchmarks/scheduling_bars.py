"""Rows 26 to 29: preferences, sharing, large sites and long horizons, each beside the plan without it.

python -m benchmarks.scheduling_bars
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from time import process_time

import numpy as np

from benchmarks.scheduling_measure import bare, interleaved
from benchmarks.scheduling_sites import START, draw
from engine.devices.energy.bounds import SHARE_PARTS, SoftBound
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection, Site
from engine.solve.optimum import Options, solve_problem
from engine.tariffs import EnergyTariff

ours = StorageScheduler()
QUARTER = timedelta(minutes=15)


def preferences() -> None:
    """Print what the second solve for preferences takes, as share of the first."""
    print("| site | first solve ms | second / first |\n|---|---|---|")
    for kind, devices, hourly in (("arb", 1, 0), ("arb", 5, 0), ("arb", 5, 1), ("arb", 20, 1), ("full", 5, 1)):
        problem = build_problem(
            with_hourly_prices(draw(kind, devices, 96)) if hourly else draw(kind, devices, 96)
        ).problem
        runs = {
            "without": partial(solve_problem, problem, Options(preferences=False)),
            "with": partial(solve_problem, problem, Options()),
        }
        ms = interleaved(runs, times=9)
        more = ms["with"] / ms["without"] - 1.0
        print(
            f"| {kind} {devices}×96{', hourly prices' if hourly else ''} | {ms['without']:.1f} | {more:.2f} |",
            flush=True,
        )


def with_hourly_prices(site: Site) -> Site:
    """Return a site whose prices differ from hour to hour only, so that plans of equal cost abound."""
    (connection,) = site.connections
    tariff = connection.tariffs[0]
    assert isinstance(tariff, EnergyTariff)
    buy, sell = (np.repeat(np.asarray(each)[::4], 4) for each in (tariff.consumption_price, tariff.production_price))
    priced = (replace(tariff, consumption_price=buy, production_price=sell), *connection.tariffs[1:])
    return replace(site, connections=(replace(connection, tariffs=priced),))


def park(seed: int, count: int, steps: int, *, shared: bool) -> Site:
    """Return cars behind a connection that cannot fill all of them."""
    rng, cars = np.random.default_rng([seed, count]), []
    for at in range(count):
        arrives = int(rng.integers(0, steps // 2))
        leaves = int(rng.integers(arrives + 8, steps + 1))
        limit, least = np.zeros(steps), np.full(steps + 1, np.nan)
        limit[arrives:leaves], least[leaves] = 11.0, float(rng.uniform(5, 50))
        port = Port(name=f"car {at}", consumption_limit=limit, production_limit=0.0, charging_efficiency=0.9)
        width = 50.0 / SHARE_PARTS if shared else None
        soft = SoftBound(at=least, highest_price=1000.0, hourly_price=1000.0, share_width=width)
        cars.append(Storage(name=port.name, ports=(port,), soc_at_start=0.0, soc_max=60.0, soft_minima=soft))
    price = 0.25 + 0.1 * np.sin(np.arange(steps) / 12) + rng.normal(0, 0.01, steps)
    tariff = EnergyTariff(consumption_price=price, production_price=price - 0.1)
    grid = Connection(consumption_limit=1.2 * count, production_limit=0.0, tariffs=(tariff,))
    return Site(window=Window.of_length(START, QUARTER * steps, QUARTER), devices=tuple(cars), connections=(grid,))


def sharing() -> None:
    """Print what sharing a shortfall takes beside the plan without it."""
    print("| cars | seed | without s | sharing s | asked: 2 × without + 0.15 s |\n|---|---|---|---|---|")
    for count in (20, 50):
        for seed in range(4):
            runs = {
                name: partial(ours.compute, park(seed, count, 96, shared=name == "shared"))
                for name in ("plain", "shared")
            }
            ms = interleaved(runs, times=3)
            plain, shared = ms["plain"] / 1000, ms["shared"] / 1000
            print(f"| {count}×96 | {seed} | {plain:.2f} | {shared:.2f} | {2 * plain + 0.15:.2f} |", flush=True)


def large() -> None:
    """Print what 50 soft devices over a day of 5 minutes take beside HiGHS alone."""
    site = draw("full", 50, 288)
    ms = interleaved({"bare": bare(site), "ours": partial(ours.compute, site)}, times=1)
    print(
        f"50×288 soft: {ms['ours'] / 1000:.1f} s, HiGHS alone {ms['bare'] / 1000:.1f} s, {ms['ours'] / ms['bare']:.2f}"
    )


def long_horizon() -> None:
    """Print what seven days take in steps that grow beside one day in equal ones."""
    for devices in (1, 5):
        day = in_steps(devices, [5] * 288)
        week = in_steps(devices, [5] * 24 + [15] * 88 + [60] * 144)
        ms = interleaved({"day": partial(ours.compute, day), "week": partial(ours.compute, week)}, times=5)
        print(
            f"{devices} stores: day {ms['day']:.0f} ms, week {ms['week']:.0f} ms, {ms['week'] / ms['day']:.2f}",
            flush=True,
        )


def in_steps(devices: int, minutes: list[int]) -> Site:
    """Return batteries over steps of some lengths [minutes]."""
    ends = START + np.cumsum(minutes) * timedelta(minutes=1)
    bounds = tuple(int(each.timestamp() * 1e6) for each in (START, *ends))
    window = Window(
        start=START, end=ends[-1], step=timedelta(minutes=5), bounds=bounds if len(set(minutes)) > 1 else ()
    )
    site = draw("arb", devices, len(minutes))
    stores = site.with_devices(
        lambda device: replace(device, soc_targets=None) if isinstance(device, Storage) else device
    )
    return replace(stores, window=window)


if __name__ == "__main__":
    began = process_time()
    for part in (preferences, sharing, long_horizon, large):
        part()
    print(f"{process_time() - began:.0f} s in all")
