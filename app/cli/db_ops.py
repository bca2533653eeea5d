"""Commands that look after the database itself."""

import click

from app import settings
from db import migrations


@click.command("upgrade")
@click.option("--partitions", type=click.IntRange(0, 1024), default=0, help="For a new PostgreSQL database; see docs.")
def upgrade(partitions: int) -> None:
    """Bring the tables to the newest version, or make them in an empty database."""
    url = settings.load().SQLALCHEMY_DATABASE_URI
    migrations.upgrade(url, partitions=partitions)
    click.secho(f"The database is at revision {migrations.current(url)}.", fg="green")


@click.command("current")
def current() -> None:
    """Print the version of the tables, and what this program knows."""
    at = migrations.current(settings.load().SQLALCHEMY_DATABASE_URI)
    for step in migrations.history():
        click.echo(f"{'*' if step.revision == at else ' '} {step.revision}  {step.tells}")
    if at is None:
        click.echo("The database has no tables yet; run 'flexscope db upgrade'.")
