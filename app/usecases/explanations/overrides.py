"""Hold powers of a site by hand, with a price tag, and take them back; schedules plan the rest around them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.held_powers import held_steps
from app.usecases.actor import Actor
from app.usecases.explanations.stored_site import open_site
from app.usecases.fields import HYPHENS, Body, Moment
from db import overrides, schedules
from db.assets import Asset
from db.core import database
from db.overrides import PowerOverride
from engine.errors import EngineError, FieldError
from engine.explain.best_cost.replanning import planned_ports
from engine.explain.changes.edits import Pin, with_pins

MOST_PENDING = 200
"""Most overrides of one site that have not ended."""
LONGEST = timedelta(days=31)
"""Longest time that one override holds."""


class NewOverride(Body):
    """A power that a device is to have for a while."""

    model_config = HYPHENS

    device: Annotated[str, Field(max_length=255, description="Device, as schedules of the asset name it")]
    start: Moment
    end: Annotated[Moment, Field(description="Excluded; then the override ends by itself")]
    power: Annotated[float, Field(ge=-1e9, le=1e9, description="[kW], positive when consuming; 0 is rest")]


@dataclass(frozen=True, kw_only=True)
class OverridePrice:
    """What an override costs, by the newest schedule of the site."""

    schedule_id: int
    extra_cost: float
    """What the whole plan would cost more with it [currency]."""
    currency: str


def price_override(session: Session, actor: Actor, asset_id: int, new: NewOverride) -> OverridePrice | None:
    """Return what an override would cost, before it is made.

    Returns:
        None where no schedule of the site tells: there is none with its inputs that covers the time.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it.
        FieldError: The time is not one that can be held, or no schedule has such a device.
        Infeasible: No plan keeps it.
    """
    asset = database.get(session, Asset, asset_id)
    actor.check("create-children", asset)
    check_override(new, actor.now)
    span = (new.start, new.end)
    row = schedules.newest_of_assets(session, [asset_id], as_of=actor.now, span=span).get(asset_id)
    if row is None:
        return None
    try:
        stored = open_site(session, actor, row.id)
    except EngineError:  # it is made all the same: who may plan may hold
        return None
    if new.device not in planned_ports(stored.site):
        known = ", ".join(planned_ports(stored.site))
        raise FieldError("device", f"{new.device!r} is not planned at this site; name one of {known}.")
    first, last = held_steps(stored.site.window, new.start, new.end)
    if first >= last:
        return None
    pinned = with_pins(stored.site, (Pin(port=new.device, first=first, last=last, power=new.power),))
    extra = stored.scheduler.compute(pinned).cost - stored.schedule.cost
    # What is held saves nothing: a lower cost is only the gap at which the solver may stop.
    return OverridePrice(schedule_id=row.id, extra_cost=max(extra, 0.0), currency=stored.currency)


def create_override(session: Session, actor: Actor, asset_id: int, new: NewOverride) -> PowerOverride:
    """Hold a power from now on; raises as ``price_override`` does, and where too many are held."""
    asset = database.get(session, Asset, asset_id)
    actor.check("create-children", asset)
    check_override(new, actor.now)
    # Let go of where new ones come, as the table grows nowhere else.
    for forgotten in overrides.ended(session, asset_id, before=actor.now - overrides.KEPT):
        session.delete(forgotten)
    if overrides.count_pending(session, asset_id, actor.now) >= MOST_PENDING:
        raise FieldError("device", f"{MOST_PENDING} overrides of this site have not ended; take some of them back.")
    row = PowerOverride(
        asset_id=asset_id,
        user_id=actor.user_id,
        device=new.device,
        start=new.start,
        end=new.end,
        power=new.power,
        created_at=actor.now,
    )
    session.add(row)
    session.flush()
    return row


def list_overrides(session: Session, actor: Actor, asset_id: int, *, since: datetime) -> list[PowerOverride]:
    """Return the overrides of a site that end after a moment, the oldest first.

    Raises:
        NotFound, NotAllowed: There is no such asset that the actor may read.
    """
    actor.check("read", database.get(session, Asset, asset_id))
    return list(overrides.overlapping(session, asset_id, since, database.LAST_MOMENT))


def delete_override(session: Session, actor: Actor, override_id: int) -> None:
    """Take one override back; raises NotFound and NotAllowed."""
    row = database.get(session, PowerOverride, override_id)
    actor.check("create-children", database.get(session, Asset, row.asset_id))
    session.delete(row)


def delete_overrides(session: Session, actor: Actor, asset_id: int) -> int:
    """Take back all overrides of a site that have not ended; return their number.

    Raises:
        NotFound, NotAllowed: There is no such asset that the actor may add to.
    """
    actor.check("create-children", database.get(session, Asset, asset_id))
    rows = overrides.overlapping(session, asset_id, actor.now, database.LAST_MOMENT)
    for row in rows:
        session.delete(row)
    return len(rows)


def check_override(new: NewOverride, now: datetime) -> None:
    """Raise FieldError unless a time can be held from now on."""
    if new.end <= new.start:
        raise FieldError("end", "must be after start.")
    if new.end <= now:
        raise FieldError("end", "lies in the past; name a later time.")
    if new.end - new.start > LONGEST:
        raise FieldError("end", f"an override holds at most {LONGEST.days} days; name an earlier time.")
