"""``flexscope add schedule``: compute a plan and save it."""

from typing import Any

import click
from sqlalchemy import select

from app.assemble.site.request import ScheduleRequest
from app.cli.commands.assets import json_object
from app.cli.opening import acting, operator, reading
from app.cli.tables import show_table, tabular
from app.jobs.handlers.schedule import Planned
from app.usecases.jobs import schedules as usecases
from app.usecases.jobs.schedules import ScheduleOrder
from db.assets import Asset
from db.core.database import get
from db.schedules import StoredSchedule
from db.sensors import Sensor
from engine.devices.process import ProcessType
from engine.flex.storage import StorageModel
from engine.series.iso_time import duration, instant, zone

MODEL_FIELDS = {
    **{name: name for name in ("soc-min", "soc-max", "roundtrip-efficiency", "charging-efficiency")},
    **{name: name for name in ("discharging-efficiency", "storage-efficiency", "soc-gain", "soc-usage")},
    **{f"storage-{way}-capacity": f"{way}-capacity" for way in ("power", "consumption", "production")},
}
"""Options of the command and the fields they are about; FlexMeasures has the same ones."""


def model_options(command: Any) -> Any:
    """Add one option per field of the flex-model."""
    # Click lists options in the reverse of the order in which they are added.
    for option, name in reversed(MODEL_FIELDS.items()):
        fact = StorageModel.fact(name)
        example = fact.example[0] if isinstance(fact.example, list) else fact.example
        value = f"Such as '{example}', or" if isinstance(example, str) else "A quantity, or"
        command = click.option(f"--{option}", help=f"{fact.meaning} {value} the ID of a sensor.")(command)
    return command


@click.command("for-storage")
@click.option("--sensor", type=int, required=True, help="ID of the power sensor that receives the schedule.")
@click.option("--consumption-price-sensor", type=int, help="ID of the sensor with the price of energy taken.")
@click.option("--production-price-sensor", type=int, help="ID of the sensor with the price of energy given.")
@click.option("--inflexible-device-sensor", type=int, multiple=True, help="ID of a power sensor behind the meter.")
@click.option("--site-power-capacity", help="Most power through the connection, such as '500 kVA'.")
@click.option("--start", required=True, help="When the schedule starts, such as 2026-03-02T07:00+01:00.")
@click.option("--duration", "length", required=True, help="How long it is, such as PT12H.")
@click.option("--soc-at-start", required=True, help="What is stored at the start, such as 50% or '225 kWh'.")
@click.option("--soc-target", type=(str, str), multiple=True, help="Energy and moment, such as '400 kWh' 2026-….")
@model_options
def for_storage(sensor: int, start: str, length: str, soc_target: tuple[tuple[str, str], ...], **fields: Any) -> None:
    """Compute when a storage charges and discharges, and save it."""
    context: dict[str, Any] = {}
    for way in ("consumption", "production"):
        if (key := fields.pop(f"{way}_price_sensor")) is not None:
            context[f"{way}-price"] = {"sensor": key}
    if loads := fields.pop("inflexible_device_sensor"):
        context["inflexible-device-sensors"] = list(loads)
    if capacity := fields.pop("site_power_capacity"):
        context["site-power-capacity"] = _quantity(capacity)
    named = {name.replace("_", "-").removeprefix("storage-"): value for name, value in fields.items() if value}
    if "efficiency" in named:  # the one whose own name begins with storage
        named["storage-efficiency"] = named.pop("efficiency")
    model: dict[str, Any] = {"sensor": sensor, **{name: _quantity(text) for name, text in named.items()}}
    if soc_target:
        model["soc-targets"] = [{"value": value, "datetime": at} for value, at in soc_target]
    _plan(start, length, model, context)


