"""Fields of forms: what each is about, and its value as the API takes it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from engine.errors import FieldError, UnitError, field_under, keys_of
from engine.units.units import bare_number

Kind = Literal[
    "text", "number", "object", "list", "choice", "choices", "flag", "password", "date", "moment", "zone", "hidden"
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a form."""

    name: str
    """As the API spells it."""
    label: str
    kind: Kind = "text"
    value: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Text → value, of a choice or of check boxes."""
    help: str = ""
    optional: bool = True
    """Whether it may be left empty, which stands for no value."""


def problems(error: Exception) -> dict[str, str]:
    """What an error says of each field of a form, by name with underscores; empty if it is about none."""
    fields = {error.field: [error.problem]} if isinstance(error, FieldError) else getattr(error, "fields", {})
    found: dict[str, list[str]] = {}
    for path, said in fields.items():
        name, *inner = keys_of(str(path))
        where = [f"{field_under(*inner)}:"] if inner else []
        found.setdefault(name.replace("-", "_"), []).extend([*where, *said])
    texts = {name: " ".join(said) for name, said in found.items()}
    # Not capitalize(), which would write units and names in small letters
    return {name: f"{text[:1].upper()}{text[1:]}" for name, text in texts.items()}


def read_field(field: Field, value: Any) -> Any:
    """Value of a field as the API takes it, from what its widget holds.

    Raises:
        FieldError: It is required and empty, or no number, day, object or list where one is asked for.
    """
    text = value.strip() if isinstance(value, str) else value
    if text in ("", None):
        if not field.optional:
            raise FieldError(field.name, "this field is required.")
        return {"object": {}, "list": [], "text": ""}.get(field.kind)
    reader = READERS.get(field.kind)
    return text if reader is None else reader(field, str(text))


def read_number(field: Field, text: str) -> float:
    """Number of a field, as people write it."""
    try:
        number = bare_number(text, field=field.name)
    except UnitError as error:
        raise FieldError(field.name, str(error).removeprefix(f"{field.name}: ")) from None
    if number is None:
        raise FieldError(field.name, f"{text!r} is not a number; enter it like 12.5.")
    return number


def read_day(field: Field, text: str) -> date:
    """Day of a field."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FieldError(field.name, f"{text!r} is no day; write it like 2027-01-31.") from None


def read_json(field: Field, text: str) -> Any:
    """Object or list of a field."""
    kind, wanted = (dict, '{"key": "value"}') if field.kind == "object" else (list, '[{"key": "value"}]')
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"this is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})."
        raise FieldError(field.name, problem) from None
    if not isinstance(document, kind):
        raise FieldError(field.name, f"write JSON of the form {wanted}.")
    return document


READERS: dict[str, Callable[[Field, str], Any]] = {
    "number": read_number, "date": read_day, "object": read_json, "list": read_json,
}  # fmt: skip
"""Kind of a field → how its text is read; of other kinds the value is taken as it is."""
