"""Measures the dashboard of 3,000 assets: 1,000 sites with a battery and solar panels, two days of quarters each.

python -m benchmarks.dashboard    prints a table
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter, process_time
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import running
from app.assemble import day_costs
from app.auth.access import access
from app.auth.access.identity import SignedIn, identity
from app.auth.access.references import References
from app.demo import toy
from app.fragments.visit import Visit
from app.pages.asset.health import health
from app.pages.fleet import dashboard
from app.running import Running
from app.settings import settings
from db import listing, schedules, sources
from db.accounts.users import User
from db.assets import Asset, asset_type
from db.beliefs import store
from db.core.database import Database
from db.migrations import upgrade
from db.schedules import CONNECTION, POWER, SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import to_us
from engine.series.window import Window

SITES, STEP, HOUR = 1000, timedelta(minutes=15), timedelta(hours=1)
KINDS = {"site power": "building", "battery power": "battery", "charge": "battery", "sun": "solar"}
UNITS = {"charge": "kWh"}
ROLES = {"site power": CONNECTION, "battery power": POWER, "charge": SOC}
TIMES = 5


def add_site(session: Session, number: int, owner: int, by: tuple[Source, Source], now: datetime) -> None:
    """Add one site with its values and its schedule."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    window = Window(start, start + timedelta(days=3), STEP)
    events, passed = window.ticks[:-1], window.ticks[:-1] < to_us(now)
    place = {"latitude": 50 + number % 40 / 10, "longitude": 4 + number // 40 / 10}
    parts: dict[str, Asset] = {}
    for kind in ("building", "battery", "solar"):
        above = {"parent_asset_id": parts["building"].id} if parts else place
        kind_id = asset_type(session, kind).id
        parts[kind] = Asset(name=f"{kind} {number}", asset_type_id=kind_id, account_id=owner, **above)
        session.add(parts[kind])
        session.flush()
    row = StoredSchedule(
        asset_id=parts["building"].id, source_id=by[1].id, scheduler="StorageScheduler", start=now - HOUR,
        end=window.end, step=STEP, belief_time=now - HOUR, created_at=now, status="optimal", gap=0.0, currency="EUR",
        costs={}, breaches=[], warnings=[], loads=[], input_sensors=[],
        connections=[{"commodity": "electricity", "consumption-price": 0.25, "production-price": 0.05}],
    )  # fmt: skip
    for at, (name, kind) in enumerate(KINDS.items()):
        sensor = Sensor(name=name, asset_id=parts[kind].id, unit=UNITS.get(name, "kW"), resolution=STEP)
        session.add(sensor)
        session.flush()
        values = np.round(3 + 2 * np.sin(np.arange(window.n) / 9 + at + number), 3)
        store.write(session, sensor, by[0], events=events[passed], values=values[passed], known_at=now)
        if name in ROLES:
            store.write(session, sensor, by[1], events=events, values=values, known_at=now - HOUR)
            more = {"commodity": "" if name == "charge" else "electricity", "part": "both", "sign": 1.0}
            numbers = {"soc-max": 10.0} if name == "charge" else {}
            output = {"sensor_id": sensor.id, "device": name, "role": ROLES[name], "belief_time": now - HOUR, **more}
            row.outputs.append(ScheduleOutput(**output, numbers=numbers))
    schedules.add_schedule(session, row, None)


def measure(name: str, work: Callable[[], Any]) -> None:
    """Print how long some work takes: the least of a few times, by the clock and of the processor."""
    waits, costs = [], []
    for _ in range(TIMES):
        begun, spent = perf_counter(), process_time()
        work()
        waits.append(perf_counter() - begun)
        costs.append(process_time() - spent)
    print(f"{name}: {min(waits):.2f} s, of the processor {min(costs):.2f} s")


def measure_parts(database: Database, principal: SignedIn, now: datetime) -> None:
    """Print what one request takes, and its parts."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with database.reading() as session:
        condition = access.readable_assets(principal)
        ids = list(session.scalars(select(Asset.id).where(condition)))
        visit = Visit(principal=principal, path="/dashboard")
        measure("list of assets", lambda: listing.assets(session, condition))
        measure("states", lambda: health(session, ids, now=now))
        rows = list(session.scalars(select(Asset).where(condition)))
        references = References(session, principal)
        day = (start, start + timedelta(days=1))
        measure("costs", lambda: day_costs.of_sites(references, rows, *day, known_at=now))
    size: list[int] = []

    def request(visit: Visit) -> None:
        with database.reading() as session:
            html = dashboard.show_dashboard(visit, dashboard.read_dashboard(visit, session, principal))
        size.append(len(html.body + html.below))

    for name in ("", "type"):
        visit = Visit(principal=principal, path="/dashboard", query={"group": name})
        measure(f"all of it, grouped by {name or 'nothing'}", partial(request, visit))
        print(f"{size[-1] / 1e3:.0f} kB")


def main() -> None:
    """Print a table."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/flexscope.db"
        upgrade(url)
        database, now = Database(url), datetime.now(UTC)
        with database.writing() as session:
            owner = toy.account(session).id
            by = (sources.named(session, "meter", type="script"), sources.named(session, "plan", type="scheduler"))
            for number in range(SITES):
                add_site(session, number, owner, by, now)
        running.begin(Running.on(settings.load({"FLEXSCOPE_INSTANCE_PATH": folder}), database))
        with database.reading() as session:
            principal = identity(session, session.scalars(select(User)).one())
        measure_parts(database, principal, now)
        database.close()


if __name__ == "__main__":
    main()
