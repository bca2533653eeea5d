"""Commands that look after the database itself."""

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import func, select

from app.cli.opening import acting, reading
from app.opening import opened
from app.settings import settings
from app.usecases.data import import_values
from db import migrations
from db.assets import AssetType
from db.exchange import dump as dumping
from engine.errors import FieldError


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


@click.command("dump")
@click.option("--file", type=click.Path(dir_okay=False, path_type=Path), help="Where to; else a name with the date.")
def dump(file: Path | None) -> None:
    """Copy the whole database to one file, while it is in use."""
    target = file or Path(f"flexscope-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.dump")
    database = opened(settings.load())
    try:
        dumping.dump(database, target)
    finally:
        database.close()
    click.secho(f"The database is copied to {target} ({target.stat().st_size / 1e6:.1f} MB).", fg="green")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Let everything in the database give way.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, replace: bool, yes: bool) -> None:
    """Fill the database with what a FILE of 'db-ops dump' holds, from this or another kind of database."""
    url = settings.load().SQLALCHEMY_DATABASE_URI
    if replace and not yes:
        click.confirm("Everything in the database will be gone. Go on?", abort=True)
    if not dumping.restore(url, file, replace=replace):
        click.secho(
            f"{file} has no checksum, as those of older versions: SQLite finds nothing broken in it.", fg="yellow"
        )
    click.secho(f"The database holds what {file} holds, at revision {migrations.current(url)}.", fg="green")


@click.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Take everything out of the database: accounts, users, assets, sensors and all values."""
    url = settings.load().SQLALCHEMY_DATABASE_URI
    if not yes:
        click.confirm("Everything in the database will be gone; 'db-ops dump' keeps a copy. Go on?", abort=True)
    dumping.empty(url)
    click.secho(f"The database is empty, at revision {migrations.current(url)}.", fg="green")


@click.command("initial-structure")
def initial_structure() -> None:
    """Make the tables with asset types and roles, where they are not there yet; nothing else is added."""
    with reading() as session:
        kinds = session.scalar(select(func.count()).select_from(AssetType))
    click.secho(f"The database has its tables, with {kinds} asset types.", fg="green")


@click.command("import-beliefs")
@click.argument("url")
@click.option("--sensor", "pairs", multiple=True, required=True, help="THEIRS:OURS, ids of two alike sensors; repeat.")
def import_beliefs(url: str, pairs: tuple[str, ...]) -> None:
    """Take over the values of sensors from the FlexMeasures database at a URL."""
    wanted = {}
    for text in pairs:
        theirs, _, ours = text.partition(":")
        if not (theirs.isdecimal() and ours.isdecimal()):
            raise FieldError("sensor", f"{text!r} is no pair of ids; write it like 7:12.")
        wanted[int(theirs)] = int(ours)
    with acting() as (session, actor):
        stored = import_values(session, actor, url, wanted)
    for sensor, count in stored.items():
        click.secho(f"{count} values stored for sensor {sensor}.", fg="green")
