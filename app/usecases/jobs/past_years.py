"""Request a comparison of scenarios over the last year of a site."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.site.site import read_description
from app.auth.access.references import References
from app.jobs.handlers.past_year import BASE, LIMITS, PastYearRequest, YearScenario, request_of
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body
from app.usecases.jobs.jobs import ask_once
from db import sensors
from db.assets import Asset
from db.core import database
from db.jobs.jobs import Job
from engine.errors import FieldError

MOST = 3
"""Most scenarios beside the site as it is: each takes some seconds of a processor."""
LONGEST = 366
"""Most days that are simulated."""


class ComparedScenario(Body):
    """What differs in one scenario."""

    model_config = HYPHENS

    name: Annotated[str, Field(min_length=1, max_length=60)]
    flex_model: Annotated[
        list[dict[str, Any]], Field(default_factory=list, max_length=200, description="Entries with other fields")
    ]
    flex_context: Annotated[dict[str, Any], Field(default_factory=dict, description="Other fields of the site")]
    price_factor: Annotated[float, Field(ge=-100, le=100, description="What prices are multiplied with")] = 1.0
    price_more: Annotated[float, Field(ge=-1e6, le=1e6, description="What is added then [currency/kWh]")] = 0.0
    loads: Annotated[
        dict[str, Annotated[float, Field(ge=-100, le=100)]],
        Field(default_factory=dict, max_length=200, description="What loads are multiplied with"),
    ]
    investment: Annotated[float, Field(ge=0, le=1e12, description="What it costs more [currency]")] = 0.0


class PastYearTrigger(Body):
    """Scenarios to compare with the site as it is."""

    model_config = HYPHENS

    scenarios: Annotated[list[ComparedScenario], Field(min_length=1, max_length=MOST)]
    flex_model: Annotated[
        list[dict[str, Any]],
        Field(default_factory=list, max_length=200, description="Fields that all share, completing the stored ones"),
    ]
    flex_context: Annotated[dict[str, Any], Field(default_factory=dict, description="The same of the site")]
    days: Annotated[int, Field(ge=14, le=LONGEST, description="How many days back, today left out")] = 365


def request_past_year(session: Session, actor: Actor, asset_id: int, trigger: PastYearTrigger) -> Job:
    """Return the job that compares scenarios over the last year; the caller hands it to the queue after the commit.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it, or read what a scenario names.
        FieldError: A field of a scenario cannot be read, or the asset has no device to plan.
    """
    asset = database.get(session, Asset, asset_id)
    actor.check("create-children", asset)
    end = last_midnight(session, asset_id, actor.now)
    start = (end - timedelta(days=trigger.days)).replace(fold=0)
    scenarios = tuple(YearScenario.model_validate(each.model_dump()) for each in trigger.scenarios)
    request = PastYearRequest(
        asset=asset_id, start=start, end=end, scenarios=scenarios,
        flex_model=tuple(trigger.flex_model), flex_context=trigger.flex_context,
    )  # fmt: skip
    references = References(session, actor.principal, saves=False)
    for number, scenario in enumerate((YearScenario(name=BASE), *scenarios)):
        try:
            described = read_description(references, request_of(request, scenario), LIMITS)
        except FieldError as error:
            raise (error.inside(f"scenarios[{number - 1}]") if number else error) from None
    if not described.entries:
        raise FieldError("flex-model", f"{asset.name} has no device that is planned; ask about a site with one.")
    order = Order(kind="past-year", asset_id=asset_id, request=request.model_dump(mode="json"), user_id=actor.user_id)
    sentence = f"Asked what {len(scenarios)} scenarios would have come to in {trigger.days} days"
    return ask_once(session, actor, order, lambda: actor.record(session, sentence, asset))


def last_midnight(session: Session, asset_id: int, now: datetime) -> datetime:
    """Midnight with which the present day began where an asset stands."""
    local = now.astimezone(sensors.time_zone(session, asset_id))
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
