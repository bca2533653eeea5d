"""Commands that annotate stretches of time: with a text, or with public holidays."""

from datetime import timedelta
from typing import Any

import click

from app.cli.opening import acting
from app.usecases.annotations import HolidayCalendar, NewAnnotation, Place, create_annotation, create_holidays
from db import sources
from db.accounts.accounts import Account
from db.accounts.users import User
from db.annotations import TYPES
from db.assets import Asset
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import instant, zone

ACCOUNTS = click.option(
    "--account", "--account-id", "account_ids", type=int, multiple=True, help="ID of an account; may be repeated."
)
ASSETS = click.option(
    "--asset", "--asset-id", "asset_ids", type=int, multiple=True, help="ID of an asset; may be repeated."
)


@click.command("annotation")
@click.option("--content", required=True, help="The text.")
@click.option("--at", "--from", "at", required=True, help="From when on; without an offset in the server's zone.")
@click.option("--until", help="Until when, excluded; without it a day long.")
@click.option("--type", "kind", type=click.Choice(TYPES), default="label", show_default=True, help="What it is.")
@ACCOUNTS
@ASSETS
@click.option("--sensor", "--sensor-id", "sensor_ids", type=int, multiple=True, help="ID of a sensor, likewise.")
@click.option("--user", "--user-id", "user_id", type=int, help="ID of the author; by default the operator.")
def add_annotation(content: str, at: str, until: str | None, kind: str, user_id: int | None, **ids: Any) -> None:
    """Annotate accounts, assets and sensors."""
    on = _rows(**ids)
    with acting() as (session, actor):
        local = zone(actor.timezone)
        start = instant(at, field="at", local=local)
        # On the clock of the zone, so that the day of a clock change is one.
        day_later = (start.astimezone(local) + timedelta(days=1)).replace(tzinfo=local)
        end = instant(until, field="until", local=local) if until else day_later
        user = get(session, User, user_id) if user_id is not None else None
        source = sources.of_user(session, user.id, name=user.username, account_id=user.account_id) if user else None
        new = NewAnnotation(content=content, start=start, end=end, type=kind, belief_time=actor.now)
        made = [create_annotation(session, actor, table, key, new, source=source) for table, key in on]
    for annotation, is_new in made:
        click.secho(f"Annotation {annotation.id} {'added' if is_new else 'already exists'}.", fg="green")


@click.command("holidays")
@click.option("--year", "years", type=int, multiple=True, required=True, help="A year; may be repeated.")
@click.option("--country", required=True, help="Code of two letters, such as NL.")
@click.option("--subdivision", "--subdiv", help="A part of the country with holidays of its own, such as BY.")
@click.option("--language", help="Of the names, such as nl; without it English, where there is.")
@click.option("--category", "categories", multiple=True, help="Such as bank or school; without it public holidays.")
@ACCOUNTS
@ASSETS
@click.option("--timezone", help="Where days begin and end; without it the server's (FLEXMEASURES_TIMEZONE).")
def add_holidays(
    years: tuple[int, ...], country: str, subdivision: str | None, categories: tuple[str, ...], timezone: str | None,
    language: str | None, **ids: Any,
) -> None:  # fmt: skip
    """Annotate accounts and assets with the public holidays of a country, which forecasts take into account."""
    on = _rows(**ids)
    with acting() as (session, actor):
        calendar = HolidayCalendar(
            country=country, years=years, subdivision=subdivision, categories=categories, language=language,
            zone=zone(timezone or actor.timezone).key,
        )  # fmt: skip
        count = create_holidays(session, actor, on, calendar)
    click.secho(f"{count} holidays added.", fg="green")


def _rows(**ids: tuple[int, ...]) -> list[tuple[type[Place], int]]:
    """Rows to annotate; raises FieldError where none is named."""
    tables: dict[str, type[Place]] = {"account_ids": Account, "asset_ids": Asset, "sensor_ids": Sensor}
    on = [(table, key) for name, table in tables.items() for key in ids.get(name, ())]
    if not on:
        raise FieldError("asset", "name what is annotated, with --asset or --account.")
    return on
