"""How much is tried of what is slow and rarely breaks: little in every run, all of it with ``FLEXSCOPE_TESTS=long``."""

import os
from collections.abc import Sequence
from typing import TypeVar

Value = TypeVar("Value")
LONG = os.environ.get("FLEXSCOPE_TESTS") == "long"


def effort(short: int, long: int) -> int:
    """Return how many seeds, rounds or examples a test takes."""
    return long if LONG else short


def in_turn(values: Sequence[Value], turn: int, short: int) -> list[Value]:
    """Return the values that one of many like tests tries: a few, others in each, so that together they try all."""
    count = effort(min(short, len(values)), len(values))
    return [values[(turn * count + step) % len(values)] for step in range(count)]
