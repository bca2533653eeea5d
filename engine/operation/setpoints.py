"""What is handed down to a device that meets another load than forecast: a power, a target for the grid, or a mode."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from engine.devices.port import Port
from engine.devices.reach import Headroom, settled
from engine.model.linear import Floats, full
from engine.site import Connection, Schedule, Site
from engine.tariffs import EnergyTariff

FIELDS = ("set-point", "set-point-mode")
"""Fields that receive the value and the mode."""
OVER_LIMIT = 1000.0
"""Price of each kWh beyond a limit of the connection, in those of the dearest energy: no mode may count on it."""
_ALIKE = 1e-9
"""Differences in cost up to this are none [currency]."""


class Mode(IntEnum):
    """What a device does in a step, whatever the load turns out to be; the set-point is the value that goes with it."""

    POWER = 0
    """It takes the set-point, negative when it gives [kW]."""
    GRID_TARGET = 1
    """It keeps the exchange with the grid at the set-point, positive when the site consumes [kW]."""
    FOLLOW = 2
    """It keeps the exchange with the grid at 0: it takes what is left over, and gives what is needed."""
    HOLD = 3
    """It rests."""
    CHARGE_AT_MOST = 4
    """It takes what is left over, up to the set-point, and gives nothing [kW]."""
    DISCHARGE_AT_MOST = 5
    """It gives what is needed, up to the set-point, and takes nothing [kW]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SetPoints:
    """What one device is handed down, each of shape (n,)."""

    mode: Floats
    """See ``Mode``."""
    value: Floats
    """The set-point [kW]; 0 where the mode has none."""
    saving: Floats
    """What the mode is expected to save against the planned power [currency]."""


@dataclass(frozen=True, eq=False)
class _Prices:
    """What the connection asks for, each of shape (n,)."""

    buy: Floats
    sell: Floats
    most_bought: Floats
    most_sold: Floats
    beyond: float
    """Price of each kWh beyond these limits [currency/kWh]."""


@dataclass(frozen=True, eq=False)
class _Follower:
    """One store that may follow the meter of its connection, in numbers of shape (n,)."""

    port: Port
    planned: Floats
    low: Floats
    """Least power that leaves every later bound in reach [kW]."""
    high: Floats
    net: Floats
    """Planned exchange with the grid [kW]."""
    stored_value: Floats
    """What a kWh in the store is worth after the step [currency/kWh]."""
    stored_per_kw: Floats
    """kWh in the store after the step for each kW that reaches it [h]."""
    hours: Floats

    def cost(self, power: Floats, error: Floats, prices: _Prices) -> Floats:
        """Cost of each step when a power meets an error of the forecast [currency], shape (n,)."""
        into, out = (full(each, len(power)) for each in self.port.full_power_efficiencies)
        exchange = self.net + error + power - self.planned
        energy = self.hours * (prices.buy * np.maximum(exchange, 0.0) - prices.sell * np.maximum(-exchange, 0.0))
        beyond = np.maximum(exchange - prices.most_bought, 0.0) + np.maximum(-exchange - prices.most_sold, 0.0)
        stored = np.maximum(power, 0.0) * into - np.maximum(-power, 0.0) / out
        wear = full(self.port.wear_price, len(power)) * np.abs(power) * self.hours
        return energy + beyond * prices.beyond * self.hours - self.stored_value * self.stored_per_kw * stored + wear


def set_points(site: Site, schedule: Schedule, errors: Mapping[str, Floats]) -> dict[str, SetPoints]:
    """Return what the stores of a site are handed down, by the name of their port.

    In each step every mode is tried against every error of the forecast: what the grid costs then, less what the energy
    left in the store is worth by the plan (its storage value), and the one of least mean cost is taken. A store never
    leaves what keeps later bounds in reach. Of several stores behind one connection, only the one that saves most
    follows the meter in a step, as two would both answer to the same deviation.

    Args:
        site: What is planned.
        schedule: Its plan, with storage values.
        errors: Ways in which net consumption may deviate from the plan, by commodity [kW], shape (ways, n).
    """
    found: dict[str, SetPoints] = {}
    for connection in site.connections:
        deviations = errors.get(connection.commodity, np.zeros((1, site.window.n)))
        own = {
            each.port.name: _best_modes(each, deviations, _prices(connection, site.window.n))
            for each in _followers(site, connection, schedule)
        }
        found |= _one_at_a_time(own, schedule)
    return found


def _followers(site: Site, connection: Connection, schedule: Schedule) -> Iterator[_Follower]:
    """Give the stores behind a connection that could follow its meter."""
    n, commodity = site.window.n, connection.commodity
    if commodity not in schedule.power:
        return
    hours = full(site.window.hours, n)
    for device in site.devices:
        free, value = device.free_port, schedule.storage_values.get(device.name)
        if free is None or free[0].commodity != commodity or value is None:
            continue
        port, retention = free
        left: Headroom = device.headroom(site.window, schedule.power, schedule.soc)[port.name]
        planned, kept = schedule.power[port.name], full(retention, n)
        yield _Follower(
            port=port,
            planned=planned,
            low=planned - left.production,
            high=planned + left.consumption,
            net=schedule.power[commodity],
            stored_value=value,
            stored_per_kw=hours * full(settled(kept), n),
            hours=hours,
        )


