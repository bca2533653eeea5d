"""What a device does at its commodity, field by field: powers and limits, efficiencies by power, ways to run, wear."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import ValidationInfo, field_validator

from engine.errors import FieldError
from engine.flex.device import DeviceEntry
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, Moment, read_entries
from engine.flex.parts import (
    EfficiencyAtPower,
    GroupReference,
    OperationModes,
    Phases,
    PowerAtEnergy,
    WearAtDepth,
    WearAtPower,
)
from engine.flex.quantity import Quantity
from engine.series.iso_time import duration


class PowerModel(DeviceEntry):
    """What power a device can take and give."""

    language: ClassVar[str] = "flex-model"
    spellings: ClassVar[Mapping[str, str]] = {
        "consumption-limit": "consumption-capacity",
        "production-limit": "production-capacity",
    }

    power_capacity: AnyQuantity = described(
        "Most power in both directions, hard; without it, the larger one-way capacity.",
        label=("Power", "Power limit, both directions"),
        example="11 kW",
        signed=False,
        kind="capacity",
    )
    consumption_capacity: AnyQuantity = described(
        "Most power consumed; hard unless relax-capacity-constraints is set.",
        label=("Power", "Charging or consumption limit"),
        example="7.4 kW",
        signed=False,
        kind="capacity",
    )
    production_capacity: AnyQuantity = described(
        "Most power produced, as a positive value; of a solar system, its forecast.",
        label=("Power", "Discharging or production limit"),
        example={"sensor": 8},
        signed=False,
        kind="capacity",
    )
    charging_curve: tuple[PowerAtEnergy, ...] = described(
        "Most power consumed by the energy stored, as points with straight lines between them, level beyond the ends; "
        "it holds at the start and at the end of each step.",
        label=("Power", "Charging limit by stored energy"),
        example=[{"soc": "80%", "power": "11 kW"}, {"soc": "100%", "power": "2 kW"}],
        form="parts",
        default=(),
    )
    discharging_curve: tuple[PowerAtEnergy, ...] = described(
        "Most power produced by the energy stored, likewise.",
        label=("Power", "Discharging limit by stored energy"),
        example=[{"soc": "10%", "power": "1 kW"}, {"soc": "20%", "power": "5 kW"}],
        form="parts",
        default=(),
    )
    ramp_limit: AnyQuantity = described(
        "Largest change of power from step to step.",
        label=("Power", "Ramp limit"),
        example="4 kW/h",
        signed=False,
        kind="ramp",
    )
    roundtrip_efficiency: AnyQuantity = described(
        "Share left after charging and discharging, split evenly between both; instead of giving each.",
        label=("Efficiency and wear", "Round-trip efficiency"),
        example="90%",
        kind="efficiency",
    )
    charging_efficiency: AnyQuantity = described(
        "Share of the power consumed that reaches the store; above 100 % for a heat pump.",
        label=("Efficiency and wear", "Charging efficiency"),
        example="95%",
        kind="efficiency",
    )
    discharging_efficiency: AnyQuantity = described(
        "Share of the power drawn from the store that is produced.",
        label=("Efficiency and wear", "Discharging efficiency"),
        example="95%",
        kind="efficiency",
    )
    storage_efficiency: AnyQuantity = described(
        "Share of the stored energy left after one step of the schedule.",
        label=("Efficiency and wear", "Share kept in each step"),
        example="99.9%",
        kind="retention",
    )
    charging_efficiency_curve: tuple[EfficiencyAtPower, ...] = described(
        "Share of the power consumed that reaches the store, by that power, as of an inverter; instead of "
        "charging-efficiency. Between two points what is stored follows a straight line.",
        label=("Efficiency and wear", "Charging efficiency by power"),
        example=[{"power": "0.2 kW", "efficiency": "70%"}, {"power": "2 kW", "efficiency": "96%"}],
        form="parts",
        default=(),
    )
    discharging_efficiency_curve: tuple[EfficiencyAtPower, ...] = described(
        "Share of the power drawn from the store that is produced, by the power produced; instead of "
        "discharging-efficiency.",
        label=("Efficiency and wear", "Discharging efficiency by power"),
        example=[{"power": "0.2 kW", "efficiency": "70%"}, {"power": "2 kW", "efficiency": "96%"}],
        form="parts",
        default=(),
    )
    power_at_start: AnyQuantity = described(
        "Power before the schedule begins, from which ramp-limit counts; without it, as its power sensor says.",
        label=("Power", "Power at the start"),
        example="2.5 kW",
        kind="load",
        stored="never",
    )
    standby_power: AnyQuantity = described(
        "Power that the device itself consumes at any time, beside the planned power, as its inverter does.",
        label=("Power", "Standby power"),
        example="30 W",
        signed=False,
        kind="load",
    )
    group: GroupReference | None = described(
        "Group of devices with limits of its own, to which this one belongs.",
        label=("Device", "Group"),
        example={"asset": 9},
        form="sensor",
        role=FieldRole.GROUP,
    )
    coupling: str | None = described(
        "Name of a coupling: all devices of it have powers in fixed proportion.",
        label=("Efficiency and wear", "Coupling"),
        example="heat pump",
        form="text",
    )
    coupling_coefficient: AnyQuantity = described(
        "Power of this device per unit of its coupling.",
        label=("Efficiency and wear", "Coupling coefficient"),
        example=3.2,
        kind="share",
    )
    inflexible_consumption: AnyQuantity = described(
        "Sensor with the power the device consumes whatever the plan.",
        label=("Loads and generation", "Loads that are not planned"),
        example={"sensor": 3},
        kind="load",
    )
    inflexible_production: AnyQuantity = described(
        "Sensor with the power the device produces whatever the plan.",
        label=("Loads and generation", "Generation that is not planned"),
        example={"sensor": 4},
        kind="load",
    )
    wear_price: AnyQuantity = described(
        "Price of the wear caused by each kWh charged or discharged.",
        label=("Efficiency and wear", "Price of wear"),
        example="0.02 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    wear_by_power: tuple[WearAtPower, ...] = described(
        "Prices of wear that rise with the power (C-rate), each for the part of the power up to its point; beside "
        "wear-price.",
        label=("Efficiency and wear", "Price of wear by power"),
        example=[{"power": "3 kW", "price": "0.01 EUR/kWh"}, {"price": "0.03 EUR/kWh"}],
        form="parts",
        default=(),
    )
    wear_by_depth: tuple[WearAtDepth, ...] = described(
        "Prices of wear that rise with the depth of discharge, each for the energy drawn from its layer below soc-max; "
        "beside wear-price.",
        label=("Efficiency and wear", "Price of wear by depth of discharge"),
        example=[{"depth": "30%", "price": "0.01 EUR/kWh"}, {"price": "0.04 EUR/kWh"}],
        form="parts",
        default=(),
    )
    start_cost: AnyQuantity = described(
        "Price of each switching on; without operation-modes a device may idle while it is on.",
        label=("Efficiency and wear", "Cost of a start"),
        example="0.50 EUR",
        unit="currency",
        signed=False,
        kind="price",
    )
    phases: Phases | None = described(
        "Phases that the device is connected to, such as 'L1' of a charger of one phase; without it all three.",
        label=("Power", "Phases"),
        example="L1",
        form="text",
        role=SAYS,
    )
    operation_modes: OperationModes = described(
        "Ways to run, one of them in each step; none means any power within the capacities.",
        label=("Power", "Operation modes"),
        example=[{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["2 kW", "3 kW"]}],
        form="parts",
        default=(),
        stored="never",
    )
    min_on: str | None = described(
        "Once switched on, the device stays on this long.", label=("Power", "Shortest run"), example="PT1H", form="text"
    )
    min_off: str | None = described(
        "Once switched off, the device stays off this long.",
        label=("Power", "Shortest rest"),
        example="PT30M",
        form="text",
    )
    on_at_start: bool | None = described(
        "Whether the device runs when the schedule begins; without it, as its power sensor says.",
        label=("Power", "Running at the start"),
        example=True,
        form="flag",
        stored="never",
    )
    switched_at: Moment = described(
        "Since when the device is on, or off, as on-at-start says; without it long enough to be switched.",
        label=("Power", "Last switched at"),
        example="2026-03-02T06:40:00+01:00",
        form="text",
        stored="never",
    )
    charging_from_grid: bool = described(
        "Whether it may charge from the grid, not from local production only.",
        label=("Power", "May charge from the grid"),
        example=False,
        form="flag",
        default=True,
    )
    discharging_to_grid: bool = described(
        "Whether it may discharge into the grid, not for local use only.",
        label=("Power", "May discharge to the grid"),
        example=False,
        form="flag",
        default=True,
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
