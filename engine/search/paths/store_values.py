"""The value of stored energy as a list of segments: what breaches add to it, and how it is kept short."""

from typing import Final, NamedTuple, TypeAlias

import numpy as np

from engine.model.linear import Floats

TOUCH: Final = 1e-11
"""Energies so near to each other are the same, as share of the largest range."""
EQUAL: Final = 1e-12
"""Costs so near to each other are the same, as share of the dearest range."""
MANY: Final = 150
"""More segments than this are made fewer ..."""
_THIN: Final = 1e-9
"""... by cost that differs by so much in a step, as share of the dearest range, or ..."""
_THICK: Final = 3e-6
"""... if that is not enough, by more, but no more than this."""
Points: TypeAlias = tuple[Floats, Floats]


class SoftTicks(NamedTuple):
    """Bounds of the energy that may be broken at a price."""

    at: Floats
    """The bound at the end of each step [kWh], NaN where there is none, shape (n,)."""
    price: Floats
    """Price of the breach [currency/kWh], shape (n,)."""
    sign: float
    """1 for a lower bound, -1 for an upper one."""


class Value(NamedTuple):
    """The value of stored energy as segments in order: their ends [kWh] and what they are worth there [currency]."""

    left: Floats
    right: Floats
    at_left: Floats
    at_right: Floats

    @property
    def slope(self) -> Floats:
        """Slope of each segment; 0 for a single point."""
        width = self.right - self.left
        return np.divide(self.at_right - self.at_left, width, out=np.zeros_like(width), where=width > 0)

    @property
    def knots(self) -> Points:
        """All ends of segments and what they are worth."""
        return np.column_stack([self.left, self.right]).ravel(), np.column_stack([self.at_left, self.at_right]).ravel()


def with_breaches(value: Value, soft: tuple[SoftTicks, ...], tick: int) -> Value:
    """Return a value with what breaching the soft bounds at the end of a step costs."""
    for at, prices, sign in soft:
        bound, price = float(at[tick]), float(prices[tick])
        if np.isnan(bound) or not price:
            continue
        inside = (value.left < bound) & (bound < value.right)
        middle = (value.at_left + value.slope * (bound - value.left))[inside]
        left = np.concatenate([value.left, np.full(len(middle), bound)])
        right = np.concatenate([np.where(inside, bound, value.right), value.right[inside]])
        at_left = np.concatenate([value.at_left, middle])
        at_right = np.concatenate([value.at_right, value.at_right[inside]])
        at_right[: len(inside)][inside] = middle
        order = np.argsort(left, kind="stable")
        left, right, at_left, at_right = (each[order] for each in (left, right, at_left, at_right))
        breach_left, breach_right = (price * np.maximum(sign * (bound - end), 0.0) for end in (left, right))
        value = Value(left, right, at_left + breach_left, at_right + breach_right)
    return value


def merged(value: Value) -> Value:
    """Return segments in order, those joined that lie on one line."""
    order = np.argsort(value.left, kind="stable")
    value = Value(*(part[order] for part in value))
    left, right, at_left, at_right = value
    apart = (np.abs(left[1:] - right[:-1]) > 10 * TOUCH) | (np.abs(at_left[1:] - at_right[:-1]) > 10 * EQUAL)
    slope, width = value.slope, right - left
    bend = np.abs(slope[1:] - slope[:-1]) * np.minimum(width[1:], width[:-1])
    new = np.concatenate([[True], apart | (bend > 10 * EQUAL)])
    first, group = np.flatnonzero(new), np.cumsum(new) - 1
    last = np.concatenate([first[1:] - 1, [len(left) - 1]])
    joined = Value(left[first], right[last], at_left[first], at_right[last])
    # Short segments bend little, but a row of them may turn: such a row stays as it is.
    off = np.abs(at_left - joined.at_left[group] - joined.slope[group] * (left - joined.left[group])) > 10 * EQUAL
    if not off.any():
        return joined
    turning = np.bincount(group, off, len(first)) > 0
    kept = turning[group]
    parts = zip(value, joined, strict=True)
    merged = Value(*(np.concatenate([each[kept], all_of_it[~turning]]) for each, all_of_it in parts))
    order = np.argsort(merged.left, kind="stable")
    return Value(*(part[order] for part in merged))


def thinned(value: Value) -> Value:
    """Return a value of fewer segments that lies nowhere above the one given, and hardly below it.

    Where limits look at the energy stored, segments would else become many times more with each step.
    """
    error, tolerance = 0.0, _THIN
    while len(value.left) > MANY and tolerance <= _THICK:
        before = len(value.left)
        # Neighbours in pairs, so that no segment is joined twice in one pass.
        for odd in (0, 1):
            left, right, at_left, at_right = value
            first = np.arange(odd, len(left) - 1, 2)
            second = first + 1
            share = (right[first] - left[first]) / (right[second] - left[first])
            middle = at_left[first] + share * (at_right[second] - at_left[first])
            off = np.maximum(np.abs(middle - at_right[first]), np.abs(middle - at_left[second]))
            joined = (left[second] - right[first] <= 10 * TOUCH) & (off <= tolerance)
            kept = np.ones(len(left), dtype=bool)
            kept[second[joined]] = False
            right, at_right = right.copy(), at_right.copy()
            right[first[joined]], at_right[first[joined]] = value.right[second[joined]], value.at_right[second[joined]]
            value = Value(left[kept], right[kept], at_left[kept], at_right[kept])
            error += float(off[joined].max(initial=0.0))
        # Where hardly any could be joined, only a wider tolerance helps.
        if len(value.left) > 0.9 * before:
            tolerance *= 4.0
    # Lower by all that joining has added: the value has to stay a bound from below.
    return value._replace(at_left=value.at_left - error, at_right=value.at_right - error)
