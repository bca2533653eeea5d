"""What one number of a schedule would have to be for a goal, as the API tells it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.v3.jobs.figure_answers import STRICT


class NeededChangeAnswer(BaseModel):
    """A change of a number with which the goal is reached."""

    model_config = STRICT

    change: Annotated[float, Field(description="By how much all its values move [unit]")]
    cost: Annotated[float, Field(description="Of the best plan with it, which reaches the goal [currency]")]
    exact: Annotated[bool, Field(description="Whether it is proven that a little less is not enough")]


class ParameterNeededAnswer(BaseModel):
    """The nearest values of one number, a price or a limit, with which the goal is reached, both ways."""

    model_config = STRICT

    kind: Literal["parameter"] = "parameter"
    parameter: str
    unit: str
    values: Annotated[tuple[float, float], Field(description="Least and most of its values as they are")]
    reach: Annotated[tuple[float, float], Field(description="How far lower and higher it was tried [unit]")]
    lower: Annotated[NeededChangeAnswer | None, Field(description="null: none in reach")]
    higher: NeededChangeAnswer | None
    short: Annotated[
        float | None, Field(description="What the goal costs without any change [currency]; null: no plan reaches it")
    ]
