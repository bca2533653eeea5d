"""A saved schedule opened again: the site it was planned for, as it was known then, for who may read all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import NotAllowed
from app.auth.access.job_access import reads_inputs
from app.auth.access.references import References
from app.usecases.actor import Actor
from db import schedules, sensors
from db.assets import Asset
from db.core import database
from db.schedules import StoredSchedule
from engine import plugins
from engine.errors import FieldError, InputError
from engine.packing import unpack
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site
from engine.solve.budget import Budget

EXPIRED = "they were let go of after their time (FLEXSCOPE_KEEP_SCHEDULE_INPUTS); plan again to have it explained."


class InputsGone(InputError):
    """What a schedule was made from is not kept any more, so that it cannot be explained."""


@dataclass(frozen=True)
class StoredSite:
    """What a saved schedule was made from."""

    row: StoredSchedule
    site: Site
    scheduler: StorageScheduler
    """Plans it within the time that somebody waits for an answer."""
    place: ZoneInfo
    """Where people read times on the clock."""
    content: Mapping[str, Any]
    """All that it was made from, as it is packed: its request, flex-models and flex-context among it."""

    @property
    def currency(self) -> str:
        """What costs are counted in."""
        return self.row.currency

    @cached_property
    def schedule(self) -> Schedule:
        """The schedule, computed again."""
        return self.scheduler.compute(self.site)

    def budget(self) -> Budget:
        """Return what one answer may take, from now on."""
        return Budget(self.scheduler.time_limit, 0.0)

    def step_at(self, moment: datetime, *, field: str = "at") -> int:
        """Step that a moment lies in.

        Raises:
            FieldError: It lies outside the schedule.
        """
        position = self.site.window.position(moment)
        if not 0 <= position < self.site.window.n:
            window = self.site.window
            raise FieldError(
                field,
                f"the schedule is from {window.start.isoformat()} to {window.end.isoformat()}; name a time in it.",
            )
        return int(position)


def open_site(session: Session, actor: Actor, schedule_id: int) -> StoredSite:
    """Return what a schedule was made from.

    Raises:
        NotFound: There is no such schedule.
        NotAllowed: The actor may not read it, or something of what it was made from.
        InputsGone: That is not kept, or not any more.
        InputError: It was not planned by its cost, so that no choice of it can be explained by cost.
        PackingError: Its inputs are of another version.
    """
    row = database.get(session, StoredSchedule, schedule_id)
    asset = database.get(session, Asset, row.asset_id)
    actor.check("read", asset)
    references = References(session, actor.principal, saves=False)
    # An explanation repeats prices and loads: who may not read those is told none of it.
    if not reads_inputs(references, row):
        raise NotAllowed("read", f"what schedule {row.id} was made from")
    packed = schedules.read_inputs(session, row.id)
    if packed is None:
        raise InputsGone(f"The inputs of schedule {row.id} are not kept: {row.inputs_missing or EXPIRED}")
    content = unpack(packed)
    if not reads_devices(references, content):
        raise NotAllowed("read", f"what schedule {row.id} was made from")
    scheduler = _by_cost(content["scheduler"])
    limit = actor.settings.FLEXSCOPE_PREVIEW_TIME_LIMIT.total_seconds()
    zone = sensors.time_zone(session, asset.id, "UTC")
    return StoredSite(row, content["site"], replace(scheduler, time_limit=limit), zone, content)


def reads_devices(references: References, content: dict[str, Any]) -> bool:
    """Return whether the asset of every device may be read: its flex-model is told, also one without any sensor."""
    ids = {model["asset"] for model in content["flex-model"]} - {None}
    rows = references.session.scalars(select(Asset).where(Asset.id.in_(ids))).all()
    who = references.principal
    return len(rows) == len(ids) and (who is None or all(access.may(who, "read", row) for row in rows))


def _by_cost(scheduler: Any) -> StorageScheduler:
    """Return the scheduler that plans all devices of a site together at the least cost.

    Raises:
        InputError: It is another one.
    """
    if isinstance(scheduler, str):
        scheduler = plugins.find("schedulers", scheduler)()
    if isinstance(scheduler, ProcessScheduler):
        scheduler = scheduler.together
    if not isinstance(scheduler, StorageScheduler):
        name = type(scheduler).__name__
        raise InputError(f"This schedule was made by {name}, not by its cost, so that cost cannot explain it.")
    return scheduler
