"""Rows → the engine's site: what is described, over one window, as known at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.assemble.forecasting.missing import MissingForecasts
from app.assemble.outputs import SensorOutput, of_guidance, of_power
from app.assemble.site import bounded, flex_config
from app.assemble.site.flex_config import DeviceModel, Effective
from app.assemble.site.groups import phase_limits
from app.assemble.site.members import SiteBuilder
from app.assemble.site.naming import ask_for
from app.assemble.site.planning_window import WindowLimits, grown_for, hedged_steps, planned, within_most_steps
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.series import Readings
from app.assemble.site.supplies import ConnectionBuilder
from app.auth.access.references import References, is_id
from db import assets, sensors
from db.assets import Asset
from engine.carbon import CarbonCap
from engine.errors import FieldError, InputError
from engine.flex.commodity import SOC_BREACH_PRICE, breach_price
from engine.flex.context import FlexContext, read_terminal_value
from engine.flex.process import ProcessModel
from engine.flex.quantity import Fixed
from engine.flex.storage import StorageModel
from engine.schedulers.terminal_value import with_terminal_values
from engine.series.window import Window
from engine.site import Addition, Site


@dataclass(frozen=True)
class Assembled:
    """A site to plan, and where its plan goes."""

    site: Site
    outputs: tuple[SensorOutput, ...]
    currency: str
    """What costs are counted in."""
    warnings: tuple[str, ...]
    """What was assumed where data lack, for the one who asked."""
    described: "SiteDescription"
    """What it was read from."""
    place: ZoneInfo
    """The zone of the site, in which months are billed and moments told."""


@dataclass(frozen=True)
class SiteDescription:
    """What is to be planned, as it is written; everything it names may be used by the one who asks."""

    asset: Asset
    context: FlexContext
    effective: Effective
    """The flex-context as it is written, each field with its origin."""
    entries: list[tuple[DeviceModel, StorageModel | ProcessModel]]
    foreign: list[Asset]
    """Assets of other accounts below it, which are left out."""

    @property
    def warnings(self) -> list[str]:
        """What is left out."""
        why = "is below this one but belongs to another account; it is left out."
        return [f"Asset {each.id} {why}" for each in self.foreign]


def read_description(references: References, request: ScheduleRequest, limits: WindowLimits) -> SiteDescription:
    """Return what a request describes, completed by what is stored, before any series is read.

    Raises:
        InputError: A field cannot be read; it is named.
        NotAllowed: A field names what is not the principal's to use; it is told where it was written.
    """
    bounded.check_request(request, limits)
    # The tree first: the asset is among it, and then need not be read by itself.
    tree, foreign = assets.own_subtree(references.session, request.asset) if is_id(request.asset) else ([], [])
    asset = references.asset(request.asset, field="asset")
    context, effective = _context(asset, request.flex_context)
    of_context = [each.key for each in context.references() if each.target == "sensor"]
    _bring_sensors(references, [*flex_config.device_ids(request.flex_model), *of_context])
    models = flex_config.models(references, tree, request.flex_model)
    bounded.check_models(models, limits)
    entries = [(model, _entry(model)) for model in models]
    named = (each for _, read in entries for each in read.references())
    _bring_sensors(references, [each.key for each in named if each.target == "sensor"])
    ask_for(references, context, effective.origins)
    for model, read in entries:
        ask_for(references, read, model.effective.origins, of=model.asset.name if model.asset is not None else "")
    return SiteDescription(asset, context, effective, entries, foreign)


def read_site(
    references: References,
    request: ScheduleRequest,
    *,
    known_at: datetime,
    limits: WindowLimits,
    forecasts: MissingForecasts | None = None,
) -> Assembled:
    """Return the site that a request describes, with every series as it was known at one moment.

    Values that are missing are foreseen where there is what foresees them.

    Raises:
        InputError: What is described cannot be planned; the field is named.
        NotAllowed: It names what is not the principal's to use.
    """
    described = read_description(references, request, limits)
    context, entries = described.context, described.entries
    if not entries:
        raise InputError(
            f"Asset {described.asset.id} ({described.asset.name}) has nothing to plan; "
            "describe a device in flex-model, or store one."
        )
    power_sensors = [output.sensor for _, read in entries for output in of_power(references, "", read)]
    local = sensors.time_zone(references.session, described.asset.id, *(each.timezone for each in power_sensors[:1]))
    window = planned(request, power_sensors, [read for _, read in entries], limits)
    window, warnings = _steps(references, described, request, window, limits, local)
    readings = Readings(references, window, known_at, local, warnings, forecasts=forecasts)
    supplies = _supplies(context, readings)
    members = SiteBuilder(references, supplies, readings, window, entries, context)
    outputs = (*members.outputs, *_site_outputs(references, supplies.values()))
    # A commodity that no device takes or gives needs no connection, and no price of it has to be known.
    used = {port.commodity for device in members.devices for port in device.ports} | {out.name for out in outputs}
    site = Site(
        window=window,
        devices=members.devices,
        connections=tuple(
            s.connection(members.dearest) for name, s in supplies.items() if name in used and not s.is_internal
        ),
        groups=members.groups,
        commitments=members.commitments(),
        additions=_additions(members, supplies),
        hedged=hedged_steps(context.hedge_for, window),
    )
    site = _valued_at_end(site, context.terminal_value or request.terminal_value, readings)
    _check(site, limits)
    currency = _one(context.all_currencies | readings.currencies | members.currencies)
    return Assembled(site, outputs, currency, tuple(readings.warnings), described, local)


def _steps(
    references: References,
    described: SiteDescription,
    request: ScheduleRequest,
    window: Window,
    limits: WindowLimits,
    place: ZoneInfo,
) -> tuple[Window, list[str]]:
    """Window with the steps that are planned, and what is left out of what was asked for."""
    context, warnings = described.context, described.warnings
    if context.growing_steps:
        models = [context, *(read for _, read in described.entries)]
        window, why = grown_for(references, models, window, place)
        warnings += why
    window, shortened = within_most_steps(window, request, limits, devices=len(described.entries))
    return window, [*warnings, *shortened]


def _bring_sensors(references: References, keys: Iterable[object]) -> None:
    """Read some sensors in one statement instead of one each; each is asked for later."""
    sensors.bring(references.session, {key for key in keys if is_id(key)})


def _supplies(context: FlexContext, readings: Readings) -> dict[str, ConnectionBuilder]:
    """Return what surrounds the devices, by commodity."""
    given, fact = context.carbon_price, context.fact("carbon-price")
    if not any(each.carbon_intensity for each in context.contexts):
        for name, value in (("carbon-price", given), ("carbon-cap", context.carbon_cap)):
            if value is not None:
                raise FieldError(name, "no emissions of its energy are given; add carbon-intensity.")
    price = None if given is None else readings.series(given, fact, name=fact.name, otherwise=0.0)
    return {
        each.commodity: ConnectionBuilder(each, readings.window, readings, readings.place, price)
        for each in context.contexts
    }


def _carbon_cap(
    context: FlexContext, supplies: Mapping[str, ConnectionBuilder], dearest: float
) -> tuple[CarbonCap, ...]:
    """Return the limit on what is emitted in all; none without one."""
    intensities = {name: carbon for name, each in supplies.items() if (carbon := each.carbon) is not None}
    if not isinstance(context.carbon_cap, Fixed):
        return ()
    most = context.carbon_cap.number("kg", field="carbon-cap")
    return (CarbonCap(most=most, price=breach_price(SOC_BREACH_PRICE, dearest), intensities=intensities),)


def _additions(members: SiteBuilder, supplies: Mapping[str, ConnectionBuilder]) -> tuple[Addition, ...]:
    """Return what is limited beside connections and groups: CO₂, and the phases of electricity."""
    context, dearest = members.context, members.dearest
    models = zip(members.names, (read for _, read in members.entries), strict=True)
    return (*_carbon_cap(context, supplies, dearest), *phase_limits(context, models, members.readings, dearest))


def _valued_at_end(site: Site, asked: Fixed | str | None, readings: Readings) -> Site:
    """Return the site whose stores keep what is worth more later, which is told; itself where nothing asks for it."""
    level = read_terminal_value(asked, field="terminal-value")
    if not isinstance(level, Fixed):
        return site
    share = level.number("", field="terminal-value")
    valued, worth = with_terminal_values(site, share)
    for name, value in worth.items():
        text = f"energy left at the end counts {value:.4g} per kWh, by the {share:.0%} quantile of prices"
        readings.warn(f"{name}: {text}; set terminal-value to off to leave it out, or end-value to use another one.")
    return valued


def _one(currencies: set[str]) -> str:
    """Return the currency of all prices; EUR where none is named.

    Raises:
        InputError: There are several.
    """
    if len(currencies) > 1:
        raise InputError(f"Prices are in {', '.join(sorted(currencies))}; give all of them in one currency.")
    return next(iter(currencies), "EUR")


def _entry(model: DeviceModel) -> StorageModel | ProcessModel:
    """Return what an entry describes, a process or any other device.

    Raises:
        InputError: A field is wrong; the device is named.
    """
    fields = model.effective.fields
    kind = flex_config.model_kind(model.asset.asset_type.name if model.asset is not None else "", fields)
    # The type of a process that attributes tell, of the sensor before those of the asset
    attributes = [holder.attributes.get("process-type") for holder in (model.sensor, model.asset) if holder is not None]
    told = next(filter(None, attributes), None)
    given = {"process-type": told, **fields} if kind is ProcessModel and told else fields
    power = given.get("power")
    # A bare number is in the unit of the sensor, as existing clients send it.
    if isinstance(power, int | float) and not isinstance(power, bool) and model.sensor is not None:
        given = {**given, "power": f"{power} {model.sensor.unit}"}
    try:
        return kind.read(given)
    except FieldError as error:
        raise (error.owned_by(model.asset.name) if model.asset is not None else error) from None


def _context(asset: Asset, asked: Mapping[str, Any] | list[dict[str, Any]]) -> tuple[FlexContext, Effective]:
    """Return the context in effect, and the same as it is written, each field with its origin.

    Of a list, only the entry about electricity is completed from the assets.
    """
    if not isinstance(asked, list):
        found = flex_config.context(asset, asked)
        return FlexContext.read(found.fields), found
    own = [entry for entry in asked if entry.get("commodity", "electricity") == "electricity"]
    if len(own) > 1:
        raise InputError("flex-context: electricity is described twice; join the two.")
    others = [entry for entry in asked if entry not in own]
    found = flex_config.context(asset, own[0] if own else {})
    fields = {**found.fields, "commodities": [*found.fields.get("commodities", []), *others]}
    return FlexContext.read(fields), Effective(fields, found.origins)


def _site_outputs(references: References, supplies: Iterable[ConnectionBuilder]) -> list[SensorOutput]:
    """Return where the power of each connection goes.

    Raises:
        FieldError: There is no connection whose power it could be.
    """
    found = []
    for supplied in supplies:
        own = list(of_power(references, supplied.context.commodity, supplied.context))
        if own and supplied.is_internal:
            name = f"aggregate sensor {own[0].sensor.id}"
            raise FieldError(name, f"{supplied.context.commodity} has no connection; give its price or capacity.")
        found += own
        if not supplied.is_internal:
            found += of_guidance(references, supplied.context.commodity, supplied.context)
    return found


def _check(site: Site, limits: WindowLimits) -> None:
    """Refuse a site that is too large or, where somebody types it, one that starts outside its bounds."""
    bounded.check_size(site, limits)
    for device in site.devices if limits.start_within_bounds else ():
        if (error := device.start_error()) is not None:
            raise error
