"""A commitment in the flex-context: a promised power and the price of deviating from it."""

from typing import ClassVar, Self

from pydantic import model_validator

from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.facts import Fact, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields, Key
from engine.flex.parts import GroupReference


class CommitmentModel(FlexFields):
    """A promised power; deviating is priced per energy (each step) or per power (the largest deviation)."""

    language: ClassVar[str] = "commitment"

    name: str | None = described("Name of its cost.", example="flat bid", form="text")
    baseline: AnyQuantity = described("Power promised, positive when consuming.", example="4 kW", kind="load")
    up_price: AnyQuantity = described("Price of a higher power.", example="0.30 EUR/kWh", kind="price")
    down_price: AnyQuantity = described(
        "Price of a lower power, whose deviation counts negative: a positive price earns, a negative one costs.",
        example="-0.30 EUR/kWh",
        kind="price",
    )
    commodity: str = described("What is promised.", example="gas", form="text", default="electricity")
    sensors: tuple[Key, ...] | None = described(
        "Power sensors of the devices whose sum is promised; without it, the whole site.",
        example=[2, 3],
        form="sensors",
        role=FieldRole.DEVICE,
    )
    group: GroupReference | None = described(
        "Group whose sum is promised.", example={"asset": 9}, form="sensor", role=FieldRole.GROUP
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
