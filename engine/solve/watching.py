"""What HiGHS calls now and then while it runs: it ends a run for which there is no more time, or that is good enough.

HiGHS says how far a search is in looks, not in work. How long it is from one look to the next was measured for sites of
500 to 4,000 whole numbers: about as long for each coefficient of the problem, less once the search has branched.
"""

from collections.abc import Callable
from itertools import count
from typing import Any, Final, TypeAlias

import numpy as np

from engine.model.arrays import Arrays
from engine.solve.backend import share_above
from engine.solve.budget import Budget

LOOK: Final = 3e-6
BRANCHED_LOOK: Final = 5e-7
"""Time from one look at a search to the next for each coefficient, before and after it branches [s] ..."""
FEWEST: Final = 1000
"""... as if there were so many of them at least."""
SELDOM: Final = 16
"""Pivots of a linear problem between two looks at the time, which take as long as a pivot."""
HOPELESS: Final = 1500
"""With so many columns a plan within the accepted gap will do: no search proves a better one in time."""
HASTE: Final = 1.3
"""A machine may get so many times busier before a search is ended by the clock on the wall."""

Look: TypeAlias = Callable[[int, str, Any, Any, Any], None]
"""Called by HiGHS with a kind, a message, where it is, an answer to be filled in, and something of the caller's."""


def look_at_search(budget: Budget, arrays: Arrays, floor: float) -> Look:
    """Return what ends a search with whole numbers.

    Args:
        budget: For how long it may run, and how near to the best plan it has to come.
        arrays: The problem.
        floor: No plan costs less, as is known from elsewhere [currency].
    """
    size = max(len(arrays.matrix.value), FEWEST)
    work = 0.0 if arrays.width < HOPELESS else np.inf

    def look(_kind: int, _message: str, at: Any, answer: Any, _user: Any) -> None:
        nonlocal work
        work += size * (BRANCHED_LOOK if at.mip_node_count else LOOK)
        gap = share_above(at.mip_primal_bound, max(at.mip_dual_bound, floor))
        if budget.is_over or budget.will_do(gap, work):
            answer.user_interrupt = True

    return look


def look_at_pivots(budget: Budget) -> Look:
    """Return what ends the run of a linear problem."""
    looks = count()

    def look(_kind: int, _message: str, _at: Any, answer: Any, _user: Any) -> None:
        if not next(looks) % SELDOM and budget.is_over:
            answer.user_interrupt = True

    return look
