"""Sensors and assets that a field can name, by their names, with the newest values of those that are chosen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from app.assemble.site.naming import takes_unit
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from db import assets
from db.assets import Asset, lineage
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.flex.facts import Fact, Reference
from engine.series.iso_time import from_us, to_us, zone

MOST: Final = 1000
"""Most sensors offered; beyond it those of the site come first."""
AROUND: Final = timedelta(days=1)
"""How far back and ahead the values of a chosen sensor are drawn."""


@dataclass(frozen=True, kw_only=True)
class SensorCurve:
    """Values of a sensor around now."""

    times: list[float]
    """[s since 1970 UTC]."""
    values: list[float]
    unit: str
    latest: str
    """The value of now in words."""


@dataclass
class Choices:
    """What one user may name at one asset."""

    session: Session
    principal: SignedIn
    sensors: list[Sensor]
    assets: list[Asset]
    _curves: dict[int, SensorCurve | None] = field(default_factory=dict)

    def sensors_for(self, fact: Fact, chosen: str) -> Iterator[tuple[str, str]]:
        """Give the id and the name of each sensor that a field takes, and of the one that is chosen already."""
        asked = Reference(fact.name, "sensor", 0, fact, fact.unit)
        listed = False
        for sensor in self.sensors:
            key = str(sensor.id)
            fits = key == chosen or (
                takes_unit(asked, sensor.unit, lasts=bool(sensor.resolution))
                and (not asked.writes or access.may(self.principal, "create-children", sensor))
            )
            if fits:
                listed |= key == chosen
                yield key, f"{sensor.asset.name}: {sensor.name}{f' [{sensor.unit}]' if sensor.unit else ''}"
        if chosen and not listed:
            yield chosen, self.name_of(chosen)

    def name_of(self, key: str) -> str:
        """Name of a sensor as far as the user may read it."""
        for sensor in References(self.session, self.principal).readable([int(key)]).values():
            return f"{sensor.asset.name}: {sensor.name}"
        return "a sensor that you may not read, or that was deleted"

    def curve(self, key: str) -> SensorCurve | None:
        """Values of a sensor from a day ago to a day ahead; None where it has none or the user may not read it."""
        number, now = int(key), datetime.now(UTC)
        if number in self._curves:
            return self._curves[number]
        self._curves[number] = None
        sensor = References(self.session, self.principal).readable([number]).get(number)
        if sensor is None:
            return None
        known = store.read(self.session, sensor, BeliefQuery(now - AROUND, now + AROUND, known_at=now))
        if len(known):
            past = known.events <= to_us(now)
            at = int(past.sum()) - 1 if past.any() else 0
            moment = from_us(known.events[at]).astimezone(zone(sensor.timezone))
            latest = f"{known.values[at]:.4g} {sensor.unit}".strip() + f" at {moment:%H:%M}"
            self._curves[number] = SensorCurve(
                times=(known.events / 1e6).tolist(), values=known.values.tolist(), unit=sensor.unit, latest=latest
            )
        return self._curves[number]


def list_choices(session: Session, principal: SignedIn, asset: Asset) -> Choices:
    """Sensors and assets that a user may name at an asset: those of its site first, then others that he may read."""
    top = next(each for each in lineage(asset) if access.may(principal, "read", each))
    site = [each for each in assets.subtree(session, top.id) if access.may(principal, "read", each)]
    near = case((Sensor.asset_id == asset.id, 0), (Sensor.asset_id.in_([each.id for each in site]), 1), else_=2)
    query = select(Sensor).join(Asset, Asset.id == Sensor.asset_id).where(access.readable_assets(principal))
    rows = session.scalars(query.order_by(near, Asset.name, Sensor.name, Sensor.id).limit(MOST)).all()
    return Choices(session, principal, list(rows), site)
