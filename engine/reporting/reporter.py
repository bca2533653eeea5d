"""The contract of every reporter: which series it reads, which it computes, in which units; plugins keep it as well."""

import ast
import inspect
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self, get_type_hints
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, UnknownName
from engine.series import resample
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds

Floats = NDArray[np.float64]
OUTPUT_UNIT = "output"
"""Unit of an input that is read in the unit of the output it becomes part of."""
COMMON_KEYS = {"required_input", "required_output"}
"""Fields of a config that say units of inputs and outputs, whatever the reporter."""
MEASURED = ("forecaster", "scheduler", "reporter")
"""Types of sources that do not measure."""


@dataclass(frozen=True, kw_only=True)
class ReportSeries:
    """Values of equal events in time, one unit, NaN where missing."""

    starts: Microseconds
    """Start of each event [us since 1970 UTC], shape (n,)."""
    values: Floats
    """Shape (n,)."""
    step: timedelta
    """Length of an event; nominal for days, which have 23 to 25 hours."""
    unit: str
    place: ZoneInfo
    """Where its days begin."""

    @cached_property
    def hours(self) -> Floats:
        """Length of each event, or the one of all [h], shape (n,) or (1,)."""
        return resample.lengths(self.starts, self.step, self.place) / HOUR_US

    def of(self, values: Floats, unit: str) -> Self:
        """Other values of the same events."""
        return replace(self, values=values, unit=unit)

    def gathered(self, step: timedelta, how: Literal["sum", "mean", "min"]) -> Self:
        """Values of longer events; an event of which any part is missing has none.

        Args:
            step: Length of the longer events; the series itself is returned if they are not longer.
            how: Whether values add up, are averaged over time, or the lowest counts.
        """
        if step <= self.step or not len(self.starts):
            return self
        slots = resample.floor(self.starts, step, self.place)
        starts, first, where = np.unique(slots, return_index=True, return_inverse=True)
        if how == "min":
            values = np.minimum.reduceat(self.values, first)  # NaN wins, as it must
        else:
            weights = np.broadcast_to(self.hours, self.values.shape) if how == "mean" else np.ones(len(self.values))
            values = np.bincount(where, self.values * weights, len(starts))
            values = values / np.bincount(where, weights, len(starts)) if how == "mean" else values
        present = np.bincount(where, np.broadcast_to(self.hours, self.values.shape), len(starts))
        whole = resample.lengths(starts, step, self.place) / HOUR_US
        # The first and the last event may reach beyond what was read, and are then known in part only.
        values = np.where(present >= whole - MICROSECOND / timedelta(hours=1), values, np.nan)
        return replace(self, starts=starts, values=values, step=step)


@dataclass(frozen=True, kw_only=True)
class ReportInput:
    """One series that a reporter reads; any may also be named in the config as ``NAME_sensor``."""

    name: str
    description: str
    unit: str = ""
    """Unit it is read in, such as kW or currency/kWh; empty: its own; ``OUTPUT_UNIT``: that of the output."""
    is_flow: bool = False
    """Whether it is a power or energy that is counted positive when the site consumes."""
    several: bool = False
    """Whether every input with a name of its own is one of these."""
    optional: bool = False
    same_as: str = ""
    """Input whose sensor it is where none is named: the forecast of what is measured."""
    source_types: tuple[str, ...] = ()
    """Types of sources that count; empty: all."""
    exclude_source_types: tuple[str, ...] = ()
    before_event: bool = False
    """Whether only what was said before the event could be known counts."""


@dataclass(frozen=True, kw_only=True)
class ReportOutput:
    """One series that a reporter computes."""

    name: str
    unit: str
    """Such as kWh or currency; empty: that of the sensor that receives it."""
    description: str


@dataclass(frozen=True, kw_only=True)
class Reporter(ABC):
    """Computes series from series; a frozen dataclass whose fields are its config."""

    version: ClassVar[str]
    summary: ClassVar[str]
    """What it tells, for people who choose a report."""
    inputs: ClassVar[tuple[ReportInput, ...]]
    outputs: ClassVar[tuple[ReportOutput, ...]]
    """None: outputs are named in the config. One: it goes to every output, whatever that is called."""
    step_of: ClassVar[Literal["output", "input", "own"]] = "input"
    """Step at which inputs are read: the finest of the outputs, that of the first input, or the own of each."""
    is_local: ClassVar[bool] = False
    """Whether the result of a day depends on that day only, so that long reports are computed piece by piece."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Reporter as a config describes it; hyphens and underscores in names are the same.

        Raises:
            UnknownName: The config has a field that the reporter does not know.
            FieldError: A field is not as it must be.
        """
        known = {field.name for field in _config_fields(cls)}
        named = {str(key).replace("-", "_"): value for key, value in config.items()}
        for key in named:
            if key not in known | COMMON_KEYS and not key.endswith("_sensor"):
                raise UnknownName(f"config field of {cls.__name__}", key[:50], known)
        return cls(**{key: value for key, value in named.items() if key in known})

    def begin(self, start: datetime) -> datetime:
        """Moment from which inputs are read for a report from ``start``, which is on the clock of the place."""
        return start

    def check_inputs(self, names: Collection[str]) -> None:
        """Refuse inputs that do not make a report together; those that are not optional are there.

        Raises:
            FieldError: Something is missing; the field is named.
        """
        return  # most reporters need no more than their inputs say themselves

    @abstractmethod
    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Results by the name of the output.

        Args:
            series: Inputs by name; unless ``step_of`` is "own" they have the same events.
            step: Length of the events that the results are wanted for; longer than or equal to that of the inputs
                where those are read at their own. Results at a finer step are brought to it by the caller.

        Raises:
            InputError: Something is missing or does not fit.
        """


def config_fields(reporter: type[Reporter]) -> dict[str, tuple[Any, Any, str]]:
    """Type, default and meaning of each field of a config, by name; the meaning is the docstring below the field."""
    hints = get_type_hints(reporter)
    meanings: dict[str, str] = {}
    for kind in reversed(reporter.__mro__[: reporter.__mro__.index(Reporter)]):
        try:
            (written,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
        except (OSError, SyntaxError, ValueError):  # of a class that was typed into an interpreter
            continue
        body = written.body if isinstance(written, ast.ClassDef) else []
        for line, below in pairwise(body):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(below, ast.Expr):
                text = below.value.value if isinstance(below.value, ast.Constant) else ""
                meanings[line.target.id] = " ".join(str(text).partition("\n\n")[0].replace("`", "").split())
    described = {}
    for field in _config_fields(reporter):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        default = None if default is MISSING else default
        described[field.name] = (hints[field.name], default, meanings.get(field.name, ""))
    return described


def _config_fields(reporter: type[Reporter]) -> list[Field[Any]]:
    """Fields that a config may set."""
    return [field for field in fields(reporter) if field.metadata.get("config", True)]


def config_number(value: object, field: str, *, least: float = 0.0, most: float = 1e9) -> float:
    """A finite number of a config within bounds.

    Raises:
        FieldError: It is none; the field is named.
    """
    # Not written as value < least: NaN is neither less nor more.
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise FieldError(f"config.{field}", f"a number from {least:g} to {most:g} is wanted.")
    return float(value)


def config_flag(value: object, field: str) -> bool:
    """True or false of a config.

    Raises:
        FieldError: It is neither; the field is named.
    """
    if not isinstance(value, bool):
        raise FieldError(f"config.{field}", "true or false is wanted.")
    return value


def currency(price: ReportSeries) -> str:
    """Currency of a price, such as EUR of EUR/kWh."""
    return price.unit.partition("/")[0]
