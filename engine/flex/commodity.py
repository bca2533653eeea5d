"""What surrounds the devices of one commodity: prices, limits, loads and promises, field by field."""

from typing import Self

from pydantic import field_validator, model_validator

from engine.errors import FieldError
from engine.flex.commitment import CommitmentModel
from engine.flex.connection import ConnectionFields
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, Key, SeveralQuantities, read_entries
from engine.flex.parts import Output
from engine.flex.quantity import SensorReference

# Prices of breaking limits that hold where the user gives none: site before stored energy before device before energy.
SITE_BREACH_PRICE = 10_000.0
"""Default price of breaking a site's or group's one-way limit while it is relaxed [currency/kW]."""
SOC_BREACH_PRICE = 1_000.0
"""Default price of a stored energy outside its soft bounds while they are relaxed [currency/kWh]."""
DEVICE_BREACH_PRICE = 100.0
"""Default price of breaking a device's one-way limit once relaxed by name [currency/kW]."""
_DEAR, _MOST = 0.3, 1e8
"""Growth of the defaults per unit of currency that a kWh costs; the highest of which sums still can be planned with."""


def breach_price(usual: float, dearest: float) -> float:
    """Return a default price of breaking a limit at a site, higher where energy is dear [currency/kW or kWh].

    Args:
        usual: Where a kWh costs no more than a few units of currency.
        dearest: Price of the dearest energy of the site [currency/kWh].
    """
    return min(usual * max(1.0, _DEAR * dearest), _MOST)


class CommodityContext(ConnectionFields):
    """What surrounds the devices of one commodity."""

    soc_minima_breach_price: AnyQuantity = described(
        "Price of storing less than soc-minima and soc-targets say; 1000 per kWh while relaxed, more where energy is "
        "dear.",
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    soc_maxima_breach_price: AnyQuantity = described(
        "Price of storing more than soc-maxima and soc-targets say; 1000 per kWh while relaxed, more where energy is "
        "dear.",
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    consumption_breach_price: AnyQuantity = described(
        "Price of a device's consuming more than its consumption-capacity; 100 per kW once relaxed by name, more where "
        "energy is dear.",
        example="50 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    production_breach_price: AnyQuantity = described(
        "Price of a device's producing more than its production-capacity; 100 per kW once relaxed by name, more where "
        "energy is dear.",
        example="50 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    relax_constraints: bool = described(
        "Soften stored energies and the one-way capacities of site and groups, each at its breach price.",
        example=False,
        form="flag",
        default=True,
    )
    relax_soc_constraints: bool | None = described(
        "The same for stored energies only; decides over relax-constraints.", example=True, form="flag"
    )
    relax_site_capacity_constraints: bool | None = described(
        "The same for one-way capacities of site and groups only; decides over relax-constraints.",
        example=True,
        form="flag",
    )
    relax_capacity_constraints: bool = described(
        "Soften one-way capacities of devices; only when asked for here.", example=True, form="flag", default=False
    )
    commitments: tuple[CommitmentModel, ...] = described(
        "Powers promised to others, and the prices of deviating from them.",
        example=[{"name": "flat bid", "baseline": "4 kW", "up-price": "0.3 EUR/kWh"}],
        form="parts",
        default=(),
    )
    inflexible_consumption: SeveralQuantities = described(
        "Sensors of loads that are not planned.", example=[{"sensor": 3}], form="quantities", default=(), kind="load"
    )
    inflexible_production: SeveralQuantities = described(
        "Sensors of production that is not planned.",
        example=[{"sensor": 4}],
        form="quantities",
        default=(),
        kind="load",
    )
    inflexible_device_sensors: tuple[Key, ...] = described(
        "Power sensors that are not planned, with the sign each of them is stored in.",
        example=[3, 4],
        form="sensors",
        default=(),
        replaced_by=("inflexible-consumption", "inflexible-production"),
        role=FieldRole.READS,
        kind="load",
    )
    aggregate_consumption_headroom: Output | None = described(
        "Sensor that receives the consumption-headroom of all devices together, within the limits of the connection.",
        example={"sensor": 16},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    aggregate_production_headroom: Output | None = described(
        "Sensor that receives their production-headroom, likewise.",
        example={"sensor": 17},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    aggregate_consumption: Output | None = described(
        "Sensor that receives the planned power taken from the grid.",
        example={"sensor": 30},
        kind="power",
        direction="consumption",
    )
    aggregate_production: Output | None = described(
        "Sensor that receives the planned power given to the grid.",
        example={"sensor": 31},
        kind="power",
        direction="production",
    )
    aggregate_power: Output | None = described(
        "Sensor that receives the planned power of the site, positive when consuming.",
        example={"sensor": 32},
        replaced_by=("aggregate-consumption", "aggregate-production"),
        kind="power",
        direction="both",
    )

    @field_validator("commitments", mode="before")
    @classmethod
    def _commitments(cls, raw: object) -> object:
        return read_entries(CommitmentModel, raw, field="commitments")

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if self.inflexible_device_sensors and (self.inflexible_consumption or self.inflexible_production):
            raise FieldError(
                "inflexible-device-sensors", "it cannot be mixed with inflexible-consumption and inflexible-production."
            )
        # A load that is named twice would be counted twice.
        seen = set[int]()
        for field in ("inflexible_device_sensors", "inflexible_consumption", "inflexible_production"):
            for load in getattr(self, field):
                sensor = load.sensor if isinstance(load, SensorReference) else load
                if sensor in seen:
                    raise FieldError(field.replace("_", "-"), f"sensor {sensor} is named twice; name it once.")
                if isinstance(sensor, int):
                    seen.add(sensor)
        softening = [name for name in self.model_fields_set if "breach" in name or name.startswith("relax")]
        if softening and self.legacy_prices:
            raise FieldError(
                softening[0].replace("_", "-"), "it needs consumption-price instead of consumption-price-sensor."
            )
        return self

    @property
    def relaxes_soc(self) -> bool:
        """Whether bounds on stored energy at some times are soft."""
        return self._relaxes(self.relax_soc_constraints)

    @property
    def relaxes_site(self) -> bool:
        """Whether one-way capacities of the site are soft by default."""
        return self._relaxes(self.relax_site_capacity_constraints)

    @property
    def relaxes_groups(self) -> bool:
        """Whether one-way capacities of groups are soft: also with prices given the old way, which know no groups."""
        return self.legacy_prices or self.relaxes_site

    def _relaxes(self, own: bool | None) -> bool:
        if self.legacy_prices:
            return False
        return self.relax_constraints if own is None else own

    @property
    def currencies(self) -> set[str]:
        """Every currency written in a price, those of commitments included."""
        return super().currencies.union(*(each.currencies for each in self.commitments))
