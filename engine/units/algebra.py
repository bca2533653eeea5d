"""A unit as a factor and powers of what all others are made of; products, quotients and powers of it."""

from dataclasses import dataclass
from fractions import Fraction

from engine.errors import UnitError

MOST_BITS = 4096
"""Largest numerator or denominator of a factor [bits], which keeps the arithmetic of texts short."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit, or a quantity: one of it is ``factor`` times its dimensions, counted from ``offset``."""

    factor: Fraction
    dimensions: tuple[tuple[str, int], ...] = ()
    """What it is made of, with powers other than 0, sorted by name."""
    offset: Fraction = Fraction(0)
    """Where it begins; other than 0 for °C and °F."""
    bare: bool = False
    """Whether it is a number alone: no unit was written, not even %."""

    def __mul__(self, other: "Unit") -> "Unit":
        """Return the product; a number in front of a temperature leaves it one, all else makes it a difference."""
        powers = dict(self.dimensions)
        for name, power in other.dimensions:
            powers[name] = powers.get(name, 0) + power
        offset = other.offset if self.bare else self.offset if other.bare else Fraction(0)
        dimensions = tuple(sorted((name, power) for name, power in powers.items() if power))
        return Unit(self.factor * other.factor, dimensions, offset, self.bare and other.bare)

    def __pow__(self, power: int) -> "Unit":
        """Return a whole power.

        Raises:
            UnitError: The result would be beyond all bounds.
        """
        bits = max(self.factor.numerator.bit_length(), self.factor.denominator.bit_length())
        if bits * abs(power) > MOST_BITS or any(abs(own * power) > MOST_BITS for _, own in self.dimensions):
            raise UnitError("its powers are too large.")
        dimensions = tuple((name, own * power) for name, own in self.dimensions if power)
        return Unit(self.factor**power, dimensions, bare=self.bare)

    def __truediv__(self, other: "Unit") -> "Unit":
        """Return the quotient."""
        return self * other**-1


ONE = Unit(Fraction(1), bare=True)
