"""The latest plan of an asset in a few numbers: energy, peak, and what the energy costs at the prices known now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assemble.outputs import consumption_sign
from app.assemble.site import flex_config
from app.assemble.site.series import of_sensor
from app.auth.access.references import References
from db.assets import Asset
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.sensors import Sensor, of_asset
from engine.errors import UnitError
from engine.flex.money import currency_of
from engine.iso_time import from_us
from engine.units import units
from engine.window import Window

Floats = NDArray[np.float64]
LONGEST = timedelta(days=60)
"""How far back from its last event the start of a plan is looked for."""


@dataclass(frozen=True, kw_only=True)
class PlanSummary:
    """One plan, as the sensor that holds its power tells it."""

    sensor: Sensor
    source_id: int
    """Which scheduler made it."""
    made: datetime
    """When it was asked for."""
    window: Window
    """What it covers."""
    bought: float
    """Energy taken [kWh]."""
    sold: float
    """Energy given [kWh]."""
    highest: float
    """Most power taken in one step [kW]."""
    cost: float | None
    """Price times energy over all steps [currency]; None without a price for each step, or where what is given stays
    inside the site, as of a battery in a house."""
    mean_price: float | None
    """Mean price of the window [currency/kWh], as if energy were taken evenly."""
    paid_price: float | None
    """Mean price of the energy taken [currency/kWh]."""
    currency: str
    """Unit of the cost, such as EUR."""


def latest(references: References, asset: Asset, *, known_at: datetime) -> PlanSummary | None:
    """Return the numbers of the plan last made for an asset's own power; None if there is none.

    A price that the principal may not read is left out, as one that is not known.
    """
    session = references.session
    powers = {sensor.id: sensor for sensor in of_asset(session, asset.id) if _is_power(sensor)}
    newest = listing.newest_plan(session, powers)
    if newest is None:
        return None
    sensor, last = powers[newest.sensor_id], from_us(newest.last_event_us) + powers[newest.sensor_id].resolution
    only = SourceFilter(ids=[newest.source_id])
    known = store.read_per_source(session, sensor, last - LONGEST, last, known_at=known_at, sources=only)
    if newest.source_id not in known:
        return None
    return _summary(references, asset, sensor, newest.source_id, known[newest.source_id], known_at)


def _is_power(sensor: Sensor) -> bool:
    try:
        return bool(sensor.resolution) and units.same_kind(sensor.unit, "kW")
    except UnitError:
        return False


def _summary(
    references: References, asset: Asset, sensor: Sensor, source_id: int, found: Beliefs, known_at: datetime
) -> PlanSummary:
    made = int(found.times.max())
    first = from_us(int(found.events[found.times == made].min()))
    window = Window(first, from_us(int(found.events[-1])) + sensor.resolution, sensor.resolution)
    stored = of_sensor(sensor, found.events, found.middle).over(window.ticks, "kW")
    power = np.nan_to_num(stored * consumption_sign(sensor))
    taken, given = np.maximum(power, 0) * window.hours, np.maximum(-power, 0) * window.hours
    fields = flex_config.context(asset, {}).fields
    buying, currency = _price(references, fields.get("consumption-price"), window, known_at)
    selling, _ = _price(references, fields.get("production-price", fields.get("consumption-price")), window, known_at)
    alone = asset.parent_asset_id is None
    return PlanSummary(
        sensor=sensor,
        source_id=source_id,
        made=from_us(made),
        window=window,
        bought=float(taken.sum()),
        sold=float(given.sum()),
        highest=float(max(power.max(), 0)),
        cost=None if buying is None or selling is None or not alone else float(taken @ buying - given @ selling),
        mean_price=None if buying is None else float(buying.mean()),
        paid_price=float(taken @ buying / taken.sum()) if buying is not None and taken.sum() > 0 else None,
        currency=currency,
    )


def _price(references: References, field: Any, window: Window, known_at: datetime) -> tuple[Floats | None, str]:
    """Return the price of each step [currency/kWh] and its currency; None where it is not known for every step."""
    if isinstance(field, str):
        currency = currency_of(field) or ""
        return np.full(window.n, units.quantity(field, f"{currency}/kWh", field="price")), currency
    if not isinstance(field, dict) or "sensor" not in field:
        return None, ""
    sensor = next(iter(references.readable([field["sensor"]]).values()), None)
    if sensor is None:
        return None, ""
    currency = currency_of(sensor.unit) or ""
    known = store.read(references.session, sensor, window.start - sensor.resolution, window.end, known_at=known_at)
    values = of_sensor(sensor, known.events, known.values).over(window.ticks, f"{currency}/kWh")
    return (None if np.isnan(values).any() else values), currency
