"""Rows 12 to 17: memory, agreement with the reference, marginal prices, reports of conflicts, processes.

python -m benchmarks.scheduling_checks
"""

import resource
from time import perf_counter

import numpy as np

from benchmarks.scheduling_measure import interleaved
from benchmarks.scheduling_sites import START, draw
from engine.devices.process import Process, ProcessType
from engine.diagnosis.infeasibility import diagnose
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.solve.highs import Model
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.conflicting import (
    bounds_crossed,
    load_too_large,
    out_of_reach,
    target_behind_the_connection,
)
from tests.engine.scheduling.random_sites import KINDS
from tests.engine.scheduling.random_sites import draw as draw_any
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.test_duals import between, cost, loaded

ours = StorageScheduler()
SITES_PER_KIND = 50


def memory() -> None:
    """Row 12: resident memory that one live problem adds."""
    for devices, steps in ((1, 96), (20, 96), (20, 192)):
        problems = [build_problem(draw("full", devices, steps, seed)).problem.arrays() for seed in range(8)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        models = [Model(arrays) for arrays in problems]
        for model in models:
            model.run()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 / len(models)
        print(f"| full {devices}×{steps} | {grown:.2f} MB per live problem |")


def agreement() -> None:
    """Rows 13 and 14: cost against the always-binary reference; limits and cost against the checker."""
    apart, invalid, plans, refused, unlike = 0.0, 0.0, 0, 0, 0
    for kind in KINDS:
        for seed in range(1000, 1000 + SITES_PER_KIND):
            site = draw_any(kind, seed)
            expected = Reference(site).cost()
            try:
                schedule = ours.compute(site)
            except Infeasible:
                refused += 1
                unlike += expected is not None
                continue
            if expected is None:
                unlike += 1
                continue
            plans += 1
            apart = max(apart, abs(schedule.cost - expected) / max(1.0, abs(expected)))
            invalid = max(invalid, abs(check(site, schedule) - schedule.cost) / max(1.0, abs(expected)))
    print(f"| {plans} plans, {refused} refused by both, {unlike} unlike | cost {apart:.1e}, checker {invalid:.1e} |")


def prices() -> None:
    """Row 15: marginal prices against both one-sided differences."""
    right = total = 0
    for kind in ("plain", "negative", "soft"):
        for seed in range(8):
            site = draw_any(kind, seed)
            try:
                schedule = ours.compute(site)
            except Infeasible:
                continue
            for step in range(0, site.window.n, 2):
                up = (cost(loaded(site, step, 1e-5)) - schedule.cost) / (1e-5 * site.window.hours)
                down = (schedule.cost - cost(loaded(site, step, -1e-5))) / (1e-5 * site.window.hours)
                right += between(schedule.shadow_prices["electricity"][step], down, up)
                total += 1
    print(f"| {right} of {total} equal to a one-sided difference or between the two |")


def reports() -> None:
    """Row 16: a report with its tried repairs, against the complete solve of the site it repairs."""
    print("| conflict | twin ms | report / twin |")
    for make in (out_of_reach, target_behind_the_connection, load_too_large, bounds_crossed):
        site, *_ = make(0)
        twin = diagnose(site).repairs[0].site
        ms = interleaved({"twin": lambda s=twin: ours.compute(s), "report": lambda s=site: diagnose(s)}, times=9)
        print(f"| {make.__name__} | {ms['twin']:.2f} | {ms['report'] / ms['twin']:.1f} |")


def processes() -> None:
    """Row 17: closed forms [µs] and the same as a search with whole numbers."""
    print("| steps, running | INFLEXIBLE µs | SHIFTABLE µs | BREAKABLE µs |")
    rng = np.random.default_rng(0)
    for n, k in ((24, 4), (96, 16), (288, 48), (672, 64)):
        price, blocked = rng.normal(size=n), rng.random(n) < 0.02
        cells = []
        for kind in (ProcessType.INFLEXIBLE, ProcessType.SHIFTABLE, ProcessType.BREAKABLE):
            session = Process(name="w", power=1.0, steps=k, kind=kind, blocked=None if kind == "SHIFTABLE" else blocked)
            session = session if kind != ProcessType.INFLEXIBLE else Process(name="w", power=1.0, steps=k, kind=kind)
            began = perf_counter()
            for _ in range(500):
                session.best_power(price)
            cells.append(f"{(perf_counter() - began) / 500 * 1e6:.0f}")
        print(f"| {n}, {k} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    print(f"Sites from {START:%Y-%m-%d}.\n")
    for table in (memory, agreement, prices, reports, processes):
        print(f"{table.__doc__}\n")
        table()
        print()
