"""What a case is: requests in a row, in a scene of assets and sensors that several cases may share."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.twin.server import Json

Look = Literal["all", "keys", "status"]
START = "2026-03-02T00:00:00+01:00"
"""A Monday without a change of clocks near it."""


@dataclass(frozen=True)
class Request:
    """One request; ``$name`` in its texts stands for the id kept under a name, ``{name}`` in its path likewise."""

    method: str
    """Of HTTP, or ``CLI`` for a command at a terminal, which is answered with its exit code: 0, or 1 for any other."""
    path: str
    """Below ``/api/v3_0``; below the root if it starts with two slashes. Of a command: its words."""
    body: Json = None
    """Of a command: texts, or what becomes JSON, by the names of the files it finds where it is run."""
    query: Mapping[str, Json] | None = None
    user: str | None = "boss"
    look: Look = "all"
    """What of the answer counts: all of it, the keys only, or no more than the status."""
    keep: str = ""
    """Name under which the id or job of the answer is kept."""
    upload: tuple[str, str] | None = None
    """Name and content of a file, sent with ``body`` as its form."""


@dataclass(frozen=True)
class Scene:
    """Assets and sensors that exist before the first request; each belongs to one that stands before it."""

    name: str
    assets: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Fields of each asset by its key; ``type`` is a name, ``parent`` a key, ``user`` who adds it."""
    sensors: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    """Fields of each sensor by its key; ``asset`` is a key, ``resolution`` 15 minutes unless it says otherwise."""
    requests: tuple[Request, ...] = ()
    """What is sent once the scene is set, such as prices."""
    values: Mapping[str, Json] = field(default_factory=dict)
    """Parts of requests that many of them have in common, by the name that stands for them."""


@dataclass(frozen=True)
class Case:
    """Some requests whose answers are compared."""

    name: str
    scene: Scene
    requests: tuple[Request, ...]


EMPTY = Scene("empty")


def filled(value: Json, ids: Mapping[str, Json]) -> Json:
    """Return a value with ids where its texts name them."""
    if isinstance(value, Mapping):
        return {key: filled(item, ids) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, ids) for item in value]
    if isinstance(value, str):
        if value.startswith("$") and value[1:] in ids:
            return ids[value[1:]]
        return re.sub(r"\{(\w+)\}", lambda name: str(ids.get(name[1], name[0])), value)
    return value


def text_of(value: Json) -> str:
    """Return a short name of a value, for the name of a case."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{text_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(text_of(item) for item in value) + "]"
    plain = isinstance(value, str) and value and not value.isdigit() and value[0] not in "[{"
    return str(value) if plain else json.dumps(value)