@click.command("for-process")
@click.option("--sensor", type=int, required=True, help="ID of the power sensor that receives the schedule.")
@click.option("--consumption-price-sensor", type=int, help="ID of the sensor with the price of energy.")
@click.option("--start", required=True, help="When the schedule starts, such as 2026-03-02T00:00+01:00.")
@click.option("--duration", "length", required=True, help="How long it is, such as PT24H.")
@click.option("--process-duration", required=True, help="How long the process runs, such as PT4H.")
@click.option("--process-power", required=True, help="Power while it runs, such as 0.2MW.")
@click.option("--process-type", type=click.Choice([kind.value for kind in ProcessType]), help="How freely it is timed.")
@click.option("--forbid", multiple=True, help='Time it must not run, as JSON: {"start": …, "duration": …}.')
def for_process(sensor: int, start: str, length: str, forbid: tuple[str, ...], **fields: Any) -> None:
    """Compute when a process runs, and save it."""
    price = fields["consumption_price_sensor"]
    model = {"sensor": sensor, "power": fields["process_power"], "duration": fields["process_duration"]}
    if fields["process_type"]:
        model["process-type"] = fields["process_type"]
    model["time-restrictions"] = [json_object(text, "forbid") for text in forbid]
    _plan(start, length, model, {} if price is None else {"consumption-price": {"sensor": price}})


def _plan(start: str, length: str, model: dict[str, Any], context: dict[str, Any]) -> None:
    """Schedule the device of one power sensor; save and print the schedule."""
    begin, actor = instant(start, field="start"), operator()
    with reading() as session:
        sensor = get(session, Sensor, model["sensor"])
        asset = sensor.asset_id
        lasts = duration(length, field="duration", start=begin.astimezone(zone(sensor.timezone)))
        request = ScheduleRequest(asset=asset, start=begin, duration=lasts, flex_model=(model,), flex_context=context)
        order = ScheduleOrder(request=request)
        done = usecases.compute_schedule(session, actor, order)
    with acting(actor) as (session, _):
        planned = usecases.save_schedule(session, actor, order, done)
    tell(planned)


def _quantity(text: str) -> Any:
    """Value of an option: a reference to a sensor where it is an ID, else a quantity."""
    return {"sensor": int(text)} if text.isdecimal() else text


@click.command("schedules")
@click.option("--asset", "asset_id", type=int, help="ID of the asset; without it, of all.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@tabular
def show_schedules(asset_id: int | None, limit: int) -> None:
    """Show saved schedules, newest first: what they cover, cost and could not meet."""
    query = select(StoredSchedule).order_by(StoredSchedule.belief_time.desc(), StoredSchedule.id.desc()).limit(limit)
    with reading() as session:
        if asset_id is not None:
            query = query.where(StoredSchedule.asset_id == get(session, Asset, asset_id).id)
        rows = list(session.scalars(query))
    if not rows:
        click.echo("There are no schedules; 'flexscope add schedule' computes one.")
        return
    heads = [
        "ID",
        "Asset",
        "Start",
        "End",
        "As of",
        "Scheduler",
        "Cost",
        "Limits exceeded",
        "Warnings",
    ]
    lines = []
    for row in rows:
        moments = (row.start, row.end, row.belief_time)
        cost = "" if row.cost is None else f"{row.cost:,.2f} {row.currency}"
        lines.append([row.id, row.asset_id, *moments, row.scheduler, cost, len(row.breaches), len(row.warnings)])
    show_table(heads, lines)


def tell(done: Planned) -> None:
    """Say what was planned, what it costs and where it is."""
    for warning in done.warnings:
        click.secho(warning, fg="yellow", err=True)
    for output in done.outputs:
        stored = done.stored[output.sensor.id]
        click.secho(f"New schedule is stored: {stored} values of sensor {output.sensor.id}.", fg="green")
    for name, cost in done.schedule.costs.items():
        click.echo(f"Cost of {name}: {cost:.2f} {done.currency}")
    click.echo(f"See 'flexscope show beliefs --sensor {done.outputs[0].sensor.id}'.")
