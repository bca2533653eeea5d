"""Fields of forms: what each is about, and its value as the API takes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import FieldError, UnitError, field_under, keys_of
from engine.units.units import bare_number

Kind = Literal["text", "number", "object", "list", "choice", "choices", "flag", "password", "moment", "hidden"]


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
    fields = getattr(error, "fields", {})
    if isinstance(error, FieldError):
        fields = {error.field: [error.problem.capitalize()]}
    found: dict[str, list[str]] = {}
    for path, said in fields.items():
        name, *inner = keys_of(str(path))
        where = [f"{field_under(*inner)}:"] if inner else []
        found.setdefault(name.replace("-", "_"), []).extend([*where, *said])
    return {name: " ".join(said) for name, said in found.items()}


def read_field(field: Field, value: Any) -> Any:
    """Value of a field as the API takes it, from what its widget holds.

    Raises:
        FieldError: It is required and empty, or no number, object or list where one is asked for.
    """
    text = value.strip() if isinstance(value, str) else value
    if text in ("", None):
        if not field.optional:
            raise FieldError(field.name, "this field is required.")
        return {"object": {}, "list": [], "text": ""}.get(field.kind)
    if field.kind == "number":
        try:
            number = bare_number(str(text), field=field.name)
        except UnitError as error:
            raise FieldError(field.name, str(error).removeprefix(f"{field.name}: ")) from None
        if number is None:
            raise FieldError(field.name, f"{text!r} is not a number; enter it like 12.5.")
        return number
    if field.kind not in ("object", "list"):
        return text
    kind, wanted = (dict, '{"key": "value"}') if field.kind == "object" else (list, '[{"key": "value"}]')
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"this is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})."
        raise FieldError(field.name, problem) from None
    if not isinstance(document, kind):
        raise FieldError(field.name, f"write JSON of the form {wanted}.")
    return document
