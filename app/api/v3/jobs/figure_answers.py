"""Key figures of schedules as the API tells them, and the units its answers are told in."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.usecases.fields import hyphenated

STRICT = ConfigDict(alias_generator=hyphenated, populate_by_name=True, extra="forbid", serialize_by_alias=True)
Currency = Annotated[float, Field(description="[currency]")]
PerEnergy = Annotated[float, Field(description="[currency/kWh]")]
Power = Annotated[float, Field(description="[kW], positive when consuming")]


class KeyFiguresAnswer(BaseModel):
    """What plans are compared by."""

    model_config = STRICT

    cost: Currency
    peak_import: Annotated[float, Field(description="[kW]")]
    peak_export: Annotated[float, Field(description="[kW]")]
    imported: Annotated[float, Field(description="[kWh]")]
    exported: Annotated[float, Field(description="[kWh]")]
    self_consumption: Annotated[float | None, Field(description="Share of own production not sold; null: none")]
    cycles: dict[str, float]
    emissions: Annotated[float | None, Field(description="CO₂ [kg]; null: not known")]


class SavingAnswer(BaseModel):
    """What a schedule saves against the same site without control."""

    model_config = STRICT

    amount: Annotated[float, Field(description="With what is stored at the end counted [currency]")]
    cost: Annotated[float, Field(description="Of the site without control [currency]")]
    stored: Annotated[float, Field(description="Energy stored at the end beyond what is without control [kWh]")]
    price: Annotated[float, Field(description="What that is counted with [currency/kWh]")]


class ScheduleFiguresAnswer(BaseModel):
    """Key figures of a schedule."""

    model_config = STRICT

    figures: KeyFiguresAnswer
    saving: Annotated[
        SavingAnswer | None, Field(description="null: without control a hard limit is broken, or it takes too long")
    ]
    levels: Annotated[dict[str, tuple[float, float]], Field(description="Least and most energy in each store [kWh]")]
