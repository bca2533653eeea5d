"""``flexscope add schedule for-asset`` and ``add schedules``: one site or many, described as over the API."""

import json
from pathlib import Path
from typing import Any

import click

from app.assemble.site.request import ScheduleRequest
from app.cli.commands.computing.schedules import tell
from app.cli.opening import acting, operator, reading
from app.usecases.jobs import fleets
from app.usecases.jobs import schedules as usecases
from app.usecases.jobs.fleets import FleetTrigger
from app.usecases.jobs.schedules import ScheduleOrder
from db import sensors
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import duration, instant

JSON = "as JSON, or the name of a file with it"


@click.command("for-asset")
@click.option("--asset", type=int, help="ID of the asset; everything below it is planned.")
@click.option("--sensor", type=int, help="ID of the power sensor of one device, instead of an asset.")
@click.option("--start", required=True, help="When the schedule starts, such as 2026-03-02T07:00+01:00.")
@click.option("--duration", "length", help="How long it is, such as PT12H; without it two days.")
@click.option("--resolution", help="Length of its steps, such as PT15M; without it that of the finest power sensor.")
@click.option("--prior", help="Plan with what was known then; without it with all.")
@click.option("--soc-at-start", help="What is stored at the start, such as 50% or '225 kWh'; with --sensor.")
@click.option("--flex-model", default="[]", help=f"Devices, {JSON}.")
@click.option("--flex-context", default="{}", help=f"Prices, limits and loads of the site, {JSON}.")
@click.option("--scheduler", help="Name of the scheduler, such as ProcessScheduler; without it the one that fits.")
@click.option("--dry-run", is_flag=True, help="Print the schedule and save nothing.")
@click.option("--as-job", is_flag=True, help="Leave it to the server, or to a worker of the queue 'scheduling'.")
def for_asset(asset: int | None, sensor: int | None, dry_run: bool, as_job: bool, **given: Any) -> None:
    """Compute the schedule of an asset and all below it; flex-model and flex-context as over the API."""
    if (asset is None) == (sensor is None):
        raise FieldError("asset", "name either an asset with --asset or one device with --sensor.")
    prior = None if given["prior"] is None else instant(given["prior"], field="prior")
    models, context = _read(given["flex_model"], "flex-model"), _read(given["flex_context"], "flex-context")
    actor = operator()
    with reading() as session:
        if sensor is not None:
            asset = get(session, Sensor, sensor).asset_id
        place = sensors.time_zone(session, asset or 0)
        request = _request(asset or 0, sensor, models, context, given | {"place": place})
        order = ScheduleOrder(request=request, prior=prior, scheduler=given["scheduler"])
        if as_job:
            # Refused here and not in the job, to which nobody listens.
            usecases.check_schedule(session, actor, order)
    if as_job:
        with acting(actor) as (session, _):
            job = usecases.request_schedule(session, actor, order).id
        click.secho(f"Job {job} waits for a worker; see 'flexscope jobs inspect-job --job {job}'.", fg="green")
        return
    with reading() as session:
        done = usecases.compute_schedule(session, actor, order, saves=not dry_run)
    if not dry_run:
        with acting(actor) as (session, _):
            planned = usecases.save_schedule(session, actor, order, done)
        tell(planned)
        return
    for warning in done.warnings:
        click.secho(warning, fg="yellow", err=True)
    for name, power in done.schedule.power.items():
        # + 0.0 makes 0 of -0.
        click.echo(f"{name} [kW]: {' '.join(f'{value:.4g}' for value in power.round(6) + 0.0)}")
    for name, cost in done.schedule.costs.items():
        click.echo(f"Cost of {name}: {cost:.2f} {done.assembled.currency}")


@click.command("schedules")
@click.option("--asset", "assets", type=int, multiple=True, help="ID of the asset of a site; may be repeated.")
@click.option("--below", type=int, help="ID of an asset: all sites directly below it.")
@click.option("--account", type=int, help="ID of an account: all its sites.")
@click.option("--start", required=True, help="When the schedules start, such as 2026-03-02T07:00+01:00.")
@click.option("--duration", help="How long they are, such as PT12H; without it two days.")
@click.option("--resolution", help="Length of their steps, such as PT15M; without it that of the power sensors.")
@click.option("--prior", help="Plan with what was known then; without it with all.")
def add_schedules(assets: tuple[int, ...], **given: Any) -> int:
    """Compute the schedules of many sites, each for itself; exits with 1 if one of them has none."""
    actor = operator()
    fields = {name: value for name, value in given.items() if value is not None}
    trigger = actor.read(FleetTrigger, fields | ({"sites": list(assets)} if assets else {}))
    with reading() as session:
        order = fleets.order_for(session, actor, trigger)
        computed = fleets.compute_fleet(session, actor, order)
    with acting(actor) as (session, _):
        done = fleets.save_fleet(session, actor, order, computed)
    for asset_id, planned in sorted(done.planned.items()):
        cost = f"{planned.schedule.cost:,.2f} {planned.currency}"
        click.secho(f"Asset {asset_id} is planned (schedule {planned.id}): {cost}.", fg="green")
    for asset_id, reason in sorted(done.failures.items()):
        click.secho(f"Asset {asset_id} has no schedule: {reason}", fg="red", err=True)
    return 1 if done.failures else 0


def _request(asset: int, sensor: int | None, models: Any, context: Any, given: dict[str, Any]) -> ScheduleRequest:
    begin = instant(given["start"], field="start")
    entries = [models] if isinstance(models, dict) else models
    if sensor is not None:
        own = {"sensor": sensor} | ({} if given["soc_at_start"] is None else {"soc-at-start": given["soc_at_start"]})
        entries = [{**entry, **own} for entry in entries] or [own]
    elif given["soc_at_start"] is not None:
        raise FieldError("soc-at-start", "with --asset, write it into the entry of the device in --flex-model.")
    lasts, step = given["length"], given["resolution"]
    return ScheduleRequest(
        asset=asset,
        start=begin,
        duration=None if lasts is None else duration(lasts, field="duration", start=begin.astimezone(given["place"])),
        resolution=None if step is None else duration(step, field="resolution", start=begin),
        flex_model=tuple(entries),
        flex_context=context,
    )


def _read(text: str, field: str) -> Any:
    """Object or list of objects in a JSON text, or in a file with one.

    Raises:
        FieldError: It is no JSON, or neither an object nor a list of objects.
    """
    if not text.lstrip().startswith(("{", "[")):
        file = Path(text)
        if not file.is_file():
            raise FieldError(
                field, f'{text} is neither JSON nor a file; write it like \'{{"soc-at-start": "3 kWh"}}\'.'
            )
        text = file.read_text()
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(field, f"it is no JSON ({error.msg}, line {error.lineno}, column {error.colno}).") from None
    entries = read if isinstance(read, list) else [read]
    if not all(isinstance(entry, dict) for entry in entries):
        raise FieldError(field, "write one object, or a list with one per device or commodity.")
    return read
