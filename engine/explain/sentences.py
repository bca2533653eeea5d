"""A choice in sentences; each of their numbers is a field of what they are about."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from engine.explain.best_cost.replanning import EQUALLY_GOOD, RUNNING
from engine.explain.choices import ExplainedChoice, OtherChoice
from engine.explain.reasons import Reason
from engine.series.window import Window

_DOES: Final = {"charging": "runs at {} kW", "idle": "rests", "discharging": "gives {} kW"}
_OTHERWISE: Final = {"idle": "resting", "most": "running at {} kW", "least": "giving {} kW", "asked": "{} kW"}


def choice_sentences(choice: ExplainedChoice, window: Window, place: tzinfo, currency: str) -> Iterator[str]:
    """Give a choice in words, the answer first.

    Args:
        choice: What is told.
        window: That of its plan.
        place: Where people read times on the clock.
        currency: What costs are counted in.
    """
    at = _clock(window.moment(choice.step), place)
    does = _DOES[choice.manner].format(_number(abs(choice.power)))
    yield f"At {at} {choice.name} {does} in the cheapest plan, which costs {choice.cost:.2f} {currency} in all."
    for other in choice.others[1:]:
        yield _otherwise(other, currency)
    low, high = choice.curve.as_good
    if high - low > RUNNING:
        yield f"Any power from {_number(low)} to {_number(high)} kW here is equally good."
    if choice.taken_over is not None and choice.taken_over < EQUALLY_GOOD and choice.manner != "idle":
        yield "Another store would do the same for as little."
    for reason in choice.reasons:
        yield _reason(reason, choice, window, place, currency)
    yield from _prices(choice, currency)
    if choice.agreeing is not None:
        yield f"The same is done in {choice.agreeing[0]} of {choice.agreeing[1]} stored quantiles of the forecasts."
    yield from choice.remarks


def _otherwise(other: OtherChoice, currency: str) -> str:
    """What another choice would cost."""
    power = abs(other.power) if other.power >= 0 or other.name == "least" else other.power
    name = "least" if other.power < 0 else "most"
    name = other.name if other.name in ("idle", "asked") else name
    words = _OTHERWISE[name].format(_number(power))
    what = words[0].upper() + words[1:]
    if other.is_as_good:
        return f"{what} would be equally good (within {EQUALLY_GOOD:g} {currency})."
    most = "at most " if other.is_bound else ""
    parts = [f"{name} {change:+.4f}" for name, change in list(other.costs.items())[:2]]
    return f"{what} would cost {most}{other.extra_cost:.4f} {currency} more: {', '.join(parts)} {currency}."


def _reason(reason: Reason, choice: ExplainedChoice, window: Window, place: tzinfo, currency: str) -> str:
    """What decides."""
    if reason.kind == "limit":
        at = _clock(window.moment(reason.at), place)
        kept = "" if reason.confirmed else ", with whole numbers kept"
        saved = f"giving way, it would save {reason.saving:.4f} {currency} per {reason.unit}{kept}"
        return f"{reason.about} holds it at {at}; {saved}."
    if reason.kind == "price":
        return f"Energy costs {reason.price:.4f} {currency}/kWh then."
    worth = f"A kWh in {reason.about} is worth {reason.worth:.4f} {currency} after this step"
    wear = f" and {reason.wear:.4f} {currency} of wear" if reason.wear else ""
    manner = "drawn leaves" if choice.manner == "discharging" else "taken stores"
    manner = "taken removes" if reason.efficiency < 0 else manner
    share = f", and each {manner} {100 * abs(reason.efficiency):.3g} %" if reason.efficiency != 1.0 else ""
    return f"{worth}; a kWh at the site costs {reason.price:.4f} {currency}{wear} now{share}."


def _prices(choice: ExplainedChoice, currency: str) -> Iterator[str]:
    """Until which prices it holds."""
    if choice.prices is None:
        return
    unit, own = f"{currency}/kWh", choice.prices
    if own.below is None and own.above is None:
        yield f"No price then up to {own.reach:.4f} {unit} lower or higher changes that."
        return
    for side, word in ((own.below, "Down"), (own.above, "Up")):
        if side is None:
            price = "A lower price" if word == "Down" else "A higher price"
            yield f"{price} does not change that (tried: {own.reach:.4f} {unit})."
        else:
            acts = f"{'runs at' if side.power > 0 else 'gives'} {_number(abs(side.power))} kW"
            then = acts if abs(side.power) >= RUNNING else "rests"
            yield f"{word} to {side.price:.4f} {unit} it stays so (now {own.price:.4f}); beyond, it {then}."


def _number(value: float) -> str:
    # Adding 0.0 turns a minus nothing into nothing.
    return f"{value + 0.0:.4g}"


def _clock(moment: datetime, place: tzinfo) -> str:
    return f"{moment.astimezone(place):%a %H:%M}"
