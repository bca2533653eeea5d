"""``flexscope show accuracy``: how good forecasts were, by source and horizon."""

import math

import click

from app.cli.opening import operator, reading
from app.cli.tables import show_table, tabular
from app.usecases.jobs.accuracy import AccuracyQuery, compare_forecasts
from db import listing
from engine.series.iso_time import iso_duration

ACRONYMS = {"mae", "rmse", "wape", "mase", "crps"}


@click.command("accuracy")
@click.option("--sensor", "sensor_id", type=int, required=True, help="ID of the sensor whose forecasts are compared.")
@click.option("--start", help="Start of the events, ISO 8601 with offset; else 28 days before the end.")
@click.option("--end", help="End, excluded; else now.")
@click.option("--duration", help="Length of the time instead of an end, such as P28D; at most 366 days.")
@click.option("--prior", help="Compare with what was measured and known by then; else now.")
@click.option("--horizon", "horizons", multiple=True, help="How long before, such as PT24H; may be repeated.")
@tabular
def show_accuracy(sensor_id: int, horizons: tuple[str, ...], **options: str | None) -> int:
    """Compare forecasts with what came; exit code 1 where nothing can be compared."""
    actor = operator()
    fields = {name: text for name, text in options.items() if text is not None}
    query = actor.read(AccuracyQuery, fields | ({"horizons": list(horizons)} if horizons else {}))
    with reading() as session:
        _, asked, skills = compare_forecasts(session, actor, sensor_id, query)
        sources = listing.sources(session, {entry.source_id for entry in skills})
    if not skills:
        click.echo(
            f"No forecasts from {asked.start.isoformat()} to {asked.end.isoformat()} can be compared yet.",
            err=True,
        )
        return 1
    measures = ("mae", "rmse", "bias", "wape", "mase", "pinball", "crps", "coverage", "promised")
    rows = [
        [
            iso_duration(entry.lead),
            entry.source_id,
            sources[entry.source_id].description,
            entry.skill.events,
            _rounded(1.0 - entry.skill.wape),
            *(_rounded(getattr(entry.skill, name)) for name in measures),
        ]
        for entry in skills
    ]
    heads = [name.upper() if name in ACRONYMS else name.capitalize() for name in measures]
    show_table(["Horizon", "Source", "Name", "Events", "Accuracy", *heads], rows)
    return 0


def _rounded(number: float) -> float | None:
    """A number to four digits; None where nothing can be said."""
    return float(f"{number:.4g}") if math.isfinite(number) else None
