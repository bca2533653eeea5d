"""Errors, bands and time of the default forecaster on public series; see ``benchmarks/forecasting.md``.

Run ``python benchmarks/forecasting.py FOLDER [NAME …]`` with a folder of energy data, for all series or those whose
name contains one of the words. What each day is forecast from was known before it; weather is the weather that came.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is loaded; regressions are small

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from engine.forecasting.bands import steer
from engine.forecasting.case import Case
from engine.forecasting.history import Floats, Location, Regressor, SeriesHistory
from engine.forecasting.mixture import Loss, mix
from engine.series.iso_time import Microseconds, from_us, to_us
from engine.series.window import Window

WARM_UP = 88
"""Days that are foreseen before the test begins, to weigh experts and to fill bands."""
UNITS = {"temperature": "°C", "ghi": "W/m²", "irradiance": "W/m²", "wind_speed": "m/s", "forecast_mwh": "MWh"}
"""Units of regressors, by what stands in their name."""


class Series(NamedTuple):
    """One column of a file, and what was known beside it."""

    name: str
    file: str
    column: str
    unit: str
    zone: str
    test: float
    """Share of the days at the end that are tested."""
    regressors: tuple[tuple[str, str], ...] = ()
    """File and part of the name of a column."""
    place: Location | None = None
    days_off: frozenset[date] = frozenset()


class Result(NamedTuple):
    """Forecasts of the days of a test beside what came, each of shape (days, S)."""

    by_expert: Mapping[str, Floats]
    mixed: Floats
    low: Floats
    high: Floats
    naive_low: Floats
    naive_high: Floats
    actual: Floats
    milliseconds: float
    """Of processor time for each day."""


GERMANY, PRICES = "germany_load_wind_pv_forecast_temperature.csv.gz", "day_ahead_prices_de_nl_be.csv"
HOMES, GAS, WEATHER = (f"{name}_belgium_2016.csv.gz" for name in ("home_electricity", "home_gas_heating", "weather"))
PLANT, WIND = "pv_plant_colorado_with_weather.csv.gz", "wind_turbine_10min_2021.csv.gz"
COLORADO, TURIN = Location(latitude=39.74, longitude=-105.18), Location(latitude=45.065, longitude=7.659)


@cache
def columns(path: Path) -> pd.DataFrame:
    """The columns of a file by time in UTC."""
    table = pd.read_csv(path)
    table.index = pd.DatetimeIndex(pd.to_datetime(table.iloc[:, 0], utc=True)).as_unit("us")
    return table.iloc[:, 1:]


def german_holidays() -> frozenset[date]:
    """Public holidays of all Germany in the years of the files, and the days that people treat alike."""
    fixed = [(1, 1), (5, 1), (10, 3), (12, 24), (12, 25), (12, 26), (12, 31)]
    found = {date(year, month, day) for year in range(2022, 2025) for month, day in fixed}
    for easter in (date(2022, 4, 17), date(2023, 4, 9), date(2024, 3, 31)):
        found |= {easter + timedelta(days=days) for days in (-2, 1, 39, 50)}
    return frozenset(found)


def all_series(folder: Path) -> Iterator[Series]:
    """All series of the folder, but for those of published tables."""
    off, german = german_holidays(), "Europe/Berlin"
    warm = ((GERMANY, "temperature"), (GERMANY, "pv_forecast"))
    yield Series("load DE", GERMANY, "grid_load_mwh", "MWh", german, 0.41, warm, days_off=off)
    foreseen = ((GERMANY, "forecast_mwh"),)
    for zone, name in zip(("DE", "NL", "BE"), columns(folder / PRICES).columns, strict=True):
        yield Series(f"price {zone}", PRICES, name, "EUR/MWh", german, 0.41, foreseen)
    for name in columns(folder / HOMES).columns:
        yield Series(name, HOMES, name, "W", "Europe/Brussels", 0.6)
    for name in columns(folder / GAS).columns:
        weather = ((WEATHER, "ghi"), (WEATHER, "temperature"))
        yield Series(name, GAS, name, "W", "Europe/Brussels", 0.6, weather)
    for name, zone in (("texas", "America/Chicago"), ("california", "America/Los_Angeles")):
        file = f"carbon_intensity_{name}_2022.csv.gz"
        yield Series(f"CO2 {name}", file, "carbon_intensity_g_per_kwh", "g/kWh", zone, 0.5)
    yield Series("heat network", "district_heating_demand_2019.csv.gz", "heat_demand_mw", "MW", german, 0.6)
    for station in ("pid307", "solar_wind_owd", "solar_wind_wew"):
        file = f"substation_netherlands_{station}.csv.gz"
        weather = tuple((file, word) for word in ("temperature", "irradiance", "wind_speed"))
        yield Series(f"substation {station}", file, "net_load_mw", "MW", "Europe/Amsterdam", 0.6, weather)
    weather = ((PLANT, "ghi"), (PLANT, "temperature"))
    yield Series("PV Colorado, weather", PLANT, "ac_power_w", "W", "America/Denver", 0.4, weather, COLORADO)
    yield Series("PV Colorado", PLANT, "ac_power_w", "W", "America/Denver", 0.4, place=COLORADO)
    yield Series("PV Turin", "pv_rooftop_turin_2019.csv.gz", "pv_kw_per_kwp", "kW", "Europe/Rome", 0.6, place=TURIN)
    fleet = Location(latitude=51.0, longitude=10.0)
    yield Series("PV fleet DE", GERMANY, "pv_forecast_mwh", "MWh", german, 0.41, place=fleet)
    yield Series("wind turbine", WIND, "power_kw", "kW", "UTC", 0.5, ((WIND, "wind_speed"),))


def read(folder: Path, series: Series) -> tuple[SeriesHistory, int]:
    """The whole of a series, and how many days are tested."""
    table = columns(folder / series.file)
    values = table[series.column].astype(float).to_numpy()
    end = int(np.flatnonzero(np.isfinite(values))[-1]) + 1
    events = table.index.asi8[:end]
    regressors = []
    for file, word in series.regressors:
        for name in [each for each in columns(folder / file).columns if word in each]:
            other = (
                columns(folder / file)[name].astype(float).reindex(table.index).ffill(limit=3)
            )  # comes more coarsely
            unit = next(unit for part, unit in UNITS.items() if part in name)
            regressors.append(Regressor(name=name, events=other.index.asi8, values=other.to_numpy(), unit=unit))
    history = SeriesHistory(
        events=events,
        values=values[:end],
        step=timedelta(microseconds=int(np.median(np.diff(events)))),
        unit=series.unit,
        zone=ZoneInfo(series.zone),
        regressors=tuple(regressors),
        place=series.place,
        days_off=series.days_off,
    )
    return history, int((events[-1] - events[0]) / 86_400e6 * series.test)


def backcast(
    history: SeriesHistory,
    tested: int,
    *,
    every: int = 14,
    loss: Loss = "absolute",
    hours: int = 24,
    end: datetime | None = None,
) -> Result:
    """Forecasts of the last days before an end, each of the next hours from what was known at its start."""
    end = end or from_us(int(history.events[-1])).astimezone(history.zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    last = end - timedelta(days=1)
    began = time.process_time()
    known = history.events < to_us(last.astimezone(UTC))
    past = SeriesHistory(**{**vars(history), "events": history.events[known], "values": history.values[known]})
    window = Window.of_length(last, timedelta(hours=hours), history.step)
    case = Case.of(past, window, backcast=tested + WARM_UP)
    targets = np.arange(max(case.days.past + 1 - tested - WARM_UP, min(14, case.days.past // 2)), case.days.past + 1)
    # Daily until 60 days are known, weekly until 180: stale fits cost most where there is little to learn from.
    refits = [row for row in targets if row < 60 or (row < 180 and row % 7 == 0) or row % every == 0]
    forecasts = case.foresee(1, targets, sorted({int(targets[0]), *map(int, refits)}))
    actual = case.days.table(history.events, history.values)[targets]
    seen = np.where(np.arange(len(targets))[:, None] < len(targets) - 1, actual, np.nan)
    mixed, _ = mix(forecasts, seen, 1, loss)
    scale = None if case.scale is None else case.scale[targets]
    best = yardstick(forecasts, actual)
    _, (low, high) = steer(mixed, seen, 1, scale)
    _, (naive_low, naive_high) = steer(forecasts[best], seen, 1, scale)
    spent = (time.process_time() - began) / len(targets) * 1e3
    tables = [table[-tested:] for table in (mixed, low, high, naive_low, naive_high, actual)]
    return Result({name: table[-tested:] for name, table in forecasts.items()}, *tables, spent)


def yardstick(forecasts: Mapping[str, Floats], actual: Floats) -> str:
    """The better of yesterday and last week."""
    return min(("yesterday", "last week"), key=lambda name: float(np.nanmean(np.abs(forecasts[name] - actual))))


def pinball(result: Result, low: Floats, middle: Floats, high: Floats, cells: np.ndarray) -> float:
    """Mean pinball loss of the quantiles at 10, 50 and 90 %."""
    losses = []
    for share, table in ((0.1, low), (0.5, middle), (0.9, high)):
        error = (result.actual - table)[cells]
        losses.append(np.maximum(share * error, (share - 1.0) * error).mean())
    return float(np.mean(losses))


def report_series(folder: Path, series: Series) -> None:
    """Print a row of the table of one series."""
    result = backcast(*read(folder, series), every=7 if series.unit == "EUR/MWh" else 14)
    best = yardstick(result.by_expert, result.actual)
    naive = result.by_expert[best]
    cells = np.isfinite(result.actual) & np.isfinite(naive) & np.isfinite(result.mixed)
    errors = {
        name: np.abs(table - result.actual) for name, table in (*result.by_expert.items(), ("mixture", result.mixed))
    }
    unit = errors[best][cells].mean()
    shares = {name: float(np.nanmean(error[cells])) / unit for name, error in errors.items()}
    cells &= np.isfinite(result.low) & np.isfinite(result.naive_low) & (result.high > result.low)
    inside = ((result.actual >= result.low) & (result.actual <= result.high))[cells].mean()
    loss = pinball(result, result.low, result.mixed, result.high, cells)
    loss /= pinball(result, result.naive_low, naive, result.naive_high, cells)
    row = f"| {series.name} | {len(result.actual)} | {best} {unit:.4g} {series.unit} | **{shares.pop('mixture'):.3f}** "
    row += f"| {inside:.3f} | {loss:.3f} | {result.milliseconds:.0f} | "
    print(row + ", ".join(f"{name} {share:.3f}" for name, share in shares.items()) + " |", flush=True)


def report_prices(folder: Path, market: str) -> None:
    """Print the error of a market of the published comparison relative to that of the week before."""
    table = pd.read_csv(folder / "benchmarks" / "epf" / f"{market}.csv.gz")
    published = pd.read_csv(folder / "benchmarks" / "epf" / f"{market}_published_forecasts.csv.gz")
    events = pd.DatetimeIndex(pd.to_datetime(table.iloc[:, 0], utc=True)).as_unit("us").asi8
    regressors = tuple(
        Regressor(name=name, events=events, values=table[name].to_numpy(float)) for name in table.columns[1:-1]
    )
    price = table[table.columns[-1]].to_numpy(float)
    history = SeriesHistory(
        events=events, values=price, step=timedelta(hours=1), unit="EUR/MWh", regressors=regressors
    )  # fmt: skip
    end = from_us(int(events[-1])) + timedelta(hours=1)
    result = backcast(history, len(published) // 24, every=7, end=end)
    week = np.abs(result.by_expert["last week"] - result.actual).mean()
    inside = ((result.actual >= result.low) & (result.actual <= result.high)).mean()
    error = np.abs(result.mixed - result.actual).mean()
    print(f"| {market} | {error:.3f} | {error / week:.4f} | {inside:.3f} | {result.milliseconds:.0f} |", flush=True)


def report_home(folder: Path) -> None:
    """Print the root mean square error of the home of a published study, a day and half an hour ahead [W]."""
    table = pd.read_csv(folder / "benchmarks" / "emhass_home" / "load.csv.gz")
    events: Microseconds = pd.DatetimeIndex(pd.to_datetime(table.iloc[:, 0], utc=True)).as_unit("us").asi8
    values, zone = table.iloc[:, 1].interpolate().to_numpy(float), ZoneInfo("Europe/Paris")
    history = SeriesHistory(events=events, values=values, step=timedelta(minutes=30), unit="W", zone=zone)
    end = datetime(2025, 2, 28, tzinfo=zone)
    day = backcast(history, 14, loss="squared", every=7, end=end)
    print(f"| home, day ahead | {np.sqrt(((day.mixed - day.actual) ** 2).mean()):.0f} W | {day.milliseconds:.0f} |")
    squares, spent = [], 0.0
    for slot in range(48):
        soon = backcast(history, 14, loss="squared", end=end + timedelta(minutes=30 * slot), hours=1)
        squares.append(((soon.mixed - soon.actual)[:, 0] ** 2).mean())
        spent += soon.milliseconds
    print(f"| home, half an hour ahead | {np.sqrt(np.mean(squares)):.0f} W | {spent / 48:.0f} |")


if __name__ == "__main__":
    place, words = Path(sys.argv[1]), sys.argv[2:]
    for each in all_series(place):
        if not words or any(word in each.name for word in words):
            report_series(place, each)
    for each in ("NP", "PJM", "BE"):
        if not words or each in words:
            report_prices(place, each)
    if not words or "home" in words:
        report_home(place)
