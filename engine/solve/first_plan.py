"""A plan before a search, from advice on what to decide, or after one that was ended before it found any."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, TypeAlias

import numpy as np

from engine.model.arrays import Arrays, settled
from engine.model.linear import Floats
from engine.site import Status
from engine.solve.backend import PROVEN, Answer, share_above, timed_out
from engine.solve.complementarity import TOLERANCE, Cells, flow, relaxed_choices, with_choices
from engine.solve.highs import Model
from engine.solve.watching import HOPELESS

FINISHING = 0.5
"""What a plan that is found may take beyond the budget to be brought to its end [s]."""
OPEN_SHARE: Final = 0.15
"""Share of the time left that a search for what a guess leaves open may take ..."""
OPEN: Final = 1.0
"""... and at most so long [s]."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a plan decides; the rest of it is a linear problem."""

    flows: Mapping[str, Floats] = field(default_factory=dict)
    """Difference of the two flows of a pair that must not run together, by its name: the sign tells which may run."""
    whole: Mapping[int, Floats] = field(default_factory=dict)
    """Values of whole numbers, by the first of their columns; NaN for those that are left open."""
    bound: float = -np.inf
    """No plan costs less, as far as is known [currency]."""
    is_searched: bool = False
    """Whether it comes of a search which no other one outdoes: within the accepted gap it is the plan."""


Guesses: TypeAlias = Generator[Guess, Answer, None]
"""Guesses, each better than those before it; it is sent what comes of each."""


class Adviser(Protocol):
    """Knows the site behind a problem, and so what a good plan of it may look like."""

    def guesses(self, relaxed: Callable[[], Answer]) -> Guesses:
        """Return guesses.

        Args:
            relaxed: Gives the answer without whole numbers, in which flows may run together.
        """


def advised(model: Model, plain: Arrays, cells: Cells, adviser: Adviser | None) -> Answer | None:
    """Return the best plan that follows from advice, with the bound that is known; None if there is none.

    Args:
        model: Gets the problems; the last one run is that of the plan.
        plain: The problem without choices between the flows of a pair.
        cells: What must not run together.
        adviser: Gives the advice; None has none.
    """
    if adviser is None or model.budget.is_over:
        return None
    best: Answer | None = None
    held, bound = plain, -np.inf

    def relaxed() -> Answer:
        nonlocal bound
        model.load(relaxed_choices(plain, cells))
        answer = model.run()
        bound = max(bound, answer.bound)
        return answer

    guesses = adviser.guesses(relaxed)
    guess = next(guesses, None)
    while guess is not None:
        bound = max(bound, guess.bound)
        if best is None:  # what took so long to find is brought to its end
            model.budget = model.budget.at_least(FINISHING)
        answer, tried = _follow(model, plain, cells, guess, bound)
        valid = answer.has_plan and not _runs_together(cells, plain, answer.x)
        if valid and (best is None or answer.objective < best.objective):
            best, held = answer, tried
        if model.budget.is_over or (best is not None and share_above(best.objective, bound) <= PROVEN):
            break
        try:
            guess = guesses.send(answer)
        except StopIteration:
            break
    if best is None:
        return None
    # The duals told must be those of the best plan, not of the last one tried.
    if model.arrays is not held:
        model.budget = model.budget.at_least(FINISHING)
        model.load(held)
        again = model.run()
        best = again if again.has_plan else without_duals(best)
    best = marked_as_best(best, bound)
    accepted = guess is not None and guess.is_searched and best.gap <= model.budget.gap
    return replace(best, status=Status.WITHIN_GAP) if accepted and best.status is Status.BEST_IN_TIME else best


def _follow(model: Model, plain: Arrays, cells: Cells, guess: Guess, bound: float) -> tuple[Answer, Arrays]:
    """Return the best plan that follows a guess, and the problem that it is the plan of."""
    held = holding(plain, cells, guess)
    model.load(held)
    answer = _searched_briefly(model) if held.integers.any() else model.run()
    if answer.has_plan and held.integers.any():  # exact, and with duals
        held = settled(held, answer.x)
        model.load(held)
        answer = model.run()
    if not answer.has_plan or not _runs_together(cells, plain, answer.x):
        return answer, held
    return one_way(model, held, cells, answer, bound), model.arrays


def _searched_briefly(model: Model) -> Answer:
    """Return what a search for what a guess leaves open ends with; most of the time is left for a search for all."""
    budget = model.budget
    model.budget = budget.part(min(OPEN_SHARE * budget.left, OPEN))
    answer = model.run()
    model.budget = budget
    return answer


def _runs_together(cells: Cells, plain: Arrays, x: Floats) -> bool:
    """Return whether flows run together that must not, lossless ones included where that would earn money."""
    common = np.minimum(flow(cells.first, x), flow(cells.second, x))
    return bool(cells.overlap(x).any() or (common[cells.paying(plain.cost)] > TOLERANCE).any())


def holding(plain: Arrays, cells: Cells, guess: Guess) -> Arrays:
    """Return the problem in which what a guess decides is held; whole numbers that it leaves open stay whole."""
    lower, upper, integers = plain.lower.copy(), plain.upper.copy(), plain.integers.copy()
    at = 0
    for pair in cells.pairs:
        here, at = slice(at, at + pair.first.size), at + pair.first.size
        if pair.name in guess.flows:
            first_off = guess.flows[pair.name] <= 0.0
            for side, off in ((cells.first[:, here], first_off), (cells.second[:, here], ~first_off)):
                cols = side[:, off]
                upper[cols[cols >= 0]] = 0.0
    upper = np.maximum(upper, np.minimum(plain.lower, plain.upper))
    for first, values in guess.whole.items():
        known = np.flatnonzero(~np.isnan(values))
        decided = first + known
        lower[decided] = upper[decided] = np.clip(values[known], plain.lower[decided], plain.upper[decided])
        integers[decided] = 0
    return replace(plain, lower=lower, upper=upper, integers=integers)


def is_good_enough(model: Model, plan: Answer) -> bool:
    """Return whether a plan is the best one, or near enough to it that no better one is searched for."""
    if plan.status is Status.WITHIN_GAP or plan.gap <= PROVEN or model.budget.is_over:
        return True
    return plan.x.size >= HOPELESS and plan.gap <= model.budget.gap


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
    # What must be decided first: the less is held, the cheaper the plan; all lossy pairs if others then run together.
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
    gap = share_above(answer.objective, bound)
    if gap <= PROVEN:
        return replace(answer, status=Status.OPTIMAL, bound=bound, gap=0.0)
    return replace(answer, status=Status.BEST_IN_TIME, bound=bound, gap=gap)


def without_duals(answer: Answer) -> Answer:
    """Return an answer without marginal values, for a solver that has gone on to something else since."""
    return replace(answer, row_dual=answer.row_dual[:0], col_dual=answer.col_dual[:0])
