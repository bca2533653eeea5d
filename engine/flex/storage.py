"""The flex-model of a storage or any other device whose power is planned, field by field."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import SkipValidation, field_validator, model_validator

from engine.errors import FieldError, InputError
from engine.flex import quantity
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, SeveralQuantities, attributes_of
from engine.flex.quantity import Events, Fixed, Quantity
from engine.flex.thermal import ThermalModel

EndValue: TypeAlias = Annotated[Quantity | Literal["learned"] | None, SkipValidation]


class StorageModel(ThermalModel):
    """What a device can do."""

    soc_max: AnyQuantity = described(
        "Most energy stored at any time; gives way last.",
        label=("Storage", "Usable capacity"),
        example="10 kWh",
        kind="energy",
        overlap="least",
    )
    soc_min: AnyQuantity = described(
        "Least energy stored at any time; gives way last.",
        label=("Storage", "Lowest stored energy"),
        example="1 kWh",
        kind="energy",
        overlap="most",
        signed=False,
    )
    soc_minima: AnyQuantity = described(
        "Least energy stored at some times; soft while constraints are relaxed.",
        label=("Storage", "Stored energy at least, at times"),
        example=[{"value": "8 kWh", "datetime": "2026-03-02T07:00:00+01:00"}],
        overlap="most",
        kind="energy",
        signed=False,
    )
    soc_maxima: AnyQuantity = described(
        "Most energy stored at some times; soft while constraints are relaxed.",
        label=("Storage", "Stored energy at most, at times"),
        example=[{"value": "5 kWh", "start": "2026-03-02T09:00:00+01:00", "duration": "PT6H"}],
        overlap="least",
        kind="energy",
    )
    soc_targets: AnyQuantity = described(
        "Energy stored at some times; while constraints are relaxed, falling short or going beyond is priced.",
        label=("Storage", "Targets of stored energy"),
        example=[{"value": "9 kWh", "datetime": "2026-03-02T07:00:00+01:00"}],
        kind="energy",
    )
    state_of_charge: AnyQuantity = described(
        "Sensor that receives the planned state of charge; without soc-at-start it also gives the one at the start.",
        label=("Storage", "State of charge"),
        example={"sensor": 14},
        role=FieldRole.READS | FieldRole.WRITES,
        kind="state-of-charge",
    )
    soc_at_start: AnyQuantity = described(
        "Energy stored when the schedule starts; else that of the state-of-charge sensor, or soc-min, or 0.",
        label=("Storage", "Stored energy at the start"),
        example="3.2 kWh",
        kind="state-of-charge",
        stored="never",
    )
    soc_unit: Literal["kWh", "MWh"] | None = described(
        "Unit of stored energies written as bare numbers; without it, the power sensor's unit times one hour.",
        label=("Storage", "Unit of stored energy"),
        choices={"kWh": "kWh", "MWh": "MWh"},
        example="kWh",
        form="text",
        replaced_by=("a unit in each field, such as '3 kWh'",),
    )
    soc_gain: SeveralQuantities = described(
        "Power that flows into the store by itself, such as solar heat; several are added. Overflows without room.",
        label=("Storage", "Energy gained from elsewhere"),
        example=["0.4 kW"],
        form="quantities",
        default=(),
        kind="load",
    )
    soc_usage: SeveralQuantities = described(
        "Power drawn from the store by its use, such as driving; several are added. Met as far as it can be.",
        label=("Storage", "Energy used from the store"),
        example=[{"sensor": 21}],
        form="quantities",
        default=(),
        kind="load",
    )
    prefer_charging_sooner: bool = described(
        "Between plans of equal cost, charge sooner and discharge later.",
        label=("Preferences", "Charge sooner where costs are equal"),
        example=True,
        form="flag",
        default=True,
    )
    prefer_charging_later: bool = described(
        "Between plans of equal cost, charge later and discharge sooner.",
        label=("Preferences", "Charge later where costs are equal"),
        example=True,
        form="flag",
        default=False,
    )
    prefer_curtailing_later: bool = described(
        "Between plans of equal cost, curtail production later.",
        label=("Preferences", "Curtail later where costs are equal"),
        example=True,
        form="flag",
        default=True,
    )
    priority: int | None = described(
        "Devices with a higher number come first where stored energies cannot all be as asked for; only the order "
        "counts.",
        label=("Preferences", "Priority"),
        example=2,
        form="count",
        role=SAYS,
        default=None,
    )
    fair_share: str | None = described(
        "Name of a set of devices that share what cannot be met of soc-minima and soc-targets: who lacks most energy "
        "is served first.",
        label=("Preferences", "Fair share with"),
        example="car park",
        form="text",
    )
    soc_minima_breach_price: AnyQuantity = described(
        "Price of storing less than soc-minima and soc-targets of this device say, instead of the flex-context's.",
        label=("Soft limits", "Price of storing too little"),
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    soc_maxima_breach_price: AnyQuantity = described(
        "Price of storing more than soc-maxima and soc-targets of this device say, likewise.",
        label=("Soft limits", "Price of storing too much"),
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    end_value: EndValue = described(
        "Worth of the energy left at the end: a price, or 'learned' for what it is worth within the plan.",
        label=("Storage", "Worth of energy left at the end"),
        example="0.15 EUR/kWh",
        form="text",
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )

    @field_validator("soc_gain", "soc_usage", mode="before")
    @classmethod
    def _a_list(cls, raw: object) -> object:
        return raw if isinstance(raw, list | tuple) else [raw]

    @field_validator("end_value", mode="before")
    @classmethod
    def _end(cls, raw: object) -> object:
        if raw is None or raw == "learned":
            return raw
        read = quantity.read(raw, field="end-value")
        quantity.check(read, "currency/kWh", field="end-value")
        return read

    @model_validator(mode="after")
    def _curves(self) -> Self:
        for way in ("charging", "discharging"):
            field, shares = f"{way}-efficiency-curve", (self.roundtrip_efficiency, getattr(self, f"{way}_efficiency"))
            if getattr(self, f"{way}_efficiency_curve") and any(share is not None for share in shares):
                raise FieldError(field, f"give either this or {way}-efficiency, not both.")
        return self

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if self.roundtrip_efficiency is not None and (
            self.charging_efficiency is not None or self.discharging_efficiency is not None
        ):
            raise FieldError(
                "roundtrip-efficiency", "give either this or charging-efficiency and discharging-efficiency, not both."
            )
        for kind, most in MOST.items():
            name, efficiency = f"{kind}-efficiency", getattr(self, f"{kind}_efficiency")
            for value in quantity.written(efficiency) if efficiency is not None else ():
                if not 0 <= value.number("", field=name) <= most:  # 95 can only be meant as a percentage
                    about = f"{value.value} is not between 0 and {most * 100:g} %"
                    raise FieldError(name, f"{about}; write a percentage such as '95%', or a ratio such as 0.95.")
            # A store may lose everything in a step, but nothing could ever go in or out at 0 % throughout.
            if isinstance(efficiency, Fixed) and name != "storage-efficiency" and not efficiency.number("", field=name):
                raise FieldError(name, "with 0 % nothing ever comes through; write a share above 0, such as '95%'.")
        if self.inflexible_consumption is not None and self.inflexible_production is not None:
            raise FieldError("inflexible-production", "an entry is either fixed consumption or fixed production.")
        return self

    @cached_property
    def stores(self) -> bool:
        """Whether any field tells of a store."""
        names = attributes_of(type(self), "energy", "state-of-charge")
        told = self.thermal_capacity is not None or any(getattr(self, name) is not None for name in names)
        return told or bool(self.soc_gain or self.soc_usage)

    def bare_unit(self, power_unit: str | None) -> str:
        """Return the unit of bare numbers in fields of stored energy."""
        return self.soc_unit or (f"{power_unit}*h" if power_unit else "MWh")


MOST = {"charging": 20.0, "discharging": 20.0, "roundtrip": 1.0, "storage": 20.0}
"""The largest efficiency that makes sense, as of a heat pump; storing above 100 % counts as 100 %, with a warning."""


def read_devices(raw: Mapping[str, object] | list[Mapping[str, object]]) -> list[StorageModel]:
    """Return the entries of a flex-model, which is one device or a list of them."""
    entries = raw if isinstance(raw, list) else [raw]
    return [StorageModel.read(entry) for entry in entries]


BOUNDS: Final = (("soc-min", "soc-max", "kWh"), ("temperature-min", "temperature-max", "°C"))
"""Lowest and highest, and the unit in which they are compared."""
TIMED: Final = {"soc-minima": ("soc-max",), "soc-maxima": ("soc-min",), "soc-targets": ("soc-min", "soc-max")}
"""Stored energies at some times, and the bounds that hold at all times."""


def contradictions(config: FlexFields) -> dict[str, str]:
    """What no plan can keep, by the name of the field to change; empty where nothing contradicts.

    Only what is written as numbers is compared: what a sensor says is known when a plan is asked for.
    """
    if not isinstance(config, StorageModel):
        return {}
    problems = {}
    for low, high, unit in BOUNDS:
        least, most = (list(_numbers(config, name, unit)) for name in (low, high))
        if len(least) == len(most) == 1 and least[0][0] > most[0][0]:
            problems[low] = (
                f"{least[0][1]} is above {high} ({most[0][1]}); no plan keeps both. Lower it, or raise {high}."
            )
    for name, bounds in TIMED.items():
        for bound in bounds:
            limit = list(_numbers(config, bound, "kWh"))
            outside = [
                written
                for value, written in _numbers(config, name, "kWh")
                if len(limit) == 1 and (value > limit[0][0] if bound == "soc-max" else value < limit[0][0])
            ]
            if outside:
                side = "above" if bound == "soc-max" else "below"
                problems[name] = f"{outside[0]} is {side} {bound} ({limit[0][1]}); a plan can never reach it."
    return problems


def _numbers(config: StorageModel, name: str, unit: str) -> Iterator[tuple[float, str]]:
    """Give the values written in a field [unit], each as it was written; nothing where they cannot be compared."""
    value: Quantity | None = getattr(config, name.replace("-", "_"))
    whole = None
    if name != "soc-max" and isinstance(config.soc_max, Fixed) and unit == "kWh":
        whole = next((number for number, _ in _numbers(config, "soc-max", unit)), None)
    written = [value] if isinstance(value, Fixed) else []
    if isinstance(value, Events):
        written = [event.value for event in value.events]
    for each in written:
        try:
            # Without soc-unit a bare number is in the unit of the power sensor, which is not known here.
            bare = config.soc_unit if unit == "kWh" else unit
            yield each.number(unit, field=name, bare=bare, whole=whole), str(each.value)
        except InputError:
            continue
