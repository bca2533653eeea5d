"""A formula over series, such as ``value > 1 & value < 4`` or ``max(@production - @consumption, 0)``.

It is read into a tree of five kinds of nodes, which is evaluated here: no text of a user becomes code. ``value`` (also
``event_value``) is the series a step reads, ``@name`` a stored series or number, ``@`name with blanks` `` likewise.
From the loosest to the tightest: ``or |``, ``and &``, ``not ~``, comparisons, ``+ -``, ``* / // %``, sign, ``**``.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

LONGEST = 500
"""Longest formula [characters]."""
DEEPEST = 30
"""Most parentheses, signs and powers inside each other."""
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|@(?P<series>[A-Za-z_][A-Za-z_0-9]*)|@`(?P<quoted>[^`]{1,100})`"
    r"|(?P<sign>\*\*|//|<=|>=|==|!=|[-+*/%<>&|~(),]))"
)


@dataclass(frozen=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True)
class Name:
    """A stored series or number; without a name, the series that the step reads."""

    name: str | None


@dataclass(frozen=True)
class Signed:
    """``-``, ``+`` or ``not`` before something."""

    sign: str
    of: "Node"


@dataclass(frozen=True)
class BinaryOperation:
    """Two things with a sign between them, such as ``a + b``, ``a < b`` or ``a and b``."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True)
class FunctionCall:
    """A function of numbers, such as ``max(value, 0)``."""

    function: str
    of: tuple["Node", ...]


Node: TypeAlias = Number | Name | Signed | BinaryOperation | FunctionCall


def _truth(value: Any) -> Any:
    return (value != 0) & (value == value)  # a gap is not true


SIGNED: Mapping[str, Callable[[Any], Any]] = {
    # By subtraction, as numpy refuses to negate what is true or false.
    "-": lambda value: 0.0 - value,
    "+": lambda value: 0.0 + value,
    "not": lambda value: _truth(value) == 0,
}
PAIRS: Mapping[str, Callable[[Any, Any], Any]] = {
    "or": lambda left, right: _truth(left) | _truth(right),
    "and": lambda left, right: _truth(left) & _truth(right),
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow,
}  # fmt: skip
SPELLINGS = {"|": "or", "&": "and", "~": "not"}
COMPARING = ("<", "<=", ">", ">=", "==", "!=")
LEVELS = (("or",), ("and",), (), COMPARING, ("+", "-"), ("*", "/", "//", "%"))
"""Signs between two things, from the loosest to the tightest; ``not`` stands where there is none."""
FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {  # with how many arguments each takes
    "abs": (1, np.abs), "sqrt": (1, np.sqrt), "exp": (1, np.exp), "log": (1, np.log), "floor": (1, np.floor),
    "ceil": (1, np.ceil), "round": (1, np.round), "min": (2, np.minimum), "max": (2, np.maximum),
}  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """A formula, read."""

    root: Node

    @classmethod
    def read(cls, raw: object) -> "Formula":
        """Return the formula in a text.

        Raises:
            ValueError: It is none; the message says what is wanted.
        """
        if not isinstance(raw, str) or not raw.strip() or len(raw) > LONGEST:
            raise ValueError(f"a formula of at most {LONGEST} characters, such as 'value > 1 & value < 4'")
        reader = _FormulaReader(raw)
        root = reader.level(0)
        if reader.token:
            raise reader.wrong(f"before {reader.token[1]!r}")
        return cls(root)

    def evaluate(self, value: Any, stored: Callable[[str], Any]) -> Any:
        """Return the result of the formula: a series like those in it, or a number.

        Args:
            value: The series that the step reads.
            stored: Returns what is stored under a name.
        """
        with np.errstate(all="ignore"):  # what is not defined, such as 1/0, ends as a gap
            return _evaluated(self.root, lambda name: value if name is None else stored(name))


