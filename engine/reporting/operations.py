"""What a step of a report may do: each operation with its arguments in order, and what it works on.

This table is the whole language: a text of a user is looked up in it and never reaches pandas as the name of a method.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from engine.errors import FieldError, UnknownName, nearest
from engine.reporting import arguments as kinds
from engine.reporting.arguments import Kind
from engine.reporting.formula import Formula

Shape: TypeAlias = Literal["series", "columns", "steps", "number"]
"""What an operation works on: values in time, several of them side by side (``merge``), values collected by
``resample`` or ``rolling``, or the one number that they come to."""


@dataclass(frozen=True)
class Operation:
    """One operation of the language."""

    method: str
    """What it is called in pandas; operations of our own have none there."""
    takes: Mapping[str, Kind] = field(default_factory=dict)
    """Kinds of its arguments by name, in the order in which they may be written without one."""
    needs: int = 0
    """How many of them cannot be left out."""
    on: tuple[Shape, ...] = ("series",)


AXIS = {"axis": kinds.word(0, "index", "rows")}
SKIP = {"skipna": kinds.yes_or_no}
COUNTS = ("sum", "mean", "median", "min", "max", "std", "var", "prod", "count")
ALL: tuple[Shape, ...] = ("series", "columns", "steps")
BINARY = (
    "add radd sub subtract rsub mul multiply rmul div divide truediv rdiv rtruediv floordiv mod pow eq ne lt le gt ge"
).split()


def _operations() -> Iterator[tuple[str, Operation]]:
    """Give each operation with the name that users call it by."""
    for name in BINARY:
        takes: Mapping[str, Kind] = {
            "other": kinds.operand,
            "level": kinds.optional(kinds.word()),
            "fill_value": kinds.optional(kinds.number),
            **AXIS,
        }
        yield name, Operation(name, takes, needs=1)
    for name in ("cumsum", "cumprod", "cummax", "cummin"):
        yield name, Operation(name, AXIS | SKIP)
    axis: dict[str, Kind] = {"axis": kinds.word(0, "index", "rows", 1, "columns")}
    for name in ("first", "last"):
        yield name, Operation(name, on=("steps",))
    for name in COUNTS:
        own = {"ddof": kinds.count} if name in ("std", "var") else {}
        least = {"min_count": kinds.count} if name in ("sum", "prod") else {}
        takes = axis | SKIP | {"numeric_only": kinds.yes_or_no} | own | least
        yield name, Operation(name, takes, on=(*ALL, "number"))
    for name in ("aggregate", "agg"):
        yield name, Operation("aggregate", {"func": kinds.word(*COUNTS, "first", "last")} | AXIS, needs=1, on=ALL)
    for name in ("ffill", "bfill"):
        yield name, Operation(name, {"limit": kinds.optional(kinds.count)}, on=ALL)
    for name in ("copy", "squeeze", "rename", "get", "droplevel", "to_frame"):  # one column, whatever it is called
        yield name, Operation("copy", NAMES, on=("series", "columns", "number"))
    for name in ("formula", "eval"):
        yield name, Operation("formula", {"expr": Formula.read}, needs=1)
    yield "query", Operation("query", {"expr": Formula.read}, needs=1)
    for name, (needs, takes) in ON_SERIES.items():
        yield name, Operation(name, takes, needs, on=("series", *ALSO_ON.get(name, ())))


def _anything(raw: object) -> None:
    """Leave out what a column or a level of an index is called: a report has one of each."""
    if not isinstance(raw, str | int | list | Mapping | None):
        raise ValueError("a name")


NAMES = {"name": _anything, "index": _anything, "columns": _anything, "deep": _anything}

LIMITS = {"limit": kinds.optional(kinds.count), "limit_direction": kinds.word("forward", "backward", "both")}
CHOICE = {"cond": kinds.reference, "other": kinds.operand}
ON_SERIES: Mapping[str, tuple[int, Mapping[str, Kind]]] = {
    "abs": (0, {}),
    "ceil": (0, {}),
    "floor": (0, {}),
    "round": (0, {"decimals": kinds.word(*range(-15, 16))}),
    "clip": (0, {"lower": kinds.optional(kinds.operand), "upper": kinds.optional(kinds.operand), **AXIS}),
    "between": (2, {"left": kinds.operand, "right": kinds.operand, "inclusive": kinds.word(
        "both", "neither", "left", "right")}),
    "where": (1, CHOICE),
    "mask": (1, CHOICE),
    "fillna": (1, {"value": kinds.operand, **AXIS, "limit": kinds.optional(kinds.count)}),
    "interpolate": (0, {"method": kinds.word("linear", "time"), **AXIS, **LIMITS}),
    "dropna": (0, AXIS),
    "replace": (2, {"to_replace": kinds.numbers, "value": kinds.number}),
    "astype": (1, {"dtype": kinds.word("float", "float64", "int", "int64", "bool")}),
    "diff": (0, {"periods": kinds.whole}),
    "shift": (0, {"periods": kinds.whole, "freq": kinds.optional(kinds.fixed), **AXIS, "fill_value": kinds.number}),
    "pct_change": (0, {"periods": kinds.whole}),
    "rank": (0, AXIS | {"method": kinds.word("average", "min", "max", "first", "dense"), "ascending": kinds.yes_or_no,
        "pct": kinds.yes_or_no}),
    "quantile": (0, {"q": kinds.share, "interpolation": kinds.word(
        "linear", "lower", "higher", "midpoint", "nearest")}),
    "corr": (1, {"other": kinds.reference, "method": kinds.word("pearson", "spearman"), "min_periods": kinds.count}),
    "head": (0, {"n": kinds.whole}),
    "tail": (0, {"n": kinds.whole}),
    "merge": (1, {"right": kinds.reference, "how": kinds.word("inner"), "on": kinds.word("event_start"),
        "suffixes": _anything}),
    "resample": (1, {"rule": kinds.offset, "closed": kinds.word("left", "right"), "label": kinds.word("left", "right"),
        "origin": kinds.word("start_day", "start", "epoch")}),
    "rolling": (1, {"window": kinds.either(kinds.count, kinds.fixed), "min_periods": kinds.optional(kinds.count),
        "center": kinds.yes_or_no, "closed": kinds.word("left", "right", "both", "neither")}),
}  # fmt: skip
ALSO_ON: Mapping[str, tuple[Shape, ...]] = {
    **dict.fromkeys(("abs", "round", "dropna", "merge", "resample", "rolling"), ("columns",)),
    **dict.fromkeys(("interpolate", "quantile"), ("steps",)),
}
OPERATIONS = dict(sorted(_operations()))


@dataclass(frozen=True)
class ReportStep:
    """One step of a report, read and checked."""

    operation: Operation
    source: str | None
    """Name of the series it reads; None for the result of the step before it."""
    target: str | None
    """Name of its result; None for that of the series it reads."""
    values: Mapping[str, Any]
    """Arguments by name."""
    skip_if_empty: bool


KEYS = ("method", "df_input", "df_output", "args", "kwargs", "skip_if_empty")


def read_step(raw: object, *, field: str) -> ReportStep:
    """Return a step as a user wrote it.

    Raises:
        FieldError: It has another form, or an argument of another kind than its operation takes.
        UnknownName: There is no such operation.
    """
    if not isinstance(raw, Mapping):
        raise FieldError(field, "a step is written like {'method': 'clip', 'kwargs': {'lower': 0}}.")
    if unknown := [str(key)[:50] for key in raw if key not in KEYS]:
        raise FieldError(field, f"a step has no {unknown[0]!r}; {nearest(unknown[0], KEYS)}")
    method = str(raw.get("method", ""))
    if method not in OPERATIONS:
        raise UnknownName(f"operation of reports ({field})", method[:50], OPERATIONS)
    names = {}
    for key in ("df_input", "df_output"):
        names[key] = None if raw.get(key) is None else _checked(kinds.name, raw[key], f"{field}.{key}")
    values = _read_arguments(method, raw.get("args") or [], raw.get("kwargs") or {}, field)
    skip = _checked(kinds.yes_or_no, raw.get("skip_if_empty", False), f"{field}.skip_if_empty")
    return ReportStep(OPERATIONS[method], names["df_input"], names["df_output"], values, skip)


def _read_arguments(method: str, args: object, kwargs: object, field: str) -> dict[str, Any]:
    """Return the arguments of an operation by name."""
    takes = OPERATIONS[method].takes
    if not isinstance(args, list | tuple) or not isinstance(kwargs, Mapping):
        raise FieldError(field, "args is a list, and kwargs an object, such as {'lower': 0}.")
    if len(args) > len(takes):
        raise FieldError(f"{field}.args", f"{method} takes at most {len(takes)} arguments ({', '.join(takes)}).")
    given = dict(zip(takes, args, strict=False))
    for name, value in kwargs.items():
        if name not in takes or name in given:
            problem = "is given twice" if name in given else f"is not taken; {nearest(str(name)[:50], list(takes))}"
            raise FieldError(f"{field}.kwargs", f"{method}: {str(name)[:50]!r} {problem}")
        given[name] = value
    if missing := [name for name in list(takes)[: OPERATIONS[method].needs] if name not in given]:
        raise FieldError(field, f"{method} needs {missing[0]}.")
    read = {name: _checked(takes[name], value, f"{field}: {method}: {name}") for name, value in given.items()}
    return {name: value for name, value in read.items() if takes[name] is not _anything}


def _checked(kind: Kind, raw: object, field: str) -> Any:
    try:
        return kind(raw)
    except ValueError as wanted:
        raise FieldError(field, f"{wanted} is wanted.") from None
