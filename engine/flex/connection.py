"""What a connection to the grid costs and allows, field by field: prices, CO₂, capacities and peaks."""

from typing import ClassVar

from engine.flex import quantity
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key
from engine.flex.quantity import SensorReference


class ConnectionFields(FlexFields):
    """Where the devices of one commodity meet the grid."""

    language: ClassVar[str] = "flex-context"

    commodity: str = described("What the context is about.", example="heat", form="text", default="electricity")
    consumption_price: AnyQuantity = described(
        "Price of energy the site takes from the grid, or any other cost per energy, such as CO₂.",
        example={"sensor": 1},
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    production_price: AnyQuantity = described(
        "What energy given to the grid earns; without it, as much as the consumption price.",
        example="0.08 EUR/kWh",
        unit="currency/kWh",
        kind="price",
        stored="as-sensor",
    )
    carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ emitted for each kWh taken from the grid; what a schedule emits is told in its result.",
        example="0.35 kg/kWh",
        kind="carbon",
    )
    production_carbon_intensity: AnyQuantity = described(
        "Mass of CO₂ that each kWh given to the grid saves elsewhere; without it, nothing is counted as saved.",
        example="0.30 kg/kWh",
        kind="carbon",
    )
    consumption_price_sensor: Key | None = described(
        "Sensor with the price of energy taken from the grid.",
        example=1,
        form="sensor",
        replaced_by=("consumption-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    production_price_sensor: Key | None = described(
        "Sensor with the price of energy given to the grid.",
        example=2,
        form="sensor",
        replaced_by=("production-price",),
        role=FieldRole.READS,
        kind="price",
        unit="currency/kWh",
    )
    site_power_capacity: AnyQuantity = described(
        "Most power through the connection in both directions, always hard.",
        example="25 kVA",
        signed=False,
        kind="capacity",
    )
    site_consumption_capacity: AnyQuantity = described(
        "Most power taken from the grid; soft while a breach price applies.",
        example="20 kW",
        signed=False,
        kind="capacity",
    )
    site_production_capacity: AnyQuantity = described(
        "Most power given to the grid, as a positive value; soft while a breach price applies.",
        example="10 kW",
        signed=False,
        kind="capacity",
    )
    site_consumption_breach_price: AnyQuantity = described(
        "Price of taking more than site-consumption-capacity; 10000 per kW while relaxed, more where energy is dear.",
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_production_breach_price: AnyQuantity = described(
        "Price of giving more than site-production-capacity; 10000 per kW while relaxed, more where energy is dear.",
        example="500 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_consumption: AnyQuantity = described(
        "Peak of consumption already reached in the month, paid for anyway; one number tells of the first month.",
        example="12 kW",
        signed=False,
        kind="peak",
    )
    site_peak_production: AnyQuantity = described(
        "Peak of production already reached in the month, paid for anyway; one number tells of the first month.",
        example="3 kW",
        signed=False,
        kind="peak",
    )
    site_peak_consumption_price: AnyQuantity = described(
        "Price of a higher peak of consumption, once a month and for each price.",
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_production_price: AnyQuantity = described(
        "Price of a higher peak of production, once a month and for each price.",
        example="4.5 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    site_peak_interval: str | None = described(
        "Length of the intervals of the clock whose mean powers make peaks; without it, each step of the schedule.",
        example="PT1H",
        form="text",
    )

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
