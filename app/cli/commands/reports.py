"""``flexscope add report``: from files, as scripts written for FlexMeasures describe a report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from app.auth.access.references import References
from app.cli.commands.assets import json_object
from app.cli.opening import reading, writing
from app.jobs.handlers import report
from app.jobs.handlers.report import REPORTERS, ReportRequest
from engine.errors import FieldError
from engine.iso_time import duration, instant

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MOMENTS = ("start", "end", "belief_time")


@click.command("report")
@click.option("--reporter", type=click.Choice(sorted(REPORTERS)), required=True, help="What computes it.")
@click.option("--config", type=FILE, help="JSON file: how it computes.")
@click.option("--parameters", type=FILE, required=True, help="JSON file: input and output sensors, and the rest.")
@click.option("--start", help="Start, if the parameters do not say it; ISO 8601 with an offset.")
@click.option("--end", help="End, excluded.")
@click.option("--resolution", help="Length of its steps, such as PT1H.")
def add_report(
    reporter: str, config: Path | None, parameters: Path, start: str | None, end: str | None, resolution: str | None
) -> None:
    """Compute a report and save it in its output sensors."""
    given = _read(parameters, "parameters")
    given |= {name: text for name, text in (("start", start), ("end", end), ("resolution", resolution)) if text}
    request = _request(reporter, _read(config, "config") if config else {}, given)
    with reading() as session:
        done = report.compute(References(session, None), request, known_at=datetime.now(UTC))
    with writing() as session:
        stored = report.save(References(session, None), done)
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


def _request(reporter: str, config: Mapping[str, Any], given: Mapping[str, Any]) -> ReportRequest:
    """Return what the files ask for; parameters that only newer reporters know are left out."""
    known = {name: value for name, value in given.items() if name in ReportRequest.model_fields}
    known |= {name: instant(str(known[name]), field=name) for name in MOMENTS if known.get(name)}
    if known.get("resolution"):
        known["resolution"] = duration(str(known["resolution"]), field="resolution")
    try:
        return ReportRequest.model_validate({**known, "reporter": reporter, "config": dict(config)})
    except ValidationError as error:
        first = error.errors()[0]
        raise FieldError(".".join(map(str, first["loc"])), str(first["msg"])) from None
