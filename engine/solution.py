"""From the numbers of a solved problem to a schedule in the words of its site."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from engine.formulation import Built
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Breach, Schedule, Site, Timings
from engine.solve.optimum import Solved

_NOTHING = 1e-6
"""Breaches up to this are rounding noise [kW or kWh]."""
Value = TypeVar("Value")


def schedule(site: Site, built: Built, solved: Solved, timings: Timings) -> Schedule:
    """Return the plan of a site that a solve has found."""
    here = later(site, built, solved, timings)
    read: dict[str, Any] = {name: dict(getattr(here, name)) for name in ("costs", "prices", "worth", "limit_prices")}
    return replace(here, **read)


def later(site: Site, built: Built, solved: Solved, timings: Timings) -> Schedule:
    """Return the same plan; its costs and marginal prices are read when they are first asked for.

    Until then it keeps the problem, which is larger than the plan: for one plan at a time.
    """
    problem, x = built.problem, solved.x
    return Schedule(
        window=site.window,
        power={name: power.value(x) + 0.0 for name, power in built.power.items()},
        soc=_energies(problem, x),
        costs=_Later(partial(problem.paid, x)),
        status=solved.status,
        gap=solved.gap,
        prices=_Later(partial(_prices, problem, solved.row_dual)),
        worth=_Later(partial(_worth, problem, solved.row_dual)),
        limit_prices=_Later(partial(_limit_prices, problem, solved.col_dual)),
        breaches=tuple(_breaches(problem, x)),
        timings=timings,
    )


class _Later(Mapping[str, Value]):
    """Values by name, read when one is first asked for."""

    def __init__(self, read: Callable[[], dict[str, Value]]) -> None:
        self._read: Callable[[], dict[str, Value]] | None = read

    @cached_property
    def _values(self) -> dict[str, Value]:
        read, self._read = self._read, None  # which holds the problem
        return {} if read is None else read()

    def __getitem__(self, name: str) -> Value:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __reduce__(self) -> tuple[type[dict[str, Value]], tuple[dict[str, Value]]]:
        return dict, (self._values,)  # what leaves the process is read


def _energies(problem: Problem, x: Floats) -> dict[str, Floats]:
    """Return the stored energies [kWh], shape (n + 1,)."""
    found = {}
    for state in problem.energies:
        first, size = problem.sizes[state.columns]
        found[state.name] = np.concatenate([[state.start], x[first : first + size]])
    return found


def _prices(problem: Problem, row_dual: Floats) -> dict[str, Floats]:
    """Return the shadow price of each node: what one more kWh taken there costs [currency/kWh], shape (n,)."""
    if not len(row_dual):
        return {}
    hours, rows = problem.window.hours, {name: problem.rows[f"{name}.balance"] for name in problem.nodes}
    return {name: row_dual[first : first + size] / hours for name, (first, size) in rows.items()}


def _worth(problem: Problem, row_dual: Floats) -> dict[str, Floats]:
    """Return the shadow price of each stored energy: what one more kWh in it saves [currency/kWh], shape (n,)."""
    if not len(row_dual):
        return {}
    rows = {state.name: problem.rows[state.rows] for state in problem.energies}
    return {name: -row_dual[first : first + size] for name, (first, size) in rows.items()}


def _limit_prices(problem: Problem, col_dual: Floats) -> dict[str, Floats]:
    if not len(col_dual):
        return {}
    savings = {"upper": np.maximum(-col_dual, 0.0), "lower": np.maximum(col_dual, 0.0), "both": col_dual}
    return {limit.name: _saving(problem, limit, savings[limit.side]) for limit in problem.limits}


def _saving(problem: Problem, limit: Limit, savings: Floats) -> Floats:
    """Return what one more unit of a limit saves; for a lower bound or target, what one unit less of it saves."""
    first, size = problem.sizes[limit.columns]
    saving = savings[first : first + size]
    return saving if limit.at is None else np.where(limit.at, saving, 0.0)


def _breaches(problem: Problem, x: Floats) -> list[Breach]:
    found = []
    for soft in problem.soft:
        first, size = problem.sizes[soft.columns]
        amounts = x[first : first + size]
        broken = np.flatnonzero(amounts > _NOTHING)
        found += [Breach(soft.name, float(soft.at[at]), float(amounts[at]), soft.unit) for at in broken]
    return found
