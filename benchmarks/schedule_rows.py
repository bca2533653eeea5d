"""What saving the row of a schedule costs beside saving its values.

python -m benchmarks.schedule_rows
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from app.assemble.outputs import save_schedule
from app.assemble.schedule_row import Computed
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from benchmarks.store_bench import Bench, postgresql, sqlite
from db import sources
from db.assets import Asset, asset_type
from db.beliefs import store
from db.core.database import Database
from db.sensors import Sensor
from engine.series.window import Window

START = datetime(2030, 1, 14, tzinfo=UTC)
KNOWN_AT = START - timedelta(hours=1)
STEP = timedelta(minutes=15)
SIZES = ((1, 96), (5, 96), (20, 192))
"""Devices and steps of the schedules."""
ROUNDS, TIMES = 15, 10


def computed(database: Database, devices: int, steps: int) -> Computed:
    """Return the schedule of some batteries behind one connection with a timed price."""
    rng, window = np.random.default_rng(0), Window.of_length(START, steps * STEP, STEP)
    with database.writing() as session:
        site = Asset(name=f"site {devices}", asset_type=asset_type(session, "building"))
        session.add(site)
        price = Sensor(asset=site, name="price", unit="EUR/kWh", resolution=STEP)
        total = Sensor(asset=site, name="total", unit="kW", resolution=STEP)
        batteries = [Sensor(asset=site, name=f"power {n}", unit="kW", resolution=STEP) for n in range(devices)]
        session.add_all([price, total, *batteries])
        session.flush()
        meter = sources.named(session, "meter", type="script")
        store.write(session, price, meter, events=window.starts, values=rng.uniform(0, 1, steps), known_at=KNOWN_AT)
    models = tuple(
        {"sensor": each.id, "soc-at-start": "2 kWh", "soc-min": "0 kWh", "soc-max": "10 kWh", "power-capacity": "3 kW"}
        for each in batteries
    )
    context = {"consumption-price": {"sensor": price.id}, "aggregate-power": {"sensor": total.id}}
    request = ScheduleRequest(
        asset=site.id, flex_model=models, flex_context=context, start=START, duration=steps * STEP
    )
    rules = replace(schedule.USUAL, limits=WindowLimits(most_steps=0))
    with database.reading() as session:
        return schedule.compute(References(session, None), request, known_at=KNOWN_AT, rules=rules)


def measure(bench: Bench, devices: int, steps: int) -> list[float]:
    """Return the CPU time of computing, saving the values, and with the row [ms]: lowest of rounds that take turns."""
    done, rng, count = computed(bench.database, devices, steps), np.random.default_rng(1), 0

    def next_plan() -> tuple[Computed, datetime]:
        nonlocal count
        count += 1  # other values at every save, as a plan that repeats the last one stores nothing
        power = {name: values + rng.uniform(0, 1, steps) for name, values in done.schedule.power.items()}
        return replace(done, schedule=replace(done.schedule, power=power)), KNOWN_AT + count * timedelta(seconds=1)

    def computing() -> None:
        with bench.database.reading() as session:
            rules = replace(schedule.USUAL, limits=WindowLimits(most_steps=0))
            schedule.compute(References(session, None), done.request, known_at=KNOWN_AT, rules=rules)

    def values_alone() -> None:
        plan, known_at = next_plan()
        with bench.database.writing() as session:
            by = sources.named(session, "Flexscope", type="scheduler", model=plan.scheduler_name)
            save_schedule(session, plan.schedule, plan.assembled.outputs, by=by, known_at=known_at)

    def with_row() -> None:
        plan, known_at = next_plan()
        with bench.database.writing() as session:
            schedule.save(session, plan, known_at=known_at)

    kinds: tuple[Callable[[], None], ...] = (computing, values_alone, with_row)
    lowest = [float("inf")] * 3
    for _ in range(ROUNDS):
        for at, save in enumerate(kinds):
            before = bench.cpu_ms()
            for _ in range(TIMES):
                save()
            lowest[at] = min(lowest[at], (bench.cpu_ms() - before) / TIMES)
    return lowest


def main() -> None:
    """Print the table."""
    for opened in (sqlite, postgresql):
        with opened() as bench:
            for devices, steps in SIZES:
                computing, alone, both = measure(bench, devices, steps)
                shares = f"{both / alone - 1:+.0%} | {(both - alone) / (computing + alone):+.0%}"
                times = f"{computing:.1f} | {alone:.2f} | {both:.2f}"
                print(f"| {bench.name} | {devices} x {steps} | {times} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
