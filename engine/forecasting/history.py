"""What a forecaster is given: a series as it was known at one moment, and what else was known then."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.series.iso_time import Microseconds

Floats: TypeAlias = NDArray[np.float64]
UTC = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True)
class Regressor:
    """A second series that explains the first: a temperature, a wind speed, a load forecast."""

    name: str
    events: Microseconds
    """Event starts, increasing, of the past and, if known ahead, of the window [us since 1970 UTC], shape (m,)."""
    values: Floats
    """For each event what was known when a forecast of it would have been made, NaN where nothing, shape (m,)."""
    unit: str = ""
    ahead: bool = True
    """Whether it is known for the window too, as a weather forecast is; else its past alone counts."""


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where a plant stands, and how its modules face the sun."""

    latitude: float
    """[° north]."""
    longitude: float
    """[° east]."""
    tilt: float | None = None
    """Angle between modules and ground [°]; None: fitted to the past."""
    azimuth: float | None = None
    """Direction that modules face, clockwise from north [°]; None: fitted to the past."""


@dataclass(frozen=True, kw_only=True)
class SeriesHistory:
    """A series as known at one moment. Nothing that was learned later is in it; see ``app.assemble``."""

    events: Microseconds
    """Event starts, increasing [us since 1970 UTC], shape (n,)."""
    values: Floats
    """The most recent belief about each event by then [unit], NaN where missing, shape (n,)."""
    step: timedelta
    """Length of an event."""
    unit: str = ""
    zone: ZoneInfo = UTC
    """Clock that people follow at the place."""
    regressors: tuple[Regressor, ...] = ()
    days_off: frozenset[date] = field(default_factory=frozenset)
    """Holidays, on the clock of the zone; Sundays need not be named."""
    place: Location | None = None
