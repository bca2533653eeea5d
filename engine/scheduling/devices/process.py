"""A piece of work of constant power and fixed duration whose time is to be chosen."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class ProcessType(StrEnum):
    """How freely a process may be timed."""

    INFLEXIBLE = "INFLEXIBLE"
    """As soon as it is allowed."""
    SHIFTABLE = "SHIFTABLE"
    """In one piece, at any time."""
    BREAKABLE = "BREAKABLE"
    """In pieces of one step each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Process:
    """Work of constant power that is to be done once within the window."""

    name: str
    """Name under which its power is reported; unique in the site."""
    power: float
    """Power while it runs [kW]."""
    steps: int
    """Number of steps it runs."""
    kind: ProcessType = ProcessType.INFLEXIBLE
    """How freely it may be timed."""
    blocked: NDArray[np.bool_] | None = None
    """Steps in which it must not run, shape (n,)."""
    dearest: bool = False
    """Choose the dearest time instead of the cheapest."""
    commodity: str = "electricity"
    """What it consumes."""
    group: str | None = None
    """The group of devices it belongs to."""
