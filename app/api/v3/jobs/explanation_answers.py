"""What explanations of a schedule tell, as the API tells it; ``explain.json`` is the schema of these."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.v3.jobs.change_answers import PlanChangeAnswer
from app.api.v3.jobs.figure_answers import STRICT, Currency, KeyFiguresAnswer, PerEnergy, Power, ScheduleFiguresAnswer
from app.api.v3.jobs.requirement_answers import ParameterNeededAnswer


class HeadlineAnswer(BaseModel):
    """One fact about one device; every number of the sentence is one of its fields."""

    model_config = STRICT

    kind: Literal["runs", "charges", "discharges", "full", "empty", "ready", "late", "level"]
    device: str
    start: str
    end: Annotated[str | None, Field(description="null: it is about one moment")]
    energy: Annotated[float | None, Field(description="Taken or given meanwhile, or stored then [kWh]")]
    price: Annotated[float | None, Field(description="Mean price of that energy [currency/kWh]")]
    share: Annotated[float | None, Field(description="Stored energy as share of the most that fits in")]
    occasion: Annotated[str, Field(description="Why this moment, such as sunset")]
    notes: dict[str, float]
    text: str


class BottleneckAnswer(BaseModel):
    """A limit, and what a wider one would save."""

    model_config = STRICT

    limit: str
    unit: str
    wider_by: Annotated[float, Field(description="By how much it was tried wider [kW or kWh]")]
    saving: Annotated[float, Field(description="What the plan then costs less, as solved [currency]")]
    estimate: Annotated[float, Field(description="The same by shadow prices, never less [currency]")]
    binding_steps: int


class ValueLineAnswer(BaseModel):
    """What one kWh more in a store saves at the end of each step, from both sides where the plan lies at a kink."""

    model_config = STRICT

    name: str
    unit: str
    value: list[float | None]
    less: Annotated[list[float | None], Field(description="What one unit less would cost [currency per unit]")]
    more: Annotated[list[float | None], Field(description="What one unit more would save [currency per unit]")]


class CellAnswer(BaseModel):
    """What the whole plan would cost more if one device did otherwise in one step."""

    model_config = STRICT

    device: str
    at: str
    power: Power
    other: Power
    extra_cost: Annotated[float | None, Field(description="[currency]; null: no plan does that")]
    is_bound: Annotated[bool, Field(description="Whether the true figure may be lower")]


class TradeOffAnswer(BaseModel):
    """A plan that is the cheapest for what it emits; the first one is the present plan."""

    model_config = STRICT

    cost: Currency
    emissions: Annotated[float, Field(description="[kg]")]
    carbon_price: Annotated[float, Field(description="From this price of CO₂ on it is the best plan [currency/kg]")]


class ExplainAnswer(BaseModel):
    """The parts of an explanation that were asked for; others are null."""

    model_config = STRICT

    schedule: int
    currency: str
    cost: Currency
    headlines: list[HeadlineAnswer] | None = None
    figures: ScheduleFiguresAnswer | None = None
    bottlenecks: list[BottleneckAnswer] | None = None
    values: list[ValueLineAnswer] | None = None
    cells: list[CellAnswer] | None = None
    trade_off: list[TradeOffAnswer] | None = None
    changes: PlanChangeAnswer | None = None
    missing: Annotated[dict[str, str], Field(description="Parts that cannot be told, and why")] = {}


class OtherChoiceAnswer(BaseModel):
    """Another power in the step, and what the whole plan would cost with it."""

    model_config = STRICT

    name: Literal["planned", "idle", "most", "least", "asked"]
    power: Power
    extra_cost: Currency
    equally_good: Annotated[bool, Field(description="Whether it costs less than 0.001 more")]
    costs: Annotated[dict[str, float], Field(description="What each cost changes by; they add up to extra-cost")]
    is_bound: Annotated[bool, Field(description="Whether the true figure may be lower")]


class PriceEdgeAnswer(BaseModel):
    """A price at which the best choice becomes another one."""

    model_config = STRICT

    price: PerEnergy
    change: Annotated[float, Field(description="Against the price planned with [currency/kWh]")]
    power: Annotated[float, Field(description="What the device does at, or beyond, it [kW]")]
    exact: Annotated[bool, Field(description="Whether it is proven; else the choice holds at least that far")]


class PriceRangeAnswer(BaseModel):
    """Prices for which a choice stays the best."""

    model_config = STRICT

    price: PerEnergy
    reach: Annotated[float, Field(description="How far lower and higher prices were tried [currency/kWh]")]
    below: PriceEdgeAnswer | None
    above: PriceEdgeAnswer | None


class ReasonAnswer(BaseModel):
    """One thing that decides a choice."""

    model_config = STRICT

    kind: Literal["limit", "stored-energy", "price"]
    about: str
    unit: str
    at: Annotated[str, Field(description="When a limit holds it")]
    saving: Annotated[float, Field(description="What one unit more of a limit would save [currency per unit]")]
    confirmed: Annotated[bool, Field(description="Whether that was found by solving again")]
    price: PerEnergy
    worth: Annotated[float, Field(description="What one kWh more in the store saves [currency/kWh]")]
    efficiency: float
    wear: PerEnergy


class CostCurveAnswer(BaseModel):
    """What the whole plan costs more by the power in the step; straight between the points unless sampled."""

    model_config = STRICT

    power: list[float]
    extra_cost: list[float]
    sampled: bool


class WhyAnswer(BaseModel):
    """What a device does in a step of the best plan, and why."""

    model_config = STRICT

    schedule: int
    device: str
    at: Annotated[str, Field(description="Start of the step")]
    currency: str
    power: Power
    cost: Annotated[float, Field(description="Of the whole plan [currency]")]
    proven: Annotated[bool, Field(description="Whether the plan is proven to be the best one")]
    curve: CostCurveAnswer
    equally_good: Annotated[list[float], Field(description="Least and most power that cost next to nothing more [kW]")]
    others: list[OtherChoiceAnswer]
    prices: PriceRangeAnswer | None
    reasons: list[ReasonAnswer]
    taken_over: Annotated[
        float | None, Field(description="Extra cost if other stores did this in its place [currency]; null: none can")
    ]
    agreeing: Annotated[
        list[int] | None, Field(description="In how many of how many stored quantiles the same is done; null: none")
    ]
    remarks: list[str]
    text: list[str]


class PriceNeededAnswer(BaseModel):
    """The nearest prices at which a device would do what is wished."""

    model_config = STRICT

    kind: Literal["price"] = "price"
    price: PerEnergy
    reach: PerEnergy
    lower: PriceEdgeAnswer | None
    higher: PriceEdgeAnswer | None
    extra_cost: Annotated[float | None, Field(description="At the price as it is [currency]; null: impossible")]


class LimitNeededAnswer(BaseModel):
    """The smallest change of a limit with which the plan costs no more than is wished."""

    model_config = STRICT

    kind: Literal["limit", "limit-too-weak"]
    limit: str
    unit: str
    change: Annotated[float, Field(description="By how much it gives way; if too weak, how far was tried [kW or kWh]")]
    values: Annotated[list[float] | None, Field(description="Least and most of its values as they are")]
    cost: Annotated[float, Field(description="Of the plan with the change [currency]")]
    smallest: Annotated[bool, Field(description="Whether it is proven to be the smallest change")]


class CombinedChangeAnswer(BaseModel):
    """Changes of limits and prices that together bring the cost down to what is wished."""

    model_config = STRICT

    kind: Literal["mix"] = "mix"
    limits: Annotated[dict[str, float], Field(description="By how much each limit gives way [kW or kWh]")]
    prices: Annotated[dict[str, float], Field(description="By how much energy bought is cheaper [currency/kWh]")]
    cost: Annotated[float, Field(description="Of the plan with them [currency]")]
    weight: Annotated[float, Field(description="What they count by the weights [currency]")]


class RequirementsAnswer(BaseModel):
    """What it would take."""

    model_config = STRICT

    schedule: int
    currency: str
    answer: Annotated[
        PriceNeededAnswer | LimitNeededAnswer | CombinedChangeAnswer | ParameterNeededAnswer | None,
        Field(description="null: no mix of these changes is enough"),
    ]


class ScenarioAnswer(BaseModel):
    """What would be planned if something were different; nothing of it is saved."""

    model_config = STRICT

    schedule: int
    currency: str
    status: str
    before: KeyFiguresAnswer
    after: KeyFiguresAnswer
    costs: Annotated[dict[str, float], Field(description="What each cost changes by [currency]")]
    changed: Annotated[dict[str, list[str]], Field(description="Starts of steps in which a device runs differently")]
    start: str
    step_s: float
    power: Annotated[dict[str, list[float]], Field(description="[kW], positive when consuming, per slot")]
    soc: Annotated[dict[str, list[float]], Field(description="[kWh] at the start and the end of each slot")]


def explanation_schema() -> dict[str, Any]:
    """Return the JSON schema of all answers of explanations."""
    answers: dict[str, type[BaseModel]] = {"explain": ExplainAnswer, "why": WhyAnswer}
    answers |= {"what-would-it-take": RequirementsAnswer, "what-if": ScenarioAnswer}
    schemas = {name: answer.model_json_schema(ref_template="#/$defs/{model}") for name, answer in answers.items()}
    shared = {name: part for schema in schemas.values() for name, part in schema.pop("$defs", {}).items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": shared | schemas}
