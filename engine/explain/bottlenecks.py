"""Which limits cost most: ranked by their shadow prices, then confirmed by solving with each of them wider."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import TimedOut
from engine.explain.best_cost.replanning import Replanning
from engine.explain.requirements import giving_way, limit_named
from engine.site import limit_values, raised, with_limit

_FREE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """A limit, and what a wider one would save."""

    limit: str
    unit: str
    """``kW`` or ``kWh``."""
    wider_by: float
    """By how much it was tried wider, in the whole window [kW or kWh]."""
    saving: float
    """What the plan then costs less, as solved [currency]; 0 or more."""
    estimate: float
    """The same by the shadow prices alone, which is never less [currency]."""
    binding_steps: int
    """In how many steps it holds something."""


def bottlenecks(plan: Replanning, *, wider_by: float = 1.0, most: int = 5) -> list[Bottleneck]:
    """Return the limits that cost most, the dearest first.

    Args:
        plan: The best plan.
        wider_by: By how much each is tried wider [kW or kWh].
        most: How many are tried.
    """
    prices = plan.schedule().limit_shadow_prices
    worth = {name: float(np.abs(values).sum()) for name, values in prices.items()}
    ranked = sorted((name for name in worth if worth[name] > _FREE), key=lambda name: -worth[name])[:most]
    confirmed = []
    for name in ranked:
        limit = limit_named(plan, name)
        change = raised(giving_way(limit) * wider_by)
        # A limit that is infinite everywhere becomes no wider.
        if not np.isfinite(np.asarray(limit_values(plan.site, limit.path), dtype=float)).any():
            continue
        try:
            answer = plan.answer_of(with_limit(plan.site, limit.path, change))
        except TimedOut:
            break  # what is confirmed so far stands
        if answer.has_plan:
            confirmed.append(
                Bottleneck(
                    limit=name,
                    unit=limit.unit,
                    wider_by=wider_by,
                    saving=max(plan.free.objective - answer.objective, 0.0),
                    estimate=worth[name] * wider_by,
                    binding_steps=int((np.abs(prices[name]) > _FREE).sum()),
                )
            )
    return sorted(confirmed, key=lambda each: -each.saving)
