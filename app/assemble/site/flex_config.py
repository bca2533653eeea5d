"""The effective flex-model and flex-context: asset tree, then request; each field with its origin."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.auth.access.references import References, is_id
from db import assets
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel

REQUEST = "request"
PROCESS_TYPES = ("process", "load")
"""Asset types whose devices are processes."""
FAMILIES = [  # spellings of one idea: a closer one hides the others farther away
    {"consumption-price", "consumption-price-sensor"},
    {"production-price", "production-price-sensor"},
    {"inflexible-device-sensors", "inflexible-consumption", "inflexible-production"},
    {"aggregate-power", "aggregate-consumption", "aggregate-production"},
]
OLD_MODEL_ATTRIBUTES = {"min_soc_in_mwh": ("soc-min", "MWh"), "max_soc_in_mwh": ("soc-max", "MWh")}
OLD_SHARES = {
    f"{name}{mark}efficiency": f"{name}-efficiency"
    for name in ("roundtrip", "charging", "discharging", "storage")
    for mark in ("-", "_")
}
OLD_SITE_CAPACITIES = {
    "capacity_in_mw": "site-power-capacity",
    "consumption_capacity_in_mw": "site-consumption-capacity",
    "production_capacity_in_mw": "site-production-capacity",
}
OLD_CAPACITIES = {
    "capacity_in_mw": "power-capacity",
    "consumption_capacity_in_mw": "consumption-capacity",
    "production_capacity_in_mw": "production-capacity",
}


@dataclass(frozen=True)
class Effective:
    """Fields as they count, in the spelling they were written in."""

    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each field comes from: ``request`` or ``asset 3 (name)``."""

    def under(self, closer: Mapping[str, Any], origin: str) -> "Effective":
        """Return this with the fields of a closer layer in front."""
        hidden = set[str]().union(*(family for family in FAMILIES if family & closer.keys()))
        kept = {key: value for key, value in self.fields.items() if key not in hidden}
        origins = {key: self.origins[key] for key in kept}
        return Effective({**kept, **closer}, {**origins, **dict.fromkeys(closer, origin)})


@dataclass(frozen=True)
class DeviceModel:
    """The flex-model of one device."""

    effective: Effective
    asset: Asset | None
    """The asset it is stored on or whose sensor it names."""
    sensor: Sensor | None
    """The power sensor that names the device, if one does."""


def context(asset: Asset, asked: Mapping[str, Any]) -> Effective:
    """Return the flex-context of an asset: its ancestors', its own, the request's; the closer one counts."""
    found = Effective()
    for layer in assets.lineage(asset):
        old = _old_capacity(layer, OLD_SITE_CAPACITIES) | _old_market(layer)
        found = found.under({**old, **layer.flex_context}, _origin(layer))
    return found.under(asked, REQUEST)


def models(references: References, tree: Sequence[Asset], asked: Sequence[Mapping[str, Any]]) -> list[DeviceModel]:
    """Return the flex-model of every device: those asked for, then those stored in an asset's tree.

    An entry that was asked for names its device by ``sensor``, ``asset`` or an output sensor, and is completed by what
    the device's asset has stored.

    Raises:
        FieldError: An entry names no device, or one that is not there.
        NotAllowed: It names one that is not the principal's to plan.
    """
    asked_for = [_asked(references, entry, number) for number, entry in enumerate(asked)]
    taken = {model.asset.id for model in asked_for if model.asset is not None}
    stored = [below for below in tree if below.flex_model and below.id not in taken]
    return asked_for + [DeviceModel(_stored(below, None), below, None) for below in stored]


def model_kind(asset_type: str, fields: Mapping[str, Any]) -> type[StorageModel] | type[ProcessModel]:
    """Return what a flex-model describes: a process, by the type of its asset or its fields, or else a device."""
    names = {str(name).replace("_", "-") for name in fields}
    works = "process-type" in names or {"power", "duration"} <= names
    return ProcessModel if asset_type in PROCESS_TYPES or works else StorageModel


def sensors_named(config: Any, *, without: Collection[str] = ()) -> Iterator[int]:
    """Give the ids of the sensors that a flex-config names, except in some fields."""
    if isinstance(config, list | tuple):
        for each in config:
            yield from sensors_named(each, without=without)
    elif isinstance(config, Mapping):
        for key, value in config.items():
            if key in without:
                continue
            if (key == "sensor" or key.endswith("-sensor")) and is_id(value):
                yield value
            elif key.endswith("-sensors") and isinstance(value, list):
                yield from (each for each in value if is_id(each))
            yield from sensors_named(value, without=without)


def _asked(references: References, entry: Mapping[str, Any], number: int) -> DeviceModel:
    sensor, asset = _device(references, entry, number)
    stored = _stored(asset, sensor) if asset is not None else Effective()
    return DeviceModel(stored.under(entry, REQUEST), asset, sensor)


def _device(references: References, entry: Mapping[str, Any], number: int) -> tuple[Sensor | None, Asset | None]:
    """Return the power sensor and the asset that an entry is about."""
    if "sensor" in entry:
        sensor = references.output(entry["sensor"], field=f"flex-model[{number}].sensor")
        return sensor, sensor.asset
    if "asset" in entry:
        return None, references.asset(entry["asset"], field=f"flex-model[{number}].asset")
    for name in ("consumption", "production", "state-of-charge"):
        if isinstance(entry.get(name), Mapping) and "sensor" in entry[name]:
            return None, references.output(entry[name]["sensor"], field=f"flex-model[{number}].{name}").asset
    raise FieldError(f"flex-model[{number}]", "names no device; add 'sensor' with the ID of its power sensor.")


def _stored(asset: Asset, sensor: Sensor | None) -> Effective:
    """Return what an asset and the power sensor say of the device, the newer spelling in front."""
    found = Effective()
    for holder, origin in ((asset, _origin(asset)), (sensor, f"sensor {sensor.id}" if sensor else "")):
        if holder is not None:
            found = found.under(_old_fields(holder), origin)
    return found.under(asset.flex_model, _origin(asset))


def _old_fields(holder: Asset | Sensor) -> dict[str, Any]:
    """Return the flex-model fields that attributes used to hold."""
    old = {new: f"{holder.attributes[key]} {unit}" for key, (new, unit) in _held(OLD_MODEL_ATTRIBUTES, holder)}
    old |= {new: holder.attributes[key] for key, new in _held(OLD_SHARES, holder)}
    return old | _old_capacity(holder, OLD_CAPACITIES)


def _old_market(asset: Asset) -> dict[str, Any]:
    """Return the price sensor that an attribute used to name."""
    market = asset.attributes.get("market_id")
    return {} if market is None else {"consumption-price": {"sensor": market}}


def _old_capacity(holder: Asset | Sensor, names: Mapping[str, str]) -> dict[str, Any]:
    return {new: _with_unit(holder.attributes[key]) for key, new in _held(names, holder)}


def _held(names: Mapping[str, Any], holder: Asset | Sensor) -> Iterable[tuple[str, Any]]:
    return [(key, names[key]) for key in names if holder.attributes.get(key) is not None]


def _with_unit(value: Any) -> Any:
    return f"{value} MW" if isinstance(value, int | float) else value


def _origin(asset: Asset) -> str:
    return f"asset {asset.id} ({asset.name})"
