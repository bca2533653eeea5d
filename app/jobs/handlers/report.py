"""Compute a report over sensors and save it as beliefs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from app.assemble import data
from app.assemble.data import SeriesQuery
from app.assemble.files.posted import Posted
from app.assemble.report_series import ResolvedInput, read_input, report_pieces, resolved_inputs
from app.auth.access.references import References
from app.jobs.handlers import ingest
from db import sources
from db.beliefs.knowledge import AsOf
from db.core import bounds
from db.sensors import Sensor
from engine import plugins
from engine.errors import FieldError, InputError, UnknownName
from engine.reporting.reporter import OUTPUT_UNIT, Reporter, ReportSeries
from engine.series.iso_time import duration, to_us, zone
from engine.units import units

QUARTER = timedelta(minutes=15)
Reference = dict[str, Any]
"""One input or output: a sensor, or all of one name below an asset, with filters of what is read."""


class ReportRequest(BaseModel):
    """What to report, on which sensors, from when to when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reporter: str
    config: dict[str, Any] = {}
    input: list[Reference]
    output: list[Reference]
    start: AwareDatetime
    end: AwareDatetime
    resolution: timedelta | None = None
    """Length of the steps; None: that of the output sensor, or of the finest input."""
    belief_time: AwareDatetime | None = None
    """Compute with what was known then, and save as known then; None: with all that is recorded, saved as known now."""
    belief_horizon: str | None = None
    """When the report counts as known: so long before each event could be known; None: when it was asked for."""

    def units_of(self, kind: str) -> dict[str, str | None]:
        """Units that the config names for each ``input`` or ``output`` by its name."""
        listed = self.config.get(f"required_{kind}", self.config.get(f"required-{kind}"))
        entries = listed if isinstance(listed, list) else []
        return {str(entry.get("name")): entry.get("unit") for entry in entries if isinstance(entry, dict)}

    @model_validator(mode="after")
    def check_config(self) -> Self:
        """Refuse what its reporter does not take as soon as somebody asks, and not in a job an hour later."""
        named = [*self.units_of("input").values(), *self.units_of("output").values()]
        for unit in (*(entry.get("unit") for entry in self.input), *named):
            if unit is not None and not isinstance(unit, str):
                raise FieldError("parameters", "the unit of an input or output is a text, such as 'kW'.")
            units.unit(unit or "")
        self.configured_reporter()
        return self

    def configured_reporter(self) -> Reporter:
        """The reporter, as the config describes it."""
        maker = plugins.find("reporters", self.reporter)
        try:
            reporter: Reporter = maker.from_config(self.config)
        except (TypeError, ValueError) as error:  # of a plugin that leaves checking to its types
            raise FieldError("config", f"{self.reporter} does not take it: {str(error)[:200]}.") from error
        return reporter


@dataclass(frozen=True)
class ReportSensors:
    """The sensors of a report."""

    inputs: list[ResolvedInput]
    outputs: list[Sensor]


def named(references: References, request: ReportRequest) -> ReportSensors:
    """Return the sensors that a report names; each may be used by the one who asks.

    Raises:
        FieldError: An entry names no sensor, or one that is not there; an input is missing.
        NotAllowed: It names one that the principal may not read, or write to.
    """
    inputs = resolved_inputs(references, request.configured_reporter(), request.input, request.config)
    outputs = [
        references.output(entry.get("sensor"), field=f"output[{number}].sensor")
        for number, entry in enumerate(request.output)
    ]
    return ReportSensors(inputs, outputs)


