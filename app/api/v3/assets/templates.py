"""Assets from templates: the sensors, flexibility and charts that assets of a kind usually have, in one step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.fields import Body, Identifier
from app.api.http.route import Call, get, post
from app.api.v3.assets import assets, sensors
from app.api.v3.assets.assets import Latitude, Longitude, Name
from app.api.v3.shown import Shown
from db.assets import asset_type
from engine.errors import nearest

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


def list_templates(call: Call) -> list[Shown]:
    """List the templates of assets."""
    return [
        {"name": name, "description": each.meaning, "asset_type": each.kind, "sensors": list(each.sensors)}
        for name, each in TEMPLATES.items()
    ]


class FromTemplate(Body):
    """An asset to add from a template."""

    name: Name
    account_id: Annotated[Identifier | None, Field(description="Without it your own; null: public (admins)")] = None
    parent_asset_id: Identifier | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


def add_from_template(call: Call, template: str, body: FromTemplate) -> Shown:
    """Add an asset with the sensors, flexibility and charts of a template; all of it or nothing."""
    if template not in TEMPLATES:
        message = f"There is no template {template!r}; {nearest(template, list(TEMPLATES))}"
        raise ApiError(404, "NOT_FOUND", message)
    chosen = TEMPLATES[template]
    kind = asset_type(call.session, chosen.kind).id
    given = {name: getattr(body, name) for name in body.model_fields_set}
    made = assets.add_asset(call, assets.NewAsset(**given, generic_asset_type_id=kind))
    ids = {name: _sensor(call, made["id"], name, chosen) for name in chosen.sensors}
    change = assets.AssetChange(
        flex_model=_filled(chosen.flex_model, ids),
        flex_context=_filled(chosen.flex_context, ids),
        sensors_to_show=[{"title": name[:1].upper() + name[1:], "sensors": [key]} for name, key in ids.items()],
    )
    return assets.change_asset(call, made["id"], change)


def _sensor(call: Call, asset_id: int, name: str, template: Template) -> int:
    unit, resolution = template.sensors[name]
    zone = call.who.timezone
    signed = {} if template.produces or unit != "kW" else CONSUMES
    new = sensors.NewSensor(
        name=name,
        unit=unit,
        event_resolution=resolution,
        timezone=zone,
        attributes=signed,
        generic_asset_id=asset_id,
    )
    key: int = sensors.add_sensor(call, new)["id"]
    return key


def _filled(value: Any, ids: Mapping[str, int]) -> Any:
    """Return fields with the sensors they name."""
    if isinstance(value, Mapping):
        return {name: _filled(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, ids) for each in value]
    if isinstance(value, str) and value.startswith("{"):
        return {"sensor": ids[value[1:-1]]}
    return value


ROUTES = [
    get("/assets/templates", list_templates),
    post("/assets/templates/{template}", add_from_template, status=201),
]
