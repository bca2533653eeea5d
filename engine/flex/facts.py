"""What one field declares of itself: its form, what it measures, its role and its meaning. All else derives from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from functools import reduce
from operator import or_
from typing import Any, Final, Literal

from pydantic import Field
from pydantic.fields import FieldInfo

from engine.flex.quantity import SensorReference, unit_for
from engine.units import units

Form = Literal["quantity", "quantities", "sensor", "sensors", "asset", "parts", "events", "text", "flag", "count"]
"""How a field is written: one quantity, several, a sensor, several, an asset, entries with fields of their own, ..."""
Kind = Literal[
    "price",
    "capacity",
    "load",
    "power",
    "peak",
    "ramp",
    "energy",
    "state-of-charge",
    "efficiency",
    "retention",
    "share",
    "carbon",
    "temperature",
    "heat-capacity",
    "heat-loss",
    "headroom",
    "headroom-energy",
    "set-point",
    "mode",
]
"""What the values of a field are, which tells how a series of them is brought onto the steps of a plan.

price: money per energy, per power or per start; capacity: most power; load: power that flows, planned by nobody;
power: power that is planned; peak: most power so far; ramp: change of power; energy: a bound on stored energy;
state-of-charge: stored energy at a moment; efficiency: share left of what passes; retention: share left after a time;
share: any other ratio; carbon: mass of CO₂, emitted per energy or in all; temperature: of a store or its surroundings;
heat-capacity: heat that warms it by one kelvin; heat-loss: heat that it loses for each kelvin; headroom: power that
could be taken or given beside what is planned; headroom-energy: for how much energy; set-point: power that is
handed down; mode: what it means.
"""
UNITS: dict[Kind, str] = {
    "capacity": "kW",
    "load": "kW",
    "power": "kW",
    "peak": "kW",
    "ramp": "kW/h",
    "energy": "kWh",
    "state-of-charge": "kWh",
    "efficiency": "",
    "retention": "",
    "share": "",
    "carbon": "kg/kWh",
    "temperature": "°C",
    "heat-capacity": "kWh/K",
    "heat-loss": "kW/K",
    "headroom": "kW",
    "headroom-energy": "kWh",
    "set-point": "kW",
    "mode": "",
}
"""Unit the engine wants of each kind; a price says what it is for."""
Overlap = Literal["first", "least", "most"]
"""Which of several events at one time counts."""
Stored = Literal["freely", "as-sensor", "never"]
"""Whether a field may be stored on an asset: in any form, as a sensor only, or not at all."""
Direction = Literal["both", "consumption", "production"]
"""Which way of a planned power an output receives; ``both`` is positive when consuming."""
Group = Literal[
    "Tariff and CO₂",
    "Grid connection",
    "Peaks",
    "Loads and generation",
    "Storage",
    "Heat",
    "Power",
    "Process",
    "Efficiency and wear",
    "Soft limits",
    "Preferences",
    "Device",
    "Where results are stored",
]
"""Where people look for a field, in the order in which they read."""
Per = Literal["energy", "power"]
"""What a price is for: each kWh, or each kW."""
PER: dict[str, Per] = {"currency/kWh": "energy", "currency/kW": "power"}
ENERGY_PER_EVENT: dict[str, str] = {"kW": "kWh"}
"""Units in which a sensor with events of some length may record what is wanted in another one, as a mean over each."""


class FieldRole(Flag):
    """What is done with the sensors and assets that a field names."""

    READS = auto()
    """The series of the sensor is read for the plan."""
    WRITES = auto()
    """The sensor receives a part of the plan."""
    DEVICE = auto()
    """The sensor or asset stands for a device."""
    GROUP = auto()
    """The sensor or asset stands for a group of devices."""


SAYS = FieldRole(0)
"""The role of a field that names neither a sensor nor an asset."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What there is to know of one field."""

    name: str
    """As users write it."""
    form: Form
    kind: Kind | None
    """What its values are; None if it has no values."""
    role: FieldRole
    unit: str | None
    """Unit the engine wants; ``currency`` stands for any currency, an empty text for a share or ratio."""
    default: object
    meaning: str
    example: object
    overlap: Overlap
    replaced_by: tuple[str, ...]
    """The fields to use instead, if this one is of an older release."""
    signed: bool
    """Whether values below 0 make sense."""
    direction: Direction | None
    """Of an output of power: which way it receives; None: both, in the sign of the sensor."""
    stored: Stored
    label: str
    """What people call it."""
    group: Group
    """Where people look for it; of a field of an entry in a list it says nothing."""
    choices: Mapping[str, str]
    """Texts of which it takes one, and what they mean; empty where others are taken."""

    @property
    def per(self) -> Per | None:
        """What a price is for; None for a price of something else, for one whose text decides, and any other field."""
        return PER.get(self.unit or "") if self.kind == "price" else None


