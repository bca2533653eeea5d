"""``flexscope add forecasts``: of one or several sensors, in the forms of scripts written for FlexMeasures."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from app.cli.commands.assets import json_object
from app.cli.opening import acting, operator, reading
from app.usecases.jobs import forecasts as usecases
from app.usecases.jobs.forecasts import ForecastTrigger
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import instant, iso_duration, zone

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
IDS = "IDs of sensors, such as 5,6, or references as JSON:"
TIMES = ("start", "end", "duration", "prior", "max_forecast_horizon", "forecast_frequency")
CONFIG = ("train_start", "train_period", "retrain_frequency", "missing_threshold", "lower", "upper", "forecaster")
LISTS = ("regressors", "past_regressors", "future_regressors", "annotation_regressors")


@click.command("forecasts")
@click.option("--sensor", "sensors", type=int, multiple=True, required=True, help="ID of a sensor; may be repeated.")
@click.option("--start", "--from-date", "--start-predict-date", "start", help="Begin, or a day; without it now.")
@click.option("--end", "--to-date", "--end-date", "end", help="End, or the last day.")
@click.option("--duration", "--predict-period", "duration", help="The same counted from the start; without it PT48H.")
@click.option("--horizon", type=click.IntRange(1), help="Hours that each event is forecast ahead, at least (rolling).")
@click.option("--max-forecast-horizon", help="How far each cycle looks, such as PT24H.")
@click.option("--forecast-frequency", help="Between cycles, such as PT1H; without it there is one.")
@click.option("--prior", help="Forecast with what was known then.")
@click.option("--probabilistic", is_flag=True, help="Save the quantiles 10 %, 50 % and 90 %.")
@click.option("--forecaster", help="Name of the forecaster; see 'flexscope show forecasters'.")
@click.option("--regressors", help=f"{IDS} those whose past and forecasts count.")
@click.option("--past-regressors", help=f"{IDS} those whose past alone counts.")
@click.option("--future-regressors", help=f"{IDS} those whose forecasts count.")
@click.option("--annotation-regressors", help='JSON, such as {"asset": 3, "annotation-type": "holiday"}.')
@click.option("--train-start", "--start-date", "train_start", help="Begin of what is learnt from, or a day.")
@click.option("--train-period", "--max-training-period", "train_period", help="Length of it, such as P30D.")
@click.option("--retrain-frequency", help="Accepted, without effect: each forecast is fitted again.")
@click.option("--missing-threshold", type=float, help="Share of values that may be missing in it.")
@click.option("--ensure-positive", is_flag=True, help="No forecast lies below 0.")
@click.option("--lower", help="No forecast lies below, such as '0 kW'.")
@click.option("--upper", help="No forecast lies above, such as '20 kW'.")
@click.option("--config", type=FILE, help="JSON file: how to forecast; options have the last word.")
@click.option("--parameters", type=FILE, help="JSON file: what to forecast; options have the last word.")
@click.option("--as-job", is_flag=True, help="Leave it to the server, or to a worker of the queue 'forecasting'.")
def add_forecasts(
    sensors: tuple[int, ...], config: Path | None, parameters: Path | None, as_job: bool, **options: Any
) -> None:
    """Forecast sensors and save the forecasts, each with the belief time that it is made for."""
    actor = operator()
    how = {name: options[name] for name in CONFIG if options[name] is not None}
    how |= {name: _references(options[name], name) for name in LISTS if options[name]}
    how |= {"ensure_positive": True} if options["ensure_positive"] else {}
    fields = _file(parameters, "parameters") | {"config": _file(config, "config") | _hyphenated(how)}
    for key in dict.fromkeys(sensors):
        with reading() as session:
            sensor = get(session, Sensor, key)
        asked = fields | _times(options, sensor, actor.now)
        if "train-start" in asked["config"]:
            asked["config"] = asked["config"] | {"train-start": _day(asked["config"]["train-start"], sensor)}
        trigger = actor.read(ForecastTrigger, asked)
        if as_job:
            with acting(actor) as (session, _):
                job = usecases.request_forecast(session, actor, key, trigger).id
            click.secho(f"Job {job} waits for a worker; see 'flexscope jobs inspect-job --job {job}'.", fg="green")
            continue
        with reading() as session:
            found = usecases.compute_forecast(session, actor, key, trigger)
        with acting(actor) as (session, _):
            stored = usecases.save_forecast(session, actor, key, trigger, found)
        for note in dict.fromkeys(note for each in found for note in each.forecast.notes):
            click.secho(note, fg="yellow", err=True)
        skill = found[-1].forecast.skill
        better = "" if skill is None else f"; recent error {skill:.0%} of that of yesterday's or last week's values"
        click.secho(f"{stored} forecasts of sensor {key} are stored{better}.", fg="green")


def _times(options: Mapping[str, Any], sensor: Sensor, now: datetime) -> dict[str, Any]:
    """What to forecast as the options say it, on the clock of a sensor."""
    said = {name: options[name] for name in TIMES if options[name] is not None}
    start = _day(said.get("start", now.isoformat()), sensor)
    if "end" in said:
        said["end"] = _day(said["end"], sensor, last=True)
    if options["horizon"] is not None:
        # Each event is foreseen at least so long before its end: cycles begin earlier, and reach one cycle further.
        often = max(sensor.resolution, HOUR)
        ahead = options["horizon"] * HOUR
        begin = instant(start, field="start")
        start = (begin - ahead).isoformat()
        until = instant(said["end"], field="end") if "end" in said else begin + 2 * DAY
        said |= {"end": (until - ahead).isoformat(), "forecast_frequency": iso_duration(often)}
        said |= {"max_forecast_horizon": iso_duration(ahead + often)}
    if "start" in said or options["horizon"] is not None:
        said["start"] = start
    if options["probabilistic"]:
        said["probabilistic"] = True
    return _hyphenated(said)


def _references(text: str, name: str) -> list[Any]:
    """Ids separated by commas, or objects in JSON.

    Raises:
        FieldError: It is neither.
    """
    if re.fullmatch(r"\d+( *, *\d+)*", text):
        return [int(part) for part in text.split(",")]
    wrapped = f'{{"all": {text if text.startswith("[") else f"[{text}]"}}}'
    found = json_object(wrapped, f"--{name.replace('_', '-')}")["all"]
    return list(found)


def _day(text: str, sensor: Sensor, *, last: bool = False) -> str:
    """A moment as it is; of a day, where it begins on the clock of a sensor, or ends."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return text
    try:
        day = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldError("date", f"{text!r}: {error}.") from None
    return (day + DAY * last).replace(tzinfo=zone(sensor.timezone)).isoformat()


def _file(file: Path | None, field: str) -> dict[str, Any]:
    """The object in a JSON file."""
    if file is None:
        return {}
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise FieldError(field, f"{file} is no text.") from None
    return _hyphenated(json_object(text, field))


def _hyphenated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by the names that errors tell."""
    return {name.replace("_", "-"): value for name, value in fields.items()}
