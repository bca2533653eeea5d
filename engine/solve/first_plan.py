"""A plan for a search that was ended before it found one: keeps every limit, though it may be far from the best."""

from dataclasses import replace

import numpy as np

from engine.model.arrays import Arrays, settled
from engine.solve.backend import Answer, Status, share_above, timed_out
from engine.solve.complementarity import Cells, flow, with_choices
from engine.solve.highs import Model

FINISHING = 0.5
"""What a plan that is found may take beyond the budget to be brought to its end [s]."""


LARGE = 10_000
"""From so many columns on a plan is looked for before a search: HiGHS looks at no clock while it prepares one ..."""
PREPARING = 4e-5
"""... which takes about so long for each column [s]; measured."""


def no_time_for(model: Model, arrays: Arrays) -> bool:
    """Return whether preparing a search with whole numbers would take more than what is left."""
    return arrays.width > LARGE and model.budget.is_limited and PREPARING * arrays.width > model.budget.left


def first_plan(
    model: Model, plain: Arrays, cells: Cells, whole: Arrays, known: Answer | None
) -> tuple[Answer | None, bool]:
    """Return a plan to begin a search with, if one is at hand, and whether it is all that there is time for.

    Args:
        model: Gets other problems, if the problem is large.
        plain: The problem without choices between the flows of a pair.
        cells: What must not run together.
        whole: The problem with these choices, to be searched.
        known: A plan found before, if there is one.
    """
    if known is not None or plain.integers.any() or plain.width <= LARGE or not model.budget.is_limited:
        if not no_time_for(model, whole):
            return known, False
        return any_plan(model, plain, cells, timed_out(), known), True
    model.load(replace(whole, integers=np.zeros_like(whole.integers)))
    relaxed = model.run()
    if not relaxed.has_plan:
        return relaxed, True
    plan = one_way(model, plain, cells, relaxed, relaxed.objective)
    return plan, not plan.has_plan or no_time_for(model, whole)


def any_plan(model: Model, plain: Arrays, cells: Cells, ended: Answer, known: Answer | None) -> Answer:
    """Return a plan after a search without one, or its answer if none is found in time.

    Args:
        model: Holds the problem with whole numbers that was searched.
        plain: The problem without choices between the flows of a pair.
        cells: What must not run together.
        ended: What the search has proven.
        known: A plan found before, if there is one.
    """
    if known is not None:
        again = one_way(model, plain, cells, known, ended.bound)
        return again if again.has_plan else marked_as_best(without_duals(known), ended.bound)
    at = np.flatnonzero(cells.paying(plain.cost))
    whole = with_choices(plain, cells, at)
    model.budget = model.budget.at_least(FINISHING)
    if plain.integers.any() and no_time_for(model, plain):
        return replace(without_duals(ended), status=Status.TIMED_OUT, x=ended.x[:0])
    if plain.integers.any():  # any plan at all, then the cheapest with its whole numbers
        model.load(replace(whole, cost=np.zeros(whole.width), offset=0.0))
    else:  # the flow that is larger without whole numbers
        model.load(replace(whole, integers=np.zeros_like(whole.integers)))
    some = model.run()
    if not some.has_plan:
        return replace(without_duals(ended), status=Status.TIMED_OUT, x=ended.x[:0])
    return one_way(model, plain, cells, some, ended.bound)


def one_way(model: Model, plain: Arrays, cells: Cells, found: Answer, bound: float) -> Answer:
    """Return the cheapest plan in which the larger flow of each pair, and the whole numbers, are those of another one.

    Args:
        model: Gets the problem with them held.
        plain: The problem without choices between the flows of a pair.
        cells: What must not run together.
        found: The other plan; flows may run together in it.
        bound: Cost below which no plan lies.
    """
    first_off = flow(cells.first, found.x) <= flow(cells.second, found.x)
    decided = cells.paying(plain.cost) | (cells.overlap(found.x) > 0)
    model.budget = model.budget.at_least(FINISHING)
    for held in (decided, decided | ~cells.lossless):
        upper = plain.upper.copy()
        for side, off in ((cells.first, held & first_off), (cells.second, held & ~first_off)):
            cols = side[:, off]
            upper[cols[cols >= 0]] = 0.0
        model.load(settled(replace(plain, upper=np.maximum(upper, np.minimum(plain.lower, plain.upper))), found.x))
        answer = model.run()
        if not answer.has_plan or not cells.overlap(answer.x).any():
            break
    return marked_as_best(answer, bound)


def marked_as_best(answer: Answer, bound: float) -> Answer:
    """Return a plan as the best found in time, or that none was."""
    if not answer.has_plan:
        return replace(answer, status=Status.TIMED_OUT, bound=bound)
    return replace(answer, status=Status.BEST_IN_TIME, bound=bound, gap=share_above(answer.objective, bound))


def without_duals(answer: Answer) -> Answer:
    """Return an answer without marginal values, for a solver that has gone on to something else since."""
    return replace(answer, row_dual=answer.row_dual[:0], col_dual=answer.col_dual[:0])
