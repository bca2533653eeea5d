"""What lists and charts need of many rows at once: assets with type and owner, sensors and sources by id."""

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.accounts.accounts import Account
from db.assets import Asset, AssetType
from db.beliefs.series import Series
from db.sensors import Sensor
from db.sources import Source

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True, kw_only=True)
class AssetSummary:
    """One asset of a list."""

    id: int
    name: str
    type: str
    account: str | None
    """Name of the owner; None: public."""
    parent: str | None
    """Name of the asset this one is part of."""
    latitude: float | None
    longitude: float | None
    sensors: int


def assets(session: Session, condition: ColumnElement[bool]) -> list[AssetSummary]:
    """Return the assets that meet a condition, by name."""
    above = aliased(Asset)
    counted = select(func.count(Sensor.id)).where(Sensor.asset_id == Asset.id).scalar_subquery()
    query = (
        select(
            Asset.id, Asset.name, AssetType.name.label("type"), Account.name.label("account"),
            above.name.label("parent"), Asset.latitude, Asset.longitude, counted.label("sensors"),
        )
        .join(AssetType, AssetType.id == Asset.asset_type_id)
        .outerjoin(Account, Account.id == Asset.account_id)  # public assets have none
        .outerjoin(above, above.id == Asset.parent_asset_id)
        .where(condition)
        .order_by(func.lower(Asset.name), Asset.id)
    )  # fmt: skip
    return [AssetSummary(**row._mapping) for row in session.execute(query)]


def data_span(session: Session, sensor_ids: Collection[int]) -> tuple[int, int] | None:
    """Return start of the first and of the last event of some sensors [µs since 1970 UTC]; None without any data."""
    ends = select(func.min(Series.first_event_us), func.max(Series.last_event_us))
    first, last = session.execute(ends.where(Series.sensor_id.in_(sensor_ids))).one()
    return None if first is None or last is None else (first, last)


def versions(session: Session, sensor_ids: Collection[int]) -> tuple[tuple[int, int, int], ...]:
    """Sensor, source and version of all values of some sensors; a version changes with every value that is written."""
    known = select(Series.sensor_id, Series.source_id, Series.version).where(Series.sensor_id.in_(sensor_ids))
    return tuple(session.execute(known.order_by(Series.id)).tuples())


def sensors(session: Session, ids: Collection[int]) -> dict[int, Sensor]:
    """Return the sensors with some ids, by id; unknown ids are left out."""
    return {sensor.id: sensor for sensor in session.scalars(select(Sensor).where(Sensor.id.in_(ids)))}


def sensors_of(session: Session, asset_ids: Collection[int]) -> list[Sensor]:
    """Return the sensors of some assets, oldest first."""
    return list(session.scalars(select(Sensor).where(Sensor.asset_id.in_(asset_ids)).order_by(Sensor.id)))


def sources(session: Session, ids: Collection[int]) -> dict[int, Source]:
    """Return the sources with some ids, by id; unknown ids are left out."""
    return {source.id: source for source in session.scalars(select(Source).where(Source.id.in_(ids)))}


def has_schedule(session: Session, asset_ids: Collection[int]) -> bool:
    """Return whether a scheduler wrote values of a sensor of some assets."""
    query = select(Series.id).join(Source, Source.id == Series.source_id).join(Sensor, Sensor.id == Series.sensor_id)
    # A series whose values were all deleted is still there, without a last event.
    query = query.where(Sensor.asset_id.in_(asset_ids), Source.type == "scheduler", Series.last_event_us.is_not(None))
    return session.scalar(query.limit(1)) is not None


def matching(text: str, searched: list[Column], identifier: Column) -> ColumnElement[bool]:
    """Return the condition that every word of a text, or quoted phrase, is in some column, or is the id."""
    try:
        words = shlex.split(text)
    except ValueError:  # an open quote, while the user is still typing
        words = text.split()
    wanted = []
    for word in words:
        anywhere = [column.icontains(word, autoescape=True) for column in searched]
        if word.isdecimal() and len(word) < 10:  # longer ones may be too large for an id, which PostgreSQL refuses
            anywhere.append(identifier == int(word))
        wanted.append(or_(*anywhere))
    # True in front: an empty text lets all pass, and SQLAlchemy wants no and_ of nothing.
    return and_(True, *wanted)
