"""Kinds of arguments that the steps of a report take; each reads what JSON holds, and refuses all else."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Kind: TypeAlias = Callable[[object], Any]
"""Returns the argument, or raises ValueError with what is wanted instead, such as "a number"."""

MOST_STEPS = 1_000_000
"""Furthest that a step shifts or looks back or ahead [values]."""
LONGEST_NAME = 100
"""Longest name of a series [characters]."""


@dataclass(frozen=True)
class ReportReference:
    """A stored series or number, written ``@name``."""

    name: str


def number(raw: object) -> float:
    """Return a finite number."""
    # Not written as > 1e15: that would let NaN pass, which is neither more nor less than anything.
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= 1e15:
        raise ValueError("a number of at most 1e15")
    return raw


def share(raw: object) -> float:
    """Return a number from 0 to 1."""
    if not 0 <= (found := number(raw)) <= 1:
        raise ValueError("a number from 0 to 1")
    return found


def whole(raw: object) -> int:
    """Return a whole number, also if it is below 0."""
    if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > MOST_STEPS:
        raise ValueError(f"a whole number of at most {MOST_STEPS}")
    return raw


def count(raw: object) -> int:
    """Return a whole number of 0 or more."""
    if (found := whole(raw)) < 0:
        raise ValueError(f"a whole number from 0 to {MOST_STEPS}")
    return found


def yes_or_no(raw: object) -> bool:
    """Return true or false."""
    if not isinstance(raw, bool):
        raise ValueError("true or false")
    return raw


def name(raw: object) -> str:
    """Return the name of a series."""
    if not isinstance(raw, str) or not raw or len(raw) > LONGEST_NAME:
        raise ValueError(f"a name of at most {LONGEST_NAME} characters")
    return raw


def reference(raw: object) -> ReportReference:
    """Return which stored series is meant by ``@name``."""
    if not isinstance(raw, str) or not raw.startswith("@") or not 1 < len(raw) <= LONGEST_NAME + 1:
        raise ValueError("a stored series, such as '@production'")
    return ReportReference(raw[1:])


def operand(raw: object) -> float | ReportReference:
    """Return a number or a stored series."""
    if isinstance(raw, str):
        return reference(raw)
    try:
        return number(raw)
    except ValueError:
        raise ValueError("a number or a stored series, such as 0.5 or '@production'") from None


def numbers(raw: object) -> list[float]:
    """Return a number, or a list of them, as a list."""
    listed = raw if isinstance(raw, list) else [raw]
    if len(listed) > LONGEST_NAME:
        raise ValueError(f"at most {LONGEST_NAME} numbers")
    return [number(each) for each in listed]


def word(*known: object) -> Kind:
    """Return the kind that is one of a few words."""

    def read(raw: object) -> Any:
        # True equals 1, and would pass for it.
        if isinstance(raw, bool) or not isinstance(raw, str | int) or raw not in known:
            raise ValueError(f"one of {', '.join(map(str, known))}")
        return raw

    return read


def optional(kind: Kind) -> Kind:
    """Return the kind that may also be null."""
    return lambda raw: None if raw is None else kind(raw)


def either(first: Kind, second: Kind) -> Kind:
    """Return the kind that is one for texts, and another for all else."""
    return lambda raw: second(raw) if isinstance(raw, str) else first(raw)


FIXED = {"s": "s", "S": "s", "min": "min", "T": "min", "h": "h", "H": "h", "D": "D", "d": "D"}
CALENDAR = {"W": "W", "M": "ME", "ME": "ME", "MS": "MS", "Q": "QE", "QE": "QE", "QS": "QS"}
CALENDAR |= {"Y": "YE", "YE": "YE", "A": "YE", "YS": "YS", "AS": "YS"}
CALENDAR |= {f"W-{day}": f"W-{day}" for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")}
PARTS = re.compile(r"(\d{0,5})(min|[sSThHDd])")
WHOLE = re.compile(r"(\d{0,3})([A-Z]{1,2}(?:-[A-Z]{3})?)")


def fixed(raw: object) -> str:
    """Return a length of time such as ``15min`` or ``1h30min``, as pandas spells it today."""
    if isinstance(raw, str) and len(raw) <= 20:
        parts = PARTS.findall(raw)
        text = "".join(f"{int(times or 1)}{FIXED[unit]}" for times, unit in parts if int(times or 1))
        # findall passes over what it does not know, so what it has found must be the whole text.
        if text and "".join(times + unit for times, unit in parts) == raw:
            return text
    raise ValueError("a length of time such as '15min', '1h' or '7D'")


def offset(raw: object) -> str:
    """Return a length of time, or a piece of the calendar such as ``MS`` (months by their start)."""
    found = WHOLE.fullmatch(raw) if isinstance(raw, str) and len(raw) <= 20 else None
    if found and found[2] in CALENDAR and int(found[1] or 1):
        return f"{int(found[1] or 1)}{CALENDAR[found[2]]}"
    try:
        return fixed(raw)
    except ValueError:
        raise ValueError("a length of time such as '15min', '1D', 'W' or 'MS'") from None
