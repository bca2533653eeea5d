"""What a day costs at each site, and what it would cost had nobody planned: from power and prices as known now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.assemble.schedule_row import unpack_values
from app.assemble.site.series import of_sensor
from app.auth.access.references import References
from db import schedules
from db.assets import Asset, lineage
from db.beliefs import store
from db.beliefs.latest import Known
from db.beliefs.time_range import BeliefQuery
from db.schedules import CONNECTION, POWER, SOC, StoredSchedule
from db.sensors import Sensor
from engine.errors import EngineError
from engine.flex.quantity import Fixed
from engine.series.event_series import EventSeries
from engine.series.window import Window

Floats = NDArray[np.float64]
ELECTRICITY = "electricity"
PRICES = ("consumption-price", "production-price")
BEFORE = timedelta(hours=1)
"""How long before the day an event that reaches into it may begin."""


@dataclass(frozen=True, kw_only=True)
class DayCost:
    """One day of one site; hours in which power or price are not known are left out."""

    asset_id: int
    cost: float
    """Price times energy [currency]; negative: earned."""
    even: float | None
    """The same, had each planned device taken its energy of these hours evenly [currency]; None: none is planned."""
    currency: str
    hours: float
    """Time that is known [h]."""
    power: Floats = field(default_factory=lambda: np.empty(0), compare=False)
    """Power of the site at each of its steps, positive when it consumes, NaN where it is not known [kW], shape (n,)."""
    devices: Floats = field(default_factory=lambda: np.empty(0), compare=False)
    """The same of its planned devices together; empty if none is planned."""
    stores: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Sensors of stored energies, by id, with the bounds that its schedule kept [kWh]."""


Signs: TypeAlias = dict[int, float]
"""Stored value per consumption, 1 or -1, by sensor id."""


@dataclass
class _Site:
    """A place where electricity is bought and sold."""

    asset: Asset
    total: Signs
    """The sensors of its power, which add up."""
    newest: StoredSchedule
    """The schedule that tells its prices."""
    planned: Signs = field(default_factory=dict)
    """Those of the power of its planned devices."""
    stores: dict[int, Mapping[str, float]] = field(default_factory=dict)
    """See DayCost."""

    def sensors(self) -> list[object]:
        """Return the id of every sensor that is needed."""
        prices = [self.newest.connection(ELECTRICITY).get(name) for name in PRICES]
        named = [value["sensor"] for value in prices if isinstance(value, dict) and "sensor" in value]
        return [*self.total, *self.planned, *named]


def of_sites(
    references: References, assets: Sequence[Asset], start: datetime, end: datetime, *, known_at: datetime
) -> list[DayCost]:
    """Return what a day costs at the topmost sites among some assets; those of which too little is known are left out.

    A site is where a schedule of that day tells the power of a connection; without one, the devices of a schedule that
    has nothing else behind its connection.

    Args:
        references: Of the one who is shown them; a site whose connection or price may not be read is left out.
        assets: Every asset that may be counted.
        start: Begin of the day.
        end: End of the day.
        known_at: What was known when; a measurement then counts before a plan, if it was told later.
    """
    session = references.session
    by_id = {asset.id: asset for asset in assets}
    rows = schedules.newest_of_assets(session, list(by_id), as_of=known_at, span=(start, end))
    by_power: dict[tuple[int, ...], _Site] = {}
    # Newest first: what an older schedule of the same site says is only used where the newer is silent
    for row in sorted(rows.values(), key=lambda row: (row.belief_time, row.id), reverse=True):
        total, planned = _signs(row, CONNECTION), _signs(row, POWER)
        if not total and (row.loads or by_id[row.asset_id].parent_asset_id is not None):
            continue  # what its devices take is not all that is bought
        # Schedules that tell the power of the same sensors are of one site; the newest of them tells its prices.
        site = by_power.setdefault(tuple(sorted(total or planned)), _Site(by_id[row.asset_id], total or planned, row))
        site.planned = planned | site.planned
        site.stores = {each.sensor_id: each.numbers for each in row.outputs if each.role == SOC} | site.stores
        site.asset = min(site.asset, by_id[row.asset_id], key=lambda asset: len(lineage(asset)))
    tops = {site.asset.id for site in by_power.values()}
    sites = [site for site in by_power.values() if not tops & {above.id for above in lineage(site.asset)[:-1]}]
    sensors = references.readable(key for site in sites for key in site.sensors())
    known = store.read_many(session, list(sensors.values()), BeliefQuery(start - BEFORE, end, known_at=known_at))
    costs = [_cost(site, sensors, known, start, end) for site in sites]
    return [cost for cost in costs if cost is not None]


