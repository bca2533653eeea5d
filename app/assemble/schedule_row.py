"""A computed schedule → its row, outputs and packed inputs; and stored inputs → the same schedule again."""

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assemble.outputs import SensorOutput
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import Assembled
from app.version import OWN
from db.schedules import CONNECTION, GROUP, GUIDANCE, POWER, SOC, ScheduleOutput, StoredSchedule
from engine import plugins
from engine.devices.energy.thermal import ThermalMass
from engine.flex.commodity import CommodityContext
from engine.flex.quantity import Fixed, Quantity, SensorReference
from engine.model.linear import Values, full
from engine.packing import PackingError, can_pack, pack, unpack
from engine.site import Schedule, Site, carbon_emissions
from engine.tariffs import energy_prices

Floats = NDArray[np.float64]
MOST_WARNINGS = 100
"""Most warnings that a row holds."""


@dataclass(frozen=True, kw_only=True)
class Computed:
    """A schedule that is not saved."""

    schedule: Schedule
    scheduler: Any
    """The scheduler that made it."""
    request: ScheduleRequest
    assembled: Assembled
    """What it was made of."""
    input_sensors: tuple[int, ...]
    """Ids of the sensors that what it was made from names."""
    warnings: tuple[str, ...]
    """What was assumed where data lack."""

    @property
    def scheduler_name(self) -> str:
        """Name of the scheduler."""
        return type(self.scheduler).__name__


def schedule_row(
    done: Computed, *, belief_time: datetime, created_at: datetime, most_price_bytes: int
) -> StoredSchedule:
    """Row of a schedule, with its outputs; source and job are the caller's to add.

    Args:
        done: The schedule and what it was computed from.
        belief_time: As of when it was computed.
        created_at: When it is saved.
        most_price_bytes: Most bytes, as packed, of the prices per step of one connection and direction; longer ones
            are left out.
    """
    plan, site = done.schedule, done.assembled.site
    # Once each, in order: devices of one site often warn of the same sensor
    told = list(dict.fromkeys(done.warnings))
    more = [f"And {len(told) - MOST_WARNINGS} more."] if len(told) > MOST_WARNINGS else []
    prices = {each.commodity: energy_prices(each.tariffs, plan.window.n) for each in site.connections}
    return StoredSchedule(
        asset_id=done.request.asset,
        scheduler=done.scheduler_name,
        start=plan.window.start,
        end=plan.window.end,
        step=plan.window.step,
        belief_time=belief_time,
        created_at=created_at,
        status=str(plan.status.value),
        gap=plan.gap if isfinite(plan.gap) else None,
        currency=done.assembled.currency,
        costs=dict(plan.costs),
        breaches=breaches(plan),
        warnings=[*told[:MOST_WARNINGS], *more],
        connections=list(_connections(done, prices, most_price_bytes)),
        loads=[each.name for each in site.devices if each.load is not None],
        input_sensors=list(done.input_sensors),
        outputs=list(_outputs(done, prices, belief_time)),
    )


def breaches(plan: Schedule) -> list[dict[str, Any]]:
    """Return the soft limits that are not met, each once: how often, from when to when, and the largest breach."""
    found = defaultdict[str, list[Any]](list)
    for breach in plan.breaches:
        found[breach.limit].append(breach)
    return [
        {
            "limit": limit,
            "count": len(every),
            "first": plan.window.moment(min(each.step for each in every)).isoformat(),
            "last": plan.window.moment(max(each.step for each in every)).isoformat(),
            "largest": max(each.amount for each in every),
            "unit": every[0].unit,
        }
        for limit, every in found.items()
    ]


Prices = Mapping[str, tuple[Floats, Floats] | None]


def _outputs(done: Computed, prices: Prices, belief_time: datetime) -> Iterator[ScheduleOutput]:
    """Outputs of a schedule; those of stored energies with their fixed bounds [kWh], those of powers with energies."""
    site = done.assembled.site
    flows = {port.name: (POWER, port.commodity) for device in site.devices for port in device.ports}
    flows |= {group.name: (GROUP, group.commodity) for group in site.groups}
    for output in done.assembled.outputs:
        role, commodity = (SOC, "") if output.stored_energy else flows.get(output.name, (CONNECTION, output.name))
        role = GUIDANCE if output.guidance else role
        numbers: dict[str, float] = {}
        if role == SOC and not isinstance(output.scale, ThermalMass):  # whose bounds nobody has set
            bounds = next((device.energy_bounds for device in site.devices if device.name == output.name), {})
            fixed = {name: _constant(values) for name, values in bounds.items()}
            numbers = {name: value for name, value in fixed.items() if value is not None}
        elif role not in (SOC, GUIDANCE):
            numbers = _energies(done.schedule, output, prices.get(commodity))
        yield ScheduleOutput(
            sensor_id=output.sensor.id,
            device=output.name,
            role=role,
            commodity=commodity,
            part=output.part,
            sign=output.sign,
            belief_time=belief_time,
            numbers=numbers,
        )


def _energies(plan: Schedule, output: SensorOutput, prices: tuple[Floats, Floats] | None) -> dict[str, float]:
    """Return the energies of a power [kWh], its peak [kW], and mean prices of the window and of what it consumes."""
    power = plan.power[output.name]
    taken, given = np.maximum(power, 0.0), np.maximum(-power, 0.0)
    found = {
        "consumed": float((taken * plan.window.hours).sum()),
        "produced": float((given * plan.window.hours).sum()),
        "peak": float(taken.max()),
    }
    if prices is not None:
        hours = full(plan.window.hours, plan.window.n)
        found["mean-price"] = float(np.average(prices[0], weights=hours))
        if found["consumed"] > 0:
            found["paid-price"] = float(np.average(prices[0], weights=taken * hours))
    return found


