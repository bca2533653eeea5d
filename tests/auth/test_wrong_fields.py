"""A wrong value of any field of any endpoint is told under the keys that lead to it."""

from collections.abc import Iterator
from typing import Any, TypeAlias, get_args

import pytest
from pydantic_core.core_schema import ErrorType

from app.api.http import errors
from app.settings.bounds import Bounds
from app.usecases.inputs import Invalid, read_input
from engine.errors import field_under, keys_of
from engine.field_problems import problem_text
from tests.auth.test_permissions import ROUTES

Schema: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]
ODD = "battery.soc-max"
"""A name with a dot in it, which is one key."""
TEXT = "\u2620"
"""Means nothing to any field but a text."""
PYDANTIC = ("should", "Value error", "valid ")
"""How pydantic words a problem, which no client is to read."""
MODELS = {
    f"{name} {part}": (model, part)
    for name, route in ROUTES.items()
    for part in ("query", "body")
    if hasattr(model := route.model(part), "model_json_schema")
}


def wrong_values(schema: Schema, definitions: Schema, depth: int = 0) -> Iterator[tuple[Any, Path]]:
    """Values that a schema does not take, and the keys from them to what is wrong."""
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        yield from wrong_values(kinds[0], definitions, depth)
    elif kinds and all(kind.get("type") != "string" or "contentMediaType" in kind for kind in kinds):
        yield TEXT, ()
    elif not kinds:
        yield from inner_values(schema, definitions, depth + 1)
        if schema.get("type") in ("integer", "number", "boolean", "object") or "enum" in schema:
            yield TEXT, ()
        elif schema.get("type") in ("string", "array"):
            yield {"no": ["text"]}, ()


def inner_values(schema: Schema, definitions: Schema, depth: int) -> Iterator[tuple[Any, Path]]:
    """Objects and lists with a wrong value inside, and the keys to it."""
    inner = dict(schema.get("properties", {})) if depth < 5 else {}
    if isinstance(more := schema.get("additionalProperties"), dict) and more:
        inner[ODD] = more
    for name, one in inner.items():
        for value, path in wrong_values(one, definitions, depth):
            yield {name: value}, (name, *path)
    if schema.get("type") == "array" and "$ref" in schema.get("items", {}):
        for value, path in wrong_values(schema["items"], definitions, depth):
            yield [value], ("0", *path)


def at(tree: Any, path: Path) -> Any:
    """What stands under some keys; None if nothing does."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_value_is_told_under_its_keys(name: str) -> None:
    model, part = MODELS[name]
    where = "query" if part == "query" else "json"
    schema = model.model_json_schema(by_alias=True)
    found = {}
    for given, path in wrong_values(schema | {"type": "object"}, schema.get("$defs", {})):
        if not path:
            continue
        try:
            read_input(model, given, Bounds(), where)
        except Invalid as error:
            status, body, _ = errors.answer(error)
            problems = at(body["message"], (where, *path))
            if status != 422 or not isinstance(problems, list) or not problems[0]:
                found[path] = body["message"]
            elif any(words in " ".join(problems) for words in PYDANTIC):
                found[path] = problems
        else:
            found[path] = "taken"
    assert found == {}


@pytest.mark.parametrize(
    "keys", [("prices", "0", "factor"), ("limits", ODD), ("a[0]",), ('"quoted"', "x"), ("battery: soc",), ("größe",)]
)
def test_keys_are_found_again(keys: tuple[str, ...]) -> None:
    assert tuple(keys_of(field_under(*keys))) == keys


# Kinds of problems with arguments of functions and objects of Python, which no JSON can have
PYTHON = (
    "argument", "attribute", "callable", "complex", "counter", "date_past", "date_future", "datetime_past", "instance",
    "datetime_future", "decimal_", "default_factory", "deque", "dataclass_exact", "ellipsis", "frozen_", "fraction",
    "hashable", "is_subclass", "iteration_error", "missing_sentinel", "named_tuple", "needs_python", "not_ascii",
    "ordered_dict", "recursion", "timezone_naive", "timezone_offset", "union_tag", "url_scheme", "url_too_long", "uuid",
    "bytes_",
)  # fmt: skip


def test_every_kind_of_problem_has_our_words() -> None:
    kinds = [kind for kind in get_args(ErrorType) if not any(part in kind for part in PYTHON)]
    numbers = dict.fromkeys(("min_length", "max_length", "actual_length", "gt", "ge", "lt", "le", "multiple_of"), 2)
    context = {**numbers, "expected": "'a' or 'b'", "pattern": "^a$"}
    for kind in kinds:
        words = problem_text({"type": kind, "loc": (), "msg": "Input should be", "input": 0, "ctx": context})
        own = kind in ("value_error", "assertion_error")  # worded by a validator of ours
        assert own or ("should" not in words and "this value is not one" not in words and "{" not in words), kind