def _prices(connection: Connection, n: int) -> _Prices:
    """Return prices of buying and selling [currency/kWh], the most of each [kW], and the price of more."""
    energy = [each for each in connection.tariffs if isinstance(each, EnergyTariff)]
    buy = sum((full(each.consumption_price, n) for each in energy), np.zeros(n))
    sell = sum((full(each.production_price, n) for each in energy), np.zeros(n))
    limits = (
        (connection.consumption_limit, connection.soft_consumption),
        (connection.production_limit, connection.soft_production),
    )
    most_in, most_out = (full(hard if soft is None else np.minimum(hard, soft.limit), n) for hard, soft in limits)
    dearest = float(max(np.abs(buy).max(), np.abs(sell).max(), 1e-3))
    return _Prices(buy, sell, most_in, most_out, OVER_LIMIT * dearest)


def _modes(follower: _Follower) -> Iterator[tuple[Mode, Floats]]:
    """Give every mode with its set-point [kW], shape (n,); first the planned power, which is kept in case of a tie."""
    nothing = np.zeros(len(follower.planned))
    yield Mode.POWER, follower.planned
    yield Mode.GRID_TARGET, follower.net
    yield Mode.FOLLOW, nothing
    yield Mode.HOLD, nothing
    for most in (np.maximum(follower.high, 0.0), np.maximum(follower.planned, 0.0)):
        yield Mode.CHARGE_AT_MOST, most
    for most in (np.maximum(-follower.low, 0.0), np.maximum(-follower.planned, 0.0)):
        yield Mode.DISCHARGE_AT_MOST, most


def carried_out(mode: Mode, value: Floats, without: Floats, bounds: tuple[Floats, Floats]) -> Floats:
    """Return the power of a device in a mode [kW], shape (n,).

    Args:
        mode: The mode.
        value: The set-point [kW].
        without: What the site would exchange with the grid if the device rested [kW], positive when it consumes.
        bounds: Least and most power that the device can take [kW].
    """
    wanted = {
        Mode.POWER: value,
        Mode.GRID_TARGET: value - without,
        Mode.FOLLOW: -without,
        Mode.HOLD: np.zeros(len(value)),
        Mode.CHARGE_AT_MOST: np.minimum(np.maximum(-without, 0.0), value),
        Mode.DISCHARGE_AT_MOST: -np.minimum(np.maximum(without, 0.0), value),
    }[mode]
    power: Floats = np.clip(wanted, *bounds)
    return power


def _best_modes(follower: _Follower, errors: Floats, prices: _Prices) -> SetPoints:
    costs, modes, values = [], [], []
    for mode, value in _modes(follower):
        total = np.zeros(len(value))
        for error in errors:
            without = follower.net - follower.planned + error
            power = carried_out(mode, value, without, (follower.low, follower.high))
            total += follower.cost(power, error, prices)
        costs.append(total / len(errors))
        modes.append(float(mode))
        values.append(value)
    table = np.array(costs)
    better = table < table[0] - _ALIKE
    chosen = np.where(better.any(axis=0), np.argmin(np.where(better, table, np.inf), axis=0), 0)
    steps = np.arange(table.shape[1])
    return SetPoints(
        mode=np.array(modes)[chosen], value=np.array(values)[chosen, steps], saving=table[0] - table[chosen, steps]
    )


def _one_at_a_time(own: Mapping[str, SetPoints], schedule: Schedule) -> dict[str, SetPoints]:
    """Return set-points of which in each step only those of the store that saves most are another mode than a power."""
    if len(own) < 2:
        return dict(own)
    first = np.argmax([each.saving for each in own.values()], axis=0)
    found = {}
    for at, (name, each) in enumerate(own.items()):
        leads = first == at
        found[name] = SetPoints(
            mode=np.where(leads, each.mode, float(Mode.POWER)),
            value=np.where(leads, each.value, schedule.power[name]),
            saving=np.where(leads, each.saving, 0.0),
        )
    return found


def set_points_by_field(site: Site, schedule: Schedule, errors: Mapping[str, Floats]) -> dict[str, dict[str, Floats]]:
    """Return set-points as ``Schedule.guidance`` holds them; devices that cannot follow are handed their power."""
    found = set_points(site, schedule, errors)
    names = [port.name for device in site.devices for port in device.ports if port.name in schedule.power]
    rest = np.zeros(site.window.n)
    return {
        "set-point": {name: found[name].value if name in found else schedule.power[name] for name in names},
        "set-point-mode": {name: found[name].mode if name in found else rest for name in names},
    }
