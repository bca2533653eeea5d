"""What every solver offers: take a problem as arrays, answer with values and duals."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from engine.model.arrays import Arrays
from engine.model.linear import Floats
from engine.site import PLANS, Status
from engine.solve.budget import LEAST_GAP

PROVEN: Final = 1.001 * LEAST_GAP
"""A plan within this share of its cost is the best one, but for rounding."""
KEPT: Final = 1e-5
"""Bounds count as kept by what a search was ended with up to this, as share of them or 1."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of a solver found; the values mean something only with a plan."""

    status: Status
    objective: float
    x: Floats
    """Value of each column."""
    row_dual: Floats
    """Change of cost per unit of each row's bounds; empty for a problem with whole numbers."""
    col_dual: Floats
    """Change of cost per unit of each column's bounds; empty for a problem with whole numbers."""
    gap: float = 0.0
    """Share by which the objective may lie above the best one; infinite if nothing is proven."""
    bound: float = -np.inf
    """No plan costs less than this, as far as it is proven."""

    @property
    def has_plan(self) -> bool:
        """Whether the values may be used."""
        return self.status in PLANS


def timed_out() -> Answer:
    """Return the answer of a run that was not even begun."""
    none = np.empty(0)
    return Answer(Status.TIMED_OUT, np.inf, none, none, none, gap=np.inf)


def share_above(cost: float, bound: float) -> float:
    """Return by which share of itself a cost may lie above the best one: (cost - bound) / |cost|, 0 or more."""
    if not (np.isfinite(cost) and np.isfinite(bound)):
        return np.inf
    above = cost - bound
    if not above > 0.0:
        return 0.0
    return float(above / abs(cost)) if cost else np.inf


class Backend(Protocol):
    """A solver that holds one problem at a time."""

    arrays: Arrays
    """The problem it holds."""

    def load(self, arrays: Arrays) -> None:
        """Take a whole problem, in place of the one before."""

    def run(self) -> Answer:
        """Solve; the answer tells whether it carries a plan."""
