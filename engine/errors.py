"""Every error raised on purpose, as one tree.

``InputError`` is the caller's to repair; ``SolveError`` says the problem itself has no answer. Both carry the facts as
attributes, so that the API, the pages and the command line need not read them out of the sentence.
"""

import json
import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any


class EngineError(Exception):
    """Anything Flexscope refuses on purpose; its text is fit for a user."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Let errors travel between processes with their facts, whatever their constructors ask for."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: "type[EngineError]", args: tuple[Any, ...], facts: dict[str, Any]) -> "EngineError":
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class InputError(EngineError):
    """What was given cannot be used as it is; the caller can repair it."""


class FieldError(InputError):
    """One named field is wrong.

    Attributes:
        field: The field as the user spells it, with the place inside it, such as ``soc-targets[0].datetime``.
        problem: What is wrong with it and the way out, without the name.
        owner: What the field describes, such as the name of a device; empty where that is clear.

    A field may be given with its owner before it, ``battery: soc-min``; forms and programs find it by its name alone.
    """

    def __init__(self, field: str, problem: str, *, owner: str = "") -> None:
        before, _, self.field = field.rpartition(": ")
        self.problem, self.owner = problem, owner or before
        super().__init__(": ".join(part for part in (self.owner, self.field, problem) if part))

    def owned_by(self, owner: str) -> "FieldError":
        """Return the same error about the field of an owner."""
        return type(self)(self.field, self.problem, owner=owner)

    def inside(self, outer: str) -> "FieldError":
        """Return the same error about a field inside another one, such as ``commitments[0]``."""
        return type(self)(f"{outer}.{self.field}", self.problem, owner=self.owner)


STEP = re.compile(r'\[("(?:[^"\\]|\\.)*")\]|[^.\[\]]+')
"""A key or an index on the way to a field; in brackets and quotes one that is no plain name."""


def keys_of(field: str) -> list[str]:
    """Return the keys and indices that lead to a field.

    >>> keys_of('soc-targets[0].datetime'), keys_of('limits["battery.soc-max"]')
    (['soc-targets', '0', 'datetime'], ['limits', 'battery.soc-max'])
    """
    return [json.loads(step[1]) if step[1] else step[0] for step in STEP.finditer(field)] or [field]


def field_under(*keys: str | int) -> str:
    """Return the name of the field that some keys and indices lead to.

    >>> field_under("prices", 0, "factor"), field_under("limits", "battery.soc-max")
    ('prices[0].factor', 'limits["battery.soc-max"]')
    """
    field = ""
    for key in keys:
        if isinstance(key, int) or key.isdecimal():
            field += f"[{key}]"
        elif key and not set(key) & set(".[]") and ": " not in key:
            field += f".{key}" if field else key
        else:
            field += f"[{json.dumps(key, ensure_ascii=False)}]"
    return field


class UnitError(InputError):
    """A unit is unknown or does not fit the quantity it is used for."""


class QuantityError(FieldError, UnitError):
    """A field holds no quantity, or one that cannot be written in the unit wanted."""


class TimeError(InputError):
    """A moment, duration or zone cannot be read, or does not fit the steps it is used with."""


class MomentError(FieldError, TimeError):
    """A field holds no moment or duration, or one that cannot be counted."""


class UnknownName(InputError):
    """Nothing of a kind has the name asked for; the nearest name or the choices are told.

    Attributes:
        kind: What was looked for, such as ``scheduler`` or ``flex-model field``.
        name: The name that is not known.
        known: The names that are, sorted.
    """

    def __init__(self, kind: str, name: str, known: Collection[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        super().__init__(f"No {kind} is called {name!r}; {nearest(name, self.known)}")


class UnknownField(FieldError, UnknownName):
    """There is no field of this name, or no key of this name inside one."""

    def __init__(self, kind: str, name: str, known: Collection[str], *, field: str = "", owner: str = "") -> None:
        UnknownName.__init__(self, kind, name, known)
        self.field, self.problem, self.owner = field or field_under(name), str(self), owner

    def owned_by(self, owner: str) -> "UnknownField":
        """See FieldError."""
        return UnknownField(f"{self.kind} of {owner}", self.name, self.known, field=self.field, owner=owner)

    def inside(self, outer: str) -> "UnknownField":
        """See FieldError."""
        return UnknownField(self.kind, self.name, self.known, field=f"{outer}.{self.field}", owner=self.owner)


class UnknownPlugin(UnknownField):
    """No plugin of this kind has the name that a field holds."""


class SolveError(EngineError):
    """The problem as stated has no answer that could be given."""


class Infeasible(SolveError):
    """No plan meets every hard constraint.

    Attributes:
        clashing: Names of the constraints that cannot hold together.
    """

    def __init__(self, message: str, clashing: Collection[str] = ()) -> None:
        self.clashing = list(clashing)
        super().__init__(message)


class TimedOut(SolveError):
    """The time limit passed before an optimal plan was found."""


def nearest(name: str, known: Collection[str]) -> str:
    """Return the way out of a wrong name: the closest known one, or all of them."""
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"choose one of {', '.join(known)}." if known else "there is none yet."
