"""Values of flex fields as the texts of controls, and back; what nobody touched comes back as it was written."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias, get_args
from zoneinfo import ZoneInfo

from engine.errors import InputError
from engine.flex.facts import Fact, FieldRole
from engine.flex.fields import FlexFields
from engine.flex.quantity import span
from engine.series.iso_time import duration, iso_duration

Control: TypeAlias = dict[str, Any]
"""Texts of the controls of one value by their names, ``mode`` among them; rows are controls by their number."""
NUMBER: Final = re.compile(r"\s*([-+]?(?:\d[\d_]*(?:[.,]\d+)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
"""A number with what follows it, its unit."""
LENGTHS: Final = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1)}
MODES: Final = {
    "number": "Number", "sensor": "Sensor", "times": "At times", "asset": "Asset", "list": "List", "text": "Word",
    "json": "JSON",
}  # fmt: skip
"""Ways to write a value of which a person chooses one."""
MOST_ROWS: Final = 200
"""Most rows that are shown of one value; a longer one stays JSON."""


@dataclass(frozen=True)
class Place:
    """What a value belongs to."""

    kind: type[FlexFields]
    fact: Fact
    zone: ZoneInfo
    """On whose clock times are written."""
    stored: bool = True
    """Whether it is kept on an asset, where values at times come from a sensor."""

    @property
    def modes(self) -> tuple[str, ...]:
        """Ways in which a value of the field can be written, the usual one first."""
        fact = self.fact
        if fact.form == "quantity":
            if fact.stored == "as-sensor":
                return ("sensor",)
            reads = ("number", "sensor") if self.stored else ("number", "sensor", "times")
            return reads if FieldRole.READS in fact.role else ("number",)
        if fact.form == "sensor":
            return ("asset", "sensor") if isinstance(fact.example, dict) and "asset" in fact.example else ("sensor",)
        if fact.form != "text":
            return {"quantities": ("list",), "parts": ("entries",), "events": ("spans",)}.get(fact.form, (fact.form,))
        if fact.choices:
            return ("choice",)
        if isinstance(fact.example, str) and re.match(r"P\w", fact.example):
            return ("duration",)
        priced = ("number", "sensor", "text") if FieldRole.READS in fact.role else ("number", "text")
        return priced if fact.kind else ("text",)

    @property
    def entries(self) -> "type[FlexFields]":
        """What the entries of a list of parts are."""
        return entry_kind(self.kind, self.fact.name)

    def inner(self, name: str) -> "Place":
        """A field of an entry."""
        return Place(self.entries, self.entries.fact(name), self.zone, self.stored)


@cache
def entry_kind(kind: type[FlexFields], name: str) -> type[FlexFields]:
    """Class of the entries of a field, read off its annotation."""

    def classes(annotation: Any) -> Iterator[type[FlexFields]]:
        if isinstance(annotation, type) and issubclass(annotation, FlexFields):
            yield annotation
        for part in get_args(annotation):
            yield from classes(part)

    return next(classes(kind.model_fields[name.replace("-", "_")].annotation))


def control_of(place: Place, value: Any) -> Control:
    """Controls that show a value; ``was`` carries the value itself."""
    return _control(place, value) | {"was": json.dumps(value, ensure_ascii=False)}


def empty_control(place: Place) -> Control:
    """Controls of a field that is yet to be filled in."""
    mode = place.modes[0]
    if mode in ("list", "entries", "spans", "times"):
        return {"mode": mode, "rows": {"0": empty_row(place, mode)}}
    if mode == "number" or (mode == "text" and place.fact.kind):
        return {"mode": "number", "text": "", "unit": usual_unit(place.fact)}
    return {"mode": mode}


def empty_row(place: Place, mode: str) -> Control:
    """A row of a value that has several."""
    if mode == "list":
        return {"mode": "number", "text": "", "unit": usual_unit(place.fact)}
    if mode == "entries":
        names = [fact.name for fact in place.entries.facts()]
        return {name: empty_control(place.inner(name)) for name in names} if len(names) <= 8 else {}
    return {"start": "", "end": ""} | ({"text": ""} if mode == "times" else {})


def usual_unit(fact: Fact) -> str:
    """Unit that is written where a person writes none: that of the example, else the engine's."""
    example = fact.example[0] if isinstance(fact.example, list) and fact.example else fact.example
    if isinstance(example, str) and (parts := NUMBER.fullmatch(example)):
        return parts[2]
    return (fact.unit or "").replace("currency", "EUR") if fact.unit is not None else ""


def _control(place: Place, value: Any) -> Control:
    """Controls without the value itself; JSON where none of them shows all of it."""
    for mode in (*place.modes, "number", "text"):
        with suppress(InputError, KeyError, TypeError, ValueError, AttributeError):
            shown = _in_mode(place, mode, value)
            if shown is not None and _composed(place, {"mode": mode} | shown) is not None:
                return {"mode": mode} | shown
    return {"mode": "json", "text": json.dumps(value, ensure_ascii=False)}


def _in_mode(place: Place, mode: str, value: Any) -> Control | None:
    """Controls of one way to write a value; None where it cannot be written so."""
    if mode in SIMPLE:
        return SIMPLE[mode](value)
    if mode in ("sensor", "asset"):
        return _named(mode, value)
    if mode == "choice":
        return {"text": value} if value in place.fact.choices else None
    items = value if isinstance(value, list | tuple) else [value]
    if len(items) > MOST_ROWS or (mode != "list" and not isinstance(value, list | tuple)):
        return None
    rows: dict[str, Callable[[Any], Control]] = {
        "sensors": lambda key: {"sensor": str(key)} if type(key) is int else {},
        "times": lambda event: _event(place, event),
        "spans": lambda event: _event(place, event),
        "list": _item,
        "entries": lambda entry: {str(key): control_of(place.inner(str(key)), value) for key, value in entry.items()},
    }
    return {"rows": {str(at): rows[mode](item) for at, item in enumerate(items)}}


