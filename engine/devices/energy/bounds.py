"""Bounds on the energy in a store at ticks and at moments between them; hard ones, and soft ones with a price."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.devices.reach import partly
from engine.model.block import Limit
from engine.model.linear import Floats, Linear, Term, Values, full, stacked
from engine.model.problem import Problem

NOTHING = np.empty(0)
SHARE_PARTS = 64
"""Number of parts in which a breach that is shared gets dearer."""
DEARER = 0.02
"""By how much each part is dearer than the one before, as share of the price of the first: more than prices of energy
differ by, and than efficiencies differ over a few parts."""
Side: TypeAlias = Literal["lower", "upper", "both"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Hard bounds at moments that are no ticks, such as a target at 07:10 among quarter-hours."""

    at: Floats
    """When [steps since the start], increasing and never whole, shape (m,)."""
    minima: Floats
    """Least energy [kWh], NaN where there is no bound, shape (m,)."""
    maxima: Floats
    """Most energy [kWh], likewise."""
    targets: Floats
    """Exact energy [kWh], likewise."""

    @classmethod
    def free(cls, at: Floats) -> Self:
        """Return moments without a bound."""
        return cls(
            at=at, minima=np.full(len(at), np.nan), maxima=np.full(len(at), np.nan), targets=np.full(len(at), np.nan)
        )

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and most energy [kWh], infinite where there is no bound, each shape (m,)."""
        # fmax and fmin pass over NaN, which is no bound.
        return np.fmax(-np.inf, np.fmax(self.minima, self.targets)), np.fmin(np.inf, np.fmin(self.maxima, self.targets))


@dataclass(frozen=True, slots=True)
class Measure:
    """What a soft bound on the stored energy is called and told in."""

    limit: str
    """Such as ``battery.soc-minima``; a target has one bound of each sign."""
    unit: str = "kWh"
    per_kwh: float = 1.0
    """Units per kWh."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The energy in a store wherever a bound may ask for it."""

    name: str
    """Name of the store."""
    soc: Linear
    """At the end of each step [kWh], shape (n,)."""
    between: Linear
    """At the moments of the store [kWh], shape (m,)."""
    at: Floats
    """Those moments [steps since the start], shape (m,)."""


def add_between(problem: Problem, name: str, soc: Linear, moments: Moments, start: float, kept: Values) -> Linear:
    """Add the energy at moments between two ticks, which follows from both of them; return it [kWh], shape (m,).

    Power is constant within a step, so that a bound there binds exactly the plan that is carried out.

    Args:
        problem: Where it goes.
        name: Name of the store.
        soc: Energy at the end of each step [kWh], shape (n,).
        moments: When, and the bounds.
        start: Energy when the window begins [kWh].
        kept: Share of the stored energy left after one step.
    """
    n, step = problem.window.n, np.floor(moments.at).astype(np.int32)
    before, after = partly(full(kept, n)[step], moments.at - step)
    lower, upper = moments.bounds
    level = problem.variable(f"{name}.between", lower=lower, upper=upper, size=len(step))
    later = np.flatnonzero(step > 0)  # before the first step the energy is given
    (term,) = soc.terms
    earlier = Linear(len(step), (Term(term.cols[step[later] - 1], before[later], later.astype(np.int32)),))
    given = np.where(step == 0, before * start, 0.0)
    problem.equal(f"{name}.between", level - soc[step] * after - earlier, given)
    below, above = ~(moments.targets >= moments.minima), ~(moments.targets <= moments.maxima)
    sides: list[tuple[str, Side, NDArray[np.bool_]]] = [
        ("minima", "lower", below & ~np.isnan(moments.minima)),
        ("maxima", "upper", above & ~np.isnan(moments.maxima)),
    ]
    sides += [("targets", side, at) for side, at in sides_of_targets(moments.targets, sides[0][2], sides[1][2])]
    for bound, side, asked in sides:
        if asked.any():
            limit = Limit(
                f"{name}.soc-{bound}", f"{name}.between", side, "kWh", asked,
                times=moments.at, exact=bound == "targets", field=f"{name}.between-{bound}",
            )  # fmt: skip
            problem.limit(limit)
    return level


