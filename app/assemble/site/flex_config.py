"""The effective flex-model and flex-context: asset tree, then request; each field with its origin."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.auth.access.references import References
from db import assets
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.context import FlexContext
from engine.flex.facts import FieldRole
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel

REQUEST = "request"
PROCESS_TYPES = ("process", "load")
"""Asset types whose devices are processes."""
OF_DEVICES_ONLY = {fact.name for fact in StorageModel.facts()} - {fact.name for fact in ProcessModel.facts()}
"""Fields that no process has."""
LANGUAGES = (StorageModel, ProcessModel, FlexContext)
FAMILIES = [{fact.name, *fact.replaced_by} for kind in LANGUAGES for fact in kind.facts() if fact.replaced_by]
"""Fields that say the same, of now and of older releases."""
HIDDEN = {name: set[str]().union(*(each for each in FAMILIES if name in each)) for name in set().union(*FAMILIES)}
"""The fields of its family, by each: a closer one hides the others farther away."""
SPELLINGS = {other: name for kind in LANGUAGES for other, name in kind.spellings.items()}
NAMING = [fact.name for fact in StorageModel.facts() if fact.role & (FieldRole.DEVICE | FieldRole.WRITES)]
"""Fields by which an entry can name its device, the first of them first."""
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
    """Fields as they count, by their names in the language."""

    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each field comes from: ``request`` or ``asset 3 (name)``."""

    def under(self, closer: Mapping[str, Any], origin: str) -> "Effective":
        """Return this with the fields of a closer layer in front."""
        closer = named(closer)
        hidden = {other for key in closer for other in HIDDEN.get(key, ())}
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
        old = _old_capacity(layer, OLD_SITE_CAPACITIES)
        if (market := layer.attributes.get("market_id")) is not None:
            old["consumption-price"] = {"sensor": market}
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
    asked_for = []
    for number, entry in enumerate(asked):
        sensor, asset = _device(references, named(entry), number)
        effective = _stored(asset, sensor).under(entry, REQUEST)
        asked_for.append(DeviceModel(effective, asset, sensor or _power_sensor(references, effective)))
    # What is asked for is not planned a second time as it is stored.
    taken = {model.asset.id for model in asked_for if model.asset is not None}
    stored = [(below, _stored(below, None)) for below in tree if below.flex_model and below.id not in taken]
    return asked_for + [DeviceModel(fields, below, _power_sensor(references, fields)) for below, fields in stored]


def model_kind(asset_type: str, fields: Mapping[str, Any]) -> type[StorageModel] | type[ProcessModel]:
    """What a flex-model describes: a process or another device, by its fields, else by the type of its asset."""
    names = named(fields).keys()
    works = bool(names & {"process-type", "power-profile"}) or {"power", "duration"} <= names
    acts = bool(names & OF_DEVICES_ONLY)
    return ProcessModel if works or (asset_type in PROCESS_TYPES and not acts) else StorageModel


def device_ids(asked: Sequence[Mapping[str, Any]]) -> Iterator[object]:
    """Give the ids by which entries name their devices, as they were written."""
    values = (value for entry in asked for name, value in named(entry).items() if name in NAMING)
    return (value.get("sensor") if isinstance(value, Mapping) else value for value in values)


def names_device(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of a flex-model says which device it is about."""
    return any(name in NAMING for name in named(entry))


def named(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields by their names in the language; a second spelling stays as it is, to be refused when read."""
    found: dict[str, Any] = {}
    for written, value in fields.items():
        name = _name(str(written))
        found[written if name in found else name] = value
    return found


@lru_cache(maxsize=1024)  # every plan reads the same few dozen again, layer by layer
def _name(written: str) -> str:
    name = written.replace("_", "-")
    return SPELLINGS.get(name, name)


def _device(references: References, entry: Mapping[str, Any], number: int) -> tuple[Sensor | None, Asset]:
    """Return the power sensor and the asset that an entry is about."""
    for name in NAMING:
        field, value = f"flex-model[{number}].{name}", entry.get(name)
        if name in entry and name == "sensor":
            sensor = references.output(value, field=field)
            return sensor, sensor.asset
        if name in entry and name == "asset":
            return None, references.asset(value, field=field)
        if isinstance(value, Mapping) and "sensor" in value:
            return None, references.output(value["sensor"], field=field).asset
    raise FieldError(f"flex-model[{number}]", "names no device; add 'sensor' with the ID of its power sensor.")


def _power_sensor(references: References, effective: Effective) -> Sensor | None:
    """Return the power sensor that a stored flex-model names, if it may be read; a plan asks for it with its rights."""
    return next(iter(references.readable([effective.fields.get("sensor")]).values()), None)


def _stored(asset: Asset, sensor: Sensor | None) -> Effective:
    """Return what an asset and the power sensor say of the device, the newer spelling in front."""
    found = Effective()
    for holder, origin in ((asset, _origin(asset)), (sensor, f"sensor {sensor.id}" if sensor else "")):
        if holder is not None:
            # What attributes of older releases used to hold
            held = _held(OLD_MODEL_ATTRIBUTES, holder)
            old = {new: f"{holder.attributes[key]} {unit}" for key, (new, unit) in held}
            old |= {new: holder.attributes[key] for key, new in _held(OLD_SHARES, holder)}
            found = found.under(old | _old_capacity(holder, OLD_CAPACITIES), origin)
    return found.under(asset.flex_model, _origin(asset))


def _old_capacity(holder: Asset | Sensor, names: Mapping[str, str]) -> dict[str, Any]:
    held = [(new, holder.attributes[key]) for key, new in _held(names, holder)]
    return {new: f"{value} MW" if isinstance(value, int | float) else value for new, value in held}


def _held(names: Mapping[str, Any], holder: Asset | Sensor) -> Iterable[tuple[str, Any]]:
    attributes = holder.attributes
    return [(key, names[key]) for key in names if attributes.get(key) is not None] if attributes else []


def _origin(asset: Asset) -> str:
    return f"asset {asset.id} ({asset.name})"
