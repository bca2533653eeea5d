"""A site, its scheduler and plain data ↔ compact bytes, so that a schedule can be computed again later, to the digit.

JSON for the structure, raw arrays behind it (equal ones once), compressed together. Only dataclasses of the engine are
read back, never code.
"""

import json
import pkgutil
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine import devices
from engine.errors import EngineError
from engine.series.iso_time import MICROSECOND

MARK = b"FXP1"
"""First bytes; the digit is the version of the format."""
MOST_UNPACKED = 2**28
"""Most bytes that are unpacked: far beyond the largest plan, far below the memory of a server."""
KINDS = ("f8", "f4", "i8", "i4", "b1")
"""Kinds of numbers that arrays may hold."""
HOMES = (
    "engine.series.window",
    "engine.site",
    "engine.tariffs",
    "engine.carbon",
    "engine.phases",
    "engine.model.limits",
    "engine.schedulers.storage_scheduler",
    "engine.schedulers.process_scheduler",
    "engine.schedulers.fallback_scheduler",
    "engine.schedulers.sequential_scheduler",
    "engine.schedulers.staying",
)
"""Modules whose dataclasses can be packed, beside those of ``engine.devices``."""
FORMER = {"each_price": "hourly_price"}
"""Fields that had another name when older schedules were packed; no class has a field with such a name today."""

DROPPED = frozenset({"share"})
"""Fields that older schedules were packed with and that are told otherwise today."""


class PackingError(EngineError):
    """Something cannot be packed, or bytes are not what ``pack`` returns."""


def pack(content: Any) -> bytes:
    """Return plain data, arrays and dataclasses of the engine as compact bytes.

    Raises:
        PackingError: There is something else in it, such as a device of a plugin.
    """
    arrays: Arrays = {}
    head = json.dumps(_plain(content, arrays), separators=(",", ":")).encode()
    shapes = json.dumps([[kind, shape] for kind, shape, _ in arrays]).encode()
    sizes = np.array([len(shapes), len(head)], dtype="<u4").tobytes()
    return MARK + zlib.compress(b"".join([sizes, shapes, head, *(raw for _, _, raw in arrays)]))


def unpack(packed: bytes) -> Any:
    """Return what was packed; equal arrays are one and the same.

    Raises:
        PackingError: The bytes are not what ``pack`` returned, or of a version that had other devices.
    """
    if not packed.startswith(MARK):
        raise PackingError("These inputs are of another version and cannot be read.")
    try:
        opened = zlib.decompressobj()
        raw = opened.decompress(packed[len(MARK) :], MOST_UNPACKED)
        if not opened.eof:
            raise PackingError("These inputs are not whole, or too large.")
        for_shapes, for_head = np.frombuffer(raw, "<u4", count=2).tolist()
        shapes, at = json.loads(raw[8 : 8 + for_shapes]), 8 + for_shapes + for_head
        arrays: list[NDArray[Any]] = []
        for kind, shape in shapes:
            count = int(np.prod(shape))
            arrays.append(np.frombuffer(raw, f"<{kind}", count=count, offset=at).reshape(shape).astype(kind))
            at += arrays[-1].nbytes
        return _live(json.loads(raw[8 + for_shapes : 8 + for_shapes + for_head]), arrays)
    except (zlib.error, ValueError, KeyError, TypeError, IndexError) as error:
        raise PackingError(
            f"These inputs cannot be read ({error}); they are of another version, or damaged."
        ) from error


@cache
def _classes() -> dict[str, type[Any]]:
    """Return the dataclasses that can be packed, by name; a name is given once in the whole project."""
    modules = [*HOMES, *(each.name for each in pkgutil.walk_packages(devices.__path__, "engine.devices."))]
    return {
        name: kind
        for module in modules
        for name, kind in vars(import_module(module)).items()
        if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, Enum)) and kind.__module__ == module
    }


def can_pack(instance: object) -> bool:
    """Return whether an object is of a dataclass of the engine that can be packed."""
    return _classes().get(type(instance).__name__) is type(instance)


SCALARS = frozenset({bool, int, float, str})
"""Types that JSON has; their subclasses, such as numbers of NumPy, are brought to them."""
Arrays: TypeAlias = dict[tuple[str, tuple[int, ...], bytes], int]
"""Kind, shape and bytes of each array → its number."""


def _plain(value: Any, arrays: Arrays) -> Any:
    """Return a value as JSON can hold it: lists and scalars as they are, else an object that tells its kind."""
    if value is None or type(value) in SCALARS:  # most of what there is, told apart at a tenth of the cost
        return value
    match value:
        case np.ndarray():
            return {"array": _number(value, arrays)}
        case Enum():
            return {"enum": [_name(value), value.value]}
        case np.generic():
            return value.item()
        case list():
            return [_plain(each, arrays) for each in value]
        case tuple():
            return {"tuple": [_plain(each, arrays) for each in value]}
        case Mapping():
            return {"map": [[_plain(key, arrays), _plain(each, arrays)] for key, each in value.items()]}
        case datetime():
            return {"moment": value.isoformat()}
        case timedelta():
            return {"us": value // MICROSECOND}
    kind = _name(value)
    return {"of": kind, "with": {name: _plain(getattr(value, name), arrays) for name in _field_names(kind)}}


@cache
def _field_names(kind: str) -> tuple[str, ...]:
    return tuple(each.name for each in fields(_classes()[kind]))


def _number(array: NDArray[Any], arrays: Arrays) -> int:
    """Return the number of an array, the same for equal ones."""
    kind = array.dtype.str[1:]
    if kind not in KINDS:
        raise PackingError(f"Arrays of {array.dtype} cannot be kept with a schedule.")
    return arrays.setdefault((kind, array.shape, array.astype(f"<{kind}", order="C").tobytes()), len(arrays))


def _name(value: Any) -> str:
    if not can_pack(value):
        raise PackingError(f"{type(value).__name__} is no part of the engine and cannot be kept with a schedule.")
    return type(value).__name__


def _live(plain: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(plain, list):
        return [_live(each, arrays) for each in plain]
    if not isinstance(plain, dict):
        return plain
    match plain:
        case {"array": at}:
            return arrays[at]
        case {"enum": [name, value]}:
            return _classes()[name](value)
        case {"tuple": parts}:
            return tuple(_live(each, arrays) for each in parts)
        case {"map": pairs}:
            return {_live(key, arrays): _live(each, arrays) for key, each in pairs}
        case {"moment": text}:
            return datetime.fromisoformat(text)
        case {"us": count}:
            return count * MICROSECOND
        case {"of": name, "with": values}:
            known = {FORMER.get(key, key): each for key, each in values.items() if key not in DROPPED}
            return _classes()[name](**{key: _live(each, arrays) for key, each in known.items()})
    raise PackingError(f"These inputs hold {sorted(plain)}, which this version does not know.")
