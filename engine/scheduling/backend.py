"""What every solver offers: take a problem as arrays, answer with values and duals."""

from dataclasses import dataclass
from typing import Protocol

from engine.scheduling.arrays import Arrays
from engine.scheduling.linear import Floats
from engine.scheduling.status import Status


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of a solver found; the values mean something only with a plan."""

    status: Status
    objective: float
    x: Floats
    """Value of each column."""
    row_dual: Floats
    """Change of cost per unit of each row's bounds; empty for a problem with whole numbers."""
    col_dual: Floats
    """Change of cost per unit of each column's bounds; empty for a problem with whole numbers."""
    gap: float = 0.0

    @property
    def has_plan(self) -> bool:
        """Whether the values may be used."""
        return self.status in (Status.OPTIMAL, Status.WITHIN_GAP)


class Backend(Protocol):
    """A solver that holds one problem at a time."""

    arrays: Arrays
    """The problem it holds."""

    def load(self, arrays: Arrays) -> None:
        """Take a whole problem, in place of the one before."""

    def run(self) -> Answer:
        """Solve; the answer tells whether it carries a plan."""
