"""What a device is: the part it writes into a problem, and what it alone knows of its limits, outputs and repairs.

Whatever builds, reads or diagnoses a plan asks the device and never its class, so that a new kind of device is one
class: ``add_to`` and its ports are all it must have. The other methods have answers that fit a device which has nothing
to add; a device overrides those in which it has.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeAlias

import numpy as np

from engine.devices.answers import Alternative, Cause, Conflict, DevicePlan, PlanInput, Postponement, Premise
from engine.devices.port import Port
from engine.devices.reach import Headroom
from engine.errors import FieldError
from engine.model.linear import Floats, Linear, Values
from engine.model.problem import Problem
from engine.series.window import Window

LimitChange: TypeAlias = Callable[[Values], Values]
"""From the values of a limit to other ones."""


class Member(Protocol):
    """Anything with a power of its own at one place of the site."""

    @property
    def name(self) -> str:
        """Name under which its power is reported; unique in the site."""

    @property
    def commodity(self) -> str:
        """What flows, such as ``electricity`` or ``heat``."""

    @property
    def group(self) -> str | None:
        """The group of devices it belongs to, if any."""


class Device(ABC):
    """Anything that writes its own physics into a problem, and knows what follows from them.

    A device does not change: another limit or forecast makes another device. ``engine.testing.check_device`` tells
    whether a device keeps every promise of this class.
    """

    if TYPE_CHECKING:  # at run time a property here would be the default of the field with this name in a dataclass

        @property
        def name(self) -> str:
            """Name of the device; unique in the site."""

        @property
        def ports(self) -> tuple[Member, ...]:
            """The places where it takes or gives power."""

    @abstractmethod
    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """Add variables, rows and costs; return the power each port takes [kW], shape (n,), by name of the port.

        It reads nothing but itself and the window, see ``Problem.write``. What it tells the problem is reported and
        diagnosed without more: limits (``problem.limit``), soft constraints, stored energies, costs by name.
        """

    def weight(self, window: Window) -> float:
        """Size of its part of a problem, counted in ports without rules."""
        return float(len(self.ports))

    # What is known before a plan

    @property
    def load(self) -> Floats | None:
        """Power that no plan changes [kW], shape (n,); None for a device that is planned."""
        return None

    @property
    def levels(self) -> Collection[float]:
        """Probabilities for which a power is known that is not exceeded; none where one forecast is all there is."""
        return ()

    def at_level(self, level: float) -> "Device":
        """Return the device for which the power of one probability comes true."""
        return self

    @property
    def timed_by_price(self) -> bool:
        """Whether the price of energy alone tells its best time where no limit or other device matters."""
        return False

    @property
    def timed_by_price_only(self) -> bool:
        """Whether nothing but the price tells its time, so that it is known before the plan."""
        return False

    def at_best_time(self, price: Floats) -> "Device":
        """Return the load that it is at its best time by the price of energy [currency/kWh], shape (n,)."""
        return self

    @property
    def learns_end_value(self) -> bool:
        """Whether the energy left at the end is worth what it is worth on average in a plan without that worth."""
        return False

    def with_end_value(self, value: float) -> "Device":
        """Return the device in which energy left at the end has a worth [currency/kWh]."""
        return self

    def terminal_value(self, prices: Mapping[str, float]) -> float | None:
        """What energy left at the end saves later [currency/kWh]; None where nothing is left, or its worth is told.

        Args:
            prices: What a kWh of each commodity saves later [currency/kWh].
        """
        return None

    @property
    def most_lacking(self) -> float:
        """Most energy that it may lack of what is asked for softly [kWh]; 0 without a store."""
        return 0.0

    def sharing(self, width: float) -> "Device":
        """Return it with what it lacks priced in parts of some width [kWh], so that others lack as much."""
        return self

    def with_finer_sharing(self, breaches: Mapping[str, float]) -> "Device":
        """Return the device that shares more finely what a plan breaches at most, by limit [kWh]; else itself."""
        return self

    @property
    def energy_bounds(self) -> Mapping[str, Values]:
        """Start and bounds of its stored energy by field [kWh], such as ``soc-max``; none for a device without one."""
        return {}

    def drawn_energy(self, window: Window, power: Mapping[str, Floats]) -> Floats | None:
        """Energy that the powers of its ports [kW] draw from its store [kWh], shape (n,); None without a store."""
        return None

    def bound_margins(self, limit: Literal["soc-minima", "soc-maxima"], levels: Floats) -> list[tuple[float, float]]:
        """Moments [steps since the start] at which an energy is asked for, and how far within the bound it lies [kWh].

        Args:
            limit: Which bound, hard or soft.
            levels: Energy stored at each tick [kWh], shape (n + 1,).
        """
        return []

    def where_physics_yields(self, extent: Literal["start", "physics"]) -> "Device":
        """Return the device of which some physics gives way, at a price above all others; itself where none does.

        Args:
            extent: ``start`` for what lies outside its bounds when the window begins, ``physics`` for all of it.
        """
        return self

    def start_error(self) -> FieldError | None:
        """Return the error of a device that starts outside its own bounds; None where it starts within them."""
        return None

    def fallback(self, window: Window) -> DevicePlan:
        """Return what it does where no plan exists: it rests, unless it has a goal of its own."""
        return DevicePlan({port.name: np.zeros(window.n) for port in self.ports}, {})

    def uncontrolled(self, window: Window) -> Mapping[str, Floats]:
        """What its ports do where nobody plans [kW], shape (n,); none of what is best even then, such as curtailing."""
        return {}

    def room_left(self, window: Window, power: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """How far each part of its curves is from full at some powers of its ports, by name of the pair; see curves."""
        return {}

    # How it is carried over to another plan

    @property
    def is_carried_over(self) -> bool:
        """Whether the energy in its store is all that lasts from one plan to the next."""
        return self.load is not None

    def fields_of(self, kind: PlanInput) -> tuple[str, ...]:
        """Names of its fields that hold an input by step or tick; ``ports`` stands for their capacities."""
        return ()

    def with_load(self, power: Floats) -> "Device":
        """Return the device with another power that no plan changes [kW], shape (n,); itself where it is planned."""
        return self

    def scaled(self, factor: float) -> "Device":
        """Return the device of which the power that no plan changes is multiplied; itself where it is planned."""
        return self

    def with_stored_energy(self, energy: float) -> "Device":
        """Return the device with another energy at the start [kWh]; itself without a store."""
        return self

    # What a schedule means for it

    def wanted_energy(self) -> tuple[int, float] | None:
        """The tick and the highest energy that it is to have by then [kWh]; None where none is asked for."""
        return None

    @property
    def free_port(self) -> tuple[Port, Values] | None:
        """The only port of a store that may take any power at any time, and the share kept in a step; else None."""
        return None

    def remarks(self, power: Mapping[str, Floats]) -> Iterable[str]:
        """Return what to tell of a schedule beside its breaches, by the powers of all ports [kW], shape (n,)."""
        return ()

    def headroom(
        self, window: Window, power: Mapping[str, Floats], soc: Mapping[str, Floats]
    ) -> Mapping[str, Headroom]:
        """How much more and less power each port could take than planned, by its name; none of what runs as it does.

        Args:
            window: Of the schedule.
            power: Planned powers of all ports [kW], shape (n,).
            soc: Planned energies of all stores [kWh], shape (n + 1,).
        """
        return {}

    # Why there is no plan, and what would make one possible

    def with_limit(self, owner: str, field: str, change: LimitChange) -> Self:
        """Return the device with one limit changed; itself where it has no such limit.

        Args:
            owner: Name of the device or of one of its ports.
            field: Such as ``soc-max``; every limit it tells a problem of is one of them.
            change: From the old values, as they are in the device, to the new ones.
        """
        return self

    def conflict(self, window: Window) -> Conflict | None:
        """Return the first conflict that it shows by itself, whatever the rest of the site does."""
        return None

    def premises(self, window: Window) -> Iterable[Premise]:
        """Return what is not chosen in it, each with the rows that change without it."""
        return ()

    def lossless(self, window: Window) -> Iterable[tuple[Cause, "Device"]]:
        """Return each efficiency that is 0 at times, and the device in which it is 1 then."""
        return ()

    def alternatives(self, window: Window) -> Iterable[Alternative["Device"]]:
        """Return the ways in which each of its rules that is no limit could give way."""
        return ()

    def postponement(self, window: Window) -> Postponement["Device"] | None:
        """Return how the energy that it is to reach could be due later; None where it has no such goal."""
        return None
