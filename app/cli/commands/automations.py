"""Automations from the terminal: add, show, pause, continue, delete."""

import click

from app.cli.opening import acting, reading
from app.cli.tables import show_facts, show_table, show_title, tabular
from app.jobs.triggers.automations import KINDS
from app.usecases.jobs import automations as usecases
from app.usecases.jobs.automations import AutomationChange, NewAutomation
from db import assets
from db.assets import Asset
from db.core.database import get
from db.jobs import automations, jobs
from db.jobs.automations import Automation
from engine.series.iso_time import iso_duration


@click.command("automation")
@click.option("--asset", "asset_id", type=int, required=True, help="Asset it is done for.")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What is asked for each time.")
@click.option("--name", required=True)
@click.option("--every", required=True, help="Such as PT15M, PT1H or P1D.")
@click.option("--at", default="00:00", show_default=True, help="Local time of day of the first moment.")
@click.option("--request", default="{}", show_default=True, help='As JSON; for a forecast such as {"sensors": [5]}.')
@click.option("--on-data", is_flag=True, help="Also do it soon after new data of its inputs arrived.")
def add_automation(asset_id: int, kind: str, name: str, every: str, at: str, request: str, on_data: bool) -> None:
    """Plan, forecast or report again and again, in the time zone of the asset."""
    fields = {"name": name, "kind": kind, "request": request, "every": every, "at": at, "on_data": on_data}
    with acting() as (session, actor):
        made = usecases.create_automation(session, actor, asset_id, actor.read(NewAutomation, fields))
        told = f"Automation {made.id} ({name}) is made; it is first done at {made.next_at.isoformat()}."
    click.secho(told, fg="green")


@click.command("automations")
@click.option("--asset", "asset_id", type=int, required=True, help="Asset they are done for, or one above it.")
@tabular
def show_automations(asset_id: int) -> None:
    """Show the automations of an asset and of those below it."""
    with reading() as session:
        get(session, Asset, asset_id)
        found = automations.of_assets(session, [row.id for row in assets.subtree(session, asset_id)])
    heads = ["ID", "Asset", "Name", "Kind", "Every", "On data", "State", "Last", "Next"]
    cells = []
    for row in found:
        state, following = ("active", row.next_at) if row.active else ("paused", None)
        rule = [iso_duration(row.every), row.on_data, state]
        cells.append([row.id, row.asset_id, row.name, row.kind, *rule, row.last_at, following])
    show_table(heads, cells)


@click.command("automation")
@click.option("--id", "automation_id", type=int, required=True)
@tabular
def show_automation(automation_id: int) -> None:
    """Show one automation with its latest jobs."""
    with reading() as session:
        row = get(session, Automation, automation_id)
        found = jobs.of_automation(session, automation_id)
    show_title(f"{row.name}: {row.kind} of asset {row.asset_id} every {iso_duration(row.every)}", key="jobs")
    show_facts({"request": row.request})
    cells = [[job.id, job.status, job.known_at, job.message] for job in found]
    show_table(["Job", "State", "Asked for at", "Message"], cells)


@click.command("automation")
@click.option("--id", "automation_id", type=int, required=True)
@click.option("--pause/--continue", "pause", default=None, help="Whether it rests.")
@click.option("--name", help="A new name.")
def edit_automation(automation_id: int, pause: bool | None, name: str | None) -> None:
    """Pause, continue or rename an automation; what fell into a pause is not caught up."""
    fields = {"active": None if pause is None else not pause, "name": name}
    with acting() as (session, actor):
        change = actor.read(AutomationChange, {key: value for key, value in fields.items() if value is not None})
        row = usecases.update_automation(session, actor, automation_id, change)
        state = "active" if row.active else "paused"
    click.secho(f"Automation {automation_id} ({row.name}) is {state}.", fg="green")


@click.command("automation")
@click.option("--id", "automation_id", type=int, required=True)
def delete_automation(automation_id: int) -> None:
    """Delete an automation; its jobs stay."""
    with acting() as (session, actor):
        usecases.delete_automation(session, actor, automation_id)
    click.secho(f"Automation {automation_id} is deleted.", fg="green")
