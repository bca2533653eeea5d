"""The door by which pages act: the API of the same process, with its rights, refusals and log, but without HTTP.

The server opens it when it starts; so whatever a page does is done by the function that answers the same request of a
client, and no rule is there twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.auth.access.identity import SignedIn
from engine.errors import EngineError


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody asks of the API."""

    method: str
    """GET, POST, PATCH or DELETE."""
    path: str
    """Below /api/v3_0, such as ``/assets/5``; or the whole path, from /api."""
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[tuple[str, bytes], ...] = ()
    """Name and content of each file; the body then holds the other fields of the form."""
    address: str = ""
    """Scheme, host and prefix of this server as the asker sees it."""


Door: TypeAlias = Callable[[SignedIn, Asked], Any]
_open: list[Door] = []


def begin(door: Door) -> None:
    """Open the door; the server calls this once."""
    _open[:] = [door]


def through(who: SignedIn, asked: Asked) -> Any:
    """Return what the API answers to a signed-in user; what it changes is committed.

    Raises:
        EngineError: It refuses; where fields are wrong, the error has them as ``fields``. Or no server runs here.
    """
    if not _open:
        raise EngineError("No server runs in this process; start one with flexscope run.")
    return _open[0](who, asked)
