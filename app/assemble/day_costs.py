"""What a day costs at each site, and what it would cost had nobody planned: from power and prices as known now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assemble.outputs import consumption_sign
from app.assemble.site import flex_config
from app.assemble.site.series import of_sensor
from app.auth.access.references import References
from db.assets import Asset, lineage
from db.beliefs import store
from db.beliefs.latest import Known
from db.core import listing
from db.sensors import Sensor
from engine.errors import EngineError
from engine.flex.money import currency_of
from engine.iso_time import to_us
from engine.units import units
from engine.window import Window

Floats = NDArray[np.float64]
TOTALS = ("aggregate-power", "aggregate-consumption")
"""Fields of a flex-context that name the sensor of a site's connection; positive is consumption."""
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


@dataclass
class _Site:
    """An asset with a connection of its own."""

    asset: Asset
    total: int
    """Id of the sensor of its connection."""
    sign: float
    """Consumption per stored value, 1 or -1."""
    prices: Mapping[str, Any]
    planned: dict[int, float] = field(default_factory=dict)
    """Ids of the power sensors of planned devices → consumption per stored value."""

    def sensors(self) -> list[object]:
        """Return every sensor that is needed, as it is written."""
        named = [value["sensor"] for value in self.prices.values() if isinstance(value, dict) and "sensor" in value]
        return [self.total, *self.planned, *named]


def of_sites(
    references: References, assets: Sequence[Asset], start: datetime, end: datetime, *, known_at: datetime
) -> list[DayCost]:
    """Return what a day costs at the topmost sites among some assets; those of which too little is known are left out.

    A site is an asset whose flex-context names the sensor of its connection, or one that stands alone with the power
    sensor of its plan.

    Args:
        references: Of the one who is shown them; a site whose connection or price may not be read is left out.
        assets: Every asset that may be counted.
        start: Begin of the day.
        end: End of the day.
        known_at: What was known when; a measurement then counts before a plan, if it was told later.
    """
    session = references.session
    planned = listing.planned_powers(session, [asset.id for asset in assets], to_us(start), to_us(end))
    sites = _sites(assets, planned)
    sensors = references.readable(key for site in sites for key in site.sensors())
    known = store.read_many(session, list(sensors.values()), start - BEFORE, end, known_at=known_at)
    found = [_cost(site, sensors, known, start, end) for site in sites]
    return [each for each in found if each is not None]


def _sites(assets: Sequence[Asset], planned: Sequence[Sensor]) -> list[_Site]:
    """Return the topmost sites, each with the planned devices below it."""
    named = {asset.id: asset for asset in assets if _total(asset) is not None}
    top = {asset.id: next((each for each in lineage(asset) if each.id in named), None) for asset in assets}
    below = defaultdict[int, list[Sensor]](list)
    alone: list[Sensor] = []
    for sensor in planned:
        site = top[sensor.asset_id]
        if site is not None:
            below[site.id].append(sensor)
        elif sensor.asset.parent_asset_id is None:
            alone.append(sensor)
    made = []
    for asset in named.values():
        if top[asset.id] is asset and (total := _total(asset)) is not None:
            devices = {sensor.id: _sign(sensor) for sensor in below[asset.id] if sensor.id != total}
            made.append(_Site(asset, total, 1.0, _prices(asset), devices))
    for sensor in alone:
        sign = _sign(sensor)
        made.append(_Site(sensor.asset, sensor.id, sign, _prices(sensor.asset), {sensor.id: sign}))
    return made


def _total(asset: Asset) -> int | None:
    for name in TOTALS:
        value = asset.flex_context.get(name)
        if isinstance(value, dict) and type(value.get("sensor")) is int:
            return int(value["sensor"])
    return None


def _sign(sensor: Sensor) -> float:
    """Return the sign of consumption in a device's sensor: the flex-model says it, else its attributes."""
    for name, sign in (("consumption", 1.0), ("production", -1.0)):
        value = sensor.asset.flex_model.get(name)
        if isinstance(value, dict) and value.get("sensor") == sensor.id:
            return sign
    return consumption_sign(sensor)


def _prices(asset: Asset) -> dict[str, Any]:
    """Return the price of what is bought, and of what is sold, which is the same unless it is given."""
    fields = flex_config.context(asset, {}).fields
    buying = fields.get(PRICES[0], fields.get("consumption-price-sensor"))
    selling = fields.get(PRICES[1], fields.get("production-price-sensor", buying))
    references = [{"sensor": value} if type(value) is int else value for value in (buying, selling)]
    return dict(zip(PRICES, references, strict=True))


def _cost(
    site: _Site, sensors: Mapping[int, Sensor], known: Mapping[int, Known], start: datetime, end: datetime
) -> DayCost | None:
    total = sensors.get(site.total)
    if (
        total is None
        or site.planned.keys() - sensors.keys()
        or not total.resolution
        or (end - start) % total.resolution
    ):
        return None
    window = Window(start, end, total.resolution)
    try:
        power = site.sign * _values(total, known, window, "kW")
        (buying, currency), (selling, other) = (_price(site.prices[name], sensors, known, window) for name in PRICES)
        moved = {key: sign * _values(sensors[key], known, window, "kW") for key, sign in site.planned.items()}
    except EngineError:  # a unit that is no power or no price: nothing can be said of this site
        return None
    there = ~np.isnan(power + buying + selling)
    if currency != other or not there.any():
        return None

    def spent(taken: Floats) -> float:
        energy = taken[there] * window.hours
        return float(np.maximum(energy, 0) @ buying[there] - np.maximum(-energy, 0) @ selling[there])

    devices = np.nan_to_num(sum(moved.values(), start=np.zeros(window.n)))
    even = spent(power - devices + devices[there].mean()) if moved else None
    return DayCost(
        asset_id=site.asset.id, cost=spent(power), even=even, currency=currency, hours=float(there.sum() * window.hours)
    )


def _price(field: Any, sensors: Mapping[int, Sensor], known: Mapping[int, Known], window: Window) -> tuple[Floats, str]:
    """Return a price of each step [currency/kWh], NaN where it is not known, and its currency."""
    if isinstance(field, str):
        currency = currency_of(field) or ""
        return np.full(window.n, units.quantity(field, f"{currency}/kWh", field="price")), currency
    key = field.get("sensor") if isinstance(field, dict) else None
    sensor = sensors.get(key) if type(key) is int else None
    if sensor is None:
        return np.full(window.n, np.nan), ""
    currency = currency_of(sensor.unit) or ""
    return _values(sensor, known, window, f"{currency}/kWh"), currency


def _values(sensor: Sensor, known: Mapping[int, Known], window: Window, unit: str) -> Floats:
    found = known[sensor.id]
    return of_sensor(sensor, found.events, found.values).over(window.ticks, unit)
