"""Small sites whose plans can be worked out by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff

START = datetime(2026, 3, 4, tzinfo=UTC)
DAY = Window.of_length(START, timedelta(days=1), timedelta(hours=1))


def at(tick, value, n=24):
    """Return one value at one tick, nothing elsewhere."""
    values = np.full(n + 1, np.nan)
    values[tick] = value
    return values


def store(name="car", *, charger=4.0, discharger=0.0, group=None, **fields):
    """Return a lossless store of 40 kWh with 2 kWh in it, behind a charger of 4 kW."""
    port = Port(name=name, consumption_limit=charger, production_limit=discharger, group=group)
    return Storage(**{"name": name, "ports": (port,), "soc_at_start": 2.0, "soc_max": 40.0, **fields})


def site(*devices, capacity=100.0, load=None, window=DAY, buy=0.2, sell=0.1, **fields):
    """Return a site with a load of 2 kW beside its devices."""
    power = np.full(window.n, 2.0) if load is None else load
    connection = Connection(
        consumption_limit=capacity,
        production_limit=capacity,
        tariffs=(EnergyTariff(consumption_price=buy, production_price=sell),),
    )
    fixed = Inflexible(name="load", power=power)
    return Site(**{"window": window, "devices": (*devices, fixed), "connections": (connection,), **fields})


def bumped(value, first, last, n=24):
    """Return a load of 2 kW that is another value in the steps from first to last."""
    power = np.full(n, 2.0)
    power[first : last + 1] = value
    return power
