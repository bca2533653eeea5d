"""Limits that several devices share: those of a group, and those of the phases of electricity, over one window."""

from collections.abc import Iterable

import numpy as np

from app.assemble.site.devices import DeviceBuilder, operating_range
from app.assemble.site.series import Readings
from engine.errors import FieldError
from engine.flex.commodity import SITE_BREACH_PRICE, breach_price
from engine.flex.context import FlexContext
from engine.flex.parts import phases_in
from engine.flex.process import ProcessModel
from engine.flex.quantity import Quantity
from engine.flex.storage import StorageModel
from engine.model.limits import SoftLimit
from engine.model.linear import Values
from engine.phases import PHASES, PhaseLimits
from engine.site import Group


def group_of_devices(described: DeviceBuilder, *, within: str | None) -> Group:
    """Return a group; its one-way capacities are soft while those of the site are relaxed.

    Args:
        described: Its own entry.
        within: Name of the group in which it stands.
    """
    around = described.around
    both, takes, gives = described.direction_capacities
    none, free = np.full(around.window.n, np.inf), "nothing limits the power there"
    hard = none if both is None else described.assume("power-capacity", both, none, free)
    price = breach_price(SITE_BREACH_PRICE, around.dearest)
    most, soft = [hard, hard], list[SoftLimit | None]([None, None])
    for at, (way, given) in enumerate((("consumption", takes), ("production", gives))):
        if given is None:
            continue
        wider = "power-capacity counts, {:g} kW"
        limit = np.fmin(hard, described.assume(f"{way}-capacity", given, hard, wider))
        if around.context.relaxes_groups:
            soft[at] = SoftLimit(limit=limit, highest_price=price, hourly_price=price)
        else:
            most[at] = limit
    return Group(
        name=described.name,
        commodity=described.model.commodity,
        group=within,
        consumption_limit=most[0],
        production_limit=most[1],
        soft_consumption=soft[0],
        soft_production=soft[1],
    )


def phase_limits(
    context: FlexContext, models: Iterable[tuple[str, StorageModel | ProcessModel]], readings: Readings, dearest: float
) -> tuple[PhaseLimits, ...]:
    """Return the limits of the phases of electricity; none without one.

    Args:
        context: The flex-context.
        models: Each entry with its name.
        readings: To read limits that change over time.
        dearest: Price of the dearest energy of the site [currency/kWh].

    Raises:
        FieldError: A device stands on a phase, and nothing limits it.
    """
    stores = {name: model for name, model in models if isinstance(model, StorageModel)}
    own = {name: phases_in(model.phases) or PHASES for name, model in stores.items()}
    switching = {
        name: tuple((operating_range(mode), phases_in(mode.phases) or own[name]) for mode in model.operation_modes)
        for name, model in stores.items()
        if any(mode.phases for mode in model.operation_modes)
    }
    # A device on all phases loads them evenly, as does one of which nothing is told.
    some = {name: each for name, each in own.items() if len(each) < len(PHASES) and name not in switching}
    most, unbalance = (_limit(context, f"site-phase-{field}", readings) for field in ("capacity", "unbalance"))
    if not (np.isfinite(most).any() or np.isfinite(unbalance).any()):
        for name in (*some, *switching):
            raise FieldError(f"{name}: phases", "nothing limits a phase; add site-phase-capacity to the flex-context.")
        return ()
    price = breach_price(SITE_BREACH_PRICE, dearest)
    return (PhaseLimits(price=price, phases=some, switching=switching, most=most, unbalance=unbalance),)


def _limit(context: FlexContext, field: str, readings: Readings) -> Values:
    given: Quantity | None = getattr(context, field.replace("-", "_"))
    if given is None:
        return np.inf
    values = readings.series(given, context.fact(field), name=field)
    return readings.assume(given, values, np.inf, name=field, why="nothing limits it there")
