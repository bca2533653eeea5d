"""What a device does at its commodity, field by field: powers and limits, efficiencies by power, ways to run, wear."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import ValidationInfo, field_validator

from engine.errors import FieldError
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, Moment, read_entries
from engine.flex.parts import (
    EfficiencyAtPower,
    GroupReference,
    OperationModes,
    Output,
    Phases,
    PowerAtEnergy,
    WearAtDepth,
    WearAtPower,
)
from engine.flex.quantity import Quantity
from engine.series.iso_time import duration


class PowerModel(FlexFields):
    """What power a device can take and give."""

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
    consumption_headroom: Output | None = described(
        "Sensor that receives the power by which consumption could be higher than planned, or production lower, "
        "throughout each step, with every later bound still in reach.",
        example={"sensor": 16},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    production_headroom: Output | None = described(
        "Sensor that receives the power by which production could be higher than planned, or consumption lower, "
        "likewise.",
        example={"sensor": 17},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    set_point: Output | None = described(
        "Sensor that receives what is handed down to the device in each step, so that it does right when load and sun "
        "turn out otherwise: a power, a target for the exchange with the grid, or a limit, as set-point-mode says; "
        "positive when consuming.",
        example={"sensor": 26},
        kind="set-point",
        form="sensor",
        role=FieldRole.WRITES,
    )
    set_point_mode: Output | None = described(
        "Sensor that receives what set-point means: 0 a power, 1 a target for the grid exchange, 2 follow the meter, "
        "3 hold, 4 charge at most, 5 discharge at most.",
        example={"sensor": 27},
        kind="mode",
        form="sensor",
        role=FieldRole.WRITES,
    )
    consumption_headroom_energy: Output | None = described(
        "Sensor that receives the energy that could be taken beyond the plan from each step on; divided by "
        "consumption-headroom, how long that can be sustained.",
        example={"sensor": 18},
        kind="headroom-energy",
        form="sensor",
        role=FieldRole.WRITES,
    )
    production_headroom_energy: Output | None = described(
        "Sensor that receives the energy that could be given beyond the plan, likewise.",
        example={"sensor": 19},
        kind="headroom-energy",
        form="sensor",
        role=FieldRole.WRITES,
    )
    phases: Phases | None = described(
        "Phases that the device is connected to, such as 'L1' of a charger of one phase; without it all three.",
        example="L1",
        form="text",
        role=SAYS,
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
    charging_curve: tuple[PowerAtEnergy, ...] = described(
        "Most power consumed by the energy stored, as points with straight lines between them, level beyond the ends; "
        "it holds at the start and at the end of each step.",
        example=[{"soc": "80%", "power": "11 kW"}, {"soc": "100%", "power": "2 kW"}],
        form="parts",
        default=(),
    )
    discharging_curve: tuple[PowerAtEnergy, ...] = described(
        "Most power produced by the energy stored, likewise.",
        example=[{"soc": "10%", "power": "1 kW"}, {"soc": "20%", "power": "5 kW"}],
        form="parts",
        default=(),
    )
    charging_efficiency_curve: tuple[EfficiencyAtPower, ...] = described(
        "Share of the power consumed that reaches the store, by that power, as of an inverter; instead of "
        "charging-efficiency. Between two points what is stored follows a straight line.",
        example=[{"power": "0.2 kW", "efficiency": "70%"}, {"power": "2 kW", "efficiency": "96%"}],
        form="parts",
        default=(),
    )
    discharging_efficiency_curve: tuple[EfficiencyAtPower, ...] = described(
        "Share of the power drawn from the store that is produced, by the power produced; instead of "
        "discharging-efficiency.",
        example=[{"power": "0.2 kW", "efficiency": "70%"}, {"power": "2 kW", "efficiency": "96%"}],
        form="parts",
        default=(),
    )
    standby_power: AnyQuantity = described(
        "Power that the device itself consumes at any time, beside the planned power, as its inverter does.",
        example="30 W",
        signed=False,
        kind="load",
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
    wear_by_power: tuple[WearAtPower, ...] = described(
        "Prices of wear that rise with the power (C-rate), each for the part of the power up to its point; beside "
        "wear-price.",
        example=[{"power": "3 kW", "price": "0.01 EUR/kWh"}, {"price": "0.03 EUR/kWh"}],
        form="parts",
        default=(),
    )
    wear_by_depth: tuple[WearAtDepth, ...] = described(
        "Prices of wear that rise with the depth of discharge, each for the energy drawn from its layer below soc-max; "
        "beside wear-price.",
        example=[{"depth": "30%", "price": "0.01 EUR/kWh"}, {"price": "0.04 EUR/kWh"}],
        form="parts",
        default=(),
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
    charging_from_grid: bool = described(
        "Whether it may charge from the grid, not from local production only.", example=False, form="flag", default=True
    )
    discharging_to_grid: bool = described(
        "Whether it may discharge into the grid, not for local use only.", example=False, form="flag", default=True
    )

    @field_validator("min_on", "min_off")
    @classmethod
    def _lasting(cls, text: str | None, info: ValidationInfo) -> str | None:
        name = str(info.field_name).replace("_", "-")
        if text is not None and duration(text, field=name) < timedelta(0):
            raise FieldError(name, f"{text} is less than no time; write it like PT1H.")
        return text

    @field_validator("charging_curve", "discharging_curve", mode="before")
    @classmethod
    def _powers(cls, raw: object, info: ValidationInfo) -> object:
        return read_entries(PowerAtEnergy, raw, field=str(info.field_name).replace("_", "-"))

    @field_validator("wear_by_power", "wear_by_depth", mode="before")
    @classmethod
    def _wear(cls, raw: object, info: ValidationInfo) -> object:
        kind = WearAtPower if info.field_name == "wear_by_power" else WearAtDepth
        return read_entries(kind, raw, field=str(info.field_name).replace("_", "-"))

    @field_validator("charging_efficiency_curve", "discharging_efficiency_curve", mode="before")
    @classmethod
    def _efficiencies(cls, raw: object, info: ValidationInfo) -> object:
        return read_entries(EfficiencyAtPower, raw, field=str(info.field_name).replace("_", "-"))

    @property
    def inflexible(self) -> tuple[Quantity, float] | None:
        """The sensor of a fixed device and its sign, +1 for consumption; None for a flexible device."""
        if self.inflexible_consumption is not None:
            return self.inflexible_consumption, 1.0
        if self.inflexible_production is not None:
            return self.inflexible_production, -1.0
        return None
