"""What is known of the heat in a building or a tank, field by field: how it leaks, comfort, and heat pumps."""

from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from engine.errors import FieldError
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, read_entries
from engine.flex.parts import CopAtTemperature
from engine.flex.power import PowerModel
from engine.flex.quantity import Fixed

_OF_ENERGY = (
    "soc_at_start", "soc_min", "soc_max", "soc_minima", "soc_maxima", "soc_targets", "storage_efficiency",
    "state_of_charge", "fair_share", "wear_by_depth", "charging_curve", "discharging_curve",
)  # fmt: skip
"""Fields that tell of a stored energy in ways that a temperature tells by its own."""


class ThermalModel(PowerModel):
    """What a device heats or cools, if its temperature matters."""

    thermal_mode: Literal["heating", "cooling"] = described(
        "Whether the device heats or cools, each for itself where several share a building or tank; without it as the "
        "entry with thermal-capacity. soc-gain, such as heat of people and sun, warms in both.",
        label=("Heat", "Heating or cooling"),
        choices={"heating": "Heating", "cooling": "Cooling"},
        example="cooling",
        form="text",
        default="heating",
    )
    thermal_capacity: AnyQuantity = described(
        "Heat that warms the building or tank by one kelvin; 1 m³ of water has 1.16 kWh/K.",
        label=("Heat", "Thermal capacity"),
        example="12 kWh/K",
        signed=False,
        kind="heat-capacity",
    )
    heat_loss: AnyQuantity = described(
        "Heat lost through the envelope for each kelvin above outdoor-temperature; without it none.",
        label=("Heat", "Heat loss"),
        example="0.25 kW/K",
        signed=False,
        kind="heat-loss",
    )
    temperature: AnyQuantity = described(
        "Sensor that receives the planned temperature; without temperature-at-start it also tells the one at the "
        "start. Devices that name the same one heat the same building or tank.",
        label=("Heat", "Temperature"),
        example={"sensor": 32},
        role=FieldRole.READS | FieldRole.WRITES,
        kind="temperature",
    )
    temperature_at_start: AnyQuantity = described(
        "Temperature when the schedule starts; else that of the temperature sensor, or temperature-min.",
        label=("Heat", "Temperature at the start"),
        example="20.5 °C",
        kind="temperature",
        stored="never",
    )
    temperature_min: AnyQuantity = described(
        "Lower end of the comfort band; soft, so that the coldest day has a schedule.",
        label=("Heat", "Lowest temperature"),
        example=[{"value": "20 °C", "start": "2026-03-02T06:00:00+01:00", "duration": "PT16H"}],
        kind="temperature",
        overlap="most",
    )
    temperature_max: AnyQuantity = described(
        "Upper end of the comfort band, likewise.",
        label=("Heat", "Highest temperature"),
        example="23 °C",
        kind="temperature",
        overlap="least",
    )
    temperature_breach_price: AnyQuantity = described(
        "Price of each kelvin outside the comfort band, for each hour of it.",
        label=("Heat", "Price of leaving the temperature range"),
        example="0.50 EUR/K/h",
        unit="currency/K/h",
        signed=False,
        kind="price",
    )
    outdoor_temperature: AnyQuantity = described(
        "Temperature of the surroundings: of the air outside, of the room in which a tank stands.",
        label=("Heat", "Outdoor temperature"),
        example={"sensor": 31},
        kind="temperature",
    )
    source_temperature: AnyQuantity = described(
        "Temperature of what a heat pump draws from, such as the ground, for cop-curve; without it "
        "outdoor-temperature.",
        label=("Heat", "Source temperature"),
        example="8 °C",
        kind="temperature",
    )
    cop_curve: tuple[CopAtTemperature, ...] = described(
        "Coefficient of performance by source-temperature, as points with straight lines between them, level beyond "
        "the ends; instead of charging-efficiency, which may be a sensor of it.",
        label=("Heat", "Coefficient of performance by temperature"),
        example=[{"temperature": "-7 °C", "cop": 2.4}, {"temperature": "7 °C", "cop": 3.9}],
        form="parts",
        default=(),
    )

    @field_validator("cop_curve", mode="before")
    @classmethod
    def _cops(cls, raw: object) -> object:
        return read_entries(CopAtTemperature, raw, field="cop-curve")

    @model_validator(mode="after")
    def _cop_by_one_field(self) -> Self:
        if not self.cop_curve:
            return self
        others: Any = self  # the model of a device, which has efficiencies, too
        for field in ("charging_efficiency", "roundtrip_efficiency", "charging_efficiency_curve"):
            if getattr(others, field, None):
                raise FieldError("cop-curve", f"give either this or {field.replace('_', '-')}, not both.")
        at = [temperature for temperature, _ in self.cop_points]
        # Two points at one temperature leave no slope between them.
        if any(second - first < 1e-6 for first, second in pairwise(at)):
            raise FieldError("cop-curve", "write its points by rising temperature.")
        return self

    @model_validator(mode="after")
    def _one_kind_of_store(self) -> Self:
        given = self.thermal_capacity
        if given is None:
            return self
        for name in _OF_ENERGY:
            if getattr(self, name):
                field = name.replace("_", "-")
                raise FieldError(field, "with thermal-capacity, temperatures set what is stored; leave it out.")
        if isinstance(given, Fixed) and given.number("kWh/K", field="thermal-capacity") <= 0:
            raise FieldError("thermal-capacity", "it is more than nothing, such as '12 kWh/K'.")
        return self

    def refuse_incomplete(self) -> None:
        """Raise FieldError if a field means nothing as another one is missing, stored fields and those asked for."""
        if self.cop_curve and self.outdoor_temperature is None and self.source_temperature is None:
            raise FieldError("cop-curve", "the temperature is not known; give outdoor-temperature.")
        if self.thermal_capacity is None:
            alone = [name for name in _NEEDING if getattr(self, name) is not None]
            if alone:
                field = alone[0].replace("_", "-")
                raise FieldError(field, "it is about a building or a tank; give its thermal-capacity, too.")
            return
        if self.heat_loss is not None and self.outdoor_temperature is None:
            raise FieldError("outdoor-temperature", "give it, as heat-loss is for each kelvin above it.")
        if self.temperature_min is None and self.temperature_max is None:
            raise FieldError("temperature-min", "give a comfort band: temperature-min, temperature-max or both.")

    @property
    def cop_points(self) -> list[tuple[float, float]]:
        """Points of cop-curve: temperature [°C] and coefficient of performance [1].

        Raises:
            FieldError: One changes over time, or is 0 or less.
        """
        return [each.numbers for each in self.cop_curve]

    @property
    def mode_of_heat(self) -> Literal["heating", "cooling"] | None:
        """Whether it heats or cools; None where the entry does not say so."""
        return self.thermal_mode if "thermal_mode" in self.model_fields_set else None

    @property
    def is_thermal(self) -> bool:
        """Whether what it stores is told by a temperature, in this entry or in one about the same store."""
        return any(getattr(self, name) is not None for name in ("thermal_capacity", "temperature"))


_NEEDING = (
    "heat_loss", "temperature_at_start", "temperature_min", "temperature_max", "temperature_breach_price",
)  # fmt: skip
"""Fields that mean nothing without thermal-capacity."""
