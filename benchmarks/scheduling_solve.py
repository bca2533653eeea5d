"""Rows 1, 11, 18, 19 and the fleet: complete solves against HiGHS alone and against other ways to solve.

python -m benchmarks.scheduling_solve
"""

from functools import partial

import numpy as np

from benchmarks.scheduling_measure import bare, interleaved
from benchmarks.scheduling_sites import draw
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.schedulers.two_stage import Scenario, plan_for_all
from engine.site import Site
from engine.solve.complementarity import Cells, with_choices
from engine.solve.highs import Model
from engine.solve.optimum import Options, solve_problem

ours = StorageScheduler()


def cheapest(site: Site) -> object:
    """Solve for the cost alone, without preferences between plans of equal cost."""
    return solve_problem(build_problem(site).problem, Options(preferences=False))


def row_1() -> None:
    print("| site | HiGHS alone ms | arrays in, arrays out | with preferences, complete schedule |")
    for kind in ("arb", "full"):
        for devices, steps in ((1, 96), (1, 192), (5, 96), (20, 96)):
            site = draw(kind, devices, steps)
            runs = {"bare": bare(site), "cost": partial(cheapest, site), "all": partial(ours.compute, site)}
            ms = interleaved(runs, times=15 if devices < 20 else 5)
            ratios = f"{ms['cost'] / ms['bare']:.2f} | {ms['all'] / ms['bare']:.2f}"
            print(f"| {kind} {devices}×{steps} | {ms['bare']:.2f} | {ratios} |")


def row_11() -> None:
    print("| site | ours ms | whole numbers everywhere / ours |")
    for kind, devices, steps in (
        ("neg", 1, 96),
        ("neg", 3, 96),
        ("neg", 5, 96),
        ("neg", 3, 192),
        ("inv", 1, 96),
        ("inv", 3, 96),
    ):
        ratios, own = [], []
        for seed in range(3):
            problem = build_problem(draw(kind, devices, steps, seed)).problem
            cells = Cells.of(problem.pairs)
            everywhere = with_choices(problem.arrays(), cells, np.arange(cells.first.shape[1]))
            ms = interleaved(
                {
                    "ours": lambda problem=problem: solve_problem(problem, Options(preferences=False)),
                    "milp": lambda everywhere=everywhere: Model(everywhere).run(),
                },
                times=3,
            )
            own.append(ms["ours"])
            ratios.append(ms["milp"] / ms["ours"])
        print(f"| {kind} {devices}×{steps} | {np.median(own):.1f} | {' '.join(f'{ratio:.1f}' for ratio in ratios)} |")


def row_18() -> None:
    print("| site | one ms | ten scenarios ms | ratio |")
    for devices, steps in ((1, 96), (1, 192), (3, 96), (3, 192)):
        sites = [draw("arb", devices, steps, seed) for seed in range(10)]
        scenarios = [Scenario(site=replaced(sites[0], site), probability=0.1) for site in sites]
        ms = interleaved(
            {"one": lambda s=sites: ours.compute(s[0]), "ten": lambda s=scenarios: plan_for_all(s)}, times=3
        )
        print(f"| arb {devices}×{steps} | {ms['one']:.2f} | {ms['ten']:.0f} | {ms['ten'] / ms['one']:.1f} |")


def replaced(first, other):
    """Return the first site with the load and the prices of another."""
    devices = (*first.devices[:-1], other.devices[-1])
    return type(first)(window=first.window, devices=devices, connections=other.connections)


def row_19() -> None:
    print("| site | direct ms | through Pyomo (appsi_highs) / direct |")
    pyomo = StorageScheduler(solver="appsi_highs")
    for devices, steps in ((1, 96), (5, 96), (20, 96)):
        site = draw("arb", devices, steps)
        ms = interleaved({"direct": lambda s=site: ours.compute(s), "pyomo": lambda s=site: pyomo.compute(s)}, times=3)
        print(f"| arb {devices}×{steps} | {ms['direct']:.2f} | {ms['pyomo'] / ms['direct']:.1f} |")


def fleet() -> None:
    """Row 10 without FlexMeasures: sites of one battery, complete plans with preferences, in one process."""
    print("| sites of one battery, 1×96 | HiGHS, schedules per CPU second | compiled |")
    compiled = StorageScheduler(compiled=True)
    compiled.compute(draw("arb", 1, 96))  # loads the kernel, or compiles it
    for kind in ("arb", "full", "neg"):
        sites = [draw(kind, 1, 96, seed) for seed in range(200)]
        ms = interleaved({"highs": partial(all_of, ours, sites), "compiled": partial(all_of, compiled, sites)}, times=5)
        print(f"| {kind} | {200_000 / ms['highs']:.0f} | {200_000 / ms['compiled']:.0f} |")


def all_of(scheduler: StorageScheduler, sites: list[Site]) -> None:
    for site in sites:
        scheduler.compute(site)


if __name__ == "__main__":
    for table in (row_1, row_11, row_18, row_19, fleet):
        table()
        print()
