"""Rows 10, 12 and 17: fleets, memory and processes against FlexMeasures 1.0.1.

Run it with the Python of an environment that has FlexMeasures, from this folder's parent:

    python -m benchmarks.scheduling_flexmeasures_rest
"""

from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from flexmeasures.data.models.planning.process import ProcessScheduler
from flexmeasures.data.schemas.scheduling.process import OptimizationDirection

from benchmarks.scheduling_flexmeasures import configured, theirs
from benchmarks.scheduling_measure import interleaved
from benchmarks.scheduling_sites import QUARTER, START, draw
from engine.devices.process import Process, ProcessType
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Site

FLEET = 30


def fleet() -> None:
    """Row 10: schedules per CPU second, one process, complete plans with preferences."""
    print("| sites of one battery, 1×96 | ours per CPU second | FlexMeasures per CPU second | ratio |")
    ours = StorageScheduler()
    for kind in ("arb", "full", "neg"):
        sites = [draw(kind, 1, 96, seed) for seed in range(FLEET)]
        with configured().app_context():
            ms = interleaved(
                {
                    "ours": lambda sites=sites: [ours.compute(site) for site in sites],
                    "theirs": lambda sites=sites: [theirs(site)() for site in sites],
                },
                times=3,
            )
        each = {name: FLEET / taken * 1000 for name, taken in ms.items()}
        print(f"| {kind} | {each['ours']:.0f} | {each['theirs']:.1f} | {ms['theirs'] / ms['ours']:.0f} |", flush=True)


def memory() -> None:
    """Row 12: how far the resident memory of a process of its own rises during one solve, a small one before it."""
    print("| site | ours MB | FlexMeasures MB | ratio |")
    for case in (("full", 1, 96), ("full", 5, 96), ("full", 20, 96)):
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            ours = pool.apply(risen, (True, case))
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            other = pool.apply(risen, (False, case))
        print(f"| {case[0]} {case[1]}×{case[2]} | {ours:.1f} | {other:.1f} | {other / ours:.0f} |", flush=True)


def risen(own: bool, case: tuple[str, int, int]) -> float:
    """Return by how much the peak of resident memory rises [MB]."""
    small, large = draw("full", 1, 24), draw(*case)
    with configured().app_context():
        run(own, small)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew, at what is resident now
        before = peak()
        run(own, large)
    return peak() - before


def peak() -> float:
    """Return the peak of resident memory [MB]; on Linux."""
    told = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    return int(told.split()[0]) / 1024


def run(own: bool, site: Site) -> object:
    """Solve one site."""
    return StorageScheduler().compute(site) if own else theirs(site)()


def processes() -> None:
    """Row 17: where a process runs, price and forbidden steps given."""
    print("| steps, running | kind | ours µs | FlexMeasures µs | ratio |")
    rng = np.random.default_rng(0)
    for n, k in ((24, 4), (96, 16), (288, 48), (672, 64)):
        price, blocked = rng.normal(size=n), rng.random(n) < 0.02
        for kind in ProcessType:
            work = Process(name="w", power=1.0, steps=k, kind=kind, blocked=blocked)
            us = many(lambda work=work, price=price: work.best_power(price)), many(placing(kind, price, blocked, k))
            print(f"| {n}, {k} | {kind.value} | {us[0]:.0f} | {us[1]:.0f} | {us[1] / us[0]:.0f} |", flush=True)


def placing(kind: ProcessType, price: np.ndarray, blocked: np.ndarray, steps: int) -> Callable[[], object]:
    """Return their way to place a process, after its data have been read."""
    index = pd.date_range(START, periods=len(price), freq=QUARTER, name="event_start")
    cost, forbidden = pd.DataFrame({"event_value": price}, index=index), pd.Series(blocked, index=index)
    scheduler = ProcessScheduler.__new__(ProcessScheduler)
    scheduler.resolution = timedelta(minutes=15)

    def place() -> pd.Series:
        schedule = pd.Series(0.0, index=index, name="event_value")
        if kind is ProcessType.BREAKABLE:
            scheduler.compute_breakable(schedule, OptimizationDirection.MIN, forbidden, cost, steps, 1.0)
            return schedule
        starts = scheduler.block_invalid_starting_times_for_whole_process_scheduling(
            kind, forbidden, QUARTER * steps, steps
        )
        if kind is ProcessType.INFLEXIBLE:
            scheduler.compute_inflexible(schedule, starts, steps, 1.0)
        else:
            scheduler.compute_shiftable(schedule, OptimizationDirection.MIN, starts, cost, steps, 1.0)
        return schedule

    return place


def many(call: Callable[[], object], times: int = 100) -> float:
    """Return the median CPU time of a call [µs], of ten rounds of calls."""
    call()
    rounds = []
    for _ in range(10):
        began = process_time()
        for _ in range(times):
            call()
        rounds.append((process_time() - began) / times * 1e6)
    return float(np.median(rounds))


if __name__ == "__main__":
    for table in (processes, memory, fleet):
        print(f"{table.__doc__}\n")
        table()
        print()
