"""Infeasible: which limits clash, when and by how much, and the cheapest repairs."""

from dataclasses import dataclass

import numpy as np

from engine.devices.device import Cause, Conflict, moment
from engine.diagnosis.causes import causes
from engine.diagnosis.conflicts import taking_part
from engine.diagnosis.relaxation import Elastic, Slack
from engine.diagnosis.repairs import Repair, Trials, distinct, repairs, rule_repairs
from engine.errors import Infeasible
from engine.formulation import build
from engine.model.arrays import Arrays
from engine.model.problem import Problem
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells, with_choices
from engine.solve.highs import Model

EXPLAINING = 0.5
"""What an explanation may take where a plan has already spent its budget [s]."""


@dataclass(frozen=True, slots=True)
class InfeasibilityReport:
    """Why a site has no plan, and what would give it one."""

    conflicts: tuple[Conflict, ...]
    """What clashes, when and by how much."""
    clashing: tuple[str, ...]
    """Limits that take part in one smallest conflict; there may be other conflicts."""
    repairs: tuple[Repair, ...]
    """Changes each of which makes a plan possible, smallest first."""
    causes: tuple[Cause, ...] = ()
    """What is given and takes part: without any of these there would be a plan."""
    cut_short: bool = False
    """Whether time was up before everything was tried."""

    @property
    def text(self) -> str:
        """The report in a few sentences."""
        what = " ".join(conflict.text for conflict in self.conflicts)
        if not what:
            what = f"No plan keeps these limits together: {', '.join(self.clashing)}."
        if self.causes:
            what = f"{what} Part in it has: {'; '.join(cause.text for cause in self.causes)}."
        if not self.repairs and self.cut_short:
            return f"{what} {CUT_SHORT}"
        if not self.repairs:
            return f"{what} Changing limits does not help; check the series of the site."
        return f"{what} Way out: either {'; or '.join(repair.text for repair in self.repairs[:4])}."


CUT_SHORT = (
    "There was no time left to look for a way out; plan fewer devices or steps at once, "
    "or allow more time (time_limit of FLEXMEASURES_LP_SOLVER_OPTIONS)."
)


class NoPlan(Infeasible):
    """No plan keeps every hard limit.

    Attributes:
        report: Which limits clash, and what would mend it.
    """

    def __init__(self, report: InfeasibilityReport) -> None:
        self.report = report
        super().__init__(report.text, report.clashing)


def refuse(site: Site, budget: Budget | None = None) -> NoPlan:
    """Return the error that tells why a site has no plan; see diagnose."""
    return NoPlan(diagnose(site, budget))


def diagnose(site: Site, budget: Budget | None = None) -> InfeasibilityReport:
    """Return why a site has no plan.

    What each device shows by itself is told first, as it is exact and names the moment; else the least that all limits
    together would have to give tells when and how much; the smallest conflicting set tells who takes part.

    Args:
        site: Without a plan.
        budget: What is left for the plan; None is as long as it takes.
    """
    budget = (budget or Budget()).at_least(EXPLAINING)
    own = [conflict for device in site.devices if (conflict := device.conflict(site.window)) is not None]
    try:
        built = build(site)
    except Infeasible as without_room:
        return _unbuilt(site, own, without_room, budget)
    problem, trials = built.problem, Trials(budget, built)
    arrays = _with_directions(problem, problem.arrays(), budget)
    part = {limit.name for limit in taking_part(problem, arrays, budget)}
    elastic = Elastic(problem, arrays, [limit for limit in distinct(problem.limits) if limit.name in part], budget)
    found, helping = repairs(site, problem, elastic, trials)
    ruled = rule_repairs(site, trials)
    names = dict.fromkeys(helping + [limit for repair in ruled for limit in repair.limits])
    names = names or dict.fromkeys(limit.name for limit in elastic.limits)
    conflicts = own or _from_elastic(site, elastic, list(names))
    named = [name for conflict in conflicts for name in conflict.limits]
    given = causes(site, problem, arrays, conflicts[0] if conflicts else None, budget)
    mended = sorted([*found, *ruled], key=lambda repair: repair.amount)
    clashing = dict.fromkeys([*named, *names])
    return InfeasibilityReport(tuple(conflicts), tuple(clashing), tuple(mended), tuple(given), cut_short=budget.is_over)


def _unbuilt(site: Site, conflicts: list[Conflict], reason: Infeasible, budget: Budget) -> InfeasibilityReport:
    """Return why devices, such as processes, do not even fit into the window, before anything else is looked at."""
    clashing = dict.fromkeys([*reason.clashing, *(name for conflict in conflicts for name in conflict.limits)])
    mended = sorted(rule_repairs(site, Trials(budget)), key=lambda repair: repair.amount)
    return InfeasibilityReport(tuple(conflicts), tuple(clashing), tuple(mended), cut_short=budget.is_over)


def _with_directions(problem: Problem, arrays: Arrays, budget: Budget) -> Arrays:
    """Return the problem in which stores cannot burn energy, if only burning would keep its limits."""
    cells = Cells.of(problem.pairs)
    lossy = np.flatnonzero(~cells.lossless)
    if not len(lossy) or (arrays.lower > arrays.upper).any() or not Model(arrays, budget).run().has_plan:
        return arrays
    return with_choices(arrays, cells, lossy)


def _from_elastic(site: Site, elastic: Elastic, part: list[str]) -> list[Conflict]:
    """Return what the limits together have to give, one conflict per limit, at the step of its largest part."""
    named = [limit for limit in elastic.limits if limit.name in part]
    stored, powers = ([limit.name for limit in named if limit.unit == unit] for unit in ("kWh", "kW"))
    choices = (stored, powers, [limit.name for limit in named])  # of one kind if enough, as kinds cannot be weighed
    told = (elastic.least_slack(choice, uniform=False) for choice in choices if choice)
    gives = next((gives for gives in told if gives is not None), None) or _from_all(
        elastic.problem, elastic.arrays, elastic.budget
    )
    found = []
    for give in gives:
        steps = np.flatnonzero(give.amount)
        if not len(steps):
            continue
        worst, unit = int(np.argmax(give.amount)), give.limit.unit
        tick = give.limit.when(worst)
        amount = float(give.amount[worst])
        others = [name for name in part if name != give.limit.name]
        text = (
            f"{give.limit.name} cannot be kept at {moment(site.window, tick)}: it is off by {amount:.4g} {unit}"
            f"{f', and at {len(steps) - 1} other times' if len(steps) > 1 else ''}"
            f"{f', because of {_listed(others)}' if others else ''}."
        )
        found.append(Conflict((give.limit.name,), tick, amount, unit, text))
    return found


def _from_all(problem: Problem, arrays: Arrays, budget: Budget) -> list[Slack]:
    """Return what all limits together have to give."""
    limits = distinct(problem.limits)
    return Elastic(problem, arrays, limits, budget).least_slack([limit.name for limit in limits], uniform=False) or []


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
