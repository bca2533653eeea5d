"""How a solve can end: a closed list."""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """How a solve ended; only the first three carry an optimised plan."""

    OPTIMAL = "optimal"
    WITHIN_GAP = "within the accepted gap"
    BEST_FOUND = "best found in time"
    """The search was ended; the gap tells how far it may lie above the best one."""
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    FALLBACK = "fallback, not optimised"
    """A plain plan of the fallback scheduler."""


PLANS: Final = frozenset({Status.OPTIMAL, Status.WITHIN_GAP, Status.BEST_FOUND})
"""What carries an optimised plan."""
