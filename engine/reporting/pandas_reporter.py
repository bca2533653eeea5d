"""A chain of pandas methods over named series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import FieldError, UnknownName

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

METHODS = (
    "abs add aggregate astype bfill between ceil clip copy corr count cummax cummin cumprod cumsum diff div divide "
    "dropna eq ffill fillna first floor floordiv ge gt head interpolate last le lt mask max mean median min mod mul "
    "multiply ne pct_change pow prod quantile radd rank rename replace resample rmul rolling round rsub shift std "
    "sub subtract sum tail truediv var where"
).split()
"""What a chain may call: nothing of it reads or writes files, or runs text as code."""


@dataclass(frozen=True, kw_only=True)
class PandasReporter:
    """Runs the steps of a chain in order; a step reads one series and stores its result under a name."""

    transformations: Sequence[Mapping[str, Any]]
    """Each ``{method, df_input, df_output, args, kwargs, skip_if_empty}``; ``@name`` in args is a stored series."""

    version = "1"

    def compute(self, series: "Mapping[str, pd.Series]") -> dict[str, Any]:
        """Return all series by name, the given ones included.

        Args:
            series: Values by name, indexed by the start of the event.

        Raises:
            FieldError: A step cannot be done; it is named by its number.
            UnknownName: A step calls a method that chains may not call, or names a series that is not there.
        """
        stored: dict[str, Any] = dict(series)
        latest = next(iter(series), "")
        for number, step in enumerate(self.transformations):
            source = step.get("df_input") or latest
            latest = step.get("df_output") or source
            stored[latest] = _done(step, number, _named(stored, source), stored)
        return stored


def _done(step: Mapping[str, Any], number: int, frame: Any, stored: Mapping[str, Any]) -> Any:
    method = step.get("method", "")
    if method not in METHODS:
        raise UnknownName("pandas method for reports", str(method), METHODS)
    if step.get("skip_if_empty") and not len(frame):
        return frame
    args = [_value(arg, stored) for arg in step.get("args", [])]
    kwargs = {name: _value(value, stored) for name, value in step.get("kwargs", {}).items()}
    try:
        return getattr(frame, method)(*args, **kwargs)
    except Exception as error:  # pandas raises whatever it likes on odd arguments
        raise FieldError(f"transformations[{number}]", f"{method} cannot be done: {error}") from error


def _value(given: Any, stored: Mapping[str, Any]) -> Any:
    return _named(stored, given[1:]) if isinstance(given, str) and given.startswith("@") else given


def _named(stored: Mapping[str, Any], name: str) -> Any:
    if name not in stored:
        raise UnknownName("series of this report", name, sorted(stored))
    return stored[name]
