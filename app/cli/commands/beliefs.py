"""Commands about time series data: add from a file, show as a plot or a file."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

from app.assemble.files import export, files
from app.assemble.files.export import ExportQuery
from app.assemble.files.files import FileOptions
from app.cli.opening import acting, operator, reading
from app.cli.plot import Curve, plot
from app.jobs.handlers.file_preview import Preview
from app.usecases import uploads as usecases
from app.usecases.data import SensorValues
from app.usecases.sources import find_source
from app.usecases.uploads import FileOrigin
from db.beliefs import store
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.sensors import Sensor
from engine.errors import InputError
from engine.importing.layout import KINDS, Layout
from engine.series.iso_time import duration, from_us, instant, iso_duration, zone


def column(names: tuple[str, ...], content: str) -> Any:
    """Return an option that names a column of a file."""
    return click.option(*names, help=f"Column of {content}, by number from 0 or by head; else found out.")


@click.command("beliefs")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--sensor", "sensor_id", type=int, required=True, help="ID of the sensor the data are of.")
@click.option("--source", required=True, help="User name, ID of a source, or the name of a source, new or not.")
@click.option("--unit", help="Unit of the values in the file, if not that of the sensor; -kW turns their sign.")
@click.option("--timezone", help="Zone of times without an offset, such as Europe/Amsterdam; else that of the sensor.")
@click.option("--resolution", help="How long each value holds, such as PT15M; else the distance of the rows.")
@click.option("--horizon", help="How long before they could be known: minutes, or ISO 8601; negative means after.")
@click.option("--prior", help="When the values were known, ISO 8601 with offset; else now.")
@column(("--datecol", "--time-column", "time_column"), "the times or dates")
@column(("--clock-column",), "the times of day, if apart from dates")
@column(("--end-column",), "the times at which values end")
@column(("--valuecol", "--value-column", "value_column"), "the values")
@column(("--beliefcol", "--belief-column", "belief_column"), "the moments at which values were known")
@click.option("--skiprows", type=click.IntRange(0), default=0, help="Lines to leave out at the top.")
@click.option("--nrows", type=click.IntRange(1), help="Rows to read; else all.")
@click.option("--date-format", help="How times are written, such as '%d-%m-%Y %H:%M'; else found out.")
@click.option("--date-order", type=click.Choice(["day", "month"]), help="What comes first in 05/11/2026.")
@click.option("--stamps", type=click.Choice(["start", "end"]), help="Which end of its step a time names.")
@click.option("--value-kind", type=click.Choice(KINDS), help="What a value represents; detected by default.")
@click.option("--delimiter", help="Between cells; else found out.")
@click.option("--decimal", help="Sign before decimals; else found out.")
@click.option("--thousands", help="Sign between thousands; else found out.")
@click.option("--brackets", type=click.Choice(["minus", "plain"]), help="What (5) means: minus 5, or 5.")
@click.option("--na-values", multiple=True, help="Text that means a missing value; may be repeated.")
@click.option("--filter-column", help="Use only rows with the filter value in this column.")
@click.option("--filter-value", help="See --filter-column.")
@click.option("--sheet", help="Sheet of an Excel file; else the first visible one.")
@click.option("--confirm", multiple=True, help="A finding that was seen and accepted; may be repeated.")
@click.option("--allow-overwrite", is_flag=True, help="Has no effect: newer values always replace older ones.")
@click.option("--dry-run", is_flag=True, help="Only report what is wrong with the file and what would be stored.")
def add_beliefs(file: Path, sensor_id: int, source: str, dry_run: bool, prior: str | None, **options: Any) -> None:
    """Add the time series data of a CSV, Excel or Green Button FILE: all of it, or nothing.

    The layout of the file is detected; if it can be read in two ways, nothing is stored and the choices are listed.
    """
    actor = operator()
    known_at = instant(prior, field="prior") if prior else actor.now
    del options["allow_overwrite"]
    turned = (options["unit"] or "").startswith("-")
    form = file_options(**options | {"unit": (options["unit"] or "").removeprefix("-") or None})
    if dry_run:
        with reading() as session, file.open("rb") as opened:
            origin = FileOrigin(source=source, known_at=known_at)
            found = usecases.preview_file(session, actor, sensor_id, opened, form, origin)
            sensor = get(session, Sensor, sensor_id)
        show_preview(found, sensor)
        return
    with reading() as session:
        sensor = get(session, Sensor, sensor_id)
    # Outside of a transaction that writes, as a large file takes long.
    with file.open("rb") as opened:
        reading_of_file = files.parse_file(opened, form, sensor, now=actor.now)
    reading_of_file.check()
    posted = files.posted_values(reading_of_file, form, sensor)
    if turned:
        posted = replace(posted, values=-posted.values)
    with reading() as session:
        warning = usecases.check_level(session, actor, SensorValues(sensor_id, posted), form, known_at=known_at)
    with acting(actor) as (session, _):
        row = find_source(session, actor, source)
        written = usecases.save_file(session, actor, SensorValues(sensor_id, posted), row, known_at=known_at)
        sensor = get(session, Sensor, sensor_id)
    click.secho("Successfully created beliefs", fg="green")
    for field, value, because in reading_of_file.evidence:
        click.echo(f"{field}: {value} ({because})")
    for notice in (*reading_of_file.notices, *([warning] if warning else ())):
        click.echo(notice)
    click.echo(
        f"{written.stored} values of {sensor.name} (sensor {sensor.id}, {sensor.unit}) stored from source "
        f"{row.name} (ID {row.id}); {written.unchanged} were known already."
    )


def show_preview(found: Preview, sensor: Sensor) -> None:
    """Print what a file would do; raise its first problem, so that a script notices."""
    for entry in found.reading.evidence:
        click.echo(f"{entry.field}: {entry.value} ({entry.because})")
    for problem in found.reading.problems:
        click.echo(f"Row {problem.row}: {problem.text!r} {problem.reason}")
    for notice in found.reading.notices:
        click.echo(notice)
    for start, end in found.gaps.tolist():
        click.echo(f"No rows from {from_us(start).isoformat()} to {from_us(end).isoformat()}.")
    if found.written is None or found.beliefs is None:
        raise InputError(found.refused or "The file has no values.")
    beliefs = found.beliefs
    click.echo(
        f"{found.reading.row_count} rows give {beliefs.count} values of {sensor.name} (sensor {sensor.id}), "
        f"from {beliefs.lowest:g} to {beliefs.highest:g} {sensor.unit}, "
        f"{from_us(beliefs.first).isoformat()} to {from_us(beliefs.last).isoformat()}."
    )
    written = found.written
    click.echo(f"{written.stored} would be stored; {written.unchanged} are known already. Nothing was stored.")


def file_options(*, resolution: str | None, horizon: str | None, **options: Any) -> FileOptions:
    """Return the options of the command as those by which a file is read."""
    named = {
        "step": length(resolution, "resolution"),
        "skip_rows": options.pop("skiprows"),
        "max_rows": options.pop("nrows"),
        "missing": frozenset(options.pop("na_values")),
        "confirm": frozenset(name.strip() for entry in options.pop("confirm") for name in entry.split(",")),
    }
    return FileOptions(layout=Layout(**named, **options), horizon=length(horizon, "horizon"))


def length(text: str | None, field: str) -> timedelta | None:
    """Return a length of time given as minutes or in ISO 8601, with or without a minus sign."""
    if text is None:
        return None
    # The sign apart, as minutes are told from ISO 8601 by their digits.
    sign, plain = (-1, text[1:]) if text.startswith("-") else (1, text)
    return sign * (timedelta(minutes=int(plain)) if plain.isdecimal() else duration(plain, field=field))


@click.command("beliefs")
@click.option("--sensor", "sensor_ids", type=int, multiple=True, required=True, help="ID; may be repeated.")
@click.option("--start", required=True, help="Start of the time range, ISO 8601.")
@click.option("--duration", "lasting", required=True, help="Length of the time range, such as PT24H or P1D.")
@click.option("--timezone", help="Zone of the times shown; else that of the first sensor.")
@click.option("--belief-time-before", help="Show what was known at this moment, ISO 8601 with offset; else now.")
@click.option("--source", "source_ids", type=int, multiple=True, help="ID of a source that counts; may be repeated.")
@click.option("--source-type", "types", multiple=True, help="Type of sources that count; may be repeated.")
@click.option("--to-file", type=click.Path(dir_okay=False, path_type=Path), help="Write .csv, .xlsx or .parquet.")
@click.option("--all-beliefs", is_flag=True, help="Write superseded values to the file too.")
def show_beliefs(sensor_ids: tuple[int, ...], start: str, lasting: str, **options: Any) -> int:
    """Plot time series data in the terminal; exit code 1 where there are none."""
    before, timezone = options["belief_time_before"], options["timezone"]
    known_at = instant(before, field="belief-time-before") if before else datetime.now(UTC)
    sources = SourceFilter(ids=options["source_ids"] or None, types=options["types"] or None)
    with reading() as session:
        chosen = [get(session, Sensor, key) for key in sensor_ids]
        place = zone(timezone or chosen[0].timezone)
        begin = instant(start, field="start", local=place).astimezone(place)
        # In UTC: added to a time of a zone, a length would be one on the clock.
        end = begin.astimezone(UTC) + duration(lasting, field="duration", start=begin)
        file = options["to_file"]
        if file is not None:
            kind = "all" if options["all_beliefs"] else "one per event"
            wanted = ExportQuery(start=begin, end=end, known_at=known_at, sources=sources, beliefs=kind)
            with TemporaryFile() as draft:  # a file that is refused on its way leaves no half of it
                count = export.write(session, chosen, wanted, file.suffix.removeprefix("."), draft)
                draft.seek(0)
                with file.open("wb") as out:
                    shutil.copyfileobj(draft, out)
            click.secho(f"{count} rows are written to {file}.", fg="green")
            return 0 if count else 1
        found = store.read_many(session, chosen, BeliefQuery(begin, end, known_at=known_at, sources=sources))
    # kW and EUR have no axis in common.
    for unit in dict.fromkeys(sensor.unit for sensor in chosen):
        show_unit([sensor for sensor in chosen if sensor.unit == unit], found, PlotSpan(begin, end, place))
    return 0 if any(len(known) for known in found.values()) else 1


class PlotSpan(NamedTuple):
    """The time range of a plot, and the zone of the times written below it."""

    start: datetime
    end: datetime
    place: ZoneInfo


def show_unit(sensors: list[Sensor], found: dict[int, Known], shown: PlotSpan) -> None:
    """Print the sensors of one unit, and one plot of their values."""
    curves = []
    for sensor in sensors:
        known = found[sensor.id]
        click.secho(f"{sensor.name} (sensor {sensor.id}): {summary(sensor, known)}", bold=True)
        if len(known):
            label = f"{sensor.name} ({sensor.id})"
            curves.append(Curve(label=label, events=known.events, values=known.values, step=sensor.resolution))
    if curves:
        click.echo(plot(curves, shown.start, shown.end, unit=sensors[0].unit, place=shown.place))


def summary(sensor: Sensor, known: Known) -> str:
    """Return how many values there are, of which step, and between which bounds."""
    if not len(known):
        return "no values in this time range."
    every = f"one per {iso_duration(sensor.resolution)}" if sensor.resolution else "instantaneous"
    low, high = known.values.min(), known.values.max()
    return f"{len(known)} values, {every}, from {low:g} to {high:g} {sensor.unit}."
