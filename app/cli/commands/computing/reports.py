"""``flexscope add report``: from files, as scripts written for FlexMeasures describe a report; and what computes."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import pandas as pd
from pandas.tseries.frequencies import to_offset

from app.cli.commands.computing.report_files import read_object, report_table, write_table
from app.cli.opening import acting, operator, reading
from app.cli.tables import show_table, tabular
from app.usecases.jobs import reports as usecases
from app.usecases.jobs.reports import ReportTrigger
from db.core.database import get
from db.sensors import Sensor
from engine import plugins
from engine.errors import FieldError
from engine.series.iso_time import instant, zone

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("report")
@click.option("--reporter", default="PandasReporter", help="What computes it; see show reporters.")
@click.option("--config", type=FILE, help="JSON or YAML file: how it computes.")
@click.option(
    "--parameters", type=FILE, required=True, help="JSON or YAML file: input and output sensors, and the rest."
)
@click.option("--start", help="Start, if the parameters do not say it; ISO 8601 with an offset.")
@click.option("--start-offset", help="From the start, or else from now: such as -1D,DB for yesterday at midnight.")
@click.option("--end", help="End, excluded; without it now.")
@click.option("--end-offset", help="From the end, or else from now; likewise.")
@click.option("--timezone", help="Zone in which days of the offsets begin; else that of the first output.")
@click.option("--resolution", help="Length of its steps, such as PT1H.")
@click.option("--asset", type=int, help="ID of the asset the outputs are of or below; without it the lowest such one.")
@click.option(
    "--output-file",
    help="Also write a .csv, .xlsx or .pdf file; $name and $sensor_id in its name are those of an output.",
)
@click.option("--dry-run", is_flag=True, help="Print the values and save nothing.")
def add_report(config: Path | None, parameters: Path, asset: int | None, dry_run: bool, **texts: str | None) -> None:
    """Compute a report and save it in its output sensors."""
    actor = operator()
    named = read_object(parameters, "parameters")
    fields = {
        "reporter": texts["reporter"],
        "config": read_object(config, "config") if config else {},
        # The file has the last word; options say only what it leaves open.
        "parameters": _times(named, texts, actor.now) | named,
    }
    trigger = actor.read(ReportTrigger, fields)
    with reading() as session:
        key = asset if asset is not None else usecases.asset_of_outputs(session, trigger)
        done = usecases.compute_report(session, actor, key, trigger)
        places = {output: get(session, Sensor, output).timezone for output in done.values}
    for entry in trigger.parameters.output:
        pieces = list(done.values[entry["sensor"]])
        table, unit = report_table(pieces), pieces[0].unit if pieces else ""
        if file := texts["output_file"]:
            name = file.replace("$name", str(entry.get("name", ""))).replace("$sensor_id", str(entry["sensor"]))
            title = f"{texts['reporter']}: {entry.get('name') or entry['sensor']}"
            write_table(table, Path(name), title=title, unit=unit, place=places[entry["sensor"]])
            click.secho(f"{len(table)} values of the report are written to {name}.", fg="green")
        if dry_run:
            click.echo(f"Sensor {entry['sensor']} [{unit}]:\n{table.to_string()}")
    if dry_run:
        return
    with acting(actor) as (session, _):
        stored = usecases.save_report(session, actor, key, trigger, done)
    for sensor_id, count in stored.items():
        click.secho(
            f"{count} values of the report are stored for sensor {sensor_id}.", fg="green" if count else "yellow"
        )


def _times(parameters: dict[str, Any], texts: dict[str, str | None], now: datetime) -> dict[str, Any]:
    """Return start, end and resolution as the options say them."""
    outputs = parameters.get("output") or [{}]
    key = outputs[0].get("sensor") if isinstance(outputs, list) and isinstance(outputs[0], dict) else None
    with reading() as session:
        first = get(session, Sensor, key) if isinstance(key, int) else None
    place = zone(texts["timezone"] or (first.timezone if first else "UTC"))
    step = (first.resolution if first else None) or timedelta(minutes=1)
    named = {"resolution": texts["resolution"]} if texts["resolution"] else {}
    for end in ("start", "end"):
        text, offset = texts[end], texts[f"{end}_offset"]
        moment = instant(text, field=end) if text else now
        if not text and not offset:  # up to the last event that has ended
            moment -= (moment - datetime.fromtimestamp(0, moment.tzinfo)) % step
        if text or offset or end == "end":
            named[end] = moved(moment.astimezone(place), offset or "", place).isoformat()
    return named


def moved(moment: datetime, offsets: str, place: ZoneInfo) -> datetime:
    """Return a moment moved by offsets as of pandas, one after the other; DB and HB are where its day and hour begin.

    Raises:
        FieldError: One of them is no such offset.
    """
    for text in filter(None, (part.strip() for part in offsets.split(","))):
        if text in ("DB", "HB"):
            hour = 0 if text == "DB" else moment.hour
            moment = moment.replace(hour=hour, minute=0, second=0, microsecond=0)
            continue
        if not re.fullmatch(r"[+-]?\d*[A-Za-z]{1,3}", text):
            raise FieldError("offset", f"{text!r} is none; write it like -1D,DB.")
        try:
            clock = pd.Timestamp(moment.replace(tzinfo=None)) + to_offset(text)
        except (ValueError, TypeError) as error:
            raise FieldError("offset", f"{text!r}: {error}.") from None
        moment = clock.to_pydatetime().replace(tzinfo=place)  # a day is one by the clock
    return moment


@click.command("reporters")
@tabular
def show_reporters() -> None:
    """Show what computes reports."""
    rows = [(name, kind.version, kind.summary) for name, kind in sorted(plugins.known("reporters").items())]
    show_table(["Name", "Version", "What it tells"], rows)


@click.command("schedulers")
@tabular
def show_schedulers() -> None:
    """Show what computes schedules."""
    _show_classes(plugins.known("schedulers"))


@click.command("forecasters")
@tabular
def show_forecasters() -> None:
    """Show what computes forecasts."""
    _show_classes(plugins.known("forecasters"))


def _show_classes(classes: Mapping[str, Any]) -> None:
    rows = [(name, getattr(made, "version", ""), made.__module__) for name, made in sorted(classes.items())]
    show_table(["Name", "Version", "Module"], rows)
