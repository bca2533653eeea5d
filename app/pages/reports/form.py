"""Form of a report: its sensors, configuration and time; the address holds them as the API takes them."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any, get_args, get_origin
from zoneinfo import ZoneInfo

from app.fragments.fields import Field, Kind
from app.fragments.visit import Visit
from db.sensors import Sensor
from engine.errors import FieldError, InputError
from engine.reporting.reporter import OUTPUT_UNIT, Reporter, ReportInput, config_fields
from engine.series.iso_time import instant
from engine.units.units import currency_in, same_kind

ARGUMENT = "report"
"""Of the address: the report that is asked for, as JSON."""
STEPS = {"Days": "P1D", "Hours": "PT1H", "Quarter hours": "PT15M"}
USUAL_DAYS = 30
METERED = ("site-peak-earlier-days", "aggregate-power", "aggregate-consumption")
"""Fields of a flex-context that name the power of the connection, the measured one first."""
INPUT, CONFIG = "input_", "config_"
"""What names of fields begin with."""


def label(reporter: str) -> str:
    """Name of a reporter for people.

    >>> label("EnergyBillReporter")
    'Energy bill'
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reporter.removesuffix("Reporter")).lower()
    return f"{words[:1].upper()}{words[1:]}"


def asked_report(visit: Visit) -> dict[str, Any] | None:
    """Report that the address asks for; None: none yet.

    Raises:
        InputError: The address was changed by hand, and holds none.
    """
    if ARGUMENT not in visit.query:
        return None
    try:
        asked = json.loads(visit.query[ARGUMENT])
    except (json.JSONDecodeError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("parameters"), dict):
        raise InputError("The address holds no report that can be read; choose it below once more.")
    return asked


def report_fields(
    reporter: type[Reporter], sensors: Sequence[Sensor], usual: Mapping[str, int], asked: Mapping[str, Any], today: date
) -> list[Field]:
    """Fields of a report.

    Args:
        reporter: What computes it.
        sensors: Those that may be chosen.
        usual: Sensor of an input by the name of the input, where the flexibility of the site names one.
        asked: The report that is shown, as the API takes it; empty: none.
        today: At the asset.
    """
    parameters = asked.get("parameters", {})
    single, chosen = {one.name for one in reporter.inputs if not one.several}, dict[str, list[int]]()
    for entry in parameters.get("input", []):
        if isinstance(entry, dict):
            name = str(entry.get("name") or "")
            chosen.setdefault(name if name in single else "", []).append(entry.get("sensor", 0))
    fields = [_input_field(declared, sensors, usual, chosen) for declared in reporter.inputs]
    written = asked.get("config", {})
    for name, (hint, default, meaning) in config_fields(reporter).items():
        value = written.get(name, default) if isinstance(written, dict) else default
        spoken = f"{name[:1].upper()}{name[1:]}".replace("_", " ").replace("Vat", "VAT")
        fields.append(Field(name=f"{CONFIG}{name}", label=spoken, kind=_kind(hint), value=value, help=meaning))
    # Today is not over: what it has is in part a forecast.
    first, last = _days(parameters) or (today - timedelta(days=USUAL_DAYS), today - timedelta(days=1))
    return [
        *fields,
        Field(name="start", label="From", kind="date", value=first.isoformat(), optional=False),
        Field(name="end", label="Until, included", kind="date", value=last.isoformat(), optional=False),
        Field(name="step", label="By", kind="choice", options=STEPS, value=parameters.get("resolution") or "P1D"),
    ]


def report_of(
    reporter: type[Reporter], sensors: Sequence[Sensor], values: Mapping[str, Any], place: ZoneInfo
) -> dict[str, Any]:
    """Report as the API takes it, from what its form holds.

    Raises:
        FieldError: It has no sensor, or ends before it begins.
    """
    by_id, entries, names = {sensor.id: sensor for sensor in sensors}, list[dict[str, Any]](), set[str]()
    for name, value in values.items():
        for key in (value if isinstance(value, list) else [value]) if name.startswith(INPUT) else []:
            own = name.removeprefix(INPUT)
            if isinstance(value, list) and (sensor := by_id.get(key)):
                own = f"{sensor.asset.name} {sensor.name}"
                own = f"{own} ({key})" if own in names else own
            names.add(own)
            entries.append({"name": own, "sensor": key})
    usual = {f"{CONFIG}{name}": default for name, (_, default, _) in config_fields(reporter).items()}
    config = {
        name.removeprefix(CONFIG): value
        for name, value in values.items()
        if name.startswith(CONFIG) and value != usual.get(name) and value not in (None, {}, [])
    }
    if not [entry for entry in entries if entry["sensor"] is not None]:
        raise FieldError(f"{INPUT}{reporter.inputs[0].name}", "choose at least one sensor.")
    start, end = (date.fromisoformat(str(values[name])) for name in ("start", "end"))
    if end < start:
        raise FieldError("end", "must not be before the first day.")
    bounds = {"start": _midnight(start, place), "end": _midnight(end + timedelta(days=1), place)}
    known = [entry for entry in entries if entry["sensor"] is not None]
    return {
        "reporter": reporter.__name__,
        "config": config,
        "parameters": {"input": known, **bounds, "resolution": values.get("step") or "P1D"},
    }


