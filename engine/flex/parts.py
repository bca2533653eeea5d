"""Parts of flex-models and flex-contexts with fields of their own: ways to run, where results go, groups."""

from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, model_validator

from engine.errors import FieldError
from engine.flex.facts import SAYS, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key, read_entries
from engine.flex.quantity import Fixed
from engine.phases import PHASES


def phases_in(text: str | None) -> tuple[str, ...]:
    """Phases that a text names, such as 'L1 L2'; none without one."""
    return () if text is None else tuple(text.replace(",", " ").split())


def _check_phases(text: str) -> str:
    names = phases_in(text)
    if not names or set(names) - set(PHASES) or len(set(names)) < len(names):
        raise FieldError("phases", "write one or several of L1, L2 and L3, such as 'L1' or 'L1 L2 L3'.")
    return text


Phases: TypeAlias = Annotated[str, AfterValidator(_check_phases)]
"""Names of phases in one text."""


class OperationMode(FlexFields):
    """One way to run: power within a range in each direction."""

    language: ClassVar[str] = "operation-modes"

    consumption_range: tuple[AnyQuantity, AnyQuantity] | None = described(
        "Least and most power consumed.",
        label="Consumption range",
        example=["1 kW", "3 kW"],
        form="quantities",
        kind="capacity",
        overlap="first",
    )
    production_range: tuple[AnyQuantity, AnyQuantity] | None = described(
        "Least and most power produced.",
        label="Production range",
        example=["1 kW", "3 kW"],
        form="quantities",
        kind="capacity",
        overlap="first",
    )
    phases: Phases | None = described(
        "Phases that the device uses while it runs so, where it switches between them; without it as the device.",
        label="Phases",
        example="L1",
        form="text",
        role=SAYS,
    )

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if self.consumption_range is None and self.production_range is None:
            raise ValueError("a mode needs a consumption-range or a production-range, such as ['1 kW', '3 kW'].")
        for name in ("consumption", "production"):
            # Read while it is known which mode they belong to, so that an error names it.
            self.powers(name)
        return self

    def powers(self, way: str) -> tuple[float, float] | None:
        """Return the least and most power in one direction [kW]; None if the mode does not run that way.

        Raises:
            FieldError: They change over time, or the least is more than the most.
        """
        field, given = f"{way}-range", getattr(self, f"{way}_range")
        if given is None:
            return None
        if len(given) != 2 or not all(isinstance(power, Fixed) for power in given):
            raise FieldError(field, "write the least and the most power, such as ['1 kW', '3 kW'].")
        least, most = (power.number("kW", field=field) for power in given)
        if not 0 <= least <= most:
            raise FieldError(field, f"{least:g} to {most:g} kW is no range; write the least power first, 0 or more.")
        return least, most


OperationModes: TypeAlias = Annotated[
    tuple[OperationMode, ...], BeforeValidator(lambda raw: read_entries(OperationMode, raw, field="operation-modes"))
]
"""Ways to run; an error names the one that it is in."""


class PowerAtEnergy(FlexFields):
    """One point of a curve of power by the energy stored."""

    language: ClassVar[str] = "point of a curve"

    soc: AnyQuantity = described(
        "Energy stored.", label="Stored energy", example="80%", kind="energy", signed=False, default=...
    )
    power: AnyQuantity = described(
        "Most power with so much energy.",
        label="Power",
        example="11 kW",
        kind="capacity",
        overlap="first",
        signed=False,
        default=...,
    )


class EfficiencyAtPower(FlexFields):
    """One point of a curve of efficiency by power."""

    language: ClassVar[str] = "point of a curve"

    power: AnyQuantity = described(
        "Power consumed, or produced.",
        label="Power",
        example="2 kW",
        kind="capacity",
        overlap="first",
        signed=False,
        default=...,
    )
    efficiency: AnyQuantity = described(
        "Efficiency at this power.", label="Efficiency", example="95%", kind="efficiency", default=...
    )


