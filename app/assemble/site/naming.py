"""What a flex-model or flex-context names, read off its fields: every sensor and asset is asked for before any is read.

What a field names, and what is done with it, is said by its declaration in ``engine/flex``. What is not found by that
walk cannot be used either, as rows are got from ``References`` only.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.assemble.site.flex_config import OLD_CAPACITIES, OLD_SHARES, OLD_SITE_CAPACITIES, model_kind, named
from app.auth.access.references import References
from db import assets
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import EngineError, FieldError
from engine.flex.context import FlexContext
from engine.flex.facts import ENERGY_PER_EVENT, Reference, Target, fits
from engine.flex.fields import FlexFields
from engine.flex.process import ProcessModel

REST_OF_PROCESS = {"power": "1 kW", "duration": "PT1H"}
"""What stands for the fields of a process that come with each request, while the stored ones are looked at."""
OLD_ATTRIBUTES = ("market_id", *OLD_SHARES, *OLD_SITE_CAPACITIES, *OLD_CAPACITIES)


def rest_of_process(kind: type[FlexFields], raw: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands for the fields that a stored flex-model of a process may leave to requests; else nothing."""
    names = named(raw)
    if kind is not ProcessModel or "power-profile" in names:
        return {}
    return {name: value for name, value in REST_OF_PROCESS.items() if name not in names}


def ask_for(references: References, fields: FlexFields, origins: Mapping[str, str], *, of: str = "") -> None:
    """Resolve everything that fields name, so that a refusal tells the field and where it was written.

    Args:
        references: Of the one who asks.
        fields: As read.
        origins: Where each field comes from, in the spelling it was written in; see ``Effective``.
        of: What the fields describe, for errors; such as the name of a device.

    Raises:
        FieldError: There is no such row, or a sensor has a unit that the field does not take.
        NotAllowed: It is not the principal's to read, or to write to.
    """
    written = {name.replace("_", "-"): origin for name, origin in origins.items()}
    for each in fields.references():
        origin = written.get(each.path.partition(".")[0], "request")
        owner = of if origin == "request" else ", from ".join(part for part in (of, origin) if part)
        field = f"{owner}: {each.path}" if owner else each.path
        if each.target == "asset":
            references.asset(each.key, field=field)
        else:
            _ask_for_sensor(references, each, field)


def _ask_for_sensor(references: References, named: Reference, field: str) -> None:
    sensor = references.output(named.key, field=field) if named.writes else references.sensor(named.key, field=field)
    # To read a sensor and to write to it are rights of their own.
    if named.writes and named.reads:
        references.sensor(named.key, field=field)
    check_unit(sensor, named, field=field)
    if named.quantity is None:
        return
    if named.quantity.sources:
        references.sources(named.quantity.sources, field=f"{field}.sources", sensor=sensor)
    if named.quantity.source_account is not None:
        references.account(named.quantity.source_account, field=f"{field}.source-account", sensor=sensor)


def check_unit(sensor: Sensor, named: Reference, *, field: str) -> None:
    """Refuse a sensor whose values the field would refuse as a text with that unit.

    Raises:
        FieldError: It measures something else.
    """
    unit = named.unit
    if unit is None or takes_unit(named, sensor.unit, lasts=bool(sensor.resolution)):
        return
    example = unit.replace("currency", "EUR") or "%"
    energy = f", or {ENERGY_PER_EVENT[unit]} per event" if unit in ENERGY_PER_EVENT else ""
    raise FieldError(
        field,
        f"sensor {sensor.id} ({sensor.name}) is in {sensor.unit or 'no unit'!r}, which is no unit of this field; "
        f"name a sensor in one such as {example}{energy}, or correct the unit of this one.",
    )


def takes_unit(named: Reference, unit: str, *, lasts: bool) -> bool:
    """Return whether a field takes the values of a sensor in some unit.

    Args:
        named: What the field says of the sensor.
        unit: Unit of the sensor.
        lasts: Whether its events last some time, so that an energy per event is a power.
    """
    percent = named.fact.kind == "state-of-charge" and unit == "%"
    return named.unit is None or percent or fits(unit, named.unit, lasts=lasts)


def ask_for_old_attributes(references: References, attributes: Mapping[str, Any]) -> None:
    """Refuse attributes of older releases that name a sensor which is not the writer's to read.

    It is asked for again where it is used. But a plan that somebody with more rights asks for later would use what the
    writer may not, and store what it makes of that.

    Raises:
        FieldError: A reference is no whole number, or there is no such sensor.
        NotAllowed: It is not the writer's to read.
    """
    if type(market := attributes.get("market_id")) is int:
        references.sensor(market, field="attributes.market_id")
    for name in OLD_ATTRIBUTES:
        value = attributes.get(name)
        if isinstance(value, Mapping) and "sensor" in value:
            references.sensor(value["sensor"], field=f"attributes.{name}")


@dataclass(frozen=True)
class Mention:
    """A field of the stored flex-config of an asset that names a sensor or an asset."""

    asset: Asset
    field: str
    """Such as ``flex_context.consumption-price``."""
    reference: Reference | None
    """What the field says of it; None of an attribute of an older release."""


def mentions(session: Session, targets: Collection[tuple[Target, int]]) -> list[Mention]:
    """Fields of stored flex-configs, of any asset, that name one of some sensors and assets.

    Args:
        session: A session of any kind.
        targets: ``sensor`` or ``asset``, and its id.
    """
    holders = assets.with_numbers(session, {key for _, key in targets})
    return [mention for asset in holders for mention in _mentions_of(asset, targets)]


def _mentions_of(asset: Asset, targets: Collection[tuple[Target, int]]) -> Iterator[Mention]:
    kind = model_kind(asset.asset_type.name, asset.flex_model)
    layers: list[tuple[str, type[FlexFields], Mapping[str, Any]]] = [
        ("flex_model", kind, asset.flex_model),
        ("flex_context", FlexContext, asset.flex_context),
    ]
    for column, language, raw in layers:
        for name, value in raw.items():  # one by one: a field that cannot be read hides no other
            try:
                fields = language.read({**rest_of_process(language, {name: value}), name: value})
            except EngineError:
                continue
            for each in fields.references():
                if (each.target, each.key) in targets:
                    yield Mention(asset, f"{column}.{each.path}", each)
    for name in OLD_ATTRIBUTES:
        value = asset.attributes.get(name)
        key = value.get("sensor") if isinstance(value, Mapping) else value if name == "market_id" else None
        if ("sensor", key) in targets:
            yield Mention(asset, f"attributes.{name}", None)
