"""Commands that take time series data away or change them."""

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from app.cli.opening import acting, operator, reading
from app.usecases.data import delete_values
from app.usecases.sensors import convert_sensor, resample_sensor
from db import assets, sensors
from db.beliefs import deletion
from db.beliefs.source_filter import SourceFilter
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.series.iso_time import duration, instant, iso_duration, zone

YES = click.option("--yes", "--force", "--skip-integrity-check", "yes", is_flag=True, help="Do not ask.")
"""FlexMeasures calls it by the other names, by one here and by the other there."""


def chosen(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose data."""
    for option in (
        click.option("--sensor", "sensor_ids", type=int, multiple=True, help="ID of a sensor; may be repeated."),
        click.option("--asset", "asset_ids", type=int, multiple=True, help="ID of an asset: all its sensors."),
        click.option("--offspring", is_flag=True, help="Also the sensors of assets below the assets."),
        click.option("--source", "source_ids", type=int, multiple=True, help="ID of a source; may be repeated."),
        click.option("--start", help="Only events from this moment on, ISO 8601."),
        click.option("--end", help="Only events that start before this moment, ISO 8601."),
        YES,
    ):
        command = option(command)
    return command


@click.command("beliefs")
@chosen
def delete_beliefs(**options: Any) -> None:
    """Delete time series data, superseded values too."""
    delete(deletion.everything, "values", options)


@click.command("measurements")
@chosen
def delete_measurements(**options: Any) -> None:
    """Delete values that were recorded when they could be known, or later."""
    delete(deletion.measurements, "measurements", options)


@click.command("prognoses")
@chosen
def delete_prognoses(**options: Any) -> None:
    """Delete forecasts and schedules: values recorded before they could be known."""
    delete(deletion.prognoses, "forecasts and scheduled values", options)


@click.command("unchanged-beliefs")
@chosen
def delete_unchanged(**options: Any) -> None:
    """Delete recorded values that repeat what was known before."""
    delete(deletion.unchanged, "unchanged values", options)


@click.command("nan-beliefs")
@chosen
def delete_nan(**options: Any) -> None:
    """Delete values that are not a number: there are none, missing values are never stored."""
    delete(lambda *_, **__: 0, "values that are not a number", options | {"yes": True})


def delete(how: Callable[..., int], what: str, options: dict[str, Any]) -> None:
    """Delete from the sensors chosen, after asking, and tell how much."""
    with reading() as session:
        found = _chosen(session, options)
        place = zone(found[0].timezone)
    # Without an offset a time is one on the clock of the first sensor: whoever types it thinks of the site.
    start, end = (options[name] and instant(options[name], field=name, local=place) for name in ("start", "end"))
    if not options["yes"]:
        names = ", ".join(f"{sensor.name} ({sensor.id})" for sensor in found)
        click.confirm(f"Delete the {what} of {names}?", abort=True)
    sources = SourceFilter(ids=options["source_ids"] or None)
    with acting() as (session, actor):
        gone = sum(delete_values(session, actor, one.id, how, span=(start, end), sources=sources) for one in found)
    click.secho(f"{gone} {what} deleted.", fg="green")


def _chosen(session: Session, options: dict[str, Any]) -> list[Sensor]:
    """Return the sensors that the options choose."""
    ids = {*options["sensor_ids"]}
    for key in options["asset_ids"]:
        below = assets.subtree(session, get(session, assets.Asset, key).id) if options["offspring"] else []
        for asset_id in {key, *(asset.id for asset in below)}:
            ids |= {sensor.id for sensor in sensors.of_asset(session, asset_id)}
    for key in options["source_ids"]:
        get(session, Source, key)
    if not ids:
        raise InputError("Choose whose data to delete, with --sensor or --asset.")
    return [get(session, Sensor, key) for key in sorted(ids)]


@click.command("resample-data")
@click.option("--sensor", "sensor_ids", type=int, multiple=True, required=True, help="ID; may be repeated.")
@click.option("--event-resolution", required=True, help="New length of an event: minutes, or ISO 8601 as PT15M.")
@YES
def resample_data(sensor_ids: tuple[int, ...], event_resolution: str, yes: bool) -> None:
    """Give sensors another resolution, and their data with it: repeated or averaged."""
    step = f"PT{event_resolution}M" if event_resolution.isdecimal() else event_resolution
    length, actor = duration(step, field="event_resolution"), operator()
    with reading() as session:
        before = {key: get(session, Sensor, key) for key in sensor_ids}
    for key, sensor in before.items():
        # Only coarser steps lose anything: shorter ones repeat values, and can be averaged back.
        if not yes and length > sensor.resolution:
            click.confirm(f"The values of {sensor.name} ({key}) give way to means for good. Go on?", abort=True)
    with acting(actor) as (session, _):
        for key in before:
            sensor = get(session, Sensor, key)
            old = sensor.resolution
            # What was asked for was about the resolution shown; another one may lose what nobody agreed to.
            if old != before[key].resolution:
                raise InputError(f"{sensor.name} ({key}) was changed meanwhile; nothing was done. Look at it again.")
            resample_sensor(session, actor, key, step)
            change = f"from {iso_duration(old)} to {iso_duration(length)}"
            click.secho(f"{sensor.name} (sensor {key}) went {change}.", fg="green")


@click.command("convert-data")
@click.option("--sensor", "sensor_id", type=int, required=True, help="ID of the sensor.")
@click.option("--unit", required=True, help="New unit, such as MW.")
def convert_data(sensor_id: int, unit: str) -> None:
    """Give a sensor another unit, and write all its data in it."""
    with acting() as (session, actor):
        old = get(session, Sensor, sensor_id).unit
        sensor = convert_sensor(session, actor, sensor_id, unit)
    click.secho(f"{sensor.name} (sensor {sensor_id}) went from {old} to {unit}.", fg="green")
