"""``flexscope add toy-account``."""

import click

from app.cli.opening import acting
from app.demo import toy
from db.assets import TYPES

KINDS = {"battery": toy.battery, "process": toy.processes}


@click.command("toy-account")
@click.option("--kind", type=click.Choice(list(KINDS)), default="battery", show_default=True, help="What to add to it.")
def toy_account(kind: str) -> None:
    """Add the toy account, its user and what a tutorial needs."""
    with acting() as (session, _):
        owner = toy.account(session)
        made = KINDS[kind](session)
    click.secho(f"Asset types: {', '.join(TYPES)}.", dim=True)
    click.secho(f"{owner.name} (ID: {owner.id}) with user {toy.EMAIL} (password: {toy.PASSWORD}) is ready.", fg="green")
    for sensor in made.values():
        click.echo(f"Sensor {sensor.id}: {sensor.name} of {sensor.asset.name} [{sensor.unit}].")
    click.echo(f"See 'flexscope show account --id {owner.id}'.")