class CopAtTemperature(FlexFields):
    """One point of a curve of the coefficient of performance by temperature."""

    language: ClassVar[str] = "point of a curve"

    temperature: AnyQuantity = described(
        "Temperature of what the heat is drawn from.",
        label="Temperature",
        example="7 °C",
        kind="temperature",
        default=...,
    )
    cop: AnyQuantity = described(
        "Heat delivered per electricity consumed at this temperature.",
        label="Coefficient of performance",
        example=3.9,
        kind="efficiency",
        default=...,
    )

    @property
    def numbers(self) -> tuple[float, float]:
        """Temperature [°C] and coefficient of performance [1].

        Raises:
            FieldError: They change over time, or nothing is delivered.
        """
        if not isinstance(self.temperature, Fixed) or not isinstance(self.cop, Fixed):
            raise FieldError("cop-curve", "write numbers, such as {'temperature': '7 °C', 'cop': 3.9}.")
        cop = self.cop.number("", field="cop-curve.cop")
        if cop <= 0:
            raise FieldError("cop-curve.cop", "it is above 0, such as 3.9.")
        return self.temperature.number("°C", field="cop-curve.temperature"), cop


class WearAtPower(FlexFields):
    """One point of a curve of wear by power."""

    language: ClassVar[str] = "point of a curve"

    power: AnyQuantity = described(
        "Power up to which the price holds; without it no end, as of the last one.",
        label="Power",
        example="5 kW",
        kind="capacity",
        overlap="first",
        signed=False,
        role=SAYS,
    )
    price: AnyQuantity = described(
        "Price of each kWh of this part of the power.",
        label="Price",
        example="0.02 EUR/kWh",
        unit="currency/kWh",
        kind="price",
        signed=False,
        role=SAYS,
        default=...,
    )


class WearAtDepth(FlexFields):
    """One layer of a store with its price of wear."""

    language: ClassVar[str] = "layer of a store"

    depth: AnyQuantity = described(
        "How far below soc-max the layer reaches, as share of soc-max; without it down to the bottom.",
        label="Depth",
        example="30%",
        kind="share",
        signed=False,
        role=SAYS,
    )
    price: AnyQuantity = described(
        "Price of each kWh drawn from the layer.",
        label="Price",
        example="0.01 EUR/kWh",
        unit="currency/kWh",
        kind="price",
        signed=False,
        role=SAYS,
        default=...,
    )


class PeakBand(FlexFields):
    """One band of peaks with a fee."""

    language: ClassVar[str] = "band of peaks"

    up_to: AnyQuantity = described(
        "Highest peak of the band; without it no end, as of the last one.",
        label="Up to",
        example="5 kW",
        kind="peak",
        signed=False,
        role=SAYS,
    )
    fee: AnyQuantity = described(
        "What a month costs whose peak lies in the band.",
        label="Fee of a month",
        example="250 NOK",
        unit="currency",
        kind="price",
        signed=False,
        role=SAYS,
        default=...,
    )

    @property
    def numbers(self) -> tuple[float, float]:
        """Highest peak [kW], infinite without one, and the fee [currency].

        Raises:
            FieldError: They change over time.
        """
        if not isinstance(self.fee, Fixed) or not isinstance(self.up_to, Fixed | None):
            raise FieldError("site-peak-bands", "write numbers, such as {'up-to': '5 kW', 'fee': '250 NOK'}.")
        end = float("inf") if self.up_to is None else self.up_to.number("kW", field="site-peak-bands.up-to")
        return end, self.fee.number("currency", field="site-peak-bands.fee")


class Output(FlexFields):
    """A sensor to which results go."""

    language: ClassVar[str] = "output"

    sensor: Key = described(
        "The sensor that receives the values.", label="Power sensor", example=12, kind="power", default=...
    )


class GroupReference(FlexFields):
    """A group of devices, named by its asset or its power sensor."""

    language: ClassVar[str] = "group"

    asset: Key | None = described(
        "The asset whose entry has the limits of the group.",
        label="Asset",
        example=9,
        form="asset",
        role=FieldRole.GROUP,
    )
    sensor: Key | None = described(
        "The power sensor of that entry.", label="Power sensor", example=12, form="sensor", role=FieldRole.GROUP
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.asset is None) == (self.sensor is None):
            raise ValueError("name the group by its asset or by its sensor, such as {'asset': 7}.")
        return self
