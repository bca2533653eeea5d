"""``flexscope add report``: from files, as scripts written for FlexMeasures describe a report."""

from pathlib import Path
from typing import Any

import click

from app.cli.commands.assets import json_object
from app.cli.opening import acting, operator, reading
from app.jobs.handlers.report import REPORTERS
from app.usecases.jobs import reports as usecases
from app.usecases.jobs.reports import ReportTrigger
from engine.errors import FieldError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("report")
@click.option("--reporter", type=click.Choice(sorted(REPORTERS)), required=True, help="What computes it.")
@click.option("--config", type=FILE, help="JSON file: how it computes.")
@click.option("--parameters", type=FILE, required=True, help="JSON file: input and output sensors, and the rest.")
@click.option("--start", help="Start, if the parameters do not say it; ISO 8601 with an offset.")
@click.option("--end", help="End, excluded.")
@click.option("--resolution", help="Length of its steps, such as PT1H.")
@click.option("--asset", type=int, help="ID of the asset the outputs are of or below; without it the lowest such one.")
def add_report(reporter: str, config: Path | None, parameters: Path, asset: int | None, **texts: str | None) -> None:
    """Compute a report and save it in its output sensors."""
    named = _read(parameters, "parameters") | {name: text for name, text in texts.items() if text}
    fields = {"reporter": reporter, "config": _read(config, "config") if config else {}, "parameters": named}
    actor = operator()
    trigger = actor.read(ReportTrigger, fields)
    with reading() as session:
        key = asset if asset is not None else usecases.asset_of_outputs(session, trigger)
        done = usecases.compute_report(session, actor, key, trigger)
    with acting(actor) as (session, _):
        stored = usecases.save_report(session, actor, key, trigger, done)
    for sensor_id, count in stored.items():
        click.secho(
            f"{count} values of the report are stored for sensor {sensor_id}.", fg="green" if count else "yellow"
        )


def _read(file: Path, field: str) -> dict[str, Any]:
    """Return the object in a JSON file; hyphens and underscores in names are the same."""
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise FieldError(field, f"{file} is no text.") from None
    return {name.replace("-", "_"): value for name, value in json_object(text, field).items()}
