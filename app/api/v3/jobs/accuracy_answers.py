"""How good forecasts were, as the API tells it."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.api.v3.jobs.figure_answers import STRICT
from app.assemble.forecasting.accuracy import SourceSkill
from db.sources import Source
from engine.series.iso_time import iso_duration

InUnit = Annotated[float | None, Field(description="[unit]; null: nothing can be said")]
Share = Annotated[float | None, Field(description="Share of 1; null: nothing can be said")]


class SourceSkillAnswer(BaseModel):
    """How good the forecasts of one source were at one horizon."""

    model_config = STRICT

    source: int
    name: str
    horizon: Annotated[str, Field(description="How long before an event could be known it was forecast, at least")]
    events: Annotated[int, Field(description="Events that are compared")]
    mae: Annotated[InUnit, Field(description="Mean absolute error [unit]")]
    rmse: Annotated[InUnit, Field(description="Root mean square error [unit]")]
    bias: Annotated[InUnit, Field(description="Mean of forecast less measured value [unit]")]
    wape: Annotated[Share, Field(description="Sum of absolute errors per sum of absolute values")]
    accuracy: Annotated[Share, Field(description="1 less wape")]
    mase: Annotated[
        Share,
        Field(description="Mean absolute error per that of the value as many whole days before as the horizon reaches"),
    ]
    pinball: Annotated[InUnit, Field(description="Mean pinball loss of the quantiles [unit]")]
    crps: Annotated[InUnit, Field(description="Continuous ranked probability score by the quantiles [unit]")]
    coverage: Annotated[Share, Field(description="Values between the lowest and the highest quantile")]
    promised: Annotated[Share, Field(description="Probability between these two")]
    mae_by_hour: Annotated[
        list[float | None], Field(description="By hour of the day on the clock of the sensor, 24 entries [unit]")
    ]
    reliability: Annotated[
        list[tuple[float, float]], Field(description="Level of each quantile, and the share of values at or below it")
    ]


class AccuracyAnswer(BaseModel):
    """How good the forecasts of a sensor were; at each horizon the best source first."""

    model_config = STRICT

    sensor: int
    unit: str
    start: datetime
    end: datetime
    sources: list[SourceSkillAnswer]


def source_answers(skills: Iterable[SourceSkill], sources: Mapping[int, Source]) -> list[SourceSkillAnswer]:
    """Skills as the API lists them."""
    answers = []
    for entry in skills:
        skill = entry.skill
        names = ("mae", "rmse", "bias", "wape", "mase", "pinball", "crps", "coverage", "promised")
        numbers = {name: _known(getattr(skill, name)) for name in names}
        answers.append(
            SourceSkillAnswer(
                source=entry.source_id,
                name=sources[entry.source_id].description,
                horizon=iso_duration(entry.lead),
                events=skill.events,
                accuracy=_known(1.0 - skill.wape),
                mae_by_hour=[_known(value) for value in entry.by_hour.tolist()],
                reliability=list(entry.reliability.items()),
                **numbers,
            )
        )
    return answers


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
