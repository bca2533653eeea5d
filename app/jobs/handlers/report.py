"""Compute a report over sensors and save it as beliefs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

from app.assemble import data
from app.assemble.data import EquidistantSeries, SeriesQuery
from app.assemble.files.posted import Posted
from app.assemble.outputs import consumption_sign
from app.auth.access.references import References
from app.jobs.handlers import ingest
from db import sources
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.core import bounds
from db.sensors import Sensor
from engine.errors import FieldError, InputError
from engine.flex.quantity import unit_for
from engine.reporting.reporters import AggregatorReporter, PandasReporter, ProfitOrLossReporter
from engine.series import resample
from engine.series.iso_time import HOUR_US, duration, to_us, zone
from engine.units import units

REPORTERS = {"AggregatorReporter", "PandasReporter", "ProfitOrLossReporter"}
Reference = dict[str, Any]


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
        if self.reporter in MAKERS:
            MAKERS[self.reporter]({key.replace("-", "_"): value for key, value in self.config.items()})
        return self


def aggregator(config: Mapping[str, Any]) -> AggregatorReporter:
    """Return the reporter that combines series as a config says."""
    return AggregatorReporter(method=config.get("method", "sum"), weights=config.get("weights", {}))


def chain(config: Mapping[str, Any]) -> PandasReporter:
    """Return the reporter that runs the steps of a config."""
    return PandasReporter(transformations=config.get("transformations", []))


def profit_or_loss(config: Mapping[str, Any]) -> ProfitOrLossReporter:
    """Return the reporter that prices a flow as a config says."""
    return ProfitOrLossReporter(loss_is_positive=config.get("loss_is_positive", False))


MAKERS = {"AggregatorReporter": aggregator, "PandasReporter": chain, "ProfitOrLossReporter": profit_or_loss}


class ReportRun:
    """One report while it is made."""

    def __init__(self, references: References, request: ReportRequest, known_at: datetime) -> None:
        self.session, self.request, self.named = references.session, request, named(references, request)
        self.as_of, self.saved_at = AsOf(known_at=request.belief_time or data.EVER), request.belief_time or known_at
        names = self.named
        self.inputs = [(_name(entry), row, entry) for entry, row in zip(request.input, names.inputs, strict=True)]
        self.outputs = [(_name(entry), row) for entry, row in zip(request.output, names.outputs, strict=True)]
        # The steps of all its series together: a report may take no more values than one answer
        sensors = [row for _, row, _ in self.inputs] + [row for _, row in self.outputs]
        # Sensors are read at their own resolution before they are brought to that of the report
        finest = min([self.step, *(row.resolution for row in sensors if row.resolution)])
        most = bounds.of(self.session).read
        if finest <= timedelta(0):
            raise FieldError("parameters", "resolution: must be longer than zero.")
        count = (self.request.end - self.request.start) // finest * len(sensors)
        if most is not None and count > most.number:
            told = f"the report would take {count} values, more than the {most.number} allowed ({most.setting}); "
            raise FieldError("parameters", told + "ask for a shorter time or a coarser resolution.")

    @property
    def step(self) -> timedelta:
        """Length of the steps that values are computed for."""
        if self.request.resolution is not None:
            return self.request.resolution
        finest = [sensor.resolution for _, sensor in self.outputs if sensor.resolution]
        finest = finest or [sensor.resolution for _, sensor, _ in self.inputs if sensor.resolution]
        return min(finest, default=timedelta(minutes=15))

    def read(self, sensor: Sensor, entry: Mapping[str, Any], *, unit: str, step: timedelta | None) -> EquidistantSeries:
        """Return what is known of a sensor in the window of the report."""
        types, not_types = entry.get("source_types"), entry.get("exclude_source_types", ())
        ids = entry.get("source") or entry.get("sources")
        only = SourceFilter(ids=[ids] if isinstance(ids, int) else ids, types=types, not_types=not_types)
        start, end = self.request.start, self.request.end
        asked = SeriesQuery(
            start=start,
            length=end - start,
            unit=unit,
            resolution=step,
            as_of=self.as_of,
            sources=only,
        )
        return data.read(self.session, sensor, asked)

    def timed(self, posted: Posted) -> Posted:
        """Return values with the moment at which they count as known."""
        text = self.request.belief_horizon
        horizon = None if text is None else duration(text, field="belief_horizon")
        return Posted(events=posted.events, values=posted.values, step=posted.step, unit=posted.unit, horizon=horizon)


@dataclass(frozen=True)
class Reported:
    """A report that is not saved."""

    reporter: str
    values: Mapping[int, Posted]
    """By the id of the output sensor."""
    saved_at: datetime
    """When they count as known, where they do not say it themselves."""


@dataclass(frozen=True)
class ReportSensors:
    """The sensors of a report."""

    inputs: list[Sensor]
    outputs: list[Sensor]
    prices: list[Sensor]
    """Of buying and of selling; none unless the config names one."""


def named(references: References, request: ReportRequest) -> ReportSensors:
    """Return the sensors that a report names; each may be used by the one who asks.

    Raises:
        FieldError: An entry names no sensor, or one that is not there.
        NotAllowed: It names one that the principal may not read, or write to.
    """
    inputs = []
    for number, entry in enumerate(request.input):
        field = f"input[{number}]"
        inputs.append(references.sensor(entry.get("sensor"), field=f"{field}.sensor"))
        for key in ("source", "sources"):
            if entry.get(key):
                references.sources(entry[key], field=f"{field}.{key}", sensor=inputs[-1])
    outputs = [
        references.output(entry.get("sensor"), field=f"output[{number}].sensor")
        for number, entry in enumerate(request.output)
    ]
    config = {key.replace("-", "_"): value for key, value in request.config.items()}
    buying, selling = (config.get(f"{way}_price_sensor") for way in ("consumption", "production"))
    # A price that is given for one way only holds for both
    keys = [] if buying is None and selling is None else [(buying, selling), (selling, buying)]
    ways = zip(("consumption", "production"), keys, strict=False)
    prices = [
        references.sensor(other if own is None else own, field=f"config.{way}_price_sensor")
        for way, (own, other) in ways
    ]
    return ReportSensors(inputs, outputs, prices)


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or f"sensor {entry['sensor']}")


def compute(references: References, request: ReportRequest, *, known_at: datetime) -> Reported:
    """Compute one report with what was known at one moment; nothing is saved.

    Raises:
        InputError: Something it needs is missing or does not fit.
    """
    report = ReportRun(references, request, known_at)
    if not report.inputs or not report.outputs:
        raise InputError("A report needs at least one input and one output sensor.")
    makers = {
        "AggregatorReporter": aggregated_values,
        "PandasReporter": chained_values,
        "ProfitOrLossReporter": priced_values,
    }
    return Reported(request.reporter, makers[request.reporter](report), report.saved_at)


def save(references: References, done: Reported) -> dict[int, int]:
    """Save a report, which may have been computed in another session; return new values by sensor id."""
    session, stored = references.session, {}
    source = sources.named(session, "Flexscope", type="reporter", model=done.reporter, version="1")
    for key, posted in done.values.items():
        sensor = references.output(key, field="output")
        written = ingest.run(session, sensor, source, posted, known_at=done.saved_at, overwrite=True)
        stored[key] = written.stored
    return stored


def aggregated_values(report: ReportRun) -> dict[int, Posted]:
    """Values of each output sensor, the inputs combined at its unit."""
    reporter = aggregator(report.request.config)
    made = {}
    for _, output in report.outputs:
        series = {
            name: report.read(sensor, entry, unit=output.unit, step=report.step)
            for name, sensor, entry in report.inputs
        }
        values = reporter.compute({name: one.values for name, one in series.items()})
        starts = next(iter(series.values())).starts
        made[output.id] = report.timed(Posted(events=starts, values=values, step=report.step, unit=output.unit))
    return made


def priced_values(report: ReportRun) -> dict[int, Posted]:
    """Price the flow at the finest step of flow and price, and sum it up for each output sensor."""
    config = {key.replace("-", "_"): value for key, value in report.request.config.items()}
    prices = report.named.prices
    if not prices:
        raise FieldError("config", "name a consumption_price_sensor, a production_price_sensor, or both.")
    _, flow, entry = report.inputs[0]
    step = flow.resolution or prices[0].resolution
    per_kwh = [unit_for("currency/kWh", price.unit) for price in prices]
    flowing = report.read(flow, entry, unit="kW", step=step)
    buying, selling = (
        report.read(price, {}, unit=unit, step=step).values for price, unit in zip(prices, per_kwh, strict=True)
    )
    values = profit_or_loss(config).compute(
        flowing.values * consumption_sign(flow),
        hours=resample.lengths(flowing.starts, step, zone(flow.timezone)) / HOUR_US,
        buying=buying,
        selling=selling,
    )
    priced = Posted(events=flowing.starts, values=values, step=step, unit=per_kwh[0].partition("/")[0])
    return {output.id: report.timed(_summed(output, priced)) for _, output in report.outputs}


def _summed(output: Sensor, priced: Posted) -> Posted:
    """Return money per event of an output sensor; an event of which a step is not known has no sum."""
    if output.resolution <= priced.step:
        return priced
    slots = resample.floor(priced.events, output.resolution, zone(output.timezone))
    starts, index = np.unique(slots, return_inverse=True)
    sums = np.bincount(index, weights=priced.values, minlength=len(starts)).astype(np.float64)
    return Posted(events=starts, values=sums, step=output.resolution, unit=priced.unit)


def chained_values(report: ReportRun) -> dict[int, Posted]:
    """Values of each output sensor as the steps of a chain leave them."""
    import pandas as pd

    reporter = chain(report.request.config)
    frames = {}
    wanted, computed = report.request.units_of("input"), report.request.units_of("output")
    for name, sensor, entry in report.inputs:
        unit = entry.get("unit") or wanted.get(name) or sensor.unit
        known = report.read(sensor, entry, unit=unit, step=report.request.resolution)
        starts = pd.DatetimeIndex(known.starts.view("datetime64[us]"), tz="UTC", name="event_start")
        days = starts.tz_convert(sensor.timezone)  # "1D" is a day where the sensor is
        frames[name] = pd.Series(known.values, index=days)
    results, reported = reporter.compute(frames), {}
    for name, output in report.outputs:
        # An output without a name of its own takes what the last step of the chain left
        series = results.get(name, list(results.values())[-1] if name.startswith("sensor ") else None)
        if isinstance(series, pd.DataFrame) and series.shape[1] == 1:
            series = series.iloc[:, 0]
        if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
            problem = f"the chain leaves no series in time called {name!r}; store one under df_output."
            raise FieldError("config", problem)
        series = series.replace([np.inf, -np.inf], np.nan).dropna()  # 1/0 has no value
        unit = computed.get(name) or output.unit
        events = np.array([to_us(moment.to_pydatetime()) for moment in series.index], np.int64)
        step = resample.usual_step(events) if len(events) > 1 else output.resolution
        posted = Posted(events=events, values=series.to_numpy(np.float64), step=step, unit=unit)
        reported[output.id] = report.timed(posted)
    return reported
