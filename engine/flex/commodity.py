"""What surrounds the devices of one commodity: prices, limits, loads and promises, field by field."""

from typing import ClassVar, Self

from pydantic import field_validator, model_validator

from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.facts import Fact, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, SeveralQuantities, read_entries
from engine.flex.parts import GroupReference, Output
from engine.flex.peaks import PeakFields
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


class CommitmentModel(FlexFields):
    """A promised power; deviating is priced per energy (each step) or per power (the largest deviation)."""

    language: ClassVar[str] = "commitment"

    name: str | None = described("Name of its cost.", label="Name", example="flat bid", form="text")
    baseline: AnyQuantity = described(
        "Power promised, positive when consuming.", label="Power promised", example="4 kW", kind="load"
    )
    up_price: AnyQuantity = described(
        "Price of a higher power.", label="Price of a higher power", example="0.30 EUR/kWh", kind="price"
    )
    down_price: AnyQuantity = described(
        "Price of a lower power, whose deviation counts negative: a positive price earns, a negative one costs.",
        label="Price of a lower power",
        example="-0.30 EUR/kWh",
        kind="price",
    )
    commodity: str = described(
        "What is promised.", label="Commodity", example="gas", form="text", default="electricity"
    )
    sensors: tuple[Key, ...] | None = described(
        "Power sensors of the devices whose sum is promised; without it, the whole site.",
        label="Power sensors",
        example=[2, 3],
        form="sensors",
        role=FieldRole.DEVICE,
    )
    group: GroupReference | None = described(
        "Group whose sum is promised.", label="Group", example={"asset": 9}, form="sensor", role=FieldRole.GROUP
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.name:
            raise FieldError("name", "a commitment needs a name, under which its cost is listed.")
        if self.baseline is None:
            raise FieldError("baseline", "a commitment needs the power promised, such as '4 kW'.")
        if self.up_price is None and self.down_price is None:
            raise FieldError("up-price", f"{self.name} needs an up-price or a down-price; else it binds nothing.")
        if self.sensors is not None and self.group is not None:
            raise FieldError("group", f"{self.name} names sensors and a group; choose one of both.")
        for field, price in (("up-price", self.up_price), ("down-price", self.down_price)):
            if price is not None:
                quantity.check(price, self.unit, field=field)
        return self

    def unit_of(self, fact: Fact) -> str | None:
        """Return the unit of one of these fields; that of a price is told by the prices themselves."""
        return self.unit if fact.kind == "price" else fact.unit

    @property
    def unit(self) -> str:
        """``currency/kWh`` or ``currency/kW``: what is priced, told by the unit of the first price that has one."""
        for price in (self.up_price, self.down_price):
            if price is not None and (per := quantity.per_energy(price)) is not None:
                return "currency/kWh" if per else "currency/kW"
        # A sensor tells its unit only when it is read; deviations are mostly priced per energy.
        return "currency/kWh"


class CommodityContext(PeakFields):
    """What surrounds the devices of one commodity."""

    relax_constraints: bool = described(
        "Soften stored energies and the one-way capacities of site and groups, each at its breach price.",
        label=("Soft limits", "Soften limits at a price"),
        example=False,
        form="flag",
        default=True,
    )
    relax_soc_constraints: bool | None = described(
        "The same for stored energies only; decides over relax-constraints.",
        label=("Soft limits", "Soften stored energies"),
        example=True,
        form="flag",
    )
    relax_site_capacity_constraints: bool | None = described(
        "The same for one-way capacities of site and groups only; decides over relax-constraints.",
        label=("Soft limits", "Soften limits of the connection"),
        example=True,
        form="flag",
    )
    relax_capacity_constraints: bool = described(
        "Soften one-way capacities of devices; only when asked for here.",
        label=("Soft limits", "Soften limits of devices"),
        example=True,
        form="flag",
        default=False,
    )
    soc_minima_breach_price: AnyQuantity = described(
        "Price of storing less than soc-minima and soc-targets say; 1000 per kWh while relaxed, more where energy is "
        "dear.",
        label=("Soft limits", "Price of storing too little"),
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    soc_maxima_breach_price: AnyQuantity = described(
        "Price of storing more than soc-maxima and soc-targets say; 1000 per kWh while relaxed, more where energy is "
        "dear.",
        label=("Soft limits", "Price of storing too much"),
        example="100 EUR/kWh",
        unit="currency/kWh",
        signed=False,
        kind="price",
    )
    consumption_breach_price: AnyQuantity = described(
        "Price of a device's consuming more than its consumption-capacity; 100 per kW once relaxed by name, more where "
        "energy is dear.",
        label=("Soft limits", "Price of exceeding charging limits of devices"),
        example="50 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    production_breach_price: AnyQuantity = described(
        "Price of a device's producing more than its production-capacity; 100 per kW once relaxed by name, more where "
        "energy is dear.",
        label=("Soft limits", "Price of exceeding discharging limits of devices"),
        example="50 EUR/kW",
        unit="currency/kW",
        signed=False,
        kind="price",
    )
    inflexible_consumption: SeveralQuantities = described(
        "Sensors of loads that are not planned.",
        label=("Loads and generation", "Loads that are not planned"),
        example=[{"sensor": 3}],
        form="quantities",
        default=(),
        kind="load",
    )
    inflexible_production: SeveralQuantities = described(
        "Sensors of production that is not planned.",
        label=("Loads and generation", "Generation that is not planned"),
        example=[{"sensor": 4}],
        form="quantities",
        default=(),
        kind="load",
    )
    inflexible_device_sensors: tuple[Key, ...] = described(
        "Power sensors that are not planned, with the sign each of them is stored in.",
        label=("Loads and generation", "Sensors that are not planned (older spelling)"),
        example=[3, 4],
        form="sensors",
        default=(),
        replaced_by=("inflexible-consumption", "inflexible-production"),
        role=FieldRole.READS,
        kind="load",
    )
    commitments: tuple[CommitmentModel, ...] = described(
        "Powers promised to others, and the prices of deviating from them.",
        label=("Loads and generation", "Commitments"),
        example=[{"name": "flat bid", "baseline": "4 kW", "up-price": "0.3 EUR/kWh"}],
        form="parts",
        default=(),
    )
    aggregate_consumption: Output | None = described(
        "Sensor that receives the planned power taken from the grid.",
        label=("Where results are stored", "Planned import of the site"),
        example={"sensor": 30},
        kind="power",
        direction="consumption",
    )
    aggregate_production: Output | None = described(
        "Sensor that receives the planned power given to the grid.",
        label=("Where results are stored", "Planned export of the site"),
        example={"sensor": 31},
        kind="power",
        direction="production",
    )
    aggregate_power: Output | None = described(
        "Sensor that receives the planned power of the site, positive when consuming.",
        label=("Where results are stored", "Planned power of the site"),
        example={"sensor": 32},
        replaced_by=("aggregate-consumption", "aggregate-production"),
        kind="power",
        direction="both",
    )
    aggregate_consumption_headroom: Output | None = described(
        "Sensor that receives the consumption-headroom of all devices together, within the limits of the connection.",
        label=("Where results are stored", "Headroom of the site for consumption"),
        example={"sensor": 16},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
    )
    aggregate_production_headroom: Output | None = described(
        "Sensor that receives their production-headroom, likewise.",
        label=("Where results are stored", "Headroom of the site for production"),
        example={"sensor": 17},
        kind="headroom",
        form="sensor",
        role=FieldRole.WRITES,
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
