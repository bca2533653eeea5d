"""What a plan lacks and a forecast can say: values of sensors in the time to plan, from what was known before."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from app.assemble.forecasting.history import Explaining, read_history, usual_regressors
from app.auth.access.references import References
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.sensors import Sensor
from engine import plugins
from engine.errors import FieldError, InputError
from engine.flex.facts import Kind
from engine.forecasting.forecaster import Forecast
from engine.forecasting.history import Floats, SeriesHistory
from engine.series.iso_time import MICROSECOND, Microseconds, from_us, to_us, zone
from engine.series.window import Window

USUAL = "AdaptiveForecaster"
FORECASTABLE = ("price", "load", "carbon", "temperature")
"""Kinds of values that resemble those of the days before; limits and states of charge are somebody's decision."""
PLANTS = ("solar", "wind")
"""Types of assets whose capacity is what sun and wind give."""
LEAST_KNOWN = timedelta(days=2)
"""What has to be known at least."""
LONGEST_SILENCE = timedelta(days=7)
"""How old the newest value may be; beyond, a sensor has died, and no forecast of it can be trusted."""
MOST_EVENTS = 10_000
"""Events of one sensor that are forecast at most."""
MOST_LEARNT = 20_000
"""Events that are learnt from at most: 28 months of hours, two weeks of minutes; all of it takes 0.2 s."""


@dataclass
class MissingForecasts:
    """Forecasts made for plans, each once; nothing of them is saved but in the inputs of the plan."""

    known_at: datetime
    """Nothing that was learned later is used."""
    forecaster: str = USUAL
    most: int = 20
    """Sensors that are forecast at most, as each takes up to a third of a second."""
    by_sensor: dict[tuple[int, datetime, datetime], Forecast | None] = field(default_factory=dict)

    def complete(
        self, references: References, sensor: Sensor, known: Known, window: Window, sources: SourceFilter | None
    ) -> tuple[Known, str]:
        """What is known of a sensor with forecasts in the place of missing values, and what was forecast in words.

        Unchanged, and an empty text, where nothing can be forecast.

        Args:
            references: Of the one who plans.
            sensor: Whose values are missing.
            known: What is known of it.
            window: What is planned.
            sources: Whose values count; None: those of all. Nothing is forecast where some were chosen.
        """
        # Who chose sources wants theirs and no others.
        if sources is not None or not timedelta(0) < sensor.resolution < timedelta(days=1):
            return known, ""
        lacking = _lacking(sensor, known.events, window)
        if not len(lacking):
            return known, ""
        # Up to the end of the plan, so that what is asked of a sensor twice is forecast once.
        step = sensor.resolution // MICROSECOND
        last = -((-to_us(window.end)) // step) * step
        span = Window(from_us(int(lacking[0])), from_us(last), sensor.resolution)
        forecast = self._forecast(references, sensor, span)
        if forecast is None:
            return known, ""
        values = forecast.mean[(lacking - to_us(span.start)) // step]
        there = np.isfinite(values)
        if not there.any():
            return known, ""
        return _with(known, lacking[there], values[there], to_us(self.known_at)), _forecast_warning(
            sensor, lacking[there], forecast, self.forecaster
        )

    def _forecast(self, references: References, sensor: Sensor, span: Window) -> Forecast | None:
        """The forecast of a sensor over a time; None where too little or nothing of late is known of it."""
        key = sensor.id, span.start, span.end
        if key not in self.by_sensor:
            if len(self.by_sensor) >= self.most or span.n > MOST_EVENTS:
                return None
            self.by_sensor[key] = None
            with suppress(InputError, FieldError):  # where there is no forecast, or an attribute for it is wrong
                history = read_history(
                    references.session,
                    sensor,
                    span,
                    known_at=self.known_at,
                    since=span.start - MOST_LEARNT * span.step,
                    explaining=Explaining(usual_regressors(references, sensor)),
                )
                if _is_alive(history, to_us(span.start)):
                    forecaster = plugins.find("forecasters", self.forecaster)()
                    self.by_sensor[key] = forecaster.forecast(history, span, (0.1, 0.5, 0.9))
        return self.by_sensor[key]


def may_forecast(kind: Kind | None, sensor: Sensor) -> bool:
    """Whether values of a field are of the kind that goes on as it went before."""
    return kind in FORECASTABLE or (kind == "capacity" and sensor.asset.asset_type.name in PLANTS)


def _is_alive(history: SeriesHistory, start: int) -> bool:
    """Whether enough is known, and something of late [start in us since 1970 UTC]."""
    events = history.events[np.isfinite(history.values)]
    if not len(events):
        return False
    return bool(
        events[-1] - events[0] >= (LEAST_KNOWN - history.step) // MICROSECOND
        and start - events[-1] <= LONGEST_SILENCE // MICROSECOND
    )


def _lacking(sensor: Sensor, known: Microseconds, window: Window) -> Microseconds:
    """Events of a sensor in a window with which no known one overlaps [us since 1970 UTC]."""
    step = sensor.resolution // MICROSECOND
    events = np.arange(to_us(window.start) // step * step, to_us(window.end), step)
    first, last = np.searchsorted(known, events - step, side="right"), np.searchsorted(known, events + step)
    lacking: Microseconds = events[first == last]
    return lacking


def _with(known: Known, events: Microseconds, values: Floats, known_us: int) -> Known:
    """What is known with more values, in order of event; those come from no source."""
    order = np.argsort(np.concatenate([known.events, events]), kind="stable")
    times, sources = np.full(len(events), known_us), np.zeros(len(events), np.int64)
    columns = ((known.events, events), (known.values, values), (known.belief_times, times), (known.source_ids, sources))
    return Known(*(np.concatenate(pair)[order] for pair in columns))


def _forecast_warning(sensor: Sensor, events: Microseconds, forecast: Forecast, forecaster: str) -> str:
    """What was forecast, in words."""
    place = zone(sensor.timezone)
    begin, end = (from_us(int(at)).astimezone(place).isoformat(timespec="minutes") for at in (events[0], events[-1]))
    text = f"sensor {sensor.id} ({sensor.name}) is forecast by {forecaster} for {len(events)} events, the first at "
    text += f"{begin}, the last at {end}, as no values are known"
    if forecast.skill is not None and forecast.skill < 1.0:
        text += f"; its recent error was {forecast.skill:.0%} of that of yesterday's or last week's values"
    return f"{text}."
