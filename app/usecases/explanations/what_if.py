"""What if fields, prices, limits, loads or stored energies were different, or a power held: computed, never saved."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from app.usecases.actor import Actor
from app.usecases.explanations.flex_edits import assemble_otherwise
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.usecases.fields import HYPHENS, Body, Moment
from engine.errors import FieldError
from engine.explain.best_cost.replanning import RUNNING, changes_by_name, planned_ports
from engine.explain.changes.edits import Pin, PriceEdit, SiteEdits
from engine.explain.changes.key_figures import KeyFigures, key_figures
from engine.site import Schedule, Site

Name = Annotated[str, Field(max_length=255)]
MOST_EDITS = 200
"""Most changes of one kind in one what-if."""


class ScenarioPrice(Body):
    """Another price of energy, bought and sold, for a while."""

    model_config = HYPHENS

    commodity: Name = "electricity"
    start: Annotated[Moment | None, Field(description="From when on; without it from the start of the schedule")] = None
    end: Annotated[Moment | None, Field(description="Until when; without it to the end of the schedule")] = None
    factor: Annotated[float, Field(ge=-100, le=100, description="What it is multiplied with")] = 1.0
    more: Annotated[float, Field(ge=-1e6, le=1e6, description="What is added then [currency/kWh]")] = 0.0


class ScenarioPower(Body):
    """A power that a device is to have for a while, whatever it costs."""

    model_config = HYPHENS

    device: Annotated[Name, Field(description="Device, as the outputs of the schedule name it")]
    start: Moment
    end: Moment
    power: Annotated[float, Field(ge=-1e9, le=1e9, description="[kW], positive when consuming")]


class ScenarioEdits(Body):
    """What is different; nothing is without fields, and the cost is then exactly that of the schedule."""

    model_config = HYPHENS

    limits: Annotated[
        dict[Name, float],
        Field(
            default_factory=dict,
            max_length=MOST_EDITS,
            description='By how much the values of a limit rise [kW or kWh], such as {"battery.soc-max": 5}',
        ),
    ]
    prices: Annotated[list[ScenarioPrice], Field(default_factory=list, max_length=MOST_EDITS)]
    loads: Annotated[
        dict[Name, Annotated[float, Field(ge=-100, le=100)]],
        Field(default_factory=dict, max_length=MOST_EDITS, description="What a load or production is multiplied with"),
    ]
    stored: Annotated[
        dict[Name, float],
        Field(default_factory=dict, max_length=MOST_EDITS, description="Energy stored at the start [kWh]"),
    ]
    pins: Annotated[list[ScenarioPower], Field(default_factory=list, max_length=MOST_EDITS, description="Powers held")]
    flex_model: Annotated[
        list[dict[str, Any]],
        Field(
            default_factory=list,
            max_length=MOST_EDITS,
            description="Other fields of devices, each entry with the asset or power sensor that names its device",
        ),
    ]
    flex_context: Annotated[dict[str, Any], Field(default_factory=dict, description="Other fields of the flex-context")]


@dataclass(frozen=True, kw_only=True)
class TriedScenario:
    """A schedule and what it would be otherwise."""

    stored: StoredSite
    site: Site
    """As it would be."""
    schedule: Schedule
    """What would be planned."""
    before: KeyFigures
    after: KeyFigures
    costs: dict[str, float]
    """What each cost changes by [currency]."""
    changed: dict[str, list[int]]
    """Steps in which each port would do something else."""


def try_scenario(session: Session, actor: Actor, schedule_id: int, edits: ScenarioEdits) -> TriedScenario:
    """Return what would be planned if something were different; nothing is saved.

    Raises:
        NotFound, NotAllowed, InputsGone, InputError: See ``open_site``.
        FieldError: Something that is named is not of the schedule.
        Infeasible: Then no plan keeps every limit; what clashes is told, with repairs.
        TimedOut: It takes longer than people wait.
    """
    return try_edits(session, actor, open_site(session, actor, schedule_id), edits)


def try_edits(session: Session, actor: Actor, stored: StoredSite, edits: ScenarioEdits) -> TriedScenario:
    """Return what would be planned instead of an opened schedule; raises as ``try_scenario`` does."""
    site = stored.site
    if edits.flex_model or edits.flex_context:
        site = assemble_otherwise(session, actor, stored, edits.flex_model, edits.flex_context)
        check_stored(stored.site, site)
    site = site_edits(stored, edits).on(site)
    # Without edits it is the schedule itself: a second search could end elsewhere within its gap.
    schedule = stored.schedule if site is stored.site else stored.scheduler.compute(site)
    old = stored.schedule
    changed = {
        name: np.flatnonzero(np.abs(schedule.power[name] - old.power[name]) > RUNNING).tolist()
        for name in planned_ports(site)
        if name in schedule.power and name in old.power
    }
    return TriedScenario(
        stored=stored,
        site=site,
        schedule=schedule,
        before=key_figures(stored.site, old),
        after=key_figures(site, schedule),
        costs=changes_by_name(old.costs, schedule.costs),
        changed={name: steps for name, steps in changed.items() if steps},
    )


def check_stored(before: Site, after: Site) -> None:
    """Raise FieldError where more is stored at the start than fits, unless that was so before the edits."""
    for old, new in zip(before.devices, after.devices, strict=True):
        bounds = new.energy_bounds
        start, most = (float(np.max(bounds[name])) if bounds else 0.0 for name in ("soc-at-start", "soc-max"))
        if start > most + 1e-6 and (not old.energy_bounds or start != float(np.max(old.energy_bounds["soc-at-start"]))):
            raise FieldError("soc-at-start", f"{start:g} kWh do not fit: it holds {most:g} kWh.", owner=new.name)


def site_edits(stored: StoredSite, edits: ScenarioEdits) -> SiteEdits:
    """Return what is different in steps of a schedule.

    Raises:
        FieldError: A time lies outside it, or ends before it begins.
    """
    n = stored.site.window.n
    prices = [
        PriceEdit(
            commodity=each.commodity,
            first=0 if each.start is None else stored.step_at(each.start, field=f"prices[{place}].start"),
            last=n if each.end is None else _end(stored, each.end, f"prices[{place}].end"),
            factor=each.factor,
            more=each.more,
        )
        for place, each in enumerate(edits.prices)
    ]
    for place, edit in enumerate(prices):
        if edit.last is not None and edit.last <= edit.first:
            raise FieldError(f"prices[{place}].end", "must be after start.")
    for place, pin in enumerate(edits.pins):
        if pin.end <= pin.start:
            raise FieldError(f"pins[{place}].end", "must be after start.")
    pins = [
        Pin(
            port=each.device,
            first=stored.step_at(each.start, field=f"pins[{place}].start"),
            last=_end(stored, each.end, f"pins[{place}].end"),
            power=each.power,
        )
        for place, each in enumerate(edits.pins)
    ]
    return SiteEdits(
        limits=edits.limits, prices=tuple(prices), loads=edits.loads, stored=edits.stored, pins=tuple(pins)
    )


def _end(stored: StoredSite, moment: Moment, field: str) -> int:
    """Return the step after the last one before a moment.

    Raises:
        FieldError: The moment lies outside the schedule.
    """
    position = stored.site.window.position(moment)
    if not 0 < position <= stored.site.window.n:
        raise FieldError(field, f"the schedule ends at {stored.site.window.end.isoformat()}; name a time within it.")
    return int(np.ceil(position))