def _constant(values: Values) -> float | None:
    """Return the one finite number that holds all the time; None if there is none."""
    low, high = float(np.min(values)), float(np.max(values))
    return low if low == high and isfinite(low) else None


def _connections(done: Computed, prices: Prices, most_bytes: int) -> Iterator[dict[str, Any]]:
    contexts = {each.commodity: each for each in done.assembled.described.context.contexts}
    window, emitted = done.schedule.window, carbon_emissions(done.assembled.site, done.schedule.power)
    for connection in done.assembled.site.connections:
        context = contexts.get(connection.commodity, CommodityContext(commodity=connection.commodity))
        own = prices[connection.commodity]
        buying, selling = (None, None) if own is None else (window.on_slots(each) for each in own)
        yield {
            "commodity": connection.commodity,
            "consumption-price": _written(context.buying or context.selling, buying, most_bytes),
            "production-price": _written(context.selling or context.buying, selling, most_bytes),
            "consumption-limit": _constant(connection.consumption_limit),
            "production-limit": _constant(connection.production_limit),
            **({"emissions": emitted[connection.commodity]} if connection.commodity in emitted else {}),
        }


def _written(given: Quantity | None, values: Floats | None, most_bytes: int) -> Any:
    """Return a price as it is written in a flex-context; timed ones as packed values per step [currency/kWh]."""
    match given:
        case Fixed():
            return given.value
        case SensorReference():
            lists = {name: list(getattr(given, name)) for name in ("sources", "source_types", "exclude_source_types")}
            told: dict[str, Any] = {"sensor": given.sensor, "source-account": given.source_account}
            told |= {name.replace("_", "-"): listed or None for name, listed in lists.items()}
            told["default"] = given.default.value if given.default else None
            return {name: value for name, value in told.items() if value is not None}
    packed = "" if values is None else pack_values(values)
    return {"packed": packed} if 0 < len(packed) <= most_bytes else None


def pack_values(values: Floats) -> str:
    """One value per step as a text for a JSON column: for prices a tenth of what a list of numbers takes."""
    return b64encode(pack(values)).decode()


def unpack_values(packed: str) -> Floats:
    """Values from the text that ``pack_values`` made of them, shape (n,).

    Raises:
        PackingError: It is no such text.
    """
    values: Floats = unpack(b64decode(packed))
    return values


@cache
def solver_version() -> str:
    """Return the version of the solver HiGHS."""
    return version("highspy")


def packed_inputs(done: Computed) -> bytes:
    """Return all that a schedule was made from, as compact bytes.

    Raises:
        PackingError: A plugin added to the site what cannot be kept.
    """
    described = done.assembled.described
    models = [
        {
            "asset": model.asset.id if model.asset else None,
            "sensor": model.sensor.id if model.sensor else None,
            "fields": model.effective.fields,
            "origins": model.effective.origins,
        }
        for model, _ in described.entries
    ]
    scheduler = done.scheduler
    if not can_pack(scheduler):  # of a plugin: kept as the name under which it is installed
        names = [name for name, kind in plugins.known("schedulers").items() if kind is type(scheduler)]
        if not names:
            problem = "is not installed as a plugin, so it cannot be found again."
            raise PackingError(f"{done.scheduler_name} {problem}")
        scheduler = names[0]
    return pack(
        {
            "versions": {"flexscope": OWN, "highspy": solver_version()},
            "request": done.request.model_dump(mode="json"),
            "flex-context": {"fields": described.effective.fields, "origins": described.effective.origins},
            "flex-model": models,
            "scheduler": scheduler,
            "site": done.assembled.site,
        }
    )


def recompute(inputs: bytes) -> Schedule:
    """Return a schedule computed again from its packed inputs.

    The same to the last digit with the same versions, unless its search was ended by the clock.

    Raises:
        PackingError: The inputs are of another version.
        UnknownPlugin: Its scheduler is not installed any more.
    """
    content = unpack(inputs)
    scheduler = content["scheduler"]
    if isinstance(scheduler, str):
        scheduler = plugins.find("schedulers", scheduler)()
    again: Schedule = scheduler.compute(content["site"])
    return again


def read_inputs(inputs: bytes) -> dict[str, Any]:
    """Return what a schedule was made from as plain data: flex-config with origins, prices, loads, stored energies.

    Raises:
        PackingError: The inputs are of another version.
    """
    content = unpack(inputs)
    site: Site = content["site"]
    priced = {each.commodity: energy_prices(each.tariffs, site.window.n) for each in site.connections}
    told = {name: content[name] for name in ("versions", "request", "flex-context", "flex-model")}
    told["prices"] = {
        commodity: {"consumption": both[0].tolist(), "production": both[1].tolist()}
        for commodity, both in priced.items()
        if both is not None
    }
    told["loads"] = {each.name: each.load.tolist() for each in site.devices if each.load is not None}
    starts = {each.name: each.energy_bounds.get("soc-at-start") for each in site.devices}
    told["soc-at-start"] = {name: _constant(start) for name, start in starts.items() if start is not None}
    return told
