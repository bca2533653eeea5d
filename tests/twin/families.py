"""Families of cases: what is asked of both servers, and where it is written down."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.twin import commands, flex_fields, reports, uploads
from tests.twin.case import Case, Request, Scene
from tests.twin.server import Json

CASES = Path(__file__).parent / "cases"


def written(family: str) -> Iterator[Case]:
    """Return the cases of a file: ``[name, scene, [method, path, {rest of the request}], ...]``, one a line."""
    file = json.loads((CASES / f"{family}.json").read_text())
    scenes = {name: _scene(name, parts) for name, parts in file["scenes"].items()}
    for name, scene, *requests in file["cases"]:
        yield Case(name, scenes[scene], tuple(_request(each) for each in requests))


def _scene(name: str, parts: dict[str, Json]) -> Scene:
    requests = tuple(_request(each) for each in parts["requests"])
    return Scene(name, parts["assets"], parts["sensors"], requests, parts.get("values", {}))


def _request(words: list[Json]) -> Request:
    method, path, *rest = words
    more = dict(rest[0]) if rest else {}
    if "upload" in more:
        more["upload"] = tuple(more["upload"])
    return Request(method, path, **more)


FAMILIES: dict[str, Callable[[], Iterator[Case]]] = {
    "flex": flex_fields.cases,
    "commands": commands.cases,
    "uploads": uploads.cases,
    "reports": reports.cases,
} | {name: partial(written, name) for name in ("series", "addresses", "resources", "planning", "forecasts")}
"""Name of a family, which is that of its answers, and its cases: written down, or one for each field and value."""
