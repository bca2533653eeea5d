"""Assets from templates: the sensors, flexibility and charts that assets of a kind usually have, in one step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.usecases import sensors
from app.usecases.actor import Actor
from app.usecases.assets import assets
from app.usecases.assets.assets import AssetChange, Latitude, Longitude, Name, NewAsset, Owner
from app.usecases.fields import Body, Identifier
from app.usecases.sensors import NewSensor
from db.assets import Asset, asset_type
from engine.errors import UnknownName

SensorFacts = tuple[str, str]
"""Unit and resolution."""
POWER: SensorFacts = ("kW", "PT15M")
CONSUMES = {"consumption_is_positive": True}


@dataclass(frozen=True, kw_only=True)
class Template:
    """What an asset of a kind begins with."""

    kind: str
    """Asset type."""
    meaning: str
    sensors: Mapping[str, SensorFacts]
    produces: bool = False
    """Whether its power is that of a producer, which is positive as produced."""
    flex_model: Mapping[str, Any] = field(default_factory=dict)
    """Fields; a text in braces stands for the sensor of that name."""
    flex_context: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, "Template"] = field(default_factory=dict)
    """Assets below it, by name."""


def _port(commodity: str, coupling: str, way: str, limit: str, coefficient: float = 1.0) -> Template:
    """Return one side of a converter, which takes or gives power in a fixed proportion to its other side."""
    other = "production" if way == "consumption" else "consumption"
    model: dict[str, Any] = {
        "commodity": commodity,
        "coupling": coupling,
        f"{way}-capacity": limit,
        f"{other}-capacity": "0 kW",
    }
    model |= {"coupling-coefficient": coefficient} if coefficient != 1.0 else {}
    side = f"The {commodity} side of a converter"
    return Template(
        kind="inverter", meaning=side, sensors={"power": POWER}, flex_model={"consumption": "{power}", **model}
    )


STORE = {"consumption": "{power}", "state-of-charge": "{state of charge}", "soc-min": "1 kWh"}
TEMPLATES = {
    "battery": Template(
        kind="battery",
        meaning="A battery of 10 kWh and 5 kW",
        sensors={"power": POWER, "state of charge": ("kWh", "PT0M")},
        flex_model={**STORE, "soc-max": "10 kWh", "power-capacity": "5 kW", "roundtrip-efficiency": "90 %"},
    ),
    "solar": Template(
        kind="solar",
        meaning="Solar panels whose production can be curtailed",
        sensors={"production": POWER, "planned production": POWER},
        produces=True,
        flex_model={
            "production": "{planned production}", "production-capacity": "{production}", "consumption-capacity": "0 kW",
        },
    ),
    "charge-point": Template(
        kind="one-way_evse",
        meaning="A charge point of 11 kW for a car of 60 kWh",
        sensors={"power": POWER, "state of charge": ("kWh", "PT0M")},
        flex_model={
            **STORE, "soc-max": "60 kWh", "power-capacity": "11 kW", "production-capacity": "0 kW",
            "charging-efficiency": "92 %",
        },
    ),
    "heat-pump": Template(
        kind="heat-storage",
        meaning="A heat pump of 3 kW with a buffer of 12 kWh of heat",
        sensors={"power": POWER, "state of charge": ("kWh", "PT0M"), "heat demand": POWER},
        flex_model={
            **STORE, "soc-max": "12 kWh", "power-capacity": "3 kW", "production-capacity": "0 kW",
            "charging-efficiency": "300 %", "soc-usage": ["{heat demand}"],
        },
    ),
    "heated-building": Template(
        kind="building",
        meaning="A building of 12 kWh/K that a heat pump of 3 kW keeps between 20 and 23 °C",
        sensors={"power": POWER, "temperature": ("°C", "PT0M"), "outdoor temperature": ("°C", "PT1H")},
        flex_model={
            "consumption": "{power}", "consumption-capacity": "3 kW", "temperature": "{temperature}",
            "outdoor-temperature": "{outdoor temperature}", "thermal-capacity": "12 kWh/K", "heat-loss": "0.25 kW/K",
            "temperature-min": "20 °C", "temperature-max": "23 °C", "temperature-breach-price": "0.50 EUR/K/h",
            "cop-curve": [{"temperature": "-7 °C", "cop": 2.4}, {"temperature": "7 °C", "cop": 3.9}],
        },
    ),
    "hybrid-inverter": Template(
        kind="inverter",
        meaning="Panels and a battery of 10 kWh on one DC bus behind an inverter of 5 kW that loses 4 %",
        sensors={},
        parts={
            "solar panels": Template(
                kind="solar",
                meaning="Panels on the DC bus",
                sensors={"production": POWER, "planned production": POWER},
                produces=True,
                flex_model={
                    "commodity": "dc", "production": "{planned production}", "production-capacity": "{production}",
                    "consumption-capacity": "0 kW",
                },
            ),
            "battery": Template(
                kind="battery",
                meaning="A battery on the DC bus",
                sensors={"power": POWER, "state of charge": ("kWh", "PT0M")},
                flex_model={
                    **STORE, "commodity": "dc", "soc-max": "10 kWh", "power-capacity": "5 kW",
                    "roundtrip-efficiency": "97 %",
                },
            ),
            # 5 kW of AC behind a loss of 4 % are 5.21 kW of DC, and on the way back they become 4.8 kW.
            "inverter DC": _port("dc", "inverter", "consumption", "5.21 kW"),
            "inverter AC": _port("electricity", "inverter", "production", "5 kW", 0.96),
            "rectifier AC": _port("electricity", "rectifier", "consumption", "5 kW"),
            "rectifier DC": _port("dc", "rectifier", "production", "4.8 kW", 0.96),
        },
    ),
    "site": Template(
        kind="building",
        meaning="A building with a connection of 17 kVA, a load that is not planned, and a price",
        sensors={"load": POWER, "site power": POWER, "price": ("EUR/kWh", "PT1H")},
        flex_context={
            "consumption-price": "{price}", "site-power-capacity": "17 kVA", "inflexible-consumption": ["{load}"],
            "aggregate-consumption": "{site power}",
        },
    ),
}  # fmt: skip


class FromTemplate(Body):
    """An asset to add from a template."""

    name: Name
    account_id: Owner = None
    parent_asset_id: Identifier | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class UnknownTemplate(UnknownName):
    """No template has this name."""


def create_asset_from_template(session: Session, actor: Actor, template: str, new: FromTemplate) -> Asset:
    """Add an asset with the sensors, flexibility and charts of a template; all of it or nothing.

    Raises:
        UnknownTemplate: There is no such template.
        NotAllowed, FieldError, QuotaReached: See ``app.usecases.assets.assets.create_asset``.
    """
    if template not in TEMPLATES:
        raise UnknownTemplate("template", template, TEMPLATES)
    return _create(session, actor, TEMPLATES[template], new)


def _create(session: Session, actor: Actor, chosen: Template, new: FromTemplate) -> Asset:
    fields = {name: getattr(new, name) for name in new.model_fields_set}
    # By the same use cases as people call, so that quota, permission and audit log hold here as well.
    kind = asset_type(session, chosen.kind).id
    asset = assets.create_asset(session, actor, NewAsset(**fields, generic_asset_type_id=kind))
    ids = {}
    for name, (unit, resolution) in chosen.sensors.items():
        sensor = NewSensor(
            name=name,
            unit=unit,
            event_resolution=resolution,
            timezone=actor.timezone,
            attributes={} if chosen.produces or unit != "kW" else CONSUMES,
            generic_asset_id=asset.id,
        )
        ids[name] = sensors.create_sensor(session, actor, sensor).id
    # Only now: fields and charts name sensors, and these have ids once they are there.
    change = AssetChange(
        flex_model=_filled(chosen.flex_model, ids),
        flex_context=_filled(chosen.flex_context, ids),
        sensors_to_show=[{"title": name[:1].upper() + name[1:], "sensors": [key]} for name, key in ids.items()],
    )
    made = assets.update_asset(session, actor, asset.id, change)
    for name, part in chosen.parts.items():
        below = FromTemplate(name=name, parent_asset_id=asset.id, account_id=asset.account_id)
        _create(session, actor, part, below)
    return made


def _filled(value: Any, ids: Mapping[str, int]) -> Any:
    """Return fields with the sensors they name."""
    if isinstance(value, Mapping):
        return {name: _filled(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, ids) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        return {"sensor": ids[value[1:-1]]}
    return value