def sides_of_targets(
    targets: Floats, below: NDArray[np.bool_], above: NDArray[np.bool_]
) -> Iterator[tuple[Side, NDArray[np.bool_]]]:
    """Give the sides of the energy that targets bound, and where; a bound that crosses a target has the other side.

    Args:
        targets: Exact energies [kWh], NaN where there is none.
        below: Whether another lower bound is the one that binds.
        above: Whether another upper bound is.
    """
    asked = ~np.isnan(targets)
    yield "both", asked & ~below & ~above
    yield "upper", asked & below & ~above
    yield "lower", asked & above & ~below


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftBound:
    """A bound on the stored energy at some moments, which may be broken at a price."""

    at: Floats
    """The bound at each tick [kWh], NaN where there is none, shape (n + 1,)."""
    between: Floats = field(default_factory=lambda: NOTHING)
    """The bound at each moment of the store [kWh], NaN where there is none, shape (m,) or empty."""
    highest_price: Values = 0.0
    """Price of the largest breach among the moments of equal price [currency/kWh], one number or shape (n,)."""
    hourly_price: Values = 0.0
    """Price of the breach at every moment [currency/kWh per hour], one number or shape (n,)."""
    share_width: float | None = None
    """Width of the parts in which the largest breach gets dearer, the same for all that share what cannot be met [kWh];
    None: it is not shared."""
    shared: float | None = None
    """About the largest breach, from a schedule with parts of this width [kWh]; around it the parts are finer."""

    @property
    def largest(self) -> float:
        """The largest energy asked for at any time [kWh]."""
        asked = np.concatenate([self.at[1:], self.between])
        return float(np.nanmax(asked, initial=0.0))

    @property
    def dearest(self) -> float:
        """Price of the last kWh of a breach at one moment, or for an hour if that is dearer [currency/kWh]."""
        most = 1.0 if self.share_width is None else 1.0 + DEARER * SHARE_PARTS
        return max(float(np.max(self.hourly_price)), float(np.max(self.highest_price)) * most)

    def add_to(self, problem: Problem, measure: Measure, levels: Levels, sign: float) -> None:
        """Add the breach at each bound and its price.

        breach_t ≥ 0 with sign · e_t + breach_t ≥ sign · bound_t, and highest ≥ breach_t for all of one price.

        Args:
            problem: Where it goes.
            measure: What it is called.
            levels: The energy in the store.
            sign: 1 for a lower bound, -1 for an upper one.
        """
        limit = measure.limit
        ticks, moments = np.flatnonzero(~np.isnan(self.at[1:])), np.flatnonzero(~np.isnan(self.between))
        bounds = np.concatenate([self.at[1:][ticks], self.between[moments]])
        if not len(bounds):
            return
        level = stacked(levels.soc[ticks], levels.between[moments]) if len(moments) else levels.soc[ticks]
        step = np.concatenate([ticks, np.floor(levels.at[moments]).astype(int)])
        # Both bounds of a target are told by one name, but their columns need two.
        name = limit if not limit.endswith("targets") else f"{limit}.{'short' if sign > 0 else 'over'}"
        breach = problem.variable(f"{name}.breach", size=len(bounds))
        problem.constrain(f"{name}.breach", level * sign + breach, lower=bounds * sign)
        when = np.concatenate([ticks + 1, levels.at[moments]])
        problem.soft_constraint(limit, f"{name}.breach", measure.unit, when, scale=measure.per_kwh)
        hourly, highest, hours = (
            full(each, problem.window.n)[step] for each in (self.hourly_price, self.highest_price, problem.window.hours)
        )
        problem.cost(f"all {limit} breaches", breach * (hourly * hours))
        if highest.any():
            prices, groups = np.unique(highest, return_inverse=True)
            worst = problem.variable(f"{name}.highest", size=len(prices))
            problem.at_most(f"{name}.highest", breach, worst[groups])
            problem.cost(f"any {limit} breach", worst * prices)
            if self.share_width is not None:
                self._add_sharing(problem, limit, name, worst, prices)

    def _add_sharing(self, problem: Problem, limit: str, name: str, worst: Linear, prices: Floats) -> None:
        """Add parts of the largest breach that get dearer one by one: who is short of more is served first.

        As the price follows the amount alone, and rises by little, the sum of what is missing stays the least there is.
        """
        coarse = self.share_width or 1.0
        bends = np.arange(SHARE_PARTS) * coarse
        if self.shared is not None:
            bends = max(self.shared - coarse, 0.0) + np.linspace(0.0, 2.0 * coarse, SHARE_PARTS - 1)
            bends = np.append(bends, bends[0] + SHARE_PARTS * coarse) if not bends[0] else np.append(0.0, bends)
        width = np.tile(np.append(np.diff(bends), np.inf), len(prices))
        parts = problem.variable(f"{name}.shared", upper=width, size=len(width))
        groups = np.repeat(np.arange(len(prices)), len(bends))
        problem.constrain(f"{name}.shared", worst - parts.total(groups, len(prices)), upper=0.0)
        problem.cost(f"sharing of {limit}", parts * (np.tile(bends / coarse, len(prices)) * DEARER * prices[groups]))

    def shared_finer(self, breach: float) -> "SoftBound":
        """Return the bound that is shared finer around its largest breach in a schedule [kWh]; itself if not shared."""
        return self if self.share_width is None else replace(self, shared=breach)
