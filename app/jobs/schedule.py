"""Plan the devices of an asset, and save the plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.assemble.outputs import Output
from app.assemble.planning_window import Limits
from app.assemble.request import ScheduleRequest
from app.assemble.results import save_schedule
from app.assemble.site import read_site
from db import sources
from db.sources import Source
from engine.scheduling.devices.inflexible import Inflexible
from engine.scheduling.devices.process import Process
from engine.scheduling.process_scheduler import ProcessScheduler
from engine.scheduling.site import Schedule, Site
from engine.scheduling.storage_scheduler import StorageScheduler

USUAL = Limits()


@dataclass(frozen=True)
class Planned:
    """A plan that is saved."""

    schedule: Schedule
    outputs: tuple[Output, ...]
    """The sensors that received it."""
    source_id: int
    """The source of their values."""
    stored: Mapping[int, int]
    """Number of new values, by sensor id."""
    currency: str
    """What its costs are counted in."""
    warnings: tuple[str, ...]
    """What was assumed where data lack."""


def run(work: Session, request: ScheduleRequest, *, known_at: datetime, limits: Limits = USUAL) -> Planned:
    """Plan one site with what was known at one moment, and save the plan."""
    assembled = read_site(work, request, known_at=known_at, limits=limits)
    scheduler = _scheduler(assembled.site)
    schedule = scheduler.compute(assembled.site)
    by = source(work, type(scheduler))
    written = save_schedule(work, schedule, assembled.outputs, by=by, known_at=known_at)
    stored = {key: each.stored for key, each in written.items()}
    return Planned(schedule, assembled.outputs, by.id, stored, assembled.currency, assembled.warnings)


def _scheduler(site: Site) -> StorageScheduler | ProcessScheduler:
    """Return who plans a site: processes alone are timed by themselves, everything else is planned together."""
    planned = [device for device in site.devices if not isinstance(device, Inflexible)]
    alone = all(isinstance(device, Process) for device in planned)
    return ProcessScheduler() if alone else StorageScheduler()


def source(work: Session, scheduler: type[StorageScheduler | ProcessScheduler], *, name: str = "Flexscope") -> Source:
    """Return the source that stands for a scheduler."""
    return sources.named(work, name, type="scheduler", model=scheduler.__name__, version=scheduler.version)