def _signs(row: StoredSchedule, role: str) -> Signs:
    """Signs of the sensors that hold the electric powers of a role.

    Where one holds both directions of a power, it is used; else those of each direction add up.
    """
    electric = [output for output in row.outputs if (output.role, output.commodity) == (role, ELECTRICITY)]
    both = {output.device: output for output in electric if output.part == "both"}
    chosen = [*both.values(), *(output for output in electric if output.device not in both)]
    return {output.sensor_id: output.sign for output in chosen}


def _cost(
    site: _Site, sensors: Mapping[int, Sensor], known: Mapping[int, Known], start: datetime, end: datetime
) -> DayCost | None:
    needed = {**site.total, **site.planned}
    if needed.keys() - sensors.keys():
        return None
    row, step = site.newest, min(sensors[key].resolution for key in site.total)
    if not step or (end - start) % step:
        return None
    window = Window(start, end, step)
    try:
        moved = {key: sign * _values(sensors[key], known, window, "kW") for key, sign in needed.items()}
        buying, selling = (_price(row, name, sensors, known, window) for name in PRICES)
    except EngineError:  # a unit that is no power or no price: nothing can be said of this site
        return None
    power = sum((moved[key] for key in site.total), start=np.zeros(window.n))
    is_known = ~np.isnan(power + buying + selling)
    if not is_known.any():
        return None

    def spent(taken: Floats) -> float:
        energy = taken[is_known] * window.hours
        return float(np.maximum(energy, 0) @ buying[is_known] - np.maximum(-energy, 0) @ selling[is_known])

    # A device that has no value in a known step is taken to rest: the site's own meter counts it anyway.
    planned = sum((moved[key] for key in site.planned), start=np.zeros(window.n))
    devices = np.nan_to_num(planned)
    return DayCost(
        asset_id=site.asset.id,
        cost=spent(power),
        even=spent(power - devices + devices[is_known].mean()) if site.planned else None,
        currency=row.currency,
        hours=float(is_known.sum() * window.hours),
        power=power,
        devices=planned if site.planned else np.empty(0),
        stores=site.stores,
    )


def _price(
    row: StoredSchedule, name: str, sensors: Mapping[int, Sensor], known: Mapping[int, Known], window: Window
) -> Floats:
    """Price of each step [currency/kWh] as a schedule was given it, NaN where it is not known, shape (n,)."""
    unit = f"{row.currency}/kWh"
    match row.connection(ELECTRICITY).get(name):
        case {"sensor": key} if key in sensors:
            return _values(sensors[key], known, window, unit)
        case {"packed": packed}:
            slots = Window.between(row.start, row.end, row.step).slots
            return EventSeries(slots.starts, unpack_values(packed), row.step, unit).over(window.ticks, unit)
        case str() | float() | int() as written:
            return np.full(window.n, Fixed(written).number(unit, field=name))
    return np.full(window.n, np.nan)


def _values(sensor: Sensor, known: Mapping[int, Known], window: Window, unit: str) -> Floats:
    found = known[sensor.id]
    return of_sensor(sensor, found.events, found.values).over(window.ticks, unit)
