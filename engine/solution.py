"""From the numbers of a solved problem to a schedule in the words of its site."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from engine.carbon import CAP, CAP_ROW
from engine.formulation import Built
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Breach, Schedule, Site, Timings
from engine.solve.optimum import Solved

_NOISE = 1e-6
"""Breaches up to this are rounding noise [kW or kWh]."""
_FREE, _BREACH = 1e-9, (" breach", " breaches")
"""A breach up to this costs nothing [currency]; how names of such costs end."""
Value = TypeVar("Value")


def read_schedule(site: Site, built: Built, solved: Solved, timings: Timings) -> Schedule:
    """Return the schedule of a site that a solve has found, with nothing left to be read."""
    lazy = lazy_schedule(site, built, solved, timings)
    names = ("costs", "shadow_prices", "storage_values", "limit_shadow_prices")
    read: dict[str, Any] = {name: dict(getattr(lazy, name)) for name in names}
    return replace(lazy, **read)


def lazy_schedule(site: Site, built: Built, solved: Solved, timings: Timings) -> Schedule:
    """Return the same schedule; its costs and shadow prices are read when they are first asked for.

    Until then it keeps the problem, which is larger than the schedule: for one schedule at a time.
    """
    problem, x = built.problem, solved.x

    def columns(name: str) -> Floats:
        first, size = problem.sizes[name]
        return x[first : first + size]

    breaches: list[Breach] = []
    for soft in problem.soft:
        amounts = columns(soft.columns)
        amounts = amounts * soft.scale
        broken = np.flatnonzero(amounts > _NOISE)
        breaches += [Breach(soft.name, float(soft.at[at]), float(amounts[at]), soft.unit) for at in broken]
    return Schedule(
        window=site.window,
        power={name: power.value(x) + 0.0 for name, power in built.power.items()},  # without -0.0
        soc={each.name: np.concatenate([[each.start], columns(each.columns)]) for each in problem.energies},
        costs=_LazyMapping(partial(_costs, problem, x)),
        status=solved.status,
        gap=solved.gap,
        shadow_prices=_LazyMapping(partial(shadow_prices, problem, solved.row_dual)),
        storage_values=_LazyMapping(partial(storage_values, problem, solved.row_dual)),
        limit_shadow_prices=_LazyMapping(partial(limit_shadow_prices, problem, solved.col_dual)),
        carbon_price=0.0 if any(each.limit == CAP for each in breaches) else carbon_price(problem, solved.row_dual),
        breaches=tuple(breaches),
        timings=timings,
    )


def _costs(problem: Problem, x: Floats) -> dict[str, float]:
    """Return what is paid under each name [currency]; a breach that costs nothing is none."""
    paid = problem.paid(x)
    return {name: cost for name, cost in paid.items() if abs(cost) > _FREE or not name.endswith(_BREACH)}


class _LazyMapping(Mapping[str, Value]):
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


def shadow_prices(problem: Problem, row_dual: Floats) -> dict[str, Floats]:
    """Return the shadow price of each node: what one more kWh taken there costs [currency/kWh], shape (n,).

    None where the duals are unknown, as of the values that follow.
    """
    if not len(row_dual):
        return {}
    hours, rows = problem.window.hours, {name: problem.rows[f"{name}.balance"] for name in problem.nodes}
    return {name: row_dual[first : first + size] / hours for name, (first, size) in rows.items()}


def storage_values(problem: Problem, row_dual: Floats) -> dict[str, Floats]:
    """Return the shadow price of each stored energy: what one more kWh in it saves [currency/kWh], shape (n,)."""
    if not len(row_dual):
        return {}
    rows = {state.name: problem.rows[state.rows] for state in problem.energies}
    return {name: -row_dual[first : first + size] for name, (first, size) in rows.items()}


def carbon_price(problem: Problem, row_dual: Floats) -> float:
    """Return what one kg more of a carbon cap saves [currency/kg]; 0 without a cap, or where it does not bind."""
    first, size = problem.rows.get(CAP_ROW, (0, 0))
    return abs(float(row_dual[first])) if size and len(row_dual) else 0.0


def limit_shadow_prices(problem: Problem, col_dual: Floats) -> dict[str, Floats]:
    """Return what one more unit of each limit saves [currency per unit]; of a lower bound or target, one unit less."""
    if not len(col_dual):
        return {}
    savings = {"upper": np.maximum(-col_dual, 0.0), "lower": np.maximum(col_dual, 0.0), "both": col_dual}
    prices = {}
    for limit in problem.limits:
        first, size = problem.sizes[limit.columns]
        saving = savings[limit.side][first : first + size]
        prices[limit.name] = saving if limit.at is None else np.where(limit.at, saving, 0.0)
    return prices
