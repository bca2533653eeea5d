"""The flex-context: prices, limits and everything else around the devices of a site, all commodities together."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import SkipValidation, field_validator, model_validator

from engine.errors import FieldError
from engine.flex import quantity
from engine.flex.commodity import CommodityContext
from engine.flex.facts import SAYS, described
from engine.flex.fields import AnyQuantity, read_entries
from engine.flex.quantity import Fixed


def read_terminal_value(raw: object, *, field: str) -> Fixed | Literal["off"] | None:
    """Return the quantile of prices that somebody wrote, or ``off``.

    Raises:
        FieldError: It is neither.
    """
    if raw is None or raw == "off":
        return raw
    level = raw if isinstance(raw, Fixed) else quantity.read(raw, field=field)
    if not isinstance(level, Fixed) or not 0 <= level.number("", field=field) <= 1:
        raise FieldError(field, "write a share from 0 to 100 %, such as '40%', or 'off'.")
    return level


class FlexContext(CommodityContext):
    """What surrounds the devices of a site: electricity, and other commodities beside it."""

    commodities: tuple[CommodityContext, ...] = described(
        "Contexts of other commodities, each commodity once.",
        label=("Grid connection", "Other connections (gas, heat, …)"),
        example=[{"commodity": "gas", "consumption-price": "0.07 EUR/kWh"}],
        form="parts",
        default=(),
    )

    carbon_price: AnyQuantity = described(
        "What a kg of CO₂ counts in the costs, for all commodities with a carbon-intensity.",
        label=("Tariff and CO₂", "CO₂ price"),
        example="0.08 EUR/kg",
        unit="currency/kg",
        signed=False,
        kind="price",
    )
    carbon_cap: AnyQuantity = described(
        "Most CO₂ that the whole schedule may emit, over all commodities with a carbon-intensity; more costs 1000 per "
        "kg, more where energy is dear, so that it happens only where nothing else helps, which a warning tells.",
        label=("Tariff and CO₂", "CO₂ cap"),
        example="12 kg",
        unit="kg",
        kind="carbon",
        role=SAYS,
    )
    hedge_for: str | None = described(
        "How long one decision has to do for every quantile that is known of the forecasts of loads and production.",
        label=("Preferences", "Hedge against forecast errors for"),
        example="PT1H",
        form="text",
    )

    growing_steps: bool = described(
        "Steps that grow with the horizon: quarters of an hour after two hours, hours after a day, none longer than "
        "prices and limits hold. A week at 5 minutes then takes as long to schedule as a day.",
        label=("Preferences", "Longer steps towards the end"),
        example=True,
        form="flag",
        default=False,
    )

    terminal_value: Annotated[Fixed | Literal["off"] | None, SkipValidation] = described(
        "What energy left in stores at the end is worth, where no end-value tells: which quantile of the prices of the "
        "schedule, or 'off'. Without it off; schedules of the pages and of automations take what the account says.",
        label=("Preferences", "Stored energy wanted at the end"),
        example="40%",
        form="text",
        kind="share",
        role=SAYS,
    )

    stay_with_plan: Annotated[Fixed | None, SkipValidation] = described(
        "What a new schedule must save for the last one of the asset to be given up: an amount of money, or a price of "
        "each kWh that it moves. Off without it.",
        label=("Preferences", "Stay with the last plan unless it saves"),
        example="0.05 EUR",
        form="text",
        kind="price",
    )

    @field_validator("stay_with_plan", mode="before")
    @classmethod
    def _margin(cls, raw: object) -> object:
        if raw is None:
            return raw
        margin = quantity.price_or_amount(raw, field="stay-with-plan", example="0.002 EUR/kWh")
        _, per_energy = quantity.number_of_price(margin, "stay-with-plan")
        quantity.refuse_negative(margin, "currency/kWh" if per_energy else "currency", field="stay-with-plan")
        return margin

    @field_validator("terminal_value", mode="before")
    @classmethod
    def _quantile(cls, raw: object) -> object:
        return read_terminal_value(raw, field="terminal-value")

    @property
    def staying_margin(self) -> tuple[float, bool] | None:
        """What a new schedule must save [currency, or currency/kWh where True follows]; None: no field."""
        return None if self.stay_with_plan is None else quantity.number_of_price(self.stay_with_plan, "stay-with-plan")

    @field_validator("commodities", mode="before")
    @classmethod
    def _contexts(cls, raw: object) -> object:
        return read_entries(CommodityContext, raw, field="commodities")

    @model_validator(mode="after")
    def _check_commodities(self) -> Self:
        if self.commodity != "electricity":
            raise FieldError("commodity", "the outer context is about electricity; list others under commodities.")
        names = [context.commodity for context in self.commodities]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise FieldError("commodities", f"{twice[0]} is described twice; join the two.")
        if self.carbon_cap is not None and not isinstance(self.carbon_cap, Fixed):
            raise FieldError("carbon-cap", "it is one mass for the whole schedule; write it like '12 kg'.")
        # Costs in two currencies cannot be added up.
        if len(currencies := self.all_currencies) > 1:
            raise FieldError(
                "commodities" if self.commodities else "flex-context",
                f"prices are in {', '.join(sorted(currencies))}; write all of them in one currency.",
            )
        return self

    @classmethod
    def read_any(cls, raw: Mapping[str, object] | list[Mapping[str, object]]) -> Self:
        """Return the context written as one dictionary, or as a list with one per commodity."""
        if isinstance(raw, Mapping):
            return cls.read(raw)
        own = [entry for entry in raw if entry.get("commodity", "electricity") == "electricity"]
        others = [entry for entry in raw if entry not in own]
        if len(own) > 1:
            raise FieldError("commodities", "electricity is described twice; join the two.")
        return cls.read({**(own[0] if own else {}), "commodities": others})

    @property
    def contexts(self) -> tuple[CommodityContext, ...]:
        """One context per commodity; electricity comes first unless the list describes it."""
        if any(context.commodity == "electricity" for context in self.commodities):
            return self.commodities
        return (self, *self.commodities)

    @property
    def all_currencies(self) -> set[str]:
        """Every currency written in a price of any commodity."""
        return self.currencies.union(*(context.currencies for context in self.commodities))
