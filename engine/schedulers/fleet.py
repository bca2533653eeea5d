"""Many sites at once, each planned for itself, on all processors."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from os import cpu_count
from typing import Protocol

from engine.errors import EngineError
from engine.schedulers.storage_dp import compiled_kernel, has_one_store, plan_one_store
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site

COMPILED_FROM = 500
"""Sites per process from which loading the compiled kernel of ``storage_dp`` takes less time than it saves."""


class Scheduler(Protocol):
    """Makes a plan for one site."""

    def compute(self, site: Site) -> Schedule:
        """Return the plan of a site."""


def schedule_many(
    sites: Sequence[Site], *, scheduler: Scheduler | None = None, workers: int | None = None
) -> list[Schedule | EngineError]:
    """Return the plan of each site, in order, or the error that tells why it has none.

    Args:
        sites: Any number of them.
        scheduler: Makes the plans; without one, a StorageScheduler, compiled where that pays, see ``for_many``.
        workers: Processes to use, all processors by default; 1 stays in this process.
    """
    workers = min(workers or cpu_count() or 1, len(sites))
    one = partial(_attempt, scheduler or for_many(StorageScheduler(), sites, workers))
    if workers <= 1:
        return [one(site) for site in sites]
    # A server has threads, which do not survive a plain fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("forkserver")) as pool:
        # Several chunks for each process, so that none waits long for one that got the slow sites.
        return list(pool.map(one, sites, chunksize=max(1, len(sites) // (4 * workers))))


def for_many(scheduler: StorageScheduler, sites: Sequence[Site], workers: int = 1) -> StorageScheduler:
    """Return a scheduler that is compiled if each process plans so many sites of one store that it pays.

    Its plans cost the same, and without numba it is the same scheduler.
    """
    enough = COMPILED_FROM * max(workers, 1)  # each process compiles for itself
    suiting = [site for site in sites if has_one_store(site)] if len(sites) >= enough else []
    pays = len(suiting) >= enough
    if pays and (kernel := compiled_kernel()) is not None:
        plan_one_store(suiting[0], kernel)  # compiling takes seconds, which are not those that the first site may take
    return replace(scheduler, compiled=pays)


def _attempt(scheduler: Scheduler, site: Site) -> Schedule | EngineError:
    try:
        return scheduler.compute(site)
    except EngineError as error:
        return error
