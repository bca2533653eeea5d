"""Why a saved schedule is as it is, what if something were different, what it would take: answers, never rows."""

from dataclasses import asdict
from typing import Any

import numpy as np

from app.api.http.route import Call, get, post
from app.api.v3.jobs.explanation_answers import (
    CombinedChangeAnswer,
    ExplainAnswer,
    LimitNeededAnswer,
    PriceNeededAnswer,
    RequirementsAnswer,
    ScenarioAnswer,
    WhyAnswer,
    explanation_schema,
)
from app.api.v3.jobs.requirement_answers import ParameterNeededAnswer
from app.usecases.explanations import explanations, requirements, what_if
from app.usecases.explanations.explanations import ExplainQuery, ScheduleExplanation, WhyQuery
from app.usecases.explanations.requirements import RequirementsQuestion
from app.usecases.explanations.what_if import ScenarioEdits
from engine.explain.changes.change_sentences import change_sentences
from engine.explain.changes.changed_inputs import PlanChange
from engine.explain.combined_change import CombinedChange
from engine.explain.goals.parameter_needed import ParameterNeeded
from engine.explain.requirements import LimitNeeded, LimitTooWeak, PriceNeeded
from engine.explain.sentences import choice_sentences


def explain(call: Call, id: int, query: ExplainQuery) -> ExplainAnswer:
    """Tell what a schedule does in words, which limits cost most, what energy is worth, what other choices cost."""
    return explain_answer(explanations.explain_schedule(call.session, call.actor, id, query))


def explain_answer(done: ScheduleExplanation) -> ExplainAnswer:
    """Return an explanation as it is told."""
    stored, window = done.stored, done.stored.site.window
    answer: dict[str, Any] = {"schedule": stored.row.id, "currency": stored.currency, "cost": stored.schedule.cost}
    answer["missing"] = dict(done.missing)
    if done.headlines is not None:
        answer["headlines"] = [
            asdict(fact)
            | {
                "start": fact.start.isoformat(),
                "end": None if fact.end is None else fact.end.isoformat(),
                "text": fact.sentence(stored.place, stored.currency),
            }
            for fact in done.headlines
        ]
    if done.cells is not None:
        answer["cells"] = [
            {
                "device": cell.name,
                "at": window.moment(cell.step).isoformat(),
                "power": cell.power,
                "other": cell.other,
                "extra_cost": _finite(cell.extra_cost),
                "is_bound": cell.is_bound,
            }
            for cell in done.cells
        ]
    if done.values is not None:
        lines = [asdict(line) for line in done.values]
        sides = ("value", "less", "more")
        answer["values"] = [line | {side: [_finite(each) for each in line[side]] for side in sides} for line in lines]
    for name in ("bottlenecks", "trade_off"):
        parts = getattr(done, name)
        answer[name] = None if parts is None else [asdict(part) for part in parts]
    answer["figures"] = None if done.figures is None else asdict(done.figures)
    answer["changes"] = None if done.changes is None else _changes(done.changes, stored.currency)
    return ExplainAnswer.model_validate(answer)


def _changes(change: PlanChange, currency: str) -> dict[str, Any]:
    moves = [asdict(move) | {"start": move.start.isoformat(), "end": move.end.isoformat()} for move in change.moves]
    return asdict(change) | {"moves": moves, "text": list(change_sentences(change, currency))}


def why(call: Call, id: int, query: WhyQuery) -> WhyAnswer:
    """Tell why a device does what it does at a time: what else would cost, what decides, until which price."""
    stored, choice = explanations.explain_why(call.session, call.actor, id, query)
    window = stored.site.window
    told = asdict(choice)
    return WhyAnswer.model_validate(
        {
            "schedule": id,
            "device": choice.name,
            "at": window.moment(choice.step).isoformat(),
            "currency": stored.currency,
            "proven": choice.is_proven,
            "equally_good": list(choice.curve.as_good),
            "others": [asdict(other) | {"equally_good": other.is_as_good} for other in choice.others],
            "reasons": [asdict(each) | {"at": window.moment(each.at).isoformat()} for each in choice.reasons],
            "agreeing": None if choice.agreeing is None else list(choice.agreeing),
            "text": list(choice_sentences(choice, window, stored.place, stored.currency)),
            **{name: told[name] for name in ("power", "cost", "curve", "prices", "taken_over", "remarks")},
        }
    )


