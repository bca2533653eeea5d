"""What is paid for once at its highest: peaks, and breaches of soft limits."""

from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from engine.devices.energy.bounds import SoftBound
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.model.limits import groups_of_equal, runs_of_equal
from engine.model.linear import Floats, full
from engine.site import Connection
from engine.tariffs import PeakTariff

SIGNS: Final[dict[str, float]] = {"bought": 1.0, "sold": -1.0}
"""Quantities that are powers of the site, and whether they are what it takes or gives."""
Quantity: TypeAlias = Literal["bought", "sold", "taken", "given up", "short", "over"]


class Level(NamedTuple):
    """What is paid for once at its highest: a peak, or a breach of a soft limit, among some of the steps."""

    quantity: Quantity
    """Of which it is the highest: power bought, sold, taken or given by the store [kW], energy short or over [kWh]."""
    free: Floats
    """Up to here nothing is paid [kW or kWh], infinite where it does not count, shape (n,)."""
    price: float
    """Price of the highest excess [currency per kW or kWh]."""


class Surcharge(NamedTuple):
    """What power of the site costs more beyond a limit."""

    sign: float
    """1 for power bought, -1 for power sold."""
    above: Floats
    """The limit [kW], infinite for none, shape (n,)."""
    price: Floats
    """Price of each kW beyond it in a step [currency/kW], shape (n,)."""


def levels_of(connection: Connection, n: int) -> list[Level]:
    """Return what is paid for once at its highest at a connection: peaks, and breaches of its soft limits."""
    levels = []
    for tariff in connection.tariffs:
        if isinstance(tariff, PeakTariff):
            billing = 0.0 if tariff.billing is None else tariff.billing.astype(float)
            groups, first = groups_of_equal(n, billing, tariff.price, tariff.reached)
            prices, free = full(tariff.price, n)[first], full(tariff.reached, n)
            levels += _of_groups("bought" if tariff.direction == "consumption" else "sold", free, groups, prices)
    return levels + levels_of_limits(connection, ("bought", "sold"), n)


def levels_of_limits(limited: Connection | Port, quantities: tuple[Quantity, Quantity], n: int) -> list[Level]:
    """Return what is paid for the highest breach of the soft limits of a connection or port."""
    levels = []
    for quantity, soft in zip(quantities, (limited.soft_consumption, limited.soft_production), strict=True):
        if soft is not None:
            groups, prices = runs_of_equal(n, soft.highest_price)
            levels += _of_groups(quantity, full(soft.limit, n), groups, prices)
    return levels


def levels_of_bounds(store: Storage, n: int) -> list[Level]:
    """Return what is paid for the largest breach of the soft bounds of a store."""
    short, over = store.soft_targets or (None, None)
    bounds: list[tuple[Quantity, SoftBound | None]] = [
        ("short", store.soft_minima), ("over", store.soft_maxima), ("short", short), ("over", over),
    ]  # fmt: skip
    levels = []
    for quantity, bound in bounds:
        if bound is not None:
            free = np.where(np.isnan(bound.at[1:]), np.inf, bound.at[1:] * (-1.0 if quantity == "short" else 1.0))
            groups, first = groups_of_equal(n, bound.highest_price)
            levels += _of_groups(quantity, free, groups, full(bound.highest_price, n)[first])
    return levels


def _of_groups(quantity: Quantity, free: Floats, groups: Any, prices: Floats) -> list[Level]:
    found = [Level(quantity, np.where(groups == at, free, np.inf), float(price)) for at, price in enumerate(prices)]
    return [level for level in found if level.price and np.isfinite(level.free).any()]
