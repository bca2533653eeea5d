"""Infeasible: which limits clash, when and by how much, and the cheapest repairs."""

from dataclasses import dataclass

import numpy as np

from engine.devices.answers import Cause, Conflict, moment
from engine.diagnosis.conflicts import find_causes, limits_in_conflict
from engine.diagnosis.relaxation import ElasticProblem
from engine.diagnosis.repairs import Repair, Trials, distinct, limit_repairs, rule_repairs, with_directions
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.site import Site
from engine.solve.budget import Budget

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
        ways = [repair.text for repair in self.repairs[:4]]
        return f"{what} Way out: {'either ' if len(ways) > 1 else ''}{'; or '.join(ways)}."


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


def no_plan_error(site: Site, budget: Budget | None = None) -> NoPlan:
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
    named = [name for conflict in own for name in conflict.limits]
    try:
        built = build_problem(site)
    except Infeasible as reason:  # devices, such as processes, that do not even fit into the window
        clashing = dict.fromkeys([*reason.clashing, *named])
        ruled = sorted(rule_repairs(site, Trials(budget)), key=lambda repair: repair.amount)
        return InfeasibilityReport(tuple(own), tuple(clashing), tuple(ruled), cut_short=budget.is_over)
    problem, trials = built.problem, Trials(budget, built)
    arrays = with_directions(problem, problem.arrays(), budget)
    part = {limit.name for limit in limits_in_conflict(problem, arrays, budget)}
    limits = [limit for limit in distinct(problem.limits) if limit.name in part]
    elastic = ElasticProblem(problem, arrays, limits, budget)
    repairs, helping = limit_repairs(site, problem, elastic, trials)
    ruled = rule_repairs(site, trials)
    names = dict.fromkeys(helping + [limit for repair in ruled for limit in repair.limits])
    names = names or dict.fromkeys(limit.name for limit in elastic.limits)
    conflicts = own or _least_conflicts(site, elastic, list(names))
    named = [name for conflict in conflicts for name in conflict.limits]
    causes = find_causes(site, problem, arrays, conflicts[0] if conflicts else None, budget)
    repairs = sorted([*repairs, *ruled], key=lambda repair: repair.amount)
    clashing = dict.fromkeys([*named, *names])
    return InfeasibilityReport(
        tuple(conflicts), tuple(clashing), tuple(repairs), tuple(causes), cut_short=budget.is_over
    )


def _least_conflicts(site: Site, elastic: ElasticProblem, part: list[str]) -> list[Conflict]:
    """Return what the limits together have to give, one conflict per limit, at the step of its largest part."""
    named = [limit for limit in elastic.limits if limit.name in part]
    stored, powers = ([limit.name for limit in named if limit.unit == unit] for unit in ("kWh", "kW"))
    # Of one kind if that is enough, as an energy and a power cannot be weighed against each other; lazily, as each is
    # a solve.
    choices = (stored, powers, [limit.name for limit in named])
    slacks_of_choices = (
        elastic.lowest_slack(choice) if choice is powers else elastic.least_slack(choice, uniform=False)
        for choice in choices
        if choice
    )
    slacks = next((slacks for slacks in slacks_of_choices if slacks is not None), None)
    if not slacks:
        limits = distinct(elastic.problem.limits)
        everything = ElasticProblem(elastic.problem, elastic.arrays, limits, elastic.budget)
        slacks = everything.least_slack([limit.name for limit in limits], uniform=False) or []
    conflicts = []
    for slack in slacks:
        steps = np.flatnonzero(slack.amount)
        if not len(steps):
            continue
        worst, unit = int(np.argmax(slack.amount)), slack.limit.unit
        tick, amount = slack.limit.when(worst), float(slack.amount[worst])
        others = [name for name in part if name != slack.limit.name]
        listed = " and ".join([", ".join(others[:-1]), others[-1]] if len(others) > 1 else others)
        text = (
            f"{slack.limit.name} cannot be kept at {moment(site.window, tick)}: it is off by {amount:.4g} {unit}"
            f"{f', and at {len(steps) - 1} other times' if len(steps) > 1 else ''}"
            f"{f', because of {listed}' if others else ''}."
        )
        conflicts.append(Conflict((slack.limit.name,), tick, amount, unit, text))
    return conflicts