def _number(value: Any) -> Control | None:
    if isinstance(value, str) and (parts := NUMBER.fullmatch(value)):
        return {"text": parts[1], "unit": parts[2]}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"text": f"{value:.15g}", "unit": ""} if is_number else None


def _named(mode: str, value: Any) -> Control | None:
    if type(value) is int:
        return {mode: str(value)}
    if type(value[mode]) is not int:
        return None
    rest = {key: part for key, part in value.items() if key != mode}
    return {mode: str(value[mode])} | ({"rest": json.dumps(rest)} if rest else {})


def _event(place: Place, event: Mapping[str, Any]) -> Control:
    when = span({key: part for key, part in event.items() if key != "value"}, field=place.fact.name)
    start, end = (at.astimezone(place.zone).strftime("%Y-%m-%dT%H:%M") for at in (when.start, when.end))
    value = event.get("value")
    text = {} if value is None else {"text": value if isinstance(value, str) else f"{value:.15g}"}
    return {"start": start, "end": "" if "datetime" in event else end, **text}


def _item(item: Any) -> Control:
    shown = _named("sensor", item) if isinstance(item, Mapping) else _number(item)
    if shown is None:
        raise ValueError("neither a number nor a sensor")
    return {"mode": "sensor" if isinstance(item, Mapping) else "number"} | shown


def _length(value: Any) -> Control | None:
    length = duration(value, field="duration")
    for unit, whole in LENGTHS.items():
        if length and not length % whole:
            return {"text": str(length // whole), "unit": unit}
    return None


SIMPLE: Final[Mapping[str, Callable[[Any], Control | None]]] = {
    "number": _number,
    "duration": _length,
    "flag": lambda value: {"text": "yes" if value else "no"} if isinstance(value, bool) else None,
    "count": lambda value: {"text": str(value)} if type(value) is int else None,
    "text": lambda value: {"text": value} if isinstance(value, str) else None,
}
"""Ways to write a value that are the same in all fields."""


def value_of(place: Place, control: Control) -> Any:
    """Value that controls show, as users write it; None where something is still to be filled in."""
    shown = {name: part for name, part in control.items() if name != "was"}
    if "was" in control:
        with suppress(json.JSONDecodeError):
            before = json.loads(control["was"])
            if _control(place, before) == shown:
                return before
    return _composed(place, shown)


def _composed(place: Place, control: Control) -> Any:
    """Value that controls of one way to write it show; None where something is still to be filled in."""
    mode, text = str(control.get("mode")), str(control.get("text", "")).strip()
    if mode in ("sensor", "asset"):
        if not str(control.get(mode, "")).isdecimal():
            return None
        key, rest = int(control[mode]), json.loads(control.get("rest") or "{}")
        is_bare = place.fact.form in ("sensor", "asset") and type(place.fact.example) is int
        return key if is_bare else {mode: key, **rest}
    if mode in ITEM_VALUES:
        rows = control.get("rows", {})
        items = [ITEM_VALUES[mode](place, rows[at]) for at in sorted(rows, key=int)]
        return items if items and None not in items else None
    if mode == "number":
        return _amount(text, str(control.get("unit", "")).strip())
    if mode == "duration":
        amount = float(text.replace(",", ".")) if text else 0.0
        return iso_duration(amount * LENGTHS[str(control["unit"])]) if amount > 0 else None
    if mode == "count" and re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    if mode == "json":
        return json.loads(text) if text else None
    return {"yes": True, "no": False}.get(text) if mode == "flag" else text or None


def _amount(text: str, unit: str) -> str | float | None:
    if text and not unit and re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        number = float(text)
        return int(number) if number.is_integer() and "." not in text else number
    return f"{text}{'' if unit.startswith('%') else ' '}{unit}".strip() if text else None


def _timed(place: Place, row: Control) -> dict[str, Any] | None:
    """An event with a value."""
    when, value = _span(place, row), str(row.get("text", "")).strip()
    parts = NUMBER.fullmatch(value)
    return {"value": _amount(parts[1], parts[2]) if parts else value, **when} if when and value else None


def _span(place: Place, row: Control) -> dict[str, Any] | None:
    """A time from a start to an end, or one moment."""
    start, end = (str(row.get(name, "")).strip() for name in ("start", "end"))

    def instant(text: str) -> str:
        return datetime.fromisoformat(text).replace(tzinfo=place.zone).isoformat()

    if not start:
        return None
    return {"start": instant(start), "end": instant(end)} if end else {"datetime": instant(start)}


def _fields(place: Place, row: Control) -> dict[str, Any] | None:
    values = {name: value_of(place.inner(name), inner) for name, inner in row.items()}
    return {name: value for name, value in values.items() if value is not None} or None


ITEM_VALUES: Final[Mapping[str, Callable[[Place, Control], Any]]] = {
    "sensors": lambda _place, row: int(row["sensor"]) if row.get("sensor") else None,
    "list": _composed,
    "times": _timed,
    "spans": _span,
    "entries": _fields,
}
"""What a row is, of each way to write a value in rows."""
