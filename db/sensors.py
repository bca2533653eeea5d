"""What is measured, forecast or planned: one quantity of one asset at one resolution."""

from collections.abc import Collection
from datetime import timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, Select, bindparam, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from db.assets import Asset, lineage
from db.core.database import IDS_ONCE, Id, Table, get
from engine.series.iso_time import zone
from engine.units import units

LEVELS = ("state-of-charge", "soc-")
"""How the fields of a flex-model begin that name sensors of stored energies."""


class Sensor(Table):
    """One quantity of one asset, at one resolution."""

    __tablename__ = "sensor"
    __table_args__ = IDS_ONCE

    id: Mapped[Id]
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    unit: Mapped[str] = mapped_column(doc="Unit of stored values, such as kW or EUR/kWh")
    resolution: Mapped[timedelta] = mapped_column(doc="Length of one event; zero means instantaneous")
    timezone: Mapped[str] = mapped_column(default="UTC", doc="IANA name; the zone of the sensor's days")
    knowledge_horizon: Mapped[dict[str, Any]] = mapped_column(
        default=lambda: {"ex_post": "PT0H"}, doc="When values can be known at the latest; see db.beliefs.knowledge"
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)

    asset: Mapped[Asset] = relationship(lazy="joined")

    @property
    def hours(self) -> float:
        """Length of one event [h]."""
        return self.resolution / timedelta(hours=1)

    @property
    def is_level(self) -> bool:
        """Whether it is a stored energy, of which events are no parts, by its name or the flex-model of its asset."""
        # The name tells it of sensors that no flex-model names, such as imported ones.
        words = self.name.lower().replace("-", " ")
        # soc as a word of its own: it is a part of others, such as social.
        if "state of charge" in words or "soc" in words.split():
            return True
        named = (value for name, value in self.asset.flex_model.items() if name.replace("_", "-").startswith(LEVELS))
        return any(isinstance(value, dict) and value.get("sensor") == self.id for value in named)

    @property
    def adds_up(self) -> bool:
        """Whether events are amounts, such as kWh or EUR, so that shorter ones add up to a longer one."""
        return bool(self.resolution) and units.adds_up(self.unit) and not self.is_level


@cache  # every plan needs it; to put the statement together costs as much as to run it
def _of_ids() -> Select[Sensor]:
    # Not joined with their assets: most share one, whose JSON would be read again with each of them.
    return select(Sensor).where(Sensor.id.in_(bindparam("ids", expanding=True))).options(lazyload(Sensor.asset))


def bring(session: Session, ids: Collection[int]) -> None:
    """Read the sensors with some ids in one statement; the session keeps them, and ``get`` finds them there."""
    kept: dict[int, Sensor] = session.info.setdefault("sensors", {})  # else the session forgets what nobody refers to
    if missing := sorted(set(ids) - kept.keys()):
        kept.update((sensor.id, sensor) for sensor in session.scalars(_of_ids(), {"ids": missing}))


FIRST_ZONE = select(Sensor.timezone).where(Sensor.asset_id == bindparam("asset")).order_by(Sensor.id).limit(1)
"""The zone of the first sensor of an asset, put together once; its sensors may be thousands."""


def time_zone(session: Session, asset_id: int, otherwise: str = "UTC") -> ZoneInfo:
    """Zone of an asset: its attribute, else that of its first sensor, else that of what it is part of, else another."""
    for asset in lineage(get(session, Asset, asset_id))[::-1]:
        if known := asset.attributes.get("timezone") or session.scalar(FIRST_ZONE, {"asset": asset.id}):
            return zone(str(known))
    return zone(otherwise)


def of_asset(session: Session, asset_id: int) -> list[Sensor]:
    """Return the sensors of one asset, oldest first."""
    return list(session.scalars(select(Sensor).where(Sensor.asset_id == asset_id).order_by(Sensor.id)))
