"""Inputs of a report: which sensors they are, and their values as a reporter wants to read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.assemble import data
from app.assemble.data import SeriesQuery
from app.assemble.outputs import consumption_sign
from app.auth.access.references import References
from db import assets, listing
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.sensors import Sensor
from engine.errors import FieldError, UnknownName
from engine.flex.quantity import unit_for
from engine.reporting.reporter import OUTPUT_UNIT, Reporter, ReportInput, ReportSeries
from engine.series.iso_time import duration, instant, zone

MOST_SENSORS = 1000
"""Most sensors that an input for all below an asset may be."""
AT_ONCE = 500_000
"""Values that are read for one piece of a long report."""
FILTERS = ("source", "sources")


@dataclass(frozen=True, kw_only=True)
class ResolvedInput:
    """One input of a report, as a sensor that may be read."""

    name: str
    declared: ReportInput
    sensor: Sensor
    entry: Mapping[str, Any]
    """What the request says of it: sources, horizons and unit."""


def resolved_inputs(
    references: References, reporter: Reporter, entries: Sequence[Mapping[str, Any]], config: Mapping[str, Any]
) -> list[ResolvedInput]:
    """Inputs of a report in the order of its parameters, then those that its config names.

    Raises:
        FieldError: An entry names no sensor, one that is not there, or an input is missing.
        UnknownName: There is no input of a name.
        NotAllowed: It names a sensor that the principal may not read.
    """
    found: list[ResolvedInput] = []
    for number, entry in enumerate(entries):
        field = f"input[{number}]"
        for sensor, part in _sensors(references, entry, field):
            for key in FILTERS:
                if part.get(key):
                    references.sources(part[key], field=f"{field}.{key}", sensor=sensor)
            name, declared = _declared(reporter, part, sensor, [one.name for one in found])
            found.append(ResolvedInput(name=name, declared=declared, sensor=sensor, entry=part))
    found += _config_inputs(references, reporter, config, [one.name for one in found])
    for declared in reporter.inputs:
        same = next((one for one in found if one.name == declared.same_as), None)
        if not any(one.declared == declared for one in found):
            if same is not None:
                found.append(ResolvedInput(name=declared.name, declared=declared, sensor=same.sensor, entry={}))
            elif not declared.optional:
                raise FieldError("parameters", f"input: name a sensor as {declared.name!r}, {declared.description}.")
    reporter.check_inputs([one.name for one in found])
    return found


def _config_inputs(
    references: References, reporter: Reporter, config: Mapping[str, Any], taken: Sequence[str]
) -> Iterator[ResolvedInput]:
    """Inputs that a config names, as FlexMeasures does for prices: ``consumption_price_sensor``."""
    for key, raw in config.items():
        if (written := str(key).replace("-", "_")).endswith("_sensor") and raw is not None:
            sensor = references.sensor(raw, field=f"config.{written[:100]}")
            name = written.removesuffix("_sensor")
            declared = _declared(reporter, {"name": name}, sensor, taken)[1]
            yield ResolvedInput(name=name, declared=declared, sensor=sensor, entry={})


def _sensors(
    references: References, entry: Mapping[str, Any], field: str
) -> Iterator[tuple[Sensor, Mapping[str, Any]]]:
    """The sensor of an entry, or all of one name on an asset and below it, each with an entry of its own."""
    if "asset" not in entry:
        yield references.sensor(entry.get("sensor"), field=f"{field}.sensor"), entry
        return
    asset = references.asset(entry["asset"], field=f"{field}.asset")
    wanted = entry.get("sensor_name", entry.get("sensor-name"))
    if not isinstance(wanted, str) or not wanted:
        raise FieldError(f"{field}.sensor_name", "the name that all sensors share is wanted, such as power.")
    below = [row.id for row in assets.own_subtree(references.session, asset.id)[0]]
    alike = [row for row in listing.sensors_of(references.session, below) if row.name.casefold() == wanted.casefold()]
    if not alike or len(alike) > MOST_SENSORS:
        raise FieldError(
            f"{field}.sensor_name",
            f"{len(alike)} sensors below asset {asset.id} are called {wanted[:50]!r}; 1 to {MOST_SENSORS} are wanted.",
        )
    for row in sorted(alike, key=lambda row: row.id):
        name = f"{row.asset.name} {row.name}"
        yield references.sensor(row.id, field=field), {**entry, "sensor": row.id, "name": f"{name} ({row.id})"}


def _declared(
    reporter: Reporter, entry: Mapping[str, Any], sensor: Sensor, taken: Sequence[str]
) -> tuple[str, ReportInput]:
    """Name of an input and what its reporter says of it; without a name of its own it is the next that is missing."""
    name = str(entry.get("name") or "")
    own = {one.name: one for one in reporter.inputs}
    several = next((one for one in reporter.inputs if one.several), None)
    if name in taken:
        raise FieldError("parameters", f"input: {name[:50]!r} is there twice; call each input by a name of its own.")
    if name in own:
        return name, own[name]
    if (last := name.rpartition(".")[2]) != name and several is not None and last in own:
        return name, replace(own[last], optional=True)
    missing = [one for one in reporter.inputs if not one.optional and not one.same_as and one.name not in taken]
    missing = [one for one in missing if not one.several]
    if missing and (not name or several is None):
        return missing[0].name, missing[0]
    if several is None:
        raise UnknownName("input of this report", name[:50], own)
    return name or f"sensor {sensor.id}", several


def read_input(references: References, given: ResolvedInput, asked: SeriesQuery) -> ReportSeries:
    """Values of an input as its reporter reads them.

    Args:
        references: Of the session to read in.
        given: The input.
        asked: Time, step and moment of knowledge of the report; the unit that parameters or config want, or none.
    """
    sensor, declared = given.sensor, given.declared
    fixed = declared.unit not in ("", OUTPUT_UNIT)
    unit = unit_for(declared.unit, sensor.unit) if fixed else asked.unit or sensor.unit
    known_as = _known(given, asked.as_of)
    entry = given.entry
    ids, types = entry.get("source") or entry.get("sources"), entry.get("source_types")
    without = entry.get("exclude_source_types")
    if not (ids or types):  # who names sources means these
        types, without = declared.source_types or None, without or declared.exclude_source_types
    sources = SourceFilter(ids=[ids] if isinstance(ids, int) else ids, types=types, not_types=tuple(without or ()))
    known = data.read(references.session, sensor, replace(asked, unit=unit, as_of=known_as, sources=sources))
    values = known.values * consumption_sign(sensor) if declared.is_flow else known.values
    return ReportSeries(
        starts=known.starts,
        values=values,
        step=known.resolution or known.window.step,
        unit=unit,
        place=zone(sensor.timezone),
    )


def _known(given: ResolvedInput, as_of: AsOf) -> AsOf:
    """What counts as known of one input: a forecast so long before the event, or what was recorded until a moment."""
    entry = given.entry
    lengths = {key: entry.get(key) for key in ("horizons_at_least", "horizons_at_most")}
    if lengths["horizons_at_least"] is None:
        lengths["horizons_at_least"] = entry.get("horizon", "PT0H" if given.declared.before_event else None)
    least, most = (None if text is None else duration(str(text), field=f"input.{key}") for key, text in lengths.items())
    known_at, since = as_of.known_at, None
    if entry.get("beliefs_before"):
        known_at = min(known_at, instant(str(entry["beliefs_before"]), field="input.beliefs_before"))
    if entry.get("beliefs_after"):
        since = instant(str(entry["beliefs_after"]), field="input.beliefs_after")
    return AsOf(known_at=known_at, horizon=least, at_most=most, since=since)


def report_pieces(start: datetime, end: datetime, *, count: int, days_whole: bool) -> list[tuple[datetime, datetime]]:
    """Pieces of a long report, of whole days on the clock of its place, so that memory does not grow with its length.

    Args:
        start: Start of the report on the clock of its place.
        end: Its end.
        count: Values that the whole report reads.
        days_whole: Whether its events are not longer than a day, so that none lies in two pieces.
    """
    if count <= AT_ONCE or not days_whole:
        return [(start, end)]
    length = timedelta(days=max(1, (end - start) // timedelta(days=1) * AT_ONCE // count))
    bounds, moment = [start], start.replace(hour=0, minute=0, second=0, microsecond=0) + length
    while moment < end:
        bounds.append(moment)
        moment += length
    return list(zip(bounds, [*bounds[1:], end], strict=True))