def fits(declared: ReportInput, sensor: Sensor) -> bool:
    """Whether a sensor can be an input, by its unit."""
    if declared.unit in ("", OUTPUT_UNIT):
        return True
    if declared.unit.startswith("currency/"):
        return currency_in(sensor.unit) is not None and "/" in sensor.unit
    if declared.unit == "kW":
        # An energy without a length of time is one that is stored.
        return bool(sensor.resolution) and (same_kind(sensor.unit, "kW") or same_kind(sensor.unit, "kWh"))
    return same_kind(sensor.unit, declared.unit)


def usual_inputs(
    reporter: type[Reporter], own: Sequence[Sensor], context: Mapping[str, int], produces: Collection[int]
) -> dict[str, int]:
    """Sensor of each input by its name, as the flex-context names it, else the first that fits.

    Args:
        reporter: What reads them.
        own: Sensors of the asset and of those below it, nearest first.
        context: Sensors with values of the past that the effective flex-context names, by field.
        produces: Assets that produce energy.
    """
    found = {}
    for declared in reporter.inputs:
        fields = METERED if declared.name == "power" else (declared.name.replace("_", "-"),)
        if named := [context[name] for name in fields if name in context]:
            found[declared.name] = named[0]
            continue
        if declared.optional or declared.same_as:
            continue
        fitting = [sensor for sensor in own if declared.unit != "" and fits(declared, sensor)]
        preferred = [row for row in fitting if (row.asset_id in produces) == (declared.name == "production")]
        if preferred or fitting:
            found[declared.name] = (preferred or fitting)[0].id
    return found


def _input_field(
    declared: ReportInput, sensors: Sequence[Sensor], usual: Mapping[str, int], chosen: Mapping[str, list[int]]
) -> Field:
    options: dict[str, Any] = {
        f"{sensor.asset.name}: {sensor.name} [{sensor.unit}] ({sensor.id})": sensor.id
        for sensor in sensors
        if fits(declared, sensor)
    }
    spoken = declared.name.replace("_", " ")
    name, text = f"{INPUT}{declared.name}", f"{spoken[:1].upper()}{spoken[1:]}"
    if declared.several:
        return Field(name=name, label=declared.description, kind="choices", options=options, value=chosen.get("", []))
    value = chosen.get(declared.name, [None if chosen else usual.get(declared.name)])[0]
    needed = not declared.optional and not declared.same_as
    empty = {"choose a sensor" if needed else "none": None}
    return Field(
        name=name, label=text, kind="choice", options=empty | options, value=value, help=declared.description,
        optional=not needed,
    )  # fmt: skip


def _kind(hint: Any) -> Kind:
    """Kind of the field that a value of some type is written in."""
    (plain, *_) = [part for part in get_args(hint) if part is not NoneType] if type(None) in get_args(hint) else [hint]
    if plain is bool:
        return "flag"
    if plain in (int, float):
        return "number"
    if plain is str:
        return "text"
    origin = get_origin(plain) or plain
    return "object" if isinstance(origin, type) and issubclass(origin, Mapping) else "list"


def _days(parameters: Mapping[str, Any]) -> tuple[date, date] | None:
    """First and last day that an address asks for."""
    try:
        start, end = (instant(str(parameters[name]), field=name) for name in ("start", "end"))
    except (KeyError, InputError):
        return None
    return start.date(), (end - timedelta(microseconds=1)).date()


def _midnight(day: date, place: ZoneInfo) -> str:
    """Where a day begins at a place, in ISO 8601."""
    return datetime(day.year, day.month, day.day, tzinfo=place).isoformat()
