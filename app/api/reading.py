"""A part of a request → its model."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.api.errors import Invalid, shortened

DEEPEST = 64
"""Most levels of lists and objects inside each other."""
Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], given: Mapping[str, Any], where: str) -> Model:
    """Return a part of a request as its model; hyphens and underscores in names are the same.

    Raises:
        Invalid: A field is wrong, lacking or unknown.
    """
    if where == "query":
        refuse_unkeepable(given, where)
    spelled = {name.replace("-", "_"): name for name in given}
    try:
        return model.model_validate({plain: given[name] for plain, name in spelled.items()})
    except ValidationError as error:
        raise shortened(
            error, where, spelled, [field.alias or name for name, field in model.model_fields.items()]
        ) from None


def refuse_unkeepable(given: Mapping[str, Any], where: str) -> None:
    """Refuse what cannot be kept: a NUL character, which PostgreSQL does not take, and endless nesting.

    Raises:
        Invalid: A field has such a thing, at whatever depth.
    """
    found = {name.replace("\0", ""): _unkeepable([name, value]) for name, value in given.items()}
    problems = {name: [problem] for name, problem in found.items() if problem}
    if problems:
        raise Invalid(where, problems)


def _unkeepable(value: Any) -> str:
    """Return what is wrong with a value; empty if nothing is."""
    level = [value]
    for _ in range(DEEPEST):
        if any(isinstance(one, str) and "\0" in one for one in level):
            return "has a NUL character; leave it out."
        inner = [one for one in level if isinstance(one, list | dict)]
        level = [part for one in inner for part in (one if isinstance(one, list) else [*one, *one.values()])]
        if not level:
            return ""
    return f"is nested more than {DEEPEST} levels deep; nothing here needs that."
