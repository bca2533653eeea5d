"""A chain of steps over named series, in a small language of its own that is spelled like pandas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.errors import FieldError
from engine.reporting.operations import ReportStep, read_step

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

MOST_TRANSFORMATIONS = 100
"""Most steps of one report."""


@dataclass(frozen=True, kw_only=True)
class PandasReporter:
    """Runs the steps of a chain in order; a step reads one series and stores its result under a name.

    Raises:
        FieldError: A step is not written as it must be; it is named by its number.
        UnknownName: A step asks for an operation that there is not.
    """

    transformations: Sequence[Mapping[str, Any]]
    """Each ``{method, df_input, df_output, args, kwargs, skip_if_empty}``; ``@name`` in args is a stored series. What
    there is: ``engine.reporting.operations.OPERATIONS``."""
    most_values: int = 10_000_000
    """Most values that all series of the chain may hold together."""

    version = "1"

    def __post_init__(self) -> None:
        if len(self.steps) > MOST_TRANSFORMATIONS:
            raise FieldError("transformations", f"at most {MOST_TRANSFORMATIONS} steps are done.")

    @cached_property
    def steps(self) -> list[ReportStep]:
        """The steps, read and checked."""
        if not isinstance(self.transformations, list | tuple):
            raise FieldError("transformations", "a list of steps is wanted.")
        steps = self.transformations[: MOST_TRANSFORMATIONS + 1]
        return [read_step(step, field=f"transformations[{number}]") for number, step in enumerate(steps)]

    def compute(self, series: "Mapping[str, pd.Series]") -> dict[str, Any]:
        """Return all series by name, the given ones included.

        Args:
            series: Values by name, indexed by the start of the event.

        Raises:
            FieldError: A step cannot be done; it is named by its number.
            UnknownName: A step names a series that is not there.
        """
        from engine.reporting.execution import Execution  # loads pandas

        done = Execution(dict(series), self.most_values)
        latest = next(iter(series), "")
        for number, step in enumerate(self.steps):
            source = step.source or latest
            latest = step.target or source
            done.stored[latest] = done.result(step, source, field=f"transformations[{number}]")
        return done.stored
