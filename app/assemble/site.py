"""Rows → the engine's site: what is described, over one window, as known at one moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.assemble import bounded, flex_config
from app.assemble.flex_config import DeviceModel
from app.assemble.members import Members
from app.assemble.outputs import Output, of_power
from app.assemble.planning_window import Limits, planned
from app.assemble.request import ScheduleRequest
from app.assemble.series import Readings
from app.assemble.supplies import Supplied
from db import assets, sensors
from db.assets import Asset
from db.base import get
from engine.errors import FieldError, InputError, UnitError, UnknownName
from engine.flex.context import FlexContext
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel
from engine.iso_time import duration, zone
from engine.scheduling.devices.storage import Storage
from engine.scheduling.site import Site
from engine.window import Window

PROCESS_TYPES = ("process", "load")
"""Asset types whose devices are processes."""


@dataclass(frozen=True)
class Assembled:
    """A site to plan, and where its plan goes."""

    site: Site
    outputs: tuple[Output, ...]
    currency: str
    """What costs are counted in."""
    warnings: tuple[str, ...]
    """What was assumed where data lack, for the one who asked."""


def read_site(work: Session, request: ScheduleRequest, *, known_at: datetime, limits: Limits) -> Assembled:
    """Return the site that a request describes, with every series as it was known at one moment.

    Raises:
        InputError: What is described cannot be planned; the field is named.
        NotFound: An asset or sensor is not there.
    """
    bounded.check_request(request, limits)
    tree = assets.subtree(work, request.asset)
    asset = get(work, Asset, request.asset)
    _bring_sensors(work, request, tree)
    context = _context(work, asset, request.flex_context)
    models = flex_config.models(work, tree, request.flex_model)
    if not models:
        raise InputError(
            f"Asset {asset.id} ({asset.name}) has nothing to plan; describe a device in flex-model, or store one."
        )
    bounded.check_models(models, limits)
    entries = [(model, _entry(model)) for model in models]
    power_sensors = [o.sensor for given, read in entries for o in of_power(work, "", read, given.sensor)]
    window = planned(request, power_sensors, [read for _, read in entries], limits)
    readings = Readings(work, known_at)
    local = zone(power_sensors[0].timezone if power_sensors else "UTC")
    supplies = {each.commodity: Supplied(each, window, readings, local) for each in context.contexts}
    members = Members(work, supplies, readings, window, entries, context)
    outputs = (*members.outputs, *_site_outputs(work, supplies.values()))
    used = {port.commodity for device in members.devices for port in device.ports} | {out.name for out in outputs}
    site = Site(
        window=window,
        devices=members.devices,
        connections=tuple(s.connection() for name, s in supplies.items() if name in used and not s.is_internal),
        groups=members.groups,
        commitments=members.commitments(),
        hedged=_hedged(context, window),
    )
    bounded.check_size(site, limits)
    if limits.start_within_bounds:
        _refuse_start_outside(site)
    currencies = context.all_currencies | readings.currencies | members.currencies
    return Assembled(site, outputs, _one(currencies), tuple(readings.warnings))


def _bring_sensors(work: Session, request: ScheduleRequest, tree: Sequence[Asset]) -> None:
    """Read the sensors a plan is about in one statement instead of one each."""
    described = [layer.flex_context for layer in assets.lineage(tree[0])] + [below.flex_model for below in tree]
    named = flex_config.sensors_named([described, request.flex_model, request.flex_context])
    sensors.bring(work, set(named))


def _hedged(context: FlexContext, window: Window) -> int:
    """Return the number of steps in which one decision has to do for all that may come."""
    if context.hedge_for is None:
        return 0
    return max(-(-duration(context.hedge_for, field="hedge-for") // window.step), 0)


def _one(currencies: set[str]) -> str:
    """Return the currency of all prices; EUR where none is named.

    Raises:
        InputError: There are several.
    """
    if len(currencies) > 1:
        raise InputError(f"Prices are in {', '.join(sorted(currencies))}; give all of them in one currency.")
    return next(iter(currencies), "EUR")


def _entry(model: DeviceModel) -> StorageModel | ProcessModel:
    """Return what an entry describes: a process on an asset of that type or where its fields tell so, else a device.

    Raises:
        InputError: A field is wrong; the device is named.
    """
    fields = model.effective.fields
    asked = {str(name).replace("_", "-") for name in fields}
    of_type = model.asset is not None and model.asset.asset_type.name in PROCESS_TYPES
    works = "process-type" in asked or {"power", "duration"} <= asked
    kind = ProcessModel if of_type or works else StorageModel
    given = {**_process_type(model), **fields} if kind is ProcessModel else fields
    try:
        return kind.read(given)
    except FieldError as error:
        raise FieldError(f"{_named(model)}{error.field}", error.problem) from error
    except UnknownName as error:
        owner = f" of {model.asset.name}" if model.asset else ""
        raise UnknownName(f"{error.kind}{owner}", error.name, error.known) from error
    except UnitError as error:
        raise UnitError(f"{_named(model)}{error}") from error


def _named(model: DeviceModel) -> str:
    return f"{model.asset.name}: " if model.asset is not None else ""


def _process_type(model: DeviceModel) -> dict[str, Any]:
    """Return the type of a process that attributes tell, of the sensor before those of the asset."""
    for holder in (model.sensor, model.asset):
        if holder is not None and (told := holder.attributes.get("process-type")):
            return {"process-type": told}
    return {}


def _context(work: Session, asset: Asset, asked: Mapping[str, Any] | list[dict[str, Any]]) -> FlexContext:
    """Return the context in effect; of a list, only the entry about electricity is completed from the assets."""
    if not isinstance(asked, list):
        return FlexContext.read(flex_config.context(work, asset, asked).fields)
    own = [entry for entry in asked if entry.get("commodity", "electricity") == "electricity"]
    if len(own) > 1:
        raise InputError("flex-context: electricity is described twice; join the two.")
    others = [entry for entry in asked if entry not in own]
    fields = flex_config.context(work, asset, own[0] if own else {}).fields
    return FlexContext.read({**fields, "commodities": [*fields.get("commodities", []), *others]})


def _site_outputs(work: Session, supplies: Iterable[Supplied]) -> list[Output]:
    """Return where the power of each connection goes.

    Raises:
        FieldError: There is no connection whose power it could be.
    """
    found = []
    for supplied in supplies:
        own = list(of_power(work, supplied.context.commodity, supplied.context, None))
        if own and supplied.is_internal:
            name = f"aggregate sensor {own[0].sensor.id}"
            raise FieldError(name, f"{supplied.context.commodity} has no connection; give its price or capacity.")
        found += own
    return found


def _refuse_start_outside(site: Site) -> None:
    for store in site.devices:
        if not isinstance(store, Storage):
            continue
        low, high = float(np.min(store.soc_min)), float(np.max(store.soc_max))
        if not low <= store.soc_at_start <= high:
            raise FieldError(
                f"{store.name}: soc-at-start",
                f"{store.soc_at_start:g} kWh is not within soc-min and soc-max ({low:g} to {high:g} kWh); "
                "give what is stored, or change the bounds.",
            )
