"""Profiles of requests, one file each, to find out why one is slow: ``python -m pstats FILE`` reads them."""

import cProfile
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.settings.settings import Settings

FOLDER = "profiles"
MOST = 500
"""Files that are kept; older ones are deleted."""


@contextmanager
def profiled(settings: Settings, method: str, path: str) -> Iterator[None]:
    """Profile what this thread does in the block, if the settings ask for it."""
    if not settings.FLEXMEASURES_PROFILE_REQUESTS:
        yield
        return
    profile, began = cProfile.Profile(), time.perf_counter()
    try:
        profile.enable()
    except ValueError:  # another request is being profiled: Python profiles one thread at a time
        yield
        return
    try:
        yield
    finally:
        profile.disable()
        took = 1000 * (time.perf_counter() - began)
        name = re.sub(r"[^A-Za-z0-9.]+", ".", f"{method}{path}.{took:.0f}ms")[:120]
        folder = settings.FLEXSCOPE_INSTANCE_PATH / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        profile.dump_stats(folder / f"{time.time_ns()}.{name}.prof")
        # Names begin with the time, so that the oldest come first.
        for old in sorted(folder.glob("*.prof"))[:-MOST]:
            old.unlink(missing_ok=True)
