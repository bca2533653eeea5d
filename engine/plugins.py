"""Find a scheduler, forecaster or reporter by name; ours enter by the same door as any other."""

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from engine.errors import UnknownPlugin

log = logging.getLogger(__name__)


@cache
def known(kind: str) -> dict[str, type[Any]]:
    """Return every installed plugin of one kind, such as ``schedulers``, by name.

    One that cannot be loaded is told in the log and left out; see ``broken``.
    """
    found = {}
    for point in entry_points(group=f"flexscope.{kind}"):
        try:
            found[point.name] = point.load()
        except Exception:  # a plugin may fail in any way, and must not take the others with it
            log.exception("The plugin %s of %s cannot be loaded.", point.name, point.value)
    return found


def broken(kind: str) -> list[str]:
    """Return the names of the installed plugins of one kind that cannot be loaded."""
    return sorted({point.name for point in entry_points(group=f"flexscope.{kind}")} - set(known(kind)))


def find(kind: str, name: str, *, field: str = "") -> type[Any]:
    """Return the plugin of a kind with a name.

    Args:
        kind: Such as ``schedulers``.
        name: Its name.
        field: Where somebody wrote the name; without it the kind in the singular.

    Raises:
        UnknownPlugin: There is none; the nearest name is told.
    """
    plugins = known(kind)
    if name not in plugins:
        one = kind.removesuffix("s")
        raise UnknownPlugin(one, name, plugins, field=field or one)
    return plugins[name]
