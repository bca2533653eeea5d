"""Sample sites, and the promises that every plugin has to keep; for the tests of plugin authors."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np

from engine.devices.answers import PlanInput
from engine.devices.device import Device
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.errors import InputError
from engine.forecasting.forecaster import Forecaster
from engine.forecasting.history import SeriesHistory
from engine.formulation import Built, build_problem
from engine.model.arrays import same_coefficients
from engine.reporting.reporter import Reporter, ReportSeries
from engine.schedulers.fleet import Scheduler
from engine.series.iso_time import HOUR_US, from_us, zone
from engine.series.window import Window
from engine.site import Connection, Site, raised, with_limit
from engine.tariffs import EnergyTariff


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


def check_device(device: Device, site: Site | None = None) -> None:
    """Assert what every device promises: see ``Device`` and the contract of reuse in ``engine.model.block``.

    Args:
        device: Of any kind.
        site: A site with it that can be built; by default a small one.

    Raises:
        InputError: The device tells the problem of a limit that it cannot change.
    """
    here = sample_site(device) if site is None else site
    built, n = build_problem(here), here.window.n
    (block,) = (block for block in built.problem.blocks if block.by is device)
    for port in device.ports:
        assert built.power[port.name].size == n, f"The power of {port.name} has no value for each step."
    for limit in built.problem.limits:  # those of others too, which it must not read
        changed = with_limit(here, limit.path, raised(0.5))
        _assert_same_numbers(build_problem(changed, built), build_problem(changed))
    for alternative in device.alternatives(here.window):
        build_problem(here.with_device(device, alternative.changed(alternative.most)))
    for premise in device.premises(here.window):
        size = built.problem.rows[premise.rows][1]
        assert premise.lower.shape == premise.upper.shape == (size,), f"{premise.name} is not about all {premise.rows}."
    _assert_carried_over(device, here.window)
    plain = device.fallback(here.window)
    assert plain.power.keys() == {port.name for port in device.ports}, "A fallback has a power for each port."
    assert all(power.shape == (n,) for power in plain.power.values()), "A fallback has a power for each step."
    assert plain.soc.keys() == {state.name for state in block.energies}, "A fallback has the energy of each store."


def _assert_carried_over(device: Device, window: Window) -> None:
    """Assert that a device is in another plan what it tells to be: its load, its energy, its fields."""
    if device.load is not None:
        doubled, other = device.scaled(2.0).load, device.with_load(np.ones(window.n)).load
        assert doubled is not None and np.allclose(doubled, 2.0 * device.load), f"{device.name} is not twice its load."
        assert other is not None and np.all(other == 1.0), f"{device.name} has not the load that it is said to have."
    if device.energy_bounds:
        changed = device.with_stored_energy(0.25).energy_bounds["soc-at-start"]
        assert np.all(changed == 0.25), f"{device.name} does not begin with the energy that it is said to have."
    kinds: tuple[PlanInput, ...] = get_args(PlanInput)
    lacking = [name for kind in kinds for name in device.fields_of(kind) if not hasattr(device, name)]
    assert not lacking, f"{device.name} has no {', '.join(lacking)}."
    names = {port.name for port in device.ports}
    assert device.uncontrolled(window).keys() <= names, "Without control, powers are those of its ports."


def check_forecaster(forecaster: Forecaster) -> None:
    """Assert what every forecaster promises: a value for each step, rising quantiles, the same answer twice.

    Of what never changes it foresees the same again, and where too little is known it refuses with an ``InputError``.
    """
    events = np.arange(24 * 30, dtype=np.int64) * HOUR_US
    random = np.random.default_rng(0)
    values = 5.0 + 2.0 * np.sin(np.arange(len(events)) * np.pi / 12.0) + random.normal(0.0, 0.3, len(events))
    values[100:103] = np.nan
    history = SeriesHistory(events=events, values=values, step=timedelta(hours=1), unit="kW")
    window = Window.of_length(from_us(30 * 24 * HOUR_US), timedelta(hours=36), timedelta(hours=1))
    before, levels = values.copy(), (0.05, 0.25, 0.5, 0.75, 0.95)
    first, again = forecaster.forecast(history, window, levels), forecaster.forecast(history, window, levels)
    assert first.mean.shape == (window.n,), f"The forecast has {first.mean.shape} values, not {window.n}."
    assert first.quantiles.shape == (window.n, len(levels)), "A forecast has each quantile of each step."
    assert np.isfinite(first.mean).all() and np.isfinite(first.quantiles).all(), "The forecast has gaps."
    assert (np.diff(first.quantiles, axis=1) >= 0).all(), "Quantiles rise with their probability."
    np.testing.assert_array_equal(first.quantiles, again.quantiles)
    np.testing.assert_array_equal(values, before)
    at_rest = forecaster.forecast(replace(history, values=np.zeros(len(values))), window, levels)
    np.testing.assert_allclose(at_rest.mean, 0.0, atol=1e-6, err_msg="What never changes goes on like that.")
    with suppress(InputError):  # which says what lacks
        little = forecaster.forecast(replace(history, events=events[-30:], values=values[-30:]), window, levels)
        assert np.isfinite(little.mean).any(), "A forecast from little is no forecast; refuse it."
    assert isinstance(getattr(type(forecaster), "version", None), str), "A forecaster has a version, for its source."


def check_reporter(reporter: Reporter) -> None:
    """Assert what every reporter promises: all its outputs, rising events, the same answer twice, untouched inputs."""
    kind = type(reporter)
    assert isinstance(getattr(kind, "version", None), str), "A reporter has a version, for its source."
    assert isinstance(getattr(kind, "summary", None), str), "A reporter has a summary, for people who choose it."
    series = sample_report_series(reporter)
    reporter.check_inputs(list(series))
    before = {name: one.values.copy() for name, one in series.items()}
    for step in (timedelta(hours=1), timedelta(days=1)):
        first, again = reporter.compute(series, step=step), reporter.compute(series, step=step)
        for name, one in series.items():
            np.testing.assert_array_equal(before[name], one.values, f"{kind.__name__} changes its input {name}.")
        missing = {output.name for output in kind.outputs if "NAME" not in output.name} - set(first)
        assert not missing, f"There is no result for {', '.join(sorted(missing))}."
        for name, result in first.items():
            assert result.starts.shape == result.values.shape, f"{name} has not one value for each event."
            assert (np.diff(result.starts) > 0).all(), f"The events of {name} do not follow each other."
            np.testing.assert_array_equal(result.values, again[name].values)
    begin = datetime(2026, 5, 17, 12, tzinfo=UTC)
    assert reporter.begin(begin) <= begin, "A report is read from its start, or from before it."


def sample_report_series(reporter: Reporter) -> dict[str, ReportSeries]:
    """Return two days of hours for each input of a reporter, with a gap; two for those of which there are several."""
    starts = np.arange(48, dtype=np.int64) * HOUR_US + 1_767_225_600_000_000
    random, found = np.random.default_rng(0), {}
    for declared in type(reporter).inputs:
        for name in [f"{declared.name} 1", f"{declared.name} 2"] if declared.several else [declared.name]:
            unit = declared.unit.replace("currency", "EUR") or "kW"
            values = random.normal(0.0, 1.0, len(starts))
            values[30] = np.nan
            step, place = timedelta(hours=1), zone("UTC")
            found[name] = ReportSeries(starts=starts, values=values, step=step, unit=unit, place=place)
    return found


def _assert_same_numbers(taken: Built, new: Built) -> None:
    """Assert that a problem in which blocks were taken over is the one that is written anew."""
    first, second = taken.problem.arrays(), new.problem.arrays()
    assert same_coefficients(first, second), "A device reads more than itself: its block is not what it would write."
    for name in ("cost", "lower", "upper", "row_lower", "row_upper", "integers"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def _numbers(site: Site) -> list[Any]:
    """Return a copy of every array and number of a site."""
    found: list[Any] = []
    for part in [*site.devices, *site.connections, *(port for device in site.devices for port in device.ports)]:
        found += [np.array(value) for value in vars(part).values() if isinstance(value, float | np.ndarray)]
    return found
