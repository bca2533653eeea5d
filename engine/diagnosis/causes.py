"""What is given and not chosen, without which there would be a plan: loads, uses, energy at the start, lost energy."""

from dataclasses import replace

import numpy as np

from engine.devices.device import Cause, Conflict, Premise, moment
from engine.formulation import build
from engine.model.arrays import Arrays
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.highs import Model
from engine.solve.status import Status


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
    found, window = [], site.window
    loads_first = sorted(site.devices, key=lambda device: device.load is None)
    for premise in [premise for device in loads_first for premise in device.premises(window)]:
        if budget.is_over:
            break
        first, size = problem.rows[premise.rows]
        rows = np.arange(first, first + size, dtype=np.int32)
        model.change_rows(rows, arrays.row_lower[rows] + premise.lower, arrays.row_upper[rows] + premise.upper)
        if model.run().has_plan:
            found.append(Cause(premise.name, _text(site, premise, conflict)))
        model.change_rows(rows, arrays.row_lower[rows], arrays.row_upper[rows])
    lossless = [(device, *each) for device in site.devices for each in device.lossless(window)]
    return found + [cause for device, cause, other in lossless if _has_plan(site.with_device(device, other), budget)]


def _has_plan(site: Site, budget: Budget) -> bool:
    if budget.is_over:
        return False
    arrays = build(site).problem.arrays()
    if (arrays.lower > arrays.upper).any():
        return False
    return Model(replace(arrays, cost=np.zeros(arrays.width)), budget).run().has_plan


def _text(site: Site, premise: Premise, conflict: Conflict | None) -> str:
    return premise.text if premise.power is None else f"{premise.text} {_power(site, premise.power, conflict)}"


def _power(site: Site, power: Floats, conflict: Conflict | None) -> str:
    """Return what a power is at the time of a conflict; of stored energy, what it amounts to until then."""
    last = int(np.ceil(conflict.step)) if conflict is not None else site.window.n
    if conflict is not None and conflict.unit != "kWh":
        now = float(power[min(last, site.window.n - 1)])
        return f"{'takes' if now >= 0 else 'gives'} {abs(now):.6g} kW at {moment(site.window, last)}"
    energy = float(power[:last].sum()) * site.window.hours
    return f"{'takes' if energy >= 0 else 'gives'} {abs(energy):.6g} kWh until {moment(site.window, last)}"
