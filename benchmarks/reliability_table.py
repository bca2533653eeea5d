"""How much a scenario may do, and the row it becomes."""

import os
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Bound:
    """The end of a scenario, whichever comes first."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """What was asked of a scenario, and what was reached."""

    name: str
    kind: str
    asked: str
    reached: str
    held: bool
    load: float = field(default_factory=lambda: os.getloadavg()[0])
    """Of the machine, at the end: more than its number of cores means that all took longer."""

    def failed(self, why: str) -> "Row":
        """Return the same as a row that does not hold."""
        return replace(self, reached=f"{why} {self.reached}", held=False)

    def __str__(self) -> str:
        cells = (self.name, self.kind, self.asked, self.reached, f"{self.load:.0f}", "yes" if self.held else "NO")
        return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"
