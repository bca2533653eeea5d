"""A part of a request → its model; every text, list and object in it is bounded here, whatever the model says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_args

import orjson
from pydantic import BaseModel, ValidationError

from app.settings.bounds import Bounds
from app.usecases.fields import STORED
from engine.errors import InputError, field_under, nearest
from engine.field_problems import UNKNOWN_FIELD, problem_text

DEEPEST = 64
"""Most levels of lists and objects inside each other."""
WHOLE = 2**63
"""Whole numbers from here on are kept by no database."""
NUMBERS = {int, float, type(None)}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no text has: PostgreSQL keeps no NUL, a terminal obeys an escape, and half a character of UTF-16 is none."""
BREAKS = re.compile(r"[\t\n\r]")
ONE_LINE = {"name", "username"}
"""Fields that stand in one line of tables, menus and logs."""
PLACE = re.compile(r"[0-9]+|[a-z][a-z0-9_-]*")
TYPES = {"int", "float", "bool", "str", "none"}
"""What pydantic puts among the names of a path to tell which of several types it tried, besides names of classes."""
Model = TypeVar("Model", bound=BaseModel)


class Invalid(InputError):
    """Fields of what somebody wrote are wrong.

    Attributes:
        where: The part of a request they stand in: query or json.
        fields: Name of a field, with the place inside it as ``FieldError`` has it → what is wrong with it.
    """

    def __init__(self, where: str, fields: dict[str, list[str]]) -> None:
        self.where, self.fields = where, fields
        super().__init__("; ".join(f"{name}: {' '.join(problems)}" for name, problems in fields.items()))

    def inside(self, outer: str) -> "Invalid":
        """Return the same error about the fields of another one, such as ``data[0]``."""
        return Invalid(self.where, {f"{outer}.{name}": problems for name, problems in self.fields.items()})


def read_input(model: type[Model], given: Mapping[str, Any], bounds: Bounds, where: str = "json") -> Model:
    """Return a part of a request as its model; hyphens and underscores in names are the same.

    Args:
        model: The model.
        given: Names and values as they came.
        bounds: How long texts, lists and objects may be.
        where: The part: query, json.

    Raises:
        Invalid: A field is wrong, lacking or unknown, or holds too much.
    """
    refuse_unkeepable(given, where, bounds)
    spelled = {name.replace("-", "_"): name for name in given}
    try:
        found = model.model_validate({plain: given[name] for plain, name in spelled.items()})
    except ValidationError as error:
        known = [field.alias or name for name, field in model.model_fields.items()]
        raise Invalid(where, _problems(error, given, known)) from None
    # Once more after reading: what came as JSON in a text has its depth and size only now.
    refuse_unkeepable({name: getattr(found, name) for name in _stored(model)}, where, bounds)
    for name, value in found:
        told = spelled.get(name, name)
        if isinstance(value, str) and len(value) > bounds.FLEXSCOPE_MAX_TEXT_LENGTH:
            raise Invalid(where, {told: [_too_long(bounds.FLEXSCOPE_MAX_TEXT_LENGTH, "characters", "TEXT_LENGTH")]})
        if name in _stored(model) and len(orjson.dumps(value)) > bounds.FLEXSCOPE_MAX_OBJECT_BYTES:
            problem = _too_long(bounds.FLEXSCOPE_MAX_OBJECT_BYTES, "bytes as JSON", "OBJECT_BYTES")
            raise Invalid(where, {told: [problem]})
    return found


