"""Row 7, our side: the same building planned from data in our store, on PostgreSQL and on SQLite.

python -m benchmarks.scheduling_database
"""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from benchmarks.scheduling_measure import median_cpu
from benchmarks.scheduling_story import (
    CAPACITY,
    KNOWN_AT,
    LENGTHS,
    RESOLUTION,
    START,
    flex_context,
    flex_model,
    readings,
)
from db import sources
from db.assets import Asset, asset_type
from db.beliefs import store
from db.core.database import Database
from db.migrations import upgrade
from db.sensors import Sensor
from engine.series.window import Window
from tests import postgres


def stored(session: Session) -> tuple[int, int, dict[str, int]]:
    """Write the building; return the ids of its asset, of the battery's sensor and of the others."""
    asset = Asset(name="building", asset_type=asset_type(session, "battery"))
    session.add(asset)
    by, found = sources.named(session, "meter", type="script"), {}
    for name, (unit, step, values) in readings().items():
        sensor = _sensor(session, asset, name, unit, step)
        window = Window.of_length(START, step * len(values), step)
        store.write(session, sensor, by, events=window.starts, values=values, known_at=KNOWN_AT)
        found[name] = sensor.id
    return asset.id, _sensor(session, asset, "power", "kW", RESOLUTION).id, found


def _sensor(session: Session, asset: Asset, name: str, unit: str, step: timedelta) -> Sensor:
    made = Sensor(asset=asset, name=name, unit=unit, resolution=step, attributes={"consumption_is_positive": True})
    session.add(made)
    session.flush()
    return made


def planning(database: Database, ids: tuple[int, int, dict[str, int]], length: timedelta) -> Callable[[], float]:
    """Return one complete run: read, planned and put into words, in a session that knows nothing yet; not saved."""
    asset, power, others = ids
    model = {**flex_model(length), "sensor": power, "power-capacity": f"{CAPACITY:g} kW"}
    request = ScheduleRequest(
        asset=asset, start=START, duration=length, flex_model=(model,), flex_context=flex_context(others)
    )

    def run() -> float:
        with database.reading() as session:
            plan = schedule.compute(References(session, None), request, known_at=KNOWN_AT).schedule
        return float(sum(plan.power[name].sum() for name in plan.soc) / 4)

    return run


def measure(name: str, url: str) -> None:
    """Print the CPU time of this process, without that of the database's own."""
    upgrade(url)
    database = Database(url)
    with database.writing() as session:
        ids = stored(session)
    for length in LENGTHS:
        run = planning(database, ids, length)
        print(f"| {name} | {length} | {median_cpu(run, times=25):.1f} ms | {run():.2f} kWh |", flush=True)
    database.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", f"sqlite:///{Path(folder) / 'store.db'}")
    binaries = postgres.binaries()
    if binaries is not None:
        with postgres.server(binaries) as url:
            measure("PostgreSQL", url)
