"""Sample sites, and the promises that every plugin has to keep; for the tests of plugin authors."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.port import Device, Port
from engine.devices.storage import Storage
from engine.schedulers.fleet import Scheduler
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff
from engine.window import Window


def sample_site(*devices: Device, steps: int = 24) -> Site:
    """Return a site with a load of 2 kW, a price that rises through the day, and devices; by default one battery."""
    window = Window.of_length(datetime(2026, 3, 4, tzinfo=UTC), timedelta(hours=steps), timedelta(hours=1))
    port = Port(name="battery", consumption_limit=5.0, production_limit=5.0, charging_efficiency=0.95)
    battery = Storage(name="battery", ports=(port,), soc_at_start=5.0, soc_max=10.0)
    price = np.linspace(0.1, 0.3, window.n)
    tariff = EnergyTariff(consumption_price=price, production_price=price - 0.05)
    load = Inflexible(name="load", power=np.full(window.n, 2.0))
    return Site(
        window=window,
        devices=(*(devices or (battery,)), load),
        connections=(Connection(consumption_limit=20.0, production_limit=20.0, tariffs=(tariff,)),),
    )


def check_scheduler(scheduler: Scheduler) -> None:
    """Assert what every scheduler promises: full cover, the same answer twice, an untouched input."""
    site = sample_site()
    before = _numbers(site)
    first, again = scheduler.compute(site), scheduler.compute(site)
    names = {port.name for device in site.devices for port in device.ports}
    assert names <= set(first.power), f"No power for {', '.join(sorted(names - set(first.power)))}."
    for name, power in first.power.items():
        assert power.shape == (site.window.n,), f"The power of {name} has {power.shape} values, not {site.window.n}."
        assert np.isfinite(power).all(), f"The power of {name} has gaps."
        np.testing.assert_array_equal(power, again.power[name])
    for name, soc in first.soc.items():
        assert soc.shape == (site.window.n + 1,), f"The energy in {name} has no value at each bound of the steps."
    for old, new in zip(before, _numbers(site), strict=True):
        np.testing.assert_array_equal(old, new)
    assert isinstance(getattr(type(scheduler), "version", None), str), "A scheduler has a version, for its source."


def _numbers(site: Site) -> list[Any]:
    """Return a copy of every array and number of a site."""
    found: list[Any] = []
    for part in [*site.devices, *site.connections, *(port for device in site.devices for port in device.ports)]:
        found += [np.array(value) for value in vars(part).values() if isinstance(value, float | np.ndarray)]
    return found
