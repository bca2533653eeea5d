"""How long explanations and what-ifs take: CPU time of one answer, of 5 storages × 192 steps and of smaller sites.

python -m benchmarks.what_if
"""

from collections.abc import Callable
from time import process_time

import numpy as np

from app.jobs.handlers import schedule
from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.explanations.explanations import WhyQuery, explain_why
from app.usecases.explanations.what_if import ScenarioEdits, ScenarioPrice, try_scenario
from benchmarks.schedule_rows import KNOWN_AT, computed
from benchmarks.scheduling_sites import draw
from benchmarks.store_bench import sqlite
from engine.explain.best_cost.matrix import extra_costs
from engine.explain.best_cost.replanning import Replanning, names_to_ask, planned_ports
from engine.explain.bottlenecks import bottlenecks
from engine.explain.changes.changed_inputs import changed_inputs
from engine.explain.changes.edits import PriceEdit, SiteEdits
from engine.explain.choices import explain_choice
from engine.explain.marginal_values import storage_value_line
from engine.explain.prices import price_range
from engine.explain.requirements import limit_needed, price_needed, wished_bounds
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.site import Site

CELLS = 40
OF_CELLS = ("why, all of it", "  without prices", "  prices alone", "price needed for a wish")
"""Answers about one step; each is asked for as many steps."""
SIZES = ((1, 192), (3, 192), (5, 192))


def spread(run: Callable[[int], object], times: int) -> str:
    """Return median, 95th percentile and largest CPU time of some answers [ms]."""
    taken = []
    for number in range(times):
        began = process_time()
        run(number)
        taken.append(1000 * (process_time() - began))
    return f"{np.median(taken):7.1f} {np.percentile(taken, 95):7.1f} {max(taken):7.1f}"


def cells(site: Site) -> list[tuple[str, int]]:
    rng, names = np.random.default_rng(1), planned_ports(site)
    return [(names[rng.integers(len(names))], int(rng.integers(site.window.n))) for _ in range(CELLS)]


def answers(site: Site) -> dict[str, Callable[[int], object]]:
    asked, live, schedule = cells(site), LiveProblem(), StorageScheduler().compute(site)
    live.solve(site)
    plan = Replanning(site, ())
    limit = bottlenecks(plan)[0]

    def why(number: int) -> None:
        name, step = asked[number]
        explain_choice(Replanning(site, names_to_ask(site, name)), name, step)

    def without_prices(number: int) -> None:
        name, step = asked[number]
        explain_choice(Replanning(site, names_to_ask(site, name)), name, step, with_prices=False)

    def prices(number: int) -> None:
        name, step = asked[number]
        own = Replanning(site, (name,))
        price_range(own, name, step, float(own.free_power(name)[step]))

    def needed(number: int) -> None:
        name, step = asked[number]
        own = Replanning(site, (name,))
        wish = "idle" if abs(own.free_power(name)[step]) > 0.01 else "charge"
        price_needed(own, name, wished_bounds(own, name, step, wish), [step])

    dearer = SiteEdits(prices=(PriceEdit(factor=1.1),)).on(site)
    return {
        "why, all of it": why,
        "  without prices": without_prices,
        "  prices alone": prices,
        "price needed for a wish": needed,
        "limit needed for a cost": lambda _: limit_needed(plan, limit.limit, plan.free.objective - 0.5 * limit.saving),
        "bottlenecks (5)": lambda _: bottlenecks(plan),
        "value line of a store": lambda _: storage_value_line(plan, site.devices[0].name),
        "changed inputs": lambda _: changed_inputs(site, schedule, dearer),
        "one edit of a live problem": lambda number: live.solve(
            SiteEdits(prices=(PriceEdit(factor=1.0 + 0.01 * number),)).on(site)
        ),
    }


def table(site: Site) -> str:
    """Return the CPU time of the first row and of all of the table of other choices [ms]."""
    began, names = process_time(), planned_ports(site)
    rows = extra_costs(Replanning(site, names), names)
    next(rows)
    first = process_time() - began
    rest = sum(len(row) for row in rows)
    return f"first row {1000 * first:.0f}, all {rest + len(names)} cells {1000 * (process_time() - began):.0f}"


def stored(devices: int, steps: int) -> None:
    """Print what use cases take for a saved schedule: read, unpacked, planned as it was and otherwise [ms]."""
    with sqlite() as bench:
        database, done = bench.database, computed(bench.database, devices, steps)
        with database.writing() as session:
            planned = schedule.save(session, done, known_at=KNOWN_AT)
        actor = Actor(principal=None, settings=load({"FLEXSCOPE_INSTANCE_PATH": str(bench.folder)}), now=KNOWN_AT)
        name, at = next(iter(planned_ports(planned.site))), planned.site.window.moment(steps // 2)

        def try_price(number: int) -> None:
            with database.reading() as session:
                edits = ScenarioEdits(prices=[ScenarioPrice(factor=1.0 + 0.01 * number)])
                try_scenario(session, actor, planned.id, edits)

        def explain_step(_: int) -> None:
            with database.reading() as session:
                explain_why(session, actor, planned.id, WhyQuery(device=name, at=at))

        print(f"  {'what-if of a saved schedule':28} {spread(try_price, 25)}")
        print(f"  {'why of a saved schedule':28} {spread(explain_step, 25)}")


def main() -> None:
    for devices, steps in SIZES:
        site = draw("plain", devices, steps)
        print(f"{devices} × {steps}: median, p95, largest [ms]")
        for name, run in answers(site).items():
            print(f"  {name:28} {spread(run, CELLS if name in OF_CELLS else 9)}")
        print(f"  table of other choices [ms]: {table(site)}")
        stored(devices, steps)


if __name__ == "__main__":
    main()