Target = Literal["sensor", "asset"]
NO_CHOICES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Reference:
    """One sensor or asset that a field names."""

    path: str
    """Field in the spelling with hyphens, such as ``commitments.baseline``."""
    target: Target
    key: int
    """Id of the sensor or asset."""
    fact: Fact
    """Of the field that says what is done with it."""
    unit: str | None
    """Unit in which the values of the sensor are read or written; None where it has none to be read or written."""
    quantity: SensorReference | None = None
    """The reference as it was written, with its sources; None where only an id was."""

    @property
    def reads(self) -> bool:
        """Whether the series of the sensor is read."""
        return FieldRole.READS in self.fact.role

    @property
    def writes(self) -> bool:
        """Whether the sensor receives a part of the plan."""
        return FieldRole.WRITES in self.fact.role


def described(
    meaning: str,
    *,
    label: str | tuple[Group, str],
    example: object,
    form: Form | None = None,
    kind: Kind | None = None,
    role: FieldRole | None = None,
    unit: str | None = None,
    default: object = None,
    overlap: Overlap | None = None,
    replaced_by: tuple[str, ...] = (),
    signed: bool = True,
    direction: Direction | None = None,
    stored: Stored = "freely",
    choices: Mapping[str, str] = NO_CHOICES,
) -> Any:
    """Return a pydantic field with all that is said of it.

    Args:
        meaning: One sentence.
        label: What people call it, and the group in which they look for it; of a field of an entry the former alone.
        example: A value as a user would write it.
        form: How it is written; a quantity, except for planned power.
        kind: What its values are.
        role: What is done with the sensor or asset it names; quantities are read, planned power is written.
        unit: Unit of a price; other kinds have one each.
        default: What holds when the field is left out.
        overlap: Which of several events at one time counts; the least of capacities, else the first.
        replaced_by: The fields to use instead.
        signed: Whether values below 0 make sense.
        direction: Of an output of power, which way it receives.
        stored: Whether it may be stored on an asset.
        choices: Texts of which it takes one, and what they mean.
    """
    form = form or ("sensor" if kind == "power" else "quantity")
    group, name = label if isinstance(label, tuple) else ("Device", label)
    about: dict[str, Any] = {
        "group": group,
        "form": form,
        "kind": kind,
        "role": [str(each.name).lower() for each in (_usual_role(form, kind) if role is None else role)],
        "unit": UNITS.get(kind) if kind and unit is None else unit,
        "overlap": overlap or ("least" if kind == "capacity" else "first"),
        "replaced_by": list(replaced_by),
        "signed": signed,
        "direction": direction,
        "stored": stored,
        "choices": dict(choices),
        "deprecated": bool(replaced_by) or None,  # told by the schema; reading an old field is no mistake of ours
    }
    return Field(
        default=default,
        title=name,
        description=meaning,
        examples=[example],
        json_schema_extra={key: value for key, value in about.items() if value is not None},
    )


def _usual_role(form: Form, kind: Kind | None) -> FieldRole:
    """Return what is done with the sensor that a field of some form and kind names, where it does not say so."""
    if kind == "power":
        return FieldRole.WRITES
    return FieldRole.READS if form in ("quantity", "quantities") else SAYS


def fact_of(name: str, info: FieldInfo) -> Fact:
    """Return what a model's field declares of itself."""
    about: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Fact(
        name=name.replace("_", "-"),
        form=about["form"],
        kind=about.get("kind"),
        role=reduce(or_, (FieldRole[each.upper()] for each in about["role"]), SAYS),
        unit=about.get("unit"),
        default=None if info.is_required() else info.default,
        meaning=info.description or "",
        example=info.examples[0] if info.examples else None,
        overlap=about["overlap"],
        replaced_by=tuple(about["replaced_by"]),
        signed=about["signed"],
        direction=about.get("direction"),
        stored=about["stored"],
        label=info.title or name,
        group=about["group"],
        choices=about["choices"],
    )


def fits(unit: str, wanted: str, *, lasts: bool) -> bool:
    """Return whether values of a sensor can be those of a field.

    Args:
        unit: Unit of the sensor.
        wanted: Unit of the field.
        lasts: Whether events of the sensor last some time, so that an energy per event is a mean power.
    """
    wanted = unit_for(wanted, unit)
    if units.same_kind(unit, wanted):
        return True
    return lasts and wanted in ENERGY_PER_EVENT and units.same_kind(unit, ENERGY_PER_EVENT[wanted])
