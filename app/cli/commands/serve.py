"""``flexscope run``: serve the pages and the API."""

import os
from dataclasses import replace
from datetime import UTC, datetime

import click

from app.demo import toy
from app.demo.building import load as load_demo
from app.opening import opened
from app.settings.settings import Settings, load
from app.web import server


@click.command("run")
@click.option("--host", default="localhost", show_default=True, help="Address to listen at; 0.0.0.0 is all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="Port; 0 is any free one.")
@click.option("--demo", is_flag=True, help="Serve the demo, which has a database of its own unless one is configured.")
def run(host: str, port: int, demo: bool) -> None:
    """Serve the pages and the API until Ctrl-C or SIGTERM."""
    settings = load()
    if demo:
        # By the environment, as the settings have filled in a database already.
        settings = demo_settings(settings, configured="SQLALCHEMY_DATABASE_URI" in os.environ)
        load_into(settings)
    told = f"Flexscope serves http://{host}:{port}{settings.FLEXSCOPE_PATH_PREFIX}/ until Ctrl-C."
    server.serve(settings, host=host, port=port, started=lambda: click.echo(told))


def demo_settings(settings: Settings, *, configured: bool) -> Settings:
    """Return the settings of a demo: a database beside the usual one, and a login page that tells how to get in."""
    own = f"sqlite:///{settings.FLEXSCOPE_INSTANCE_PATH / 'demo.db'}"
    return replace(
        settings,
        SQLALCHEMY_DATABASE_URI=settings.SQLALCHEMY_DATABASE_URI if configured else own,
        FLEXMEASURES_MODE="demo",
        FLEXMEASURES_PUBLIC_DEMO_CREDENTIALS=[toy.EMAIL, toy.PASSWORD],
    )


def load_into(settings: Settings) -> None:
    """Bring the demo up to now."""
    click.echo("Bringing the demo up to now …")
    database = opened(settings)
    try:
        done = load_demo(database, now=datetime.now(UTC))
    finally:
        database.close()
    click.echo(f"{done.stored} new values; sign in as {toy.EMAIL} with {toy.PASSWORD}.")
