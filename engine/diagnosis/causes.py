"""What is given and not chosen, without which there would be a plan: loads, uses, energy at the start, lost energy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.storage import Storage
from engine.diagnosis.conflicts import Conflict, moment
from engine.diagnosis.reach import settled
from engine.formulation import build
from engine.model.arrays import Arrays
from engine.model.linear import Floats, full
from engine.model.problem import Problem
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.highs import Model
from engine.solve.status import Status


@dataclass(frozen=True, slots=True)
class Cause:
    """Something given that takes part: without it the limits could be kept."""

    name: str
    """Such as ``load`` for a device, ``car.soc-usage`` for a field of one."""
    text: str
    """What it is at the time of the conflict."""


@dataclass(frozen=True, slots=True)
class _Without:
    """Rows of a problem as they would be without a cause."""

    cause: Cause
    rows: str
    lower: Floats
    upper: Floats


def causes(site: Site, problem: Problem, arrays: Arrays, conflict: Conflict | None, budget: Budget) -> list[Cause]:
    """Return what is given and makes the difference; nothing where several things would have to be otherwise.

    Each is taken away in turn from one live problem without costs, in which nothing else changes.

    Args:
        site: Without a plan.
        problem: What it poses.
        arrays: The same.
        conflict: When it shows; tells which value of a series is told.
        budget: How long it may take; what is not tried in time is not told.
    """
    model = Model(replace(arrays, cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers)), budget)
    if model.run().status is not Status.INFEASIBLE:  # only whole numbers are in the way, or time is up
        return []
    found = []
    for without in (*_of_loads(site, problem, arrays, conflict), *_of_stores(site, problem, arrays, conflict)):
        if budget.is_over:
            break
        first, size = problem.rows[without.rows]
        rows = np.arange(first, first + size, dtype=np.int32)
        model.change_rows(rows, without.lower, without.upper)
        if model.run().has_plan:
            found.append(without.cause)
        model.change_rows(rows, arrays.row_lower[rows], arrays.row_upper[rows])
    return found + [cause for cause, other in _of_efficiencies(site) if _has_plan(other, budget)]


def _of_loads(site: Site, problem: Problem, arrays: Arrays, conflict: Conflict | None) -> Iterable[_Without]:
    for device in site.devices:
        if not isinstance(device, Inflexible) or not device.power.any():
            continue
        rows = f"{device.group or device.commodity}.balance"
        first, size = problem.rows[rows]
        now = slice(first, first + size)
        cause = Cause(device.name, f"{device.name} {_power(site, device.power, conflict)}")
        yield _Without(cause, rows, arrays.row_lower[now] - device.power, arrays.row_upper[now] - device.power)


def _of_stores(site: Site, problem: Problem, arrays: Arrays, conflict: Conflict | None) -> Iterable[_Without]:
    for store in site.devices:
        if not isinstance(store, Storage):
            continue
        rows, n = f"{store.name}.balance", site.window.n
        first, size = problem.rows[rows]
        row = arrays.row_lower[first : first + size]
        share = site.window.hours * full(settled(store.storage_efficiency), n)
        gain = full(store.gain, n)
        for field, flow in (("soc-usage", np.minimum(gain, 0.0)), ("soc-gain", np.maximum(gain, 0.0))):
            if flow.any():
                cause = Cause(f"{store.name}.{field}", f"{field} of {store.name} {_power(site, -flow, conflict)}")
                yield _Without(cause, rows, row - flow * share, row - flow * share)
        kept = float(full(store.storage_efficiency, n)[0])
        most = float(np.max(np.where(np.isfinite(store.soc_max), store.soc_max, 1e9)))
        lower, upper = row.copy(), row.copy()
        lower[0], upper[0] = row[0] - store.soc_at_start * kept, row[0] + (most - store.soc_at_start) * kept
        cause = Cause(f"{store.name}.soc-at-start", f"{store.name} starts with {store.soc_at_start:.6g} kWh")
        yield _Without(cause, rows, lower, upper)


def _of_efficiencies(site: Site) -> Iterable[tuple[Cause, Site]]:
    """Give each efficiency that is none at times, and the site in which nothing is lost then."""
    for at, device in enumerate(site.devices):
        if not isinstance(device, Storage):
            continue
        kept = full(device.storage_efficiency, site.window.n)
        if (kept == 0).any():
            mended = replace(device, storage_efficiency=np.where(kept == 0, 1.0, kept))
            yield _efficiency(device.name, "storage-efficiency", kept), _with_device(site, at, mended)
        for port in device.ports:
            share = full(port.charging_efficiency, site.window.n)
            if (share == 0).any():
                whole = replace(port, charging_efficiency=np.where(share == 0, 1.0, share))
                ports = tuple(whole if each is port else each for each in device.ports)
                cause = _efficiency(port.name, "charging-efficiency", share)
                yield cause, _with_device(site, at, replace(device, ports=ports))


def _efficiency(name: str, field: str, share: Floats) -> Cause:
    return Cause(f"{name}.{field}", f"{field} of {name} is 0 % in {int((share == 0).sum())} of {len(share)} steps")


def _with_device(site: Site, at: int, device: Storage) -> Site:
    return replace(site, devices=(*site.devices[:at], device, *site.devices[at + 1 :]))


def _has_plan(site: Site, budget: Budget) -> bool:
    if budget.is_over:
        return False
    arrays = build(site).problem.arrays()
    if (arrays.lower > arrays.upper).any():
        return False
    return Model(replace(arrays, cost=np.zeros(arrays.width)), budget).run().has_plan


def _power(site: Site, power: Floats, conflict: Conflict | None) -> str:
    """Return what a power is at the time of a conflict; of stored energy, what it amounts to until then."""
    last = int(np.ceil(conflict.step)) if conflict is not None else site.window.n
    if conflict is not None and conflict.unit != "kWh":
        now = float(power[min(last, site.window.n - 1)])
        return f"{'takes' if now >= 0 else 'gives'} {abs(now):.6g} kW at {moment(site.window, last)}"
    energy = float(power[:last].sum()) * site.window.hours
    return f"{'takes' if energy >= 0 else 'gives'} {abs(energy):.6g} kWh until {moment(site.window, last)}"
