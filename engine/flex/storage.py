"""The flex-model of a storage or any other device whose power is planned, field by field."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import SkipValidation, ValidationInfo, field_validator, model_validator

from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, Moment, SeveralQuantities, attributes_of
from engine.flex.parts import GroupReference, OperationModes, Output
from engine.flex.quantity import Fixed, Quantity
from engine.series.iso_time import duration

EndValue: TypeAlias = Annotated[Quantity | Literal["learned"] | None, SkipValidation]


class StorageModel(FlexFields):
    """What a device can do."""

    language: ClassVar[str] = "flex-model"
    spellings: ClassVar[Mapping[str, str]] = {
        "consumption-limit": "consumption-capacity",
        "production-limit": "production-capacity",
    }

    sensor: Key | None = described(
        "Power sensor that receives the schedule; it also names the entry in a list of devices.",
        example=2,
        role=FieldRole.WRITES | FieldRole.DEVICE,
        kind="power",
    )
    asset: Key | None = described(
        "Asset the entry is about, where no power sensor names it.", example=7, form="asset", role=FieldRole.DEVICE
    )
    commodity: str = described("What the device takes and gives.", example="heat", form="text", default="electricity")
    consumption: Output | None = described(
        "Sensor that receives the power consumed, as positive values.",
        example={"sensor": 12},
        kind="power",
        direction="consumption",
    )
    production: Output | None = described(
        "Sensor that receives the power produced, as positive values.",
        example={"sensor": 13},
        kind="power",
        direction="production",
    )
    state_of_charge: AnyQuantity = described(
        "Sensor that receives the planned state of charge; without soc-at-start it also tells the one at the start.",
        example={"sensor": 14},
        role=FieldRole.READS | FieldRole.WRITES,
        kind="state-of-charge",
    )
    soc_at_start: AnyQuantity = described(
        "Energy stored when the schedule starts; else the state-of-charge sensor tells, or soc-min is assumed, or 0.",
        example="3.2 kWh",
        kind="state-of-charge",
        stored="never",
    )
    soc_unit: Literal["kWh", "MWh"] | None = described(
        "Unit of stored energies written as bare numbers; without it, the power sensor's unit times one hour.",
        example="kWh",
        form="text",
        replaced_by=("a unit in each field, such as '3 kWh'",),
    )
    soc_min: AnyQuantity = described(
        "Least energy stored at any time; gives way last.", example="1 kWh", kind="energy", overlap="most", signed=False
    )
    soc_max: AnyQuantity = described(
        "Most energy stored at any time; gives way last.", example="10 kWh", kind="energy", overlap="least"
    )
    soc_minima: AnyQuantity = described(
        "Least energy stored at some times; soft while constraints are relaxed.",
        example=[{"value": "8 kWh", "datetime": "2026-03-02T07:00:00+01:00"}],
        overlap="most",
        kind="energy",
        signed=False,
    )
    soc_maxima: AnyQuantity = described(
        "Most energy stored at some times; soft while constraints are relaxed.",
        example=[{"value": "5 kWh", "start": "2026-03-02T09:00:00+01:00", "duration": "PT6H"}],
        overlap="least",
        kind="energy",
    )
    soc_targets: AnyQuantity = described(
        "Energy stored at some times; while constraints are relaxed, falling short or going beyond is priced.",
        example=[{"value": "9 kWh", "datetime": "2026-03-02T07:00:00+01:00"}],
        kind="energy",
    )
    soc_gain: SeveralQuantities = described(
        "Power that flows into the store by itself, such as solar heat; several are added. Overflows without room.",
        example=["0.4 kW"],
        form="quantities",
        default=(),
        kind="load",
    )
    soc_usage: SeveralQuantities = described(
        "Power drawn from the store by its use, such as driving; several are added. Met as far as it can be.",
        example=[{"sensor": 21}],
        form="quantities",
        default=(),
        kind="load",
    )
    charging_efficiency: AnyQuantity = described(
        "Share of the power consumed that reaches the store; above 100 % for a heat pump.",
        example="95%",
        kind="efficiency",
    )
    discharging_efficiency: AnyQuantity = described(
        "Share of the power drawn from the store that is produced.", example="95%", kind="efficiency"
    )
    roundtrip_efficiency: AnyQuantity = described(
        "Share left after charging and discharging, split evenly between both; instead of giving each.",
        example="90%",
        kind="efficiency",
    )
    storage_efficiency: AnyQuantity = described(
        "Share of the stored energy left after one step of the schedule.", example="99.9%", kind="retention"
    )
    charging_from_grid: bool = described(
        "Whether it may charge from the grid, not from local production only.", example=False, form="flag", default=True
    )
    discharging_to_grid: bool = described(
        "Whether it may discharge into the grid, not for local use only.", example=False, form="flag", default=True
    )
    prefer_charging_sooner: bool = described(
        "Between plans of equal cost, charge sooner and discharge later.", example=True, form="flag", default=True
    )
    prefer_charging_later: bool = described(
        "Between plans of equal cost, charge later and discharge sooner.", example=True, form="flag", default=False
    )
    prefer_curtailing_later: bool = described(
        "Between plans of equal cost, curtail production later.", example=True, form="flag", default=True
    )
    power_capacity: AnyQuantity = described(
        "Most power in both directions, hard; without it, the larger one-way capacity.",
        example="11 kW",
        signed=False,
        kind="capacity",
    )
    consumption_capacity: AnyQuantity = described(
        "Most power consumed; hard unless relax-capacity-constraints is set.",
        example="7.4 kW",
        signed=False,
        kind="capacity",
    )
    production_capacity: AnyQuantity = described(
        "Most power produced, as a positive value; of a solar system, its forecast.",
        example={"sensor": 8},
        signed=False,
        kind="capacity",
    )
    operation_modes: OperationModes = described(
        "Ways to run, one of them in each step; none means any power within the capacities.",
        example=[{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["2 kW", "3 kW"]}],
        form="parts",
        default=(),
        stored="never",
    )
    group: GroupReference | None = described(
        "Group of devices with limits of its own, to which this one belongs.",
        example={"asset": 9},
        form="sensor",
        role=FieldRole.GROUP,
    )
    coupling: str | None = described(
        "Name of a coupling: all devices of it have powers in fixed proportion.", example="heat pump", form="text"
    )
    coupling_coefficient: AnyQuantity = described(
        "Power of this device per unit of its coupling.", example=3.2, kind="share"
    )
    inflexible_consumption: AnyQuantity = described(
        "Sensor with the power the device consumes whatever the plan.", example={"sensor": 3}, kind="load"
    )
    inflexible_production: AnyQuantity = described(
        "Sensor with the power the device produces whatever the plan.", example={"sensor": 4}, kind="load"
    )
    wear_price: AnyQuantity = described(
        "Price of the wear caused by each kWh charged or discharged.",
        example="0.02 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    start_cost: AnyQuantity = described(
        "Price of each switching on; without operation-modes a device may idle while it is on.",
        example="0.50 EUR",
        unit="currency",
        signed=False,
        kind="price",
    )
    min_on: str | None = described("Once switched on, the device stays on this long.", example="PT1H", form="text")
    min_off: str | None = described("Once switched off, the device stays off this long.", example="PT30M", form="text")
    on_at_start: bool | None = described(
        "Whether the device runs when the schedule begins; without it, as its power sensor says.",
        example=True,
        form="flag",
        stored="never",
    )
    switched_at: Moment = described(
        "Since when the device is on, or off, as on-at-start says; without it long enough to be switched.",
        example="2026-03-02T06:40:00+01:00",
        form="text",
        stored="never",
    )
    power_at_start: AnyQuantity = described(
        "Power before the schedule begins, from which ramp-limit counts; without it, as its power sensor says.",
        example="2.5 kW",
        kind="load",
        stored="never",
    )
    ramp_limit: AnyQuantity = described(
        "Largest change of power from step to step.", example="4 kW/h", signed=False, kind="ramp"
    )
    end_value: EndValue = described(
        "Worth of the energy left at the end: a price, or 'learned' for what it is worth within the plan.",
        example="0.15 EUR/kWh",
        form="text",
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    fair_share: str | None = described(
        "Name of a set of equal devices among which energy is shared fairly.", example="car park", form="text"
    )

    @field_validator("soc_gain", "soc_usage", mode="before")
    @classmethod
    def _a_list(cls, raw: object) -> object:
        return raw if isinstance(raw, list | tuple) else [raw]

    @field_validator("min_on", "min_off")
    @classmethod
    def _lasting(cls, text: str | None, info: ValidationInfo) -> str | None:
        name = str(info.field_name).replace("_", "-")
        if text is not None and duration(text, field=name) < timedelta(0):
            raise FieldError(name, f"{text} is less than no time; write it like PT1H.")
        return text

    @field_validator("end_value", mode="before")
    @classmethod
    def _end(cls, raw: object) -> object:
        if raw is None or raw == "learned":
            return raw
        read = quantity.read(raw, field="end-value")
        quantity.check(read, "currency/kWh", field="end-value")
        return read

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

    @property
    def inflexible(self) -> tuple[Quantity, float] | None:
        """The sensor of a fixed device and its sign, +1 for consumption; None for a flexible device."""
        if self.inflexible_consumption is not None:
            return self.inflexible_consumption, 1.0
        if self.inflexible_production is not None:
            return self.inflexible_production, -1.0
        return None

    @property
    def stores(self) -> bool:
        """Whether any field tells of a store."""
        names = attributes_of(type(self), "energy", "state-of-charge")
        return bool(self.soc_gain or self.soc_usage) or any(getattr(self, name) is not None for name in names)

    def bare_unit(self, power_unit: str | None) -> str:
        """Return the unit of bare numbers in fields of stored energy."""
        return self.soc_unit or (f"{power_unit}*h" if power_unit else "MWh")


MOST = {"charging": 20.0, "discharging": 20.0, "roundtrip": 1.0, "storage": 20.0}
"""The largest efficiency that makes sense, as of a heat pump; storing above 100 % counts as 100 %, with a warning."""


def read_devices(raw: Mapping[str, object] | list[Mapping[str, object]]) -> list[StorageModel]:
    """Return the entries of a flex-model, which is one device or a list of them."""
    entries = raw if isinstance(raw, list) else [raw]
    return [StorageModel.read(entry) for entry in entries]
