"""What changed from one plan to the next, in sentences; each of their numbers is a field of what they are about."""

from collections.abc import Iterator
from typing import Final

from engine.explain.best_cost.replanning import EQUALLY_GOOD
from engine.explain.changes.changed_inputs import PlanChange
from engine.explain.changes.earlier_inputs import Input

_MOST: Final = 3
"""Most numbers that are told of one input, those that differ at most moments first."""


def change_sentences(change: PlanChange, currency: str) -> Iterator[str]:
    """Give in words what the inputs of a plan did to its cost, the whole first."""
    if not change.inputs and not change.left_out:
        same = "Nothing that the plan was made from has changed for the time of both plans"
        yield f"{same}; powers that differ cost the same." if change.moves else f"{same}, and neither has the plan."
        return
    more = change.cost - change.cost_before
    difference = f"{abs(more):.4f} {currency} {'more' if more >= 0 else 'less'}"
    yield f"The plan costs {change.cost:.2f} {currency}: {difference} than it would with all inputs as before."
    for part in change.inputs:
        moved = f"; without that, {part.moved:.3g} kWh would be taken or given at other times" if part.moved else ""
        s = "s" if part.input == "state of charge" else ""  # the only input in the singular
        dearer = f"make{s} it {abs(part.cost):.4f} {currency} {'dearer' if part.cost > 0 else 'cheaper'}"
        says = f"leave{s} the cost as it was" if abs(part.cost) < EQUALLY_GOOD else dearer
        yield f"The {part.input} {says}{_numbers(change, part.input, currency)}{moved}."
    for each in change.left_out:
        yield f"With the {each} as before there would be no plan{_numbers(change, each, currency)}."


def _numbers(change: PlanChange, which: Input, currency: str) -> str:
    """Return how the numbers of an input differ, in brackets."""
    own = sorted((each for each in change.differences if each.input == which), key=lambda each: -each.steps)
    texts = []
    for each in own[:_MOST]:
        unit = each.unit.replace("currency", currency)
        mean = f", mean of {each.steps} moments" if each.steps > 1 else ""
        texts.append(f"{each.about} {each.before:.4g} → {each.now:.4g} {unit}{mean}")
    if len(own) > _MOST:
        texts.append(f"{len(own) - _MOST} more")
    return f" ({'; '.join(texts)})" if texts else ""