def find_requirements(call: Call, id: int, body: RequirementsQuestion) -> RequirementsAnswer:
    """Find the smallest change of a price, or of a limit, target or size, so that the plan does what is wished."""
    stored, needed = requirements.find_requirements(call.session, call.actor, id, body)
    answer: PriceNeededAnswer | LimitNeededAnswer | CombinedChangeAnswer | ParameterNeededAnswer | None = None
    if isinstance(needed, CombinedChange):
        prices = {stored.site.window.moment(step).isoformat(): change for step, change in needed.prices.items()}
        answer = CombinedChangeAnswer(limits=dict(needed.limits), prices=prices, cost=needed.cost, weight=needed.weight)
    elif isinstance(needed, ParameterNeeded):
        more = {"short": _finite(needed.short), "unit": needed.unit.replace("currency", stored.currency)}
        answer = ParameterNeededAnswer.model_validate(asdict(needed) | more)
    elif needed is not None:
        answer = _requirement(needed)
    return RequirementsAnswer(schedule=id, currency=stored.currency, answer=answer)


def _requirement(needed: PriceNeeded | LimitNeeded | LimitTooWeak) -> PriceNeededAnswer | LimitNeededAnswer:
    if isinstance(needed, PriceNeeded):
        return PriceNeededAnswer.model_validate(asdict(needed) | {"extra_cost": _finite(needed.extra_cost)})
    enough = isinstance(needed, LimitNeeded)
    return LimitNeededAnswer(
        kind="limit" if enough else "limit-too-weak",
        limit=needed.limit,
        unit=needed.unit,
        change=needed.change if isinstance(needed, LimitNeeded) else needed.farthest,
        values=list(needed.values) if isinstance(needed, LimitNeeded) else None,
        cost=needed.cost,
        smallest=isinstance(needed, LimitNeeded) and needed.is_smallest,
    )


def try_scenario(call: Call, id: int, body: ScenarioEdits) -> ScenarioAnswer:
    """Plan a saved schedule again with other prices, limits, loads or stored energies; save nothing."""
    done = what_if.try_scenario(call.session, call.actor, id, body)
    window, plan = done.schedule.window, done.schedule
    return ScenarioAnswer.model_validate(
        {
            "schedule": id,
            "currency": done.stored.currency,
            "status": str(plan.status.value),
            "before": asdict(done.before),
            "after": asdict(done.after),
            "costs": done.costs,
            "changed": {
                name: [window.moment(step).isoformat() for step in steps] for name, steps in done.changed.items()
            },
            "start": window.slots.start.isoformat(),
            "step_s": window.slots.step.total_seconds(),
            "power": {name: window.on_slots(values).tolist() for name, values in plan.power.items()},
            "soc": {name: window.on_slot_ticks(values).tolist() for name, values in plan.soc.items()},
        }
    )


def schema(call: Call) -> dict[str, Any]:
    """Return the JSON schema of explanations, ``explain.json``."""
    return explanation_schema()


def _finite(value: float) -> float | None:
    # JSON has no infinity; null then tells that no plan has it
    return float(value) if np.isfinite(value) else None


ROUTES = [
    get("/schedules/explain.json", schema),
    get("/schedules/{id}/explain", explain, pool="heavy"),
    get("/schedules/{id}/why", why, pool="heavy"),
    # Questions with a body: nothing is saved, so that a key for reading will do
    post("/schedules/{id}/what-if", try_scenario, saves=False, pool="heavy", scope="read"),
    post("/schedules/{id}/what-would-it-take", find_requirements, saves=False, pool="heavy", scope="read"),
]
