"""What changed from one schedule to the next, as the API tells it."""

from typing import Annotated

from pydantic import BaseModel, Field

from app.api.v3.jobs.figure_answers import STRICT, Currency


class InputChangeAnswer(BaseModel):
    """What one input did to the plan."""

    model_config = STRICT

    input: str
    cost: Annotated[float, Field(description="Its part in the change of the cost; all add up [currency]")]
    alone: Annotated[float, Field(description="What this input alone, as before, would save [currency]")]
    moved: Annotated[float, Field(description="Energy that would then be taken or given at other times [kWh]")]


class MovedPowerAnswer(BaseModel):
    """A time in which a device runs differently than by the plan before."""

    model_config = STRICT

    device: str
    start: str
    end: str
    before: Annotated[float, Field(description="Mean power then by the plan before [kW], positive when consuming")]
    now: Annotated[float, Field(description="Mean power then by this plan [kW], likewise")]
    energy: Annotated[float, Field(description="What is taken more [kWh]; negative: less, or given more")]


class InputDifferenceAnswer(BaseModel):
    """One number that a plan was made from, as it was before and is now; means of the moments at which it differs."""

    model_config = STRICT

    input: str
    about: Annotated[str, Field(description="Device, group or commodity, and which of its numbers")]
    unit: str
    steps: Annotated[int, Field(description="At how many moments of both plans it differs")]
    before: float
    now: float


class PlanChangeAnswer(BaseModel):
    """What changed from the plan before to this one, over the time of this one."""

    model_config = STRICT

    cost: Currency
    cost_before: Annotated[float, Field(description="With all inputs as before [currency]")]
    inputs: list[InputChangeAnswer]
    left_out: Annotated[list[str], Field(description="Inputs that, as before, leave no plan")]
    moves: Annotated[list[MovedPowerAnswer], Field(description="Largest energies first")]
    differences: list[InputDifferenceAnswer]
    text: Annotated[list[str], Field(description="The change in words")]
