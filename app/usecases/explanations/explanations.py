"""What a saved schedule does, why, what other choices would cost, and what it would take to have another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.usecases.actor import Actor
from app.usecases.explanations.figures import ScheduleFigures, schedule_figures
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.usecases.fields import HYPHENS, Moment, Query
from db import schedules
from db.assets import Asset, lineage
from db.core import database
from engine.errors import EngineError, FieldError, InputError, SolveError, UnknownField
from engine.explain.best_cost.matrix import CellCost, extra_costs
from engine.explain.best_cost.replanning import Replanning, names_to_ask, planned_ports
from engine.explain.best_cost.trade_off import TradeOffPoint, trade_off
from engine.explain.bottlenecks import Bottleneck, bottlenecks
from engine.explain.changes.changed_inputs import PlanChange, changed_inputs
from engine.explain.choices import ExplainedChoice, explain_choice
from engine.explain.headlines import Headline, headlines
from engine.explain.marginal_values import ValueLine, storage_value_line
from engine.series.sun import sun_times

PARTS = ("headlines", "figures", "bottlenecks", "values", "cells", "trade-off", "changes")
HEDGED = "The schedule hedges against quantiles of its forecasts; this answer is by what is expected."
MOST_CELLS = 4000
"""Most devices × steps of one table of other choices."""


class ExplainQuery(Query):
    """Which parts of an explanation are wanted."""

    model_config = HYPHENS

    parts: Annotated[str, Field(description=f"Of {', '.join(PARTS)}; joined by commas")] = "headlines,bottlenecks"
    device: Annotated[str | None, Field(max_length=255, description="cells and values of this device only")] = None


class WhyQuery(Query):
    """Which choice of which device is to be explained."""

    model_config = HYPHENS

    device: Annotated[str, Field(max_length=255, description="Device, as the outputs of the schedule name it")]
    at: Annotated[Moment, Field(description="A time in the step asked about")]
    power: Annotated[float | None, Field(description="Another power to price [kW], positive when consuming")] = None


@dataclass(frozen=True, kw_only=True)
class ScheduleExplanation:
    """The parts of an explanation that were asked for; the others are None."""

    stored: StoredSite
    headlines: list[Headline] | None = None
    figures: ScheduleFigures | None = None
    bottlenecks: list[Bottleneck] | None = None
    values: list[ValueLine] | None = None
    cells: list[CellCost] | None = None
    trade_off: list[TradeOffPoint] | None = None
    changes: PlanChange | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    """Part that was asked for and cannot be told → why."""


def explain_schedule(session: Session, actor: Actor, schedule_id: int, query: ExplainQuery) -> ScheduleExplanation:
    """Return what a schedule does and why; a part that cannot be told does not take the others with it.

    Raises:
        NotFound, NotAllowed, InputsGone, InputError: See ``open_site``.
        FieldError: A part or a device is not known, no part is named, or none of them can be told.
        TimedOut: It takes longer than people wait.
    """
    parts = read_parts(query.parts)
    stored = open_site(session, actor, schedule_id)
    names = devices_of(stored, query.device)
    stores = [each.name for each in stored.site.devices if each.energy_bounds and query.device in (None, each.name)]

    @cache
    def plan() -> Replanning:  # the first parts need no problem that is solved again and again
        return Replanning(stored.site, names if "cells" in parts else (), stored.budget())

    def cells() -> list[CellCost]:
        if len(names) * stored.site.window.n > MOST_CELLS:
            raise FieldError("device", f"there are more than {MOST_CELLS} cells; name one device.")
        return [cell for row in extra_costs(plan(), names) for cell in row]

    makers: dict[str, Callable[[], Any]] = {
        "headlines": lambda: _headlines(session, stored),
        "figures": lambda: schedule_figures(stored),
        "changes": lambda: _changes(session, actor, stored),
        "bottlenecks": lambda: bottlenecks(plan()),
        "values": lambda: [storage_value_line(plan(), name) for name in stores],
        "cells": cells,
        "trade-off": lambda: trade_off(plan()),
    }
    told: dict[str, Any] = {}
    missing: dict[str, EngineError] = {}
    for part in (part for part in PARTS if part in parts):
        try:
            told[part.replace("-", "_")] = makers[part]()
        except (InputError, SolveError) as reason:
            missing[part] = reason
    if not told:
        first = next(iter(missing.values()))
        raise first if isinstance(first, FieldError | SolveError) else FieldError("parts", str(first))
    return ScheduleExplanation(stored=stored, missing={part: str(why) for part, why in missing.items()}, **told)


def read_parts(written: str) -> set[str]:
    """Return the parts of an explanation that are named.

    Raises:
        FieldError: One is none, or there are none.
    """
    parts = {part.strip() for part in written.split(",") if part.strip()}
    for part in sorted(parts - set(PARTS)):
        raise UnknownField("part of an explanation", part, PARTS, field="parts")
    if not parts:
        raise FieldError(
            "parts", f"name at least one of {', '.join(PARTS)}; without the field the usual ones are given."
        )
    return parts


def explain_why(
    session: Session, actor: Actor, schedule_id: int, query: WhyQuery
) -> tuple[StoredSite, ExplainedChoice]:
    """Return why a device does what it does at a time, and what else would cost.

    Raises:
        NotFound, NotAllowed, InputsGone, InputError: See ``open_site``.
        FieldError: The device or the time is not of the schedule, or the power is out of reach.
        TimedOut: It takes longer than people wait.
    """
    stored = open_site(session, actor, schedule_id)
    (name,) = devices_of(stored, query.device)
    step = stored.step_at(query.at)
    plan = Replanning(stored.site, names_to_ask(stored.site, name), stored.budget())
    # With whole numbers a second search could end at another plan of the same cost.
    power = float(stored.schedule.power[name][step]) if plan.is_linear else None
    choice = explain_choice(plan, name, step, power=power, asked=query.power)
    hedged = (HEDGED,) if stored.site.hedged else ()
    return stored, replace(choice, remarks=(*choice.remarks, *hedged))


def devices_of(stored: StoredSite, name: str | None) -> list[str]:
    """Return the ports that are planned, or the one that is named.

    Raises:
        FieldError: There is none of this name.
    """
    names = planned_ports(stored.site)
    if name is None:
        return names
    if name not in names:
        raise FieldError("device", f"{name!r} is not planned in this schedule; name one of {', '.join(names)}.")
    return [name]


def _headlines(session: Session, stored: StoredSite) -> list[Headline]:
    window, occasions = stored.site.window, {}
    # From the top down: the place of the nearest asset counts.
    for asset in lineage(database.get(session, Asset, stored.row.asset_id)):
        if asset.latitude is not None and asset.longitude is not None:
            occasions = sun_times(asset.latitude, asset.longitude, window.start, window.end)
    return headlines(stored.site, stored.schedule, occasions)


def _changes(session: Session, actor: Actor, stored: StoredSite) -> PlanChange:
    """Return what changed since the schedule before this one of the same asset.

    Raises:
        InputError: There is none with its inputs.
    """
    before = schedules.previous(session, stored.row)
    if before is None:
        raise InputError("There is no schedule before this one to compare it with.")
    old = open_site(session, actor, before.id)
    return changed_inputs(old.site, old.schedule, stored.site, stored.budget(), stored.schedule)
