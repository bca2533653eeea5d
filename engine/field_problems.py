"""What is wrong with a field that pydantic refuses, in our words: what to write instead."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

UNKNOWN_FIELD: Final = "There is no such field."
_OBJECT: Final = "write an object of names and values."
_MOMENT: Final = "write a time with its offset, like 2026-03-29T00:00:00+01:00."
_LENGTH: Final = "write a duration, like PT15M."
_WORDS: Final[Mapping[str, str]] = {
    "missing": "This field is needed.",
    "extra_forbidden": UNKNOWN_FIELD,
    "none_required": "leave it out, or write null.",
    "invalid_key": "write its names as texts.",
    "string_too_short": "write at least {min_length} characters.",
    "string_too_long": "write at most {max_length} characters.",
    "string_pattern_mismatch": "write a text of the form {pattern}.",
    "too_short": "write at least {min_length} entries; there are {actual_length}.",
    "too_long": "write at most {max_length} entries.",
    "greater_than": "write more than {gt}.",
    "greater_than_equal": "write {ge} or more.",
    "less_than": "write less than {lt}.",
    "less_than_equal": "write {le} or less.",
    "multiple_of": "write a multiple of {multiple_of}.",
    "finite_number": "write a number that is not infinite.",
    "literal_error": "choose {expected}.",
    "enum": "choose {expected}.",
    "json_invalid": "write JSON; this text is none.",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "write a list."),
    **dict.fromkeys(("string_type", "string_unicode", "bytes_type", "json_type"), "write a text."),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), _OBJECT),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "write a whole number."),
    "int_parsing_size": "write a smaller whole number.",
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "write a number."),
    **dict.fromkeys(("bool_type", "bool_parsing"), "write true or false."),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "write a date, like 2026-03-29."),
    "date_from_datetime_inexact": "write a date without a time of day, like 2026-03-29.",
    **dict.fromkeys(("time_type", "time_parsing"), "write a time of day, like 07:30."),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_object_invalid", "timezone_aware"), _MOMENT),
    "datetime_from_date_parsing": _MOMENT,
    **dict.fromkeys(("time_delta_type", "time_delta_parsing"), _LENGTH),
    **dict.fromkeys(("url_type", "url_parsing", "url_syntax_violation"), "write an address, like https://example.com."),
}
"""Kind of a problem, as pydantic names it → what to tell, with numbers of the problem in braces."""
_OTHERWISE: Final = "this value is not one that the field takes; docs say how it is written."


def problem_text(problem: "ErrorDetails") -> str:
    """What is wrong with a value and what to write instead, without the name of its field.

    Validators of ours raise ValueError with their own words, which are kept.

    >>> problem_text({"type": "less_than_equal", "loc": ("latitude",), "msg": "", "input": 91, "ctx": {"le": 90.0}})
    'write 90 or less.'
    """
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", problem["msg"])).removeprefix("Value error, ")
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "write something; it is empty."
    if kind in ("too_short", "too_long") and 1 in (context.get("min_length"), context.get("max_length")):
        return _WORDS[kind].format(**context).replace("entries", "entry")
    numbers = {name: f"{each:.15g}" if isinstance(each, float) else each for name, each in context.items()}
    return _WORDS.get(kind, _OTHERWISE).format(**numbers)
