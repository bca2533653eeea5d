"""Rows 2 to 6: our complete solves against the scheduling core of FlexMeasures 1.0.1, in one process.

Run it with the Python of an environment that has FlexMeasures, from this folder's parent:

    python -m benchmarks.scheduling_flexmeasures

Every cost is compared before anything is timed.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from flask import Flask
from flexmeasures.data.models.planning import FlowCommitment, StockCommitment
from flexmeasures.data.models.planning.highspy_optimization import device_scheduler_highspy

from benchmarks.scheduling_measure import interleaved
from benchmarks.scheduling_sites import draw
from engine.devices.storage import Storage
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Site
from engine.solve.optimum import Options, solve_problem
from engine.tariffs import EnergyTariff, PeakTariff

CASES = [("arb", 1, 96), ("arb", 1, 192), ("full", 1, 96), ("full", 1, 192), ("arb", 5, 96), ("full", 5, 96),
         ("arb", 20, 96), ("full", 20, 96), ("neg", 1, 96)]  # fmt: skip


def theirs(site: Site) -> Callable[[], float]:
    """Return a run of their scheduling core on the same site; a stock there counts kW times steps."""
    index = pd.date_range(site.window.start, periods=site.window.n, freq=site.window.step)
    stores = [device for device in site.devices if isinstance(device, Storage)]
    frames = [store_frame(store, index, site.window.hours) for store in stores]
    frames.append(load_frame(site.devices[-1].power, index))
    connection = site.connections[0]
    limits = pd.DataFrame(
        {"derivative max": connection.consumption_limit, "derivative min": -connection.production_limit}, index=index
    )
    promised = flow_commitments(site, index)
    for at, store in enumerate(stores):
        promised += stock_commitments(store, at, index, site.window.hours)
    return lambda: device_scheduler_highspy(
        device_constraints=frames, ems_constraints=limits, commitments=promised, initial_stock=[0.0] * len(frames)
    )[1]


def store_frame(store: Storage, index: pd.DatetimeIndex, hours: float) -> pd.DataFrame:
    port, start = store.ports[0], store.soc_at_start
    target = np.full(len(index), np.nan) if store.soc_targets is None else (store.soc_targets[1:] - start) / hours
    return pd.DataFrame(
        {
            "min": -start / hours, "max": (store.soc_max - start) / hours, "equals": target, "efficiency": 1.0,
            "derivative max": port.consumption_limit, "derivative min": -port.production_limit,
            "derivative equals": np.nan, "derivative down efficiency": port.discharging_efficiency,
            "derivative up efficiency": port.charging_efficiency, "stock delta": 0.0,
        },
        index=index,
    )  # fmt: skip


def load_frame(power: np.ndarray, index: pd.DatetimeIndex) -> pd.DataFrame:
    names = ("min", "max", "equals", "derivative max", "derivative min")
    given = {"derivative equals": power, "efficiency": 1.0, "stock delta": 0.0}
    ways = {"derivative down efficiency": 1.0, "derivative up efficiency": 1.0}
    return pd.DataFrame({**dict.fromkeys(names, np.nan), **given, **ways}, index=index)


def flow_commitments(site: Site, index: pd.DatetimeIndex) -> list[FlowCommitment]:
    hours, connection, found = site.window.hours, site.connections[0], []
    for tariff in connection.tariffs:
        if isinstance(tariff, EnergyTariff):
            up, down = tariff.consumption_price * hours, tariff.production_price * hours
            found.append(flow("energy", index, "each", (0.0, up, down)))
        if isinstance(tariff, PeakTariff):
            found.append(flow("peak", index, "any", (tariff.reached, tariff.price, 0.0)))
    soft = connection.soft_consumption
    if soft is not None:
        each = soft.hourly_price * hours
        found.append(flow("any consumption", index, "any", (soft.limit, soft.highest_price, 0.0)))
        found.append(flow("all consumption", index, "each", (soft.limit, each, 0.0)))
        found.append(flow("any production", index, "any", (-soft.limit, 0.0, -soft.highest_price)))
        found.append(flow("all production", index, "each", (-soft.limit, 0.0, -each)))
    return found


def flow(name: str, index: pd.DatetimeIndex, kind: str, terms: tuple[object, object, object]) -> FlowCommitment:
    quantity, up, down = (pd.Series(term, index=index, dtype=float) for term in terms)
    return FlowCommitment(
        name=name,
        index=index,
        _type=kind,
        quantity=quantity,
        upwards_deviation_price=up,
        downwards_deviation_price=down,
    )


def stock_commitments(store: Storage, at: int, index: pd.DatetimeIndex, hours: float) -> list[StockCommitment]:
    soft = store.soft_minima
    if soft is None:
        return []
    quantity = pd.Series((soft.at[1:] - store.soc_at_start) / hours, index=index)
    prices = (("any", soft.highest_price * hours), ("each", soft.hourly_price * hours * hours))
    return [
        StockCommitment(
            name=f"{kind} minima {at}", index=index, _type=kind, quantity=quantity,
            upwards_deviation_price=0, downwards_deviation_price=-price, device=pd.Series(at, index=index),
        )
        for kind, price in prices
    ]  # fmt: skip


def configured() -> Flask:
    """Return what their code looks for its settings in."""
    app = Flask("benchmark")
    app.config.update(LOGGING_LEVEL="INFO", FLEXMEASURES_LP_SOLVER="highspy")
    return app


def cheapest(site: Site) -> object:
    """Solve for the cost alone, as FlexMeasures does."""
    return solve_problem(build_problem(site).problem, Options(preferences=False))


def main() -> None:
    ours = StorageScheduler()
    print("| site | ours ms | FlexMeasures ms | ratio | ratio to ours with preferences | costs differ by |")
    with configured().app_context():
        for kind, devices, steps in CASES:
            site = draw(kind, devices, steps)
            run = theirs(site)
            cost, apart = ours.compute(site).cost, run()
            apart = abs(apart - cost) / max(1.0, abs(cost))
            cost_only = partial(cheapest, site)
            runs = {"whole": partial(ours.compute, site), "cost": cost_only, "theirs": run}
            ms = interleaved(runs, times=5 if devices < 5 else 2)
            ratios = f"{ms['theirs'] / ms['cost']:.0f} | {ms['theirs'] / ms['whole']:.0f}"
            print(
                f"| {kind} {devices}×{steps} | {ms['cost']:.2f} | {ms['theirs']:.0f} | {ratios} | {apart:.0e} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
