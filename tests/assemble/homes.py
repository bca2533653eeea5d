"""Sites in a database, in few words."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import Assembled, read_site
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.schedule import Planned
from db import sources
from db.assets import Asset, asset_type
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.series.iso_time import to_us
from engine.series.window import Window

START = datetime(2030, 1, 14, 0, 0, tzinfo=UTC)
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
KNOWN_AT = START - HOUR
DAY = Window.of_length(START, timedelta(days=1), HOUR)


@dataclass
class Home:
    """A building with its devices; the newest asset is where sensors go unless told."""

    session: Session
    assets: dict[str, Asset] = field(default_factory=dict)

    def asset(self, name: str, kind: str = "battery", parent: str | None = None, **columns: Any) -> Asset:
        above = self.assets[parent].id if parent else None
        made = Asset(name=name, asset_type=asset_type(self.session, kind), parent_asset_id=above, **columns)
        self.session.add(made)
        self.session.flush()
        self.assets[name] = made
        return made

    def sensor(self, asset: str, name: str, unit: str, step: timedelta = HOUR, **attributes: Any) -> int:
        made = Sensor(asset=self.assets[asset], name=name, unit=unit, resolution=step, attributes=attributes)
        self.session.add(made)
        self.session.flush()
        return made.id

    def fill(self, sensor_id: int, values: Any, window: Window = DAY) -> int:
        sensor = self.session.get(Sensor, sensor_id)
        full = np.broadcast_to(np.asarray(values, dtype=float), window.n)
        by = sources.named(self.session, "meter", type="script")
        store.write(self.session, sensor, by, events=window.starts, values=full, known_at=KNOWN_AT)
        return sensor_id

    def price(self, values: Any, unit: str = "EUR/kWh") -> int:
        if "market" not in self.assets:
            self.asset("market", "market")
        return self.fill(self.sensor("market", f"price {len(self.assets)}", unit), values)

    def _request(self, asset: str, model: Any, context: Any, **more: Any) -> ScheduleRequest:
        more = {"start": START, "duration": timedelta(hours=4), **more}
        return ScheduleRequest(asset=self.assets[asset].id, flex_model=tuple(model), flex_context=context, **more)

    def read(self, asset: str, model: Any = (), context: Any = None, **more: Any) -> Assembled:
        request = self._request(asset, model, context or {}, **more)
        return read_site(References(self.session, None), request, known_at=KNOWN_AT, limits=WindowLimits())

    def plan(self, asset: str, model: Any = (), context: Any = None, **more: Any) -> Planned:
        return schedule.run(
            References(self.session, None), self._request(asset, model, context or {}, **more), known_at=KNOWN_AT
        )

    def stored(self, sensor_id: int, start: datetime = START, hours: float = 4) -> dict[datetime, float]:
        sensor = self.session.get(Sensor, sensor_id)
        end = start + timedelta(hours=hours, microseconds=1)
        known = store.read(self.session, sensor, BeliefQuery(start, end, known_at=KNOWN_AT))
        return dict(zip(known.events.tolist(), known.values.tolist(), strict=True))


def us(hours: float) -> int:
    """Return a moment some hours after the start."""
    return to_us(START + timedelta(hours=hours))
