"""How a solve can end: a closed list."""

from enum import StrEnum


class Status(StrEnum):
    """How a solve ended; only the first two carry an optimised plan."""

    OPTIMAL = "optimal"
    WITHIN_GAP = "within the accepted gap"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    FALLBACK = "fallback, not optimised"
    """A plain plan of the fallback scheduler."""
