"""What a device tells when asked: what it does by itself, where its limits clash, how its rules could give way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from engine.model.linear import Floats
from engine.series.window import Window

T = TypeVar("T")
PlanInput: TypeAlias = Literal["limits", "targets", "forecasts"]
"""What a device is planned with, by why it changes from one plan to the next."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Limits that cannot hold together."""

    limits: tuple[str, ...]
    """Such as ``battery.soc-targets``; the first is the one that is not met."""
    step: float
    """Step, or for a stored energy the tick 0 ... n or a moment between two of them, at which it shows."""
    amount: float
    """By how much."""
    unit: str
    text: str
    """The same as a sentence."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that is not chosen and takes part: without it the limits could be kept."""

    name: str
    """Such as ``load`` for a device, ``car.soc-usage`` for a field of one."""
    text: str
    """Its value at the time of the conflict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Premise:
    """Something that is not chosen, and how the rows of a problem change without it: only in their bounds."""

    name: str
    """Such as ``load`` for a device, ``car.soc-usage`` for a field of one."""
    text: str
    """What it is; its power follows, if it has one."""
    power: Floats | None = None
    """Power that it takes, negative when it gives [kW], shape (n,)."""
    rows: str
    """Name of the block of rows it is part of."""
    lower: Floats
    """What the lower bounds of the rows change by without it, shape (n,)."""
    upper: Floats
    """What the upper bounds change by, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Alternative(Generic[T]):
    """Another way for a device or port to run, in which one of its rules gives way, more or less."""

    rule: str
    """Such as ``car.min-on``."""
    most: int
    """The most it can give way [steps]; 1 if the rule is either there or not."""
    changed: Callable[[int], T]
    """From how much it gives way to the device or port that does so."""
    text: Callable[[int], str]
    """From how much it gives way to what a person does for it, fit to follow "either"."""


@dataclass(frozen=True, slots=True)
class Postponement(Generic[T]):
    """How the only energy that a device is to reach exactly can be due at another tick."""

    lower: Floats
    """Least energy at the end of each step if none is to be reached exactly [kWh], shape (n,)."""
    upper: Floats
    """Most energy [kWh], shape (n,)."""
    device: Callable[[float, int], T]
    """From the energy [kWh] and the tick at which it is due to the device."""


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """What one device does by itself."""

    power: dict[str, Floats]
    """Power by port [kW], positive when consuming, shape (n,)."""
    soc: dict[str, Floats]
    """Energy by store [kWh], shape (n + 1,)."""


def moment(window: Window, tick: float) -> str:
    """Return when a step ends or begins, as text."""
    return window.moment(tick).isoformat().replace("+00:00", "Z")
