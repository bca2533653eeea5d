"""What one number would have to be, in sentences; each of their numbers is a field of the answer."""

from collections.abc import Iterator

from engine.explain.best_cost.replanning import EQUALLY_GOOD
from engine.explain.goals.parameter_needed import NeededChange, ParameterNeeded


def needed_sentences(needed: ParameterNeeded, label: str, wish: str, currency: str) -> Iterator[str]:
    """Give an answer in words.

    Args:
        needed: The answer.
        label: What people call the number.
        wish: What is wished, fit to follow "the plan would", such as ``cost at most 3 EUR``.
        currency: What costs are counted in.
    """
    unit = needed.unit.replace("currency", currency)
    low, high = needed.values
    now = f"{low:.4g}" if high - low < 1e-9 else f"{low:.4g} to {high:.4g}"
    yield f"{label} is {now} {unit} now."
    if needed.short < EQUALLY_GOOD:
        yield f"With that the plan can {wish} already: it costs no more (within {EQUALLY_GOOD:g} {currency})."
        return
    sides = [side for side in (needed.lower, needed.higher) if side is not None]
    if not sides:
        tried = f"{needed.reach[0]:.4g} {unit} lower or {needed.reach[1]:.4g} {unit} higher"
        yield f"Nothing up to {tried} makes the plan {wish}; try another number."
    elif len(sides) == 2:
        yield f"The plan would {wish} with {_side(sides[0], needed, unit)}, or {_side(sides[1], needed, unit)}."
    else:
        yield f"The plan would {wish} with {_side(sides[0], needed, unit)}; the other way nothing in reach is enough."
    for side in sides:
        proven = "" if side.exact else "; less may be enough, as whole numbers are decided"
        yield f"With {side.change:+.4g} {unit} it would cost {side.cost:.4f} {currency}{proven}."
    if needed.short != float("inf"):
        yield f"Without any change it lacks {needed.short:.4f} {currency}."


def _side(side: NeededChange, needed: ParameterNeeded, unit: str) -> str:
    low, high = needed.values
    word = "less" if side.change < 0 else "more"
    whole = f", {low + side.change:.4g} {unit}" if high - low < 1e-9 else ""
    return f"{abs(side.change):.4g} {unit} {word}{whole}"
