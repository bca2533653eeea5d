"""How scheduling is measured: CPU time of single runs, interleaved, medians; ratios are what counts."""

import statistics
from collections.abc import Callable
from time import process_time

from engine.formulation import build_problem
from engine.site import Site
from engine.solve.highs import Model


def interleaved(runs: dict[str, Callable[[], object]], times: int = 15) -> dict[str, float]:
    """Return the median CPU time of each run [ms]; the first round is dropped."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times + 1):
        for name, run in runs.items():
            began = process_time()
            run()
            taken[name].append((process_time() - began) * 1000)
    return {name: statistics.median(each[1:]) for name, each in taken.items()}


def bare(site: Site) -> Callable[[], object]:
    """Return a run of HiGHS alone on the arrays of a site: passed and solved, nothing built and nothing read."""
    arrays = build_problem(site).problem.arrays()
    model = Model(arrays)

    def run() -> None:
        model.load(arrays)
        model.solver.run()

    return run


def median_cpu(run: Callable[[], object], times: int) -> float:
    """Return the median CPU time of a run [ms]; the first one is dropped."""
    return interleaved({"": run}, times)[""]