class ReportRun:
    """One report while it is computed."""

    def __init__(self, references: References, request: ReportRequest, known_at: datetime) -> None:
        self.references, self.request, self.reporter = references, request, request.configured_reporter()
        self.as_of, self.saved_at = AsOf(known_at=request.belief_time or data.EVER), request.belief_time or known_at
        names = named(references, request)
        self.inputs = names.inputs
        self.outputs = [
            (str(entry.get("name") or ""), row) for entry, row in zip(request.output, names.outputs, strict=True)
        ]
        place = zone(next((row.timezone for _, row in self.outputs), self.inputs[0].sensor.timezone))
        self.start, self.end = request.start.astimezone(place), request.end.astimezone(place)
        self.begin = self.reporter.begin(self.start)
        self._check_size()

    def _check_size(self) -> None:
        """Refuse a report that takes more values than one answer may have, before anything is read."""
        # Sensors are read at their own resolution before they are brought to that of the report
        sensors = [one.sensor for one in self.inputs] + [row for _, row in self.outputs]
        finest = min([self.step, *(row.resolution for row in sensors if row.resolution)])
        if finest <= timedelta(0):
            raise FieldError("parameters", "resolution: must be longer than zero.")
        self.count = (self.end - self.begin) // finest * len(sensors)
        most = bounds.of(self.references.session).read
        if most is not None and self.count > most.number:
            told = f"the report would take {self.count} values, more than the {most.number} allowed ({most.setting}); "
            raise FieldError("parameters", told + "ask for a shorter time or a coarser resolution.")

    @cached_property
    def step(self) -> timedelta:
        """Length of the steps that values are computed for."""
        read = [one.sensor.resolution for one in self.inputs if one.sensor.resolution]
        if self.reporter.step_of == "input":
            return read[0] if read else QUARTER
        if self.request.resolution is not None:
            return self.request.resolution
        return min([row.resolution for _, row in self.outputs if row.resolution] or read, default=QUARTER)

    def results(self) -> dict[int, list[Posted]]:
        """Values of each output sensor in pieces of time; those that are no finite numbers are left out."""
        longest = max([self.step, *(row.resolution for _, row in self.outputs)])
        local = self.reporter.is_local and longest <= timedelta(days=1)
        found: dict[int, list[Posted]] = {row.id: [] for _, row in self.outputs}
        for start, end in report_pieces(self.start, self.end, count=self.count, days_whole=local):
            for row, series in self._piece(start, end):
                if posted := self._posted(series, row.unit):
                    found[row.id].append(posted)
        return found

    def by_name(self) -> dict[str, ReportSeries]:
        """All results by name, whether or not an output receives them, at the step that is asked for."""
        unit = self.inputs[0].sensor.unit
        read = self._read(self.begin, self.end, output_unit=unit)
        found = {}
        for name, series in self.reporter.compute(read, step=self.request.resolution or self.step).items():
            inside = (series.starts >= to_us(self.start)) & (series.starts < to_us(self.end))
            own = replace(series, starts=series.starts[inside], unit=series.unit or unit)
            found[name] = own.of(series.values[inside], own.unit)
        return found

    def _piece(self, start: datetime, end: datetime) -> list[tuple[Sensor, ReportSeries]]:
        """Results of one piece of time for each output; inputs are read once per unit and step that is wanted."""
        computed: dict[tuple[str, timedelta], Mapping[str, ReportSeries]] = {}
        found = []
        in_output_unit = any(one.declared.unit == OUTPUT_UNIT for one in self.inputs)
        for name, row in self.outputs:
            key = (row.unit if in_output_unit else "", row.resolution or self.request.resolution or self.step)
            if key not in computed:
                series = self._read(self.reporter.begin(start), end, output_unit=row.unit)
                computed[key] = self.reporter.compute(series, step=key[1])
            series_of = self._chosen(computed[key], name)
            if not series_of.unit:
                unit = self.request.units_of("output").get(name) or row.unit
                series_of = series_of.of(series_of.values, unit)
            found.append((row, series_of))
        return found

    def _read(self, begin: datetime, end: datetime, *, output_unit: str) -> dict[str, ReportSeries]:
        wanted = self.request.units_of("input")
        read: dict[str, ReportSeries] = {}
        step = self.request.resolution if self.reporter.step_of == "own" else self.step
        length = end.astimezone(UTC) - begin.astimezone(UTC)
        for one in self.inputs:
            unit = output_unit if one.declared.unit == OUTPUT_UNIT else one.entry.get("unit") or wanted.get(one.name)
            if not unit and one.declared.same_as:
                unit = read[one.declared.same_as].unit
            asked = SeriesQuery(start=begin, length=length, unit=unit or "", resolution=step, as_of=self.as_of)
            read[one.name] = read_input(self.references, one, asked)
        return read

    def _chosen(self, results: Mapping[str, ReportSeries], name: str) -> ReportSeries:
        """The result that an output receives."""
        declared = [one.name for one in self.reporter.outputs]
        if name in results:
            return results[name]
        if len(declared) == 1 or (results and not name and not declared):
            return list(results.values())[-1]
        if not name and declared:
            return results[declared[0]]
        if declared:
            raise UnknownName("output of this report", name[:50], results)
        raise FieldError("config", f"the chain leaves no series in time called {name!r}; store one under df_output.")

    def _posted(self, series: ReportSeries, unit: str) -> Posted | None:
        """Values in the time of the report, with the moment at which they count as known; None: there are none."""
        there = np.isfinite(series.values)
        there &= (series.starts >= to_us(self.start)) & (series.starts < to_us(self.end))
        if not there.any():
            return None
        text = self.request.belief_horizon
        horizon = None if text is None else duration(text, field="belief_horizon")
        events, values = series.starts[there], series.values[there]
        return Posted(events=events, values=values, step=series.step, unit=series.unit or unit, horizon=horizon)


@dataclass(frozen=True)
class Reported:
    """A report that is not saved."""

    reporter: str
    version: str
    config: Mapping[str, Any]
    values: Mapping[int, Sequence[Posted]]
    """In pieces of time, by the id of the output sensor."""
    saved_at: datetime
    """When they count as known, where they do not say it themselves."""


def compute(references: References, request: ReportRequest, *, known_at: datetime) -> Reported:
    """Compute one report with what was known at one moment; nothing is saved.

    Raises:
        InputError: Something it needs is missing or does not fit.
    """
    if not request.output:
        raise InputError("A report needs at least one output sensor.")
    report = ReportRun(references, request, known_at)
    config = {str(key).replace("-", "_"): value for key, value in request.config.items()}
    return Reported(request.reporter, report.reporter.version, config, report.results(), report.saved_at)


def save(references: References, done: Reported) -> dict[int, int]:
    """Save a report, which may have been computed in another session; return new values by sensor id."""
    session, stored = references.session, {}
    # Another config is another source, so that each value says how it was computed.
    attributes = {"data_generator": {"config": done.config}} if done.config else None
    source = sources.named(
        session, "Flexscope", type="reporter", model=done.reporter, version=done.version, attributes=attributes
    )
    for key, pieces in done.values.items():
        sensor = references.output(key, field="output")
        written = [
            ingest.run(session, sensor, source, posted, known_at=done.saved_at, overwrite=True) for posted in pieces
        ]
        stored[key] = ingest.total(written).stored
    return stored
