"""What a connection to the grid costs and allows, field by field: prices, CO₂, capacities and peaks."""

import re
from typing import ClassVar, Final

from pydantic import field_validator

from engine.flex import quantity
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key
from engine.flex.quantity import SensorReference

VOLTAGE: Final = 230.0
"""Voltage between a phase and neutral, by which currents are powers [V]."""
CURRENT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*A\s*")
"""A current in amperes."""
MOST_DAYS: Final = 31
"""Most days of a month."""


class ConnectionFields(FlexFields):
    """Where the devices of one commodity meet the grid."""

    language: ClassVar[str] = "flex-context"

    commodity: str = described(
        "What the context is about.", label=("Device", "Commodity"), example="heat", form="text", default="electricity"
    )
    consumption_price: AnyQuantity = described(
        "Price of energy the site takes from the grid, or any other cost per energy, such as CO₂.",
        label=("Tariff and CO₂", "Import price"),
        example={"sensor": 1},
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    production_price: AnyQuantity = described(
        "What energy given to the grid earns; without it, as much as the consumption price.",
        label=("Tariff and CO₂", "Export price"),
        example="0.08 EUR/kWh",
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    consumption_price_sensor: Key | None = described(
        "Sensor with the price of energy taken from the grid.",
        label=("Tariff and CO₂", "Import price, sensor (older spelling)"),
        example=1,
        form="sensor",
        replaced_by=("consumption-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    production_price_sensor: Key | None = described(
        "Sensor with the price of energy given to the grid.",
        label=("Tariff and CO₂", "Export price, sensor (older spelling)"),
        example=2,
        form="sensor",
        replaced_by=("production-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ emitted for each kWh taken from the grid; what a schedule emits is given in its result.",
        label=("Tariff and CO₂", "CO₂ of imported energy"),
        example="0.35 kg/kWh",
        kind="carbon",
    )
    production_carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ that each kWh given to the grid saves elsewhere; without it, nothing is counted as saved.",
        label=("Tariff and CO₂", "CO₂ saved by exported energy"),
        example="0.30 kg/kWh",
        kind="carbon",
    )
    site_power_capacity: AnyQuantity = described(
        "Most power through the connection in both directions, always hard.",
        label=("Grid connection", "Connection capacity, both directions"),
        example="25 kVA",
        signed=False,
        kind="capacity",
    )
    site_consumption_capacity: AnyQuantity = described(
        "Most power taken from the grid; soft while a breach price applies.",
        label=("Grid connection", "Import limit"),
        example="20 kW",
        signed=False,
        kind="capacity",
    )
    site_production_capacity: AnyQuantity = described(
        "Most power given to the grid, as a positive value; soft while a breach price applies.",
        label=("Grid connection", "Export limit"),
        example="10 kW",
        signed=False,
        kind="capacity",
    )
    site_consumption_breach_price: AnyQuantity = described(
        "Price of taking more than site-consumption-capacity; 10000 per kW while relaxed, more where energy is dear.",
        label=("Soft limits", "Price of exceeding the import limit"),
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_production_breach_price: AnyQuantity = described(
        "Price of giving more than site-production-capacity; 10000 per kW while relaxed, more where energy is dear.",
        label=("Soft limits", "Price of exceeding the export limit"),
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_phase_capacity: AnyQuantity = described(
        "Most power of each phase in either direction, or current at 230 V; soft, as dear as a breach of the site.",
        label=("Grid connection", "Limit of each phase"),
        example="25 A",
        signed=False,
        kind="capacity",
    )
    site_phase_unbalance: AnyQuantity = described(
        "Most by which the powers, or currents, of two phases may differ; soft, likewise.",
        label=("Grid connection", "Phase unbalance limit"),
        example="4.6 kVA",
        signed=False,
        kind="capacity",
    )

    @field_validator("site_phase_capacity", "site_phase_unbalance", mode="before")
    @classmethod
    def _of_current(cls, raw: object) -> object:
        found = CURRENT.fullmatch(raw) if isinstance(raw, str) else None
        return raw if found is None else f"{float(found[1]) * VOLTAGE / 1000:.9g} kW"

    @property
    def legacy_prices(self) -> bool:
        """Whether prices are given the old way, with which nothing is relaxed by default."""
        return self.consumption_price_sensor is not None or self.production_price_sensor is not None

    @property
    def buying(self) -> quantity.Quantity | None:
        """The price of energy taken from the grid, in either spelling."""
        if self.consumption_price is None and self.consumption_price_sensor is not None:
            return SensorReference(self.consumption_price_sensor)
        return self.consumption_price

    @property
    def selling(self) -> quantity.Quantity | None:
        """The price of energy given to the grid, in either spelling; None when nothing is said."""
        if self.production_price is None and self.production_price_sensor is not None:
            return SensorReference(self.production_price_sensor)
        return self.production_price
