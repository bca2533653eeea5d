"""Runs the steps of a report on pandas; what a step may be is settled before, see ``operations``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.typing import Resampler, Rolling

from engine.errors import FieldError, UnknownName
from engine.reporting.arguments import ReportReference
from engine.reporting.operations import COUNTS, ReportStep, Shape

SHAPES: tuple[tuple[type | tuple[type, ...], Shape], ...] = (
    (pd.Series, "series"),
    (pd.DataFrame, "columns"),
    ((Resampler, Rolling), "steps"),
)
SEVERAL = (pd.Series, pd.DataFrame, Resampler, Rolling)
SHORTEST_PIECE = pd.Timedelta(days=7)
"""Shortest piece of the calendar that a series is resampled to: a week."""


@dataclass
class Execution:
    """The series of a report while its steps are done."""

    stored: dict[str, Any]
    """Series and numbers by name."""
    most_values: int
    """Most values that all of them may hold together."""

    def result(self, step: ReportStep, source: str, *, field: str) -> Any:
        """Return what a step makes of a stored series.

        Raises:
            FieldError: It cannot be done, or would make more values than there may be.
            UnknownName: The step names a series that is not there.
        """
        frame = self.named(source)
        if step.skip_if_empty and _size(frame) == 0:
            return frame
        values = {
            name: self.named(value.name) if isinstance(value, ReportReference) else value
            for name, value in step.values.items()
        }
        self._check_size(step, frame, values, field)
        try:
            made = self._apply(step, frame, values)
        except UnknownName:
            raise  # names the way out already
        except Exception as error:  # pandas raises whatever it likes on values that do not fit
            raise FieldError(field, f"{step.operation.method} cannot be done: {str(error)[:200]}") from error
        if isinstance(made, pd.Series | pd.DataFrame) and not made.index.is_unique:
            raise FieldError(field, f"{step.operation.method} leaves several values at one moment.")
        return made

    def named(self, name: str) -> Any:
        """Return what is stored under a name."""
        if name not in self.stored:
            raise UnknownName("series of this report", name, sorted(self.stored))
        return self.stored[name]

    def _check_size(self, step: ReportStep, frame: Any, values: Mapping[str, Any], field: str) -> None:
        """Refuse what a step does not work on, or what would not fit into memory, before it is done."""
        method = step.operation.method
        shape = next((shape for kind, shape in SHAPES if isinstance(frame, kind)), "number")
        if shape not in step.operation.on:
            raise FieldError(field, f"{method} works on {' or '.join(step.operation.on)}, and this is a {shape}.")
        if any(isinstance(value, pd.DataFrame) for value in values.values()) and method != "merge":
            raise FieldError(field, f"{method} takes a series with one column.")
        # Only resampling makes more values than it is given: an empty step for each that the calendar has.
        size = _size(frame) + sum(map(_size, values.values()))
        if method == "resample" and len(frame):
            rule = values["rule"]
            piece = SHORTEST_PIECE if rule.lstrip("0123456789")[0] in "WMQY" else pd.Timedelta(rule)
            size = int((frame.index.max() - frame.index.min()) / piece) + 2
        if size + sum(map(_size, self.stored.values())) > self.most_values:
            raise FieldError(field, f"{method} would make more than {self.most_values} values; choose longer steps.")

    def _apply(self, step: ReportStep, frame: Any, values: Mapping[str, Any]) -> Any:
        """Return what an operation makes of a series with arguments that are checked."""
        method = step.operation.method
        if method in COUNTS and not isinstance(frame, SEVERAL):
            frame = pd.Series([frame])  # the sum of one number is that number
        if method in OURS:
            return OURS[method](frame, **values)
        if method in ("formula", "query"):
            found = values["expr"].evaluate(frame, self.named)
            return found if method == "formula" else frame[found.reindex(frame.index) == 1]
        if isinstance(frame, Resampler | Rolling):
            # pandas takes no axis of values that are resampled or rolling.
            values = {name: value for name, value in values.items() if name != "axis"}
        return getattr(frame, method)(**values)  # the name comes from the table of operations


def _size(stored: Any) -> int:
    """Return how many values something stored holds."""
    return int(stored.size) if isinstance(stored, pd.Series | pd.DataFrame) else 1


OURS: Mapping[str, Callable[..., Any]] = {
    "ceil": np.ceil,
    "floor": np.floor,
    "copy": lambda frame: frame.copy(),
    # By the start of the event, whatever ``how`` and ``on`` say: their only values that are accepted ask for this.
    "merge": lambda frame, right, **_always_so: pd.concat([frame, right], axis=1, join="inner", ignore_index=True),
    "aggregate": lambda frame, func, axis=0: getattr(frame, func)(),
}
"""Operations that pandas does not have, or has in a way that takes more than it should."""
