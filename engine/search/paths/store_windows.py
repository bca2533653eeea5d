"""How far the energy in a store may move in a step: windows that slide with it, narrower where limits look at it.

A way to run adds an energy e between two numbers. Where the power may be no more than a curve of the energy stored, at
the beginning s and at the end u of the step, also

    lowest(s) ≤ e ≤ highest(s) and lowest(u) ≤ e ≤ highest(u).

With the energy x = kept · s + gained that would be there without e, so that u = x + e, the second is e ≤ highest(u) for
x ≥ u - highest(u). As long as that rises with u, both are lines through points in x, as are the ends of each window.
"""

from typing import Final, NamedTuple, Self, TypeAlias

import numpy as np

from engine.model.linear import Floats

LEAST, MOST, COST, SLOPE = range(4)
"""Rows of the ways of each step, shape (4, n, ways), NaN where a step has fewer: least and most energy added [kWh],
cost of adding the least one [currency], and of each kWh more [currency/kWh]."""
_LOOSE: Final = 1e-9
"""By so much a limit is moved apart, as share of the largest range, as bounds are."""
Passing: TypeAlias = tuple[float, float]
"""Share of the stored energy that a step leaves, and energy that it adds whatever is done."""


class LevelLimits(NamedTuple):
    """Least and most energy that each step may add by the energy stored, as lines through points."""

    at: Floats
    """Energy stored at each point, increasing [kWh], shape (points,)."""
    least: Floats
    """Least energy added in an hour [kWh], 0 or less, shape (points,)."""
    most: Floats
    """Most energy [kWh], 0 or more, shape (points,)."""
    hours: Floats
    """What counts of each step, as some of what flows in is lost in it [h], shape (n,)."""

    @property
    def are_gentle(self) -> bool:
        """Whether no step can change the limits more than the energy, so that each has one end by its beginning."""
        width, longest = np.diff(self.at), float(self.hours.max())
        rise = np.maximum(np.diff(self.most), np.diff(self.least))
        return bool((longest * rise < width).all())

    def scaled(self, unit: float) -> Self:
        """Return the limits with energies as multiples of a unit [kWh]."""
        return type(self)(self.at / unit, self.least / unit, self.most / unit, self.hours)

    def at_rest(self, rest: Floats, step: int, passing: Passing) -> Floats:
        """Return the least and most that a step may add where so much energy would be there without.

        Returns:
            What is the least by the start and by the end of the step, and the most likewise, shape (4, points).
        """
        (kept, gained), hours = passing, float(self.hours[step])
        start, lines = (rest - gained) / kept, []
        for curve, loose in ((self.least * hours, -_LOOSE), (self.most * hours, _LOOSE)):
            lines.append(np.interp(start, self.at, curve) + loose)
            lines.append(np.interp(rest, self.at - curve, curve) + loose)
        return np.stack(lines)

    def bends(self, step: int, passing: Passing) -> Floats:
        """Return where the lines of ``at_rest`` turn."""
        (kept, gained), hours = passing, float(self.hours[step])
        return np.concatenate([kept * self.at + gained, self.at - hours * self.least, self.at - hours * self.most])


class Windows(NamedTuple):
    """Least and most energy of each way by the energy that is there without it, as lines through points."""

    at: Floats
    """Energy of each point, increasing, shape (points,)."""
    low: Floats
    """Least energy added, shape (ways, points), or (ways, 1) where it is the same everywhere."""
    high: Floats
    """Most energy added, likewise."""

    @classmethod
    def of(cls, ways: Floats, between: tuple[float, float]) -> Self:
        """Return the windows of ways, the same everywhere between two energies."""
        return cls(np.array(between), ways[LEAST, :, None], ways[MOST, :, None])

    @property
    def may_close(self) -> bool:
        """Whether some way is not possible everywhere."""
        return bool(self.low.shape[1] > 1)

    def within(self, limits: LevelLimits, step: int, passing: Passing) -> Self:
        """Return the windows that also keep limits."""
        lower, upper = float(self.at[0]), float(self.at[-1])
        bends = limits.bends(step, passing)
        at = np.unique(np.concatenate([self.at, bends[(bends > lower) & (bends < upper)]]))
        lines = limits.at_rest(at, step, passing)
        ends = np.concatenate([self.low, self.high])
        # Where two of them meet, one takes the place of the other.
        apart = [lines[None, 0] - lines[1], lines[None, 2] - lines[3], *(line - ends for line in lines)]
        at = np.unique(np.concatenate([at, zero_crossings(at, np.concatenate(apart))]))
        least_by_start, least_by_end, most_by_start, most_by_end = limits.at_rest(at, step, passing)
        low = np.maximum(self.low, np.maximum(least_by_start, least_by_end))
        return type(self)(at, low, np.minimum(self.high, np.minimum(most_by_start, most_by_end)))

    def turns(self, knots: Floats) -> Floats:
        """Return the energies at which an end of a window lies on a knot, or turns."""
        ends = np.concatenate([self.low, self.high])
        if not self.may_close:
            turns: Floats = (knots - ends).ravel()
            return turns
        reached = ends + self.at
        begin, width = reached[:, :-1, None], np.diff(reached, axis=1)[:, :, None]
        # Where the energy reached is the same all along no knot is crossed: such a share is no number between 0 and 1
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (knots - begin) / width
        met = self.at[:-1, None] + np.diff(self.at)[:, None] * share
        return np.concatenate([self.at, met[(share > 0.0) & (share < 1.0)]])

    def ends(self, left: Floats, right: Floats) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Return the least and the most energy of each way at both ends of intervals without a turn inside.

        Returns:
            Each shape (ways, intervals), or (ways, 1) where it is the same everywhere.
        """
        if not self.may_close:
            return (self.low, self.low), (self.high, self.high)
        # By the middle: an end may lie on a point, which belongs to two pieces
        place = np.clip(np.searchsorted(self.at, 0.5 * (left + right)) - 1, 0, len(self.at) - 2)
        width = np.diff(self.at)[place]

        def over(line: Floats) -> tuple[Floats, Floats]:
            slope = np.diff(line, axis=1)[:, place] / width
            begin = line[:, place]
            return begin + slope * (left - self.at[place]), begin + slope * (right - self.at[place])

        return over(self.low), over(self.high)


def zero_crossings(at: Floats, lines: Floats) -> Floats:
    """Return where lines through points cross zero between two of these, shape (crossings,)."""
    first, last = lines[:, :-1], lines[:, 1:]
    crossed = first * last < 0.0
    share = first[crossed] / (first[crossed] - last[crossed])
    return at[:-1][np.nonzero(crossed)[1]] + np.broadcast_to(np.diff(at), first.shape)[crossed] * share