def _evaluated(node: Node, find: Callable[[str | None], Any]) -> Any:
    match node:
        case Number(value):
            return np.float64(value)  # divides by 0 and overflows as a series does, without an exception
        case Name(name):
            return find(name)
        case Signed(sign, of):
            return SIGNED[sign](_evaluated(of, find))
        case BinaryOperation(sign, left, right):
            return PAIRS[sign](_evaluated(left, find), _evaluated(right, find))
        case FunctionCall(function, of):
            return FUNCTIONS[function][1](*(_evaluated(each, find) for each in of))


class _FormulaReader:
    """Reads a formula from left to right, one token ahead."""

    def __init__(self, text: str) -> None:
        self.text, self.depth = text, 0
        self.tokens = self._tokens()
        self.token = next(self.tokens, None)

    def _tokens(self) -> Iterator[tuple[str, str]]:
        """Give kind and text of each token."""
        at, end = 0, len(self.text.rstrip())
        while at < end:
            if (found := TOKEN.match(self.text, at)) is None:
                raise self.wrong(f"at {self.text[at : at + 10].strip()!r}")
            at, kind = found.end(), str(found.lastgroup)
            text = found[kind]
            word = SPELLINGS.get(text, text)
            yield ("sign", word) if word in ("and", "or", "not") else (kind, word)

    def wrong(self, where: str) -> ValueError:
        """Return the error that the formula makes no sense at a place."""
        return ValueError(f"a formula such as 'value > 1 & value < 4' (this one goes wrong {where})")

    def taken(self, *signs: str) -> str | None:
        """Return the next token and go on, if it is one of some signs."""
        if self.token is None or self.token[0] != "sign" or self.token[1] not in signs:
            return None
        sign, self.token = self.token[1], next(self.tokens, None)
        return sign

    def level(self, number: int) -> Node:
        """Return what is held together by the signs of one level and of those that bind tighter."""
        if number == len(LEVELS):
            return self.signed()
        if not LEVELS[number]:
            return Signed(sign, self.deeper(number)) if (sign := self.taken("not")) else self.level(number + 1)
        node = last = self.level(number + 1)
        while sign := self.taken(*LEVELS[number]):
            right = self.level(number + 1)
            if sign in COMPARING and node is not last:  # 1 < value < 4
                node = BinaryOperation("and", node, BinaryOperation(sign, last, right))
            else:
                node = BinaryOperation(sign, node, right)
            last = right if sign in COMPARING else node
        return node

    def signed(self) -> Node:
        """Return something with its sign before it and its power after it."""
        if sign := self.taken("-", "+"):
            return Signed(sign, self.deeper(len(LEVELS)))
        node = self.atom()
        return BinaryOperation("**", node, self.deeper(len(LEVELS))) if self.taken("**") else node

    def atom(self) -> Node:
        """Return a number, a name, a function, or what is in parentheses."""
        kind, text = self.token or ("end", "")
        if self.taken("("):
            return self.closed(self.deeper(0))
        if kind not in ("number", "name", "series", "quoted"):
            raise self.wrong(f"before {text!r}" if text else "at its end")
        self.token = next(self.tokens, None)
        if kind == "number":
            return Number(float(text))
        if kind in ("series", "quoted") or text in ("value", "event_value"):
            return Name(None if kind == "name" else text)
        if text in FUNCTIONS and self.taken("("):
            return self.call(text)
        raise ValueError(f"value, a stored series such as @production, or {', '.join(FUNCTIONS)} instead of {text!r}")

    def call(self, function: str) -> Node:
        """Return a function with what is in its parentheses."""
        of = [self.deeper(0)]
        while self.taken(","):
            of.append(self.deeper(0))
        if len(of) != FUNCTIONS[function][0]:
            raise ValueError(f"{function} with {FUNCTIONS[function][0]} argument(s)")
        return self.closed(FunctionCall(function, tuple(of)))

    def closed(self, node: Node) -> Node:
        """Return a node whose parenthesis closes."""
        if not self.taken(")"):
            raise ValueError("a formula whose parentheses close")
        return node

    def deeper(self, number: int) -> Node:
        """Return what is inside something else, if not too deep."""
        if self.depth == DEEPEST:
            raise ValueError(f"a formula that is nested at most {DEEPEST} deep")
        self.depth += 1
        node = self.level(number)
        self.depth -= 1
        return node