@cache
def _stored(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields of a model that hold JSON to be kept in a row."""

    def marked(kind: Any) -> bool:
        return any(part is STORED or marked(part) for part in (*getattr(kind, "__metadata__", ()), *get_args(kind)))

    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if STORED in field.metadata or marked(field.annotation))


def refuse_unkeepable(given: Mapping[str, Any], where: str, bounds: Bounds) -> None:
    """Refuse what cannot be kept or worked on: control characters, endless nesting, texts and lists without measure.

    Raises:
        Invalid: A field has such a thing, at whatever depth.
    """
    problems = {}
    for name, value in given.items():
        if problem := _unkeepable([name, value], bounds):
            # The name itself may be what cannot be kept, and it stands in the answer.
            problems[CONTROL.sub("", name)[:80]] = [problem]
        elif name in ONE_LINE and isinstance(value, str) and BREAKS.search(value):
            problems[name] = ["has a line break or a tab; write it in one line."]
    if problems:
        raise Invalid(where, problems)


def _unkeepable(value: list[Any], bounds: Bounds) -> str:
    """Reason why a name and its value cannot be kept; empty if they can."""
    level, count, longest = value, 0, bounds.FLEXSCOPE_MAX_OBJECT_BYTES
    for _ in range(DEEPEST):
        for one in level:
            if isinstance(one, str) and (control := CONTROL.search(one)):
                return f"has a control character (U+{ord(control[0]):04X}) at {control.start() + 1}; leave it out."
            if isinstance(one, str) and len(one) > (longest if one[:1] in ("{", "[") else _text(bounds)):
                return _too_long(_text(bounds), "characters", "TEXT_LENGTH")
            if isinstance(one, int) and not -WHOLE <= one < WHOLE:
                return "has a whole number that is too large."
        # Level by level instead of by recursion: a million brackets would end the process
        level = list(_inner(level))
        count, longest = count + len(level), _text(bounds)  # only a field itself may hold JSON as text
        if count > bounds.FLEXSCOPE_MAX_JSON_PARTS:
            return _too_long(bounds.FLEXSCOPE_MAX_JSON_PARTS, "keys and entries", "JSON_PARTS")
        if not level:
            return ""
    return f"is nested more than {DEEPEST} levels deep; nothing here needs that."


def _inner(level: list[Any]) -> Iterator[Any]:
    """Entries of the lists and objects of one level of nesting, without those of lists of plain numbers."""
    for one in level:
        if isinstance(one, dict):
            yield from one
            yield from one.values()
        # Numbers alone are values of a sensor, which have a bound of their own.
        elif isinstance(one, list) and set(map(type, one)) - NUMBERS:
            yield from one


def _text(bounds: Bounds) -> int:
    return bounds.FLEXSCOPE_MAX_TEXT_LENGTH


def _too_long(most: int, what: str, setting: str) -> str:
    return f"has more than {most} {what}, the most of one field (FLEXSCOPE_MAX_{setting})."


def _problems(error: ValidationError, given: Mapping[str, Any], known: list[str]) -> dict[str, list[str]]:
    """Return pydantic's findings as one list of problems per field, in the spelling of the request."""
    fields: dict[str, list[str]] = {}
    outer: set[str] = set()
    spelled = {name.replace("-", "_"): name for name in [*known, *given]}
    for problem in error.errors(include_url=False, include_input=False):
        first, *inner = problem["loc"] or ("_schema",)
        plain = str(first).replace("-", "_")
        name = spelled.get(plain, str(first))
        message = problem_text(problem)
        if problem["type"] == "extra_forbidden" and not inner:
            message = f"{UNKNOWN_FIELD.removesuffix('.')}; {nearest(name, known)}"
        keys = [name, *_keys_inside(given.get(name), inner)]
        outer |= {field_under(*keys[:depth]) for depth in range(1, len(keys))}
        field = field_under(*keys)
        if message not in fields.setdefault(field, []):
            fields[field].append(message)
    # Of several types that a value may have, the one whose fields are named is the one that was meant.
    return {field: problems for field, problems in fields.items() if field not in outer}


def _keys_inside(value: Any, path: Sequence[str | int]) -> list[str | int]:
    """Return the steps of a path of pydantic that lead into a value; others name types that it tried."""
    keys: list[str | int] = []
    for place, step in enumerate(path):
        if isinstance(value, dict):
            named = {str(name).replace("-", "_"): name for name in value}
            name = step if step in value else named.get(str(step).replace("-", "_"))
            if name is not None:
                keys.append(name)
                value = value[name]
                continue
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            keys.append(step)
            value = value[step]
            continue
        # The last one may be a field that lacks.
        if place == len(path) - 1 and PLACE.fullmatch(str(step)) and str(step) not in TYPES and isinstance(value, dict):
            keys.append(step)
    return keys
