"""A chain of steps over named series, spelled like pandas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np

from engine.errors import FieldError
from engine.reporting.operations import ReportStep, read_step
from engine.reporting.reporter import Reporter, ReportInput, ReportSeries, config_flag
from engine.series import resample
from engine.series.iso_time import zone

MOST_TRANSFORMATIONS = 100
"""Most steps of one chain."""


@dataclass(frozen=True, kw_only=True)
class PandasReporter(Reporter):
    """Runs a chain of steps in order, spelled like pandas; a step reads one series and stores its result under a name.

    Raises:
        FieldError: A step is not written as it must be; it is named by its number.
        UnknownName: A step asks for an operation that there is not.
    """

    transformations: Sequence[Mapping[str, Any]] = ()
    """Each ``{method, df_input, df_output, args, kwargs, skip_if_empty}``; ``@name`` in args is a stored series. What
    there is: ``engine.reporting.operations.OPERATIONS``."""
    droplevels: bool = False
    """Taken for scripts of FlexMeasures, where series carry levels of belief to be dropped; here they carry none."""
    most_values: int = field(default=10_000_000, metadata={"config": False})
    """Most values that all series of the chain may hold together."""

    version = "1"
    summary = "Steps of your own over named series, spelled like pandas; for what no other reporter computes."
    inputs = (ReportInput(name="series", description="Named series that the steps read", several=True),)
    outputs = ()  # any series stored under df_output
    step_of = "own"

    def __post_init__(self) -> None:
        config_flag(self.droplevels, "droplevels")
        if len(self.steps) > MOST_TRANSFORMATIONS:
            raise FieldError("transformations", f"at most {MOST_TRANSFORMATIONS} steps are done.")

    @cached_property
    def steps(self) -> list[ReportStep]:
        """The steps, read and checked."""
        if not isinstance(self.transformations, list | tuple):
            raise FieldError("transformations", "a list of steps is wanted.")
        steps = self.transformations[: MOST_TRANSFORMATIONS + 1]
        return [read_step(step, field=f"transformations[{number}]") for number, step in enumerate(steps)]

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """All series in time that the chain leaves, by name; the last one is that of its last step.

        Raises:
            FieldError: A step cannot be done; it is named by its number.
            UnknownName: A step names a series that is not there.
        """
        import pandas as pd  # its import takes 70 MB, which reading and posting over the API do without

        frames = {}
        for name, one in series.items():
            starts = pd.DatetimeIndex(one.starts.view("datetime64[us]"), tz="UTC", name="event_start")
            frames[name] = pd.Series(one.values, index=starts.tz_convert(one.place))  # "1D" is a day of the sensor
        results = {}
        for name, frame in self.transformed(frames).items():
            if isinstance(frame, pd.DataFrame) and frame.shape[1] == 1:
                frame = frame.iloc[:, 0]
            if not isinstance(frame, pd.Series) or not isinstance(frame.index, pd.DatetimeIndex):
                continue
            events = frame.index.tz_convert("UTC").as_unit("us").asi8
            place = zone(str(frame.index.tz))
            usual = resample.usual_step(events) if len(events) > 1 else step
            values = frame.to_numpy(np.float64)
            results[name] = ReportSeries(starts=events, values=values, step=usual, unit="", place=place)
        return results

    def transformed(self, frames: Mapping[str, Any]) -> dict[str, Any]:
        """All series and numbers by name, the inputs included, once the steps are done; the result comes last.

        Args:
            frames: Values by name, series of pandas indexed by the start of the event.
        """
        from engine.reporting.execution import Execution  # loads pandas

        done = Execution(dict(frames), self.most_values)
        latest = next(iter(frames), "")
        for number, step in enumerate(self.steps):
            source = step.source or latest
            latest = step.target or source
            done.stored[latest] = done.result(step, source, field=f"transformations[{number}]")
        if latest:
            done.stored[latest] = done.stored.pop(latest)
        return done.stored
