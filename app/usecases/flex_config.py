"""What may be stored as the flex-model or the flex-context of an asset: the same on every way in.

One bad entry would stop every plan of its site, long after whoever wrote it has gone home.
"""

from collections.abc import Mapping
from typing import Any

from app.assemble.site.flex_config import model_kind, named
from app.assemble.site.naming import ask_for
from app.auth.access.references import References
from app.usecases.inputs import Invalid
from engine.errors import EngineError, FieldError
from engine.flex.context import FlexContext
from engine.flex.fields import FlexFields
from engine.flex.process import ProcessModel

REST_OF_PROCESS = {"power": "1 kW", "duration": "PT1H"}
"""What stands for the fields of a process that come with each request, while the stored ones are looked at."""


def check_flex_model(references: References, asset_type: str, raw: Mapping[str, Any]) -> None:
    """Refuse a flex-model that could not be planned with.

    Args:
        references: Of whoever stores it.
        asset_type: Name of the type of the asset, which tells a process from a device.
        raw: As it was written.

    Raises:
        Invalid: A field is unknown, has a wrong unit or belongs to one request; or there is no such sensor or asset.
        NotAllowed: It names what is not the actor's to read, or to write to.
    """
    _check(references, model_kind(asset_type, raw), raw, "flex_model")


def check_flex_context(references: References, raw: Mapping[str, Any]) -> None:
    """Refuse a flex-context that could not be planned with; see ``check_flex_model``."""
    _check(references, FlexContext, raw, "flex_context")


def field_problems(kind: type[FlexFields], raw: Mapping[str, Any]) -> dict[str, str]:
    """Return what keeps each field from being stored, by name as written; empty where nothing does."""
    problems = {}
    for name, value in raw.items():
        plain = str(name).replace("_", "-")
        try:
            kind.read({name: value}).refuse_unstorable()
        except FieldError as error:
            if error.field.replace("_", "-").startswith(plain):  # else another field is lacking, which may come yet
                problems[str(name)] = error.problem
        except EngineError as error:
            problems[str(name)] = str(error).removeprefix(f"{plain}: ")
    return problems


def _check(references: References, kind: type[FlexFields], raw: Mapping[str, Any], column: str) -> None:
    if not raw:
        return
    if problems := field_problems(kind, raw):
        raise Invalid("json", {f"{column}.{name}": [problem] for name, problem in problems.items()})
    rest = {name: value for name, value in REST_OF_PROCESS.items() if kind is ProcessModel and name not in named(raw)}
    try:
        config = kind.read({**rest, **raw})
    except FieldError as error:
        raise FieldError(f"{column}.{error.field}", error.problem) from None
    try:
        ask_for(references, config, {}, of=column)
    except FieldError as error:  # in the spelling of the other refusals, so that forms find the field
        raise FieldError(error.field.replace(f"{column}: ", f"{column}.", 1), error.problem) from None
