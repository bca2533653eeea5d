"""Types of request fields: moments, durations, JSON as text or object, identifiers and entity addresses."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from engine.errors import EngineError
from engine.series.iso_time import duration, instant, zone
from engine.units import units

LOST_PLUS = re.compile(r"(T\S*) (\d\d(:?\d\d)?)\Z")  # an offset's + that was not encoded in an address is a space
ADDRESS = re.compile(r"(?:ea1\.\d{4}-\d{2}\.[\w.-]+:)?fm1\.([0-9]{1,9})")
# Months have a length only from some day on; here it matters only that the text can be read.
SOME_DAY = instant("2026-01-01T00:00:00+00:00", field="")


def read_moment(given: Any) -> datetime:
    """Time zone aware moment of an ISO 8601 text."""
    if isinstance(given, datetime):
        return given
    if not isinstance(given, str):
        raise ValueError("Write a time as text, like 2026-03-29T00:00:00+01:00.")
    try:
        return instant(LOST_PLUS.sub(r"\1+\2", given), field="")
    except EngineError as error:
        # An error of a field without name begins with the colon behind it.
        raise ValueError(str(error).removeprefix(": ")) from None


def _readable(read: Callable[[str], object]) -> AfterValidator:
    """Check that a text can be read; it is kept as it was written."""

    def check(text: str) -> str:
        try:
            read(text)
        except EngineError as error:  # pydantic takes a ValueError only
            raise ValueError(str(error).removeprefix(": ")) from None
        return text

    return AfterValidator(check)


def _parsed(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        raise ValueError("This text is not JSON; send an object, or the same written as JSON text.") from None


def refuse_boolean(given: Any) -> Any:
    """The same, unless it is true or false, which Python takes for 1 and 0."""
    if isinstance(given, bool):
        raise ValueError("true and false are no ids; write a whole number, such as 5.")
    return given


def read_sensor_id(given: Any) -> Any:
    """Id in an entity address; what is no address is left as it is."""
    found = ADDRESS.fullmatch(given) if isinstance(given, str) else None
    return int(found[1]) if found else given


def split_names(given: Any) -> Any:
    """Parts of a text that are joined by commas or bars, as in a query; a list is left as it is."""
    return [part for part in re.split(r"[|,]", given) if part] if isinstance(given, str) else given


def read_numbers(given: Any) -> NDArray[np.float64]:
    """Return numbers as an array, null as NaN; a single one counts as a list."""
    listed = given if isinstance(given, list) else [given]
    # By exact type: isinstance would take true for 1, and numpy would read "5"
    if not listed or set(map(type, listed)) - {int, float, type(None)}:
        raise ValueError("Give numbers, with null where a value is missing.")
    try:
        return np.array(listed, np.float64)
    except OverflowError:
        raise ValueError("A number is too large.") from None


Moment: TypeAlias = Annotated[
    datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Length: TypeAlias = Annotated[
    str,
    _readable(partial(duration, field="", start=SOME_DAY)),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["PT15M"]}),
]
Zone: TypeAlias = Annotated[str, _readable(zone)]
Unit: TypeAlias = Annotated[str, Field(max_length=80, examples=["kW"]), _readable(units.unit)]
"""Every unit in a request is of this type; a test asks each of them for what is none."""
Identifier: TypeAlias = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(refuse_boolean)]
SensorId: TypeAlias = Annotated[Identifier, BeforeValidator(read_sensor_id)]
Texts: TypeAlias = Annotated[list[str], BeforeValidator(split_names)]
Numbers: TypeAlias = Annotated[
    Any,
    BeforeValidator(read_numbers),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": ["number", "null"]}}]}),
]
STORED = "kept in a row as JSON"
"""Marks fields whose JSON is kept, and bounded in size where requests are read."""
EITHER = {"description": "An object, or the same written as JSON text"}
JsonObject: TypeAlias = Annotated[
    dict[str, Any],
    BeforeValidator(_parsed),
    STORED,
    WithJsonSchema(
        {"anyOf": [{"type": "object"}, {"type": "string", "contentMediaType": "application/json"}]} | EITHER
    ),
]
JsonList: TypeAlias = Annotated[
    list[Any],
    BeforeValidator(_parsed),
    STORED,
    WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "string", "contentMediaType": "application/json"}]} | EITHER),
]


class Body(BaseModel):
    """Base of request bodies; an unknown field is refused, and a number that is none or infinite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True)


class Query(BaseModel):
    """Base of query strings; what is not known is ignored, and a number that is none or infinite refused."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, validate_by_name=True, validate_by_alias=True)


def hyphenated(name: str) -> str:
    """Return the spelling with hyphens; requests may use either."""
    return name.replace("_", "-")


HYPHENS = ConfigDict(alias_generator=hyphenated)


def lasting(text: str, start: datetime, *, field: str = "duration", place: ZoneInfo | None = None) -> timedelta:
    """Return the length of a duration that begins at a moment: a P1D over a clock change has 23 or 25 hours.

    Args:
        text: In ISO 8601.
        start: Its offset never changes, so that days are counted on the clock of a place where there is one.
        field: What it is, for errors.
        place: Such as that of a sensor.
    """
    return duration(text, field=field, start=start if place is None else start.astimezone(place))
