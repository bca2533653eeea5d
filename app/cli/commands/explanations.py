"""``flexscope show why``, ``changes``, ``what-if`` and ``what-would-it-take``: a saved schedule explained."""

from typing import Any

import click

from app.cli.commands.assets import json_object
from app.cli.opening import operator, reading
from app.cli.tables import show_table
from app.usecases.explanations import explanations, what_if
from app.usecases.explanations.explanations import ExplainQuery, WhyQuery
from app.usecases.explanations.requirements import (
    CHOICES,
    PRICES,
    RequirementsQuestion,
    find_parameter,
    number_label,
)
from app.usecases.explanations.what_if import ScenarioEdits
from engine.errors import FieldError
from engine.explain.changes.change_sentences import change_sentences
from engine.explain.goals.needed_sentences import needed_sentences
from engine.explain.sentences import choice_sentences


@click.command("why")
@click.option("--schedule", "schedule_id", type=int, required=True, help="ID of the schedule.")
@click.option("--device", help="Device, as the outputs of the schedule name it; without it what the schedule does.")
@click.option("--at", help="A time in the step asked about, such as 2026-03-02T07:00+01:00; with --device.")
@click.option("--power", type=float, help="Another power to price [kW]; with --device.")
def show_why(schedule_id: int, device: str | None, at: str | None, power: float | None) -> None:
    """Explain why a device does what it does at a time; without a device, what a schedule does and what limits cost."""
    actor = operator()
    if (device is None) != (at is None):
        raise FieldError("at", "name both a device with --device and a time with --at, or neither.")
    with reading() as session:
        if device is None:
            done = explanations.explain_schedule(session, actor, schedule_id, ExplainQuery())
            for fact in done.headlines or []:
                click.echo(fact.sentence(done.stored.place, done.stored.currency))
            for limit in done.bottlenecks or []:
                click.echo(
                    f"If {limit.limit} gave way by {limit.wider_by:g} {limit.unit}, the plan would cost "
                    f"{limit.saving:.4f} {done.stored.currency} less."
                )
            return
        query = actor.read(WhyQuery, {"device": device, "at": at} | ({} if power is None else {"power": power}))
        stored, choice = explanations.explain_why(session, actor, schedule_id, query)
        for sentence in choice_sentences(choice, stored.site.window, stored.place, stored.currency):
            click.echo(sentence)


@click.command("changes")
@click.option("--schedule", "schedule_id", type=int, required=True, help="ID of the schedule.")
def show_changes(schedule_id: int) -> None:
    """Show when devices run differently from the previous schedule, and which inputs changed it."""
    with reading() as session:
        done = explanations.explain_schedule(session, operator(), schedule_id, ExplainQuery(parts="changes"))
    change, place = done.changes, done.stored.place
    if change is None:
        return
    for sentence in change_sentences(change, done.stored.currency):
        click.echo(sentence)
    rows = [
        [
            move.device, f"{move.start.astimezone(place):%a %H:%M}", f"{move.end.astimezone(place):%a %H:%M}",
            f"{move.before + 0.0:.4g}", f"{move.now + 0.0:.4g}", f"{move.energy:+.3g}",
        ]
        for move in change.moves
    ]  # fmt: skip
    if rows:
        show_table(["Device", "From", "Until", "Before [kW]", "Now [kW]", "More [kWh]"], rows)


@click.command("what-if")
@click.option("--schedule", "schedule_id", type=int, required=True, help="ID of the schedule.")
@click.option("--limit", "limits", type=(str, float), multiple=True, help="Limit and its rise, as battery.soc-max 5.")
@click.option("--load", "loads", type=(str, float), multiple=True, help="Load and what it is multiplied with.")
@click.option("--stored", type=(str, float), multiple=True, help="Store and its energy at the start [kWh].")
@click.option("--price-factor", type=float, help="What the price of electricity is multiplied with.")
@click.option("--edits", default="{}", help="More of them as over the API, as JSON.")
def show_scenario(
    schedule_id: int, edits: str, price_factor: float | None, **named: tuple[tuple[str, float], ...]
) -> None:
    """Plan a saved schedule again with something different, beside what was planned; nothing is saved."""
    actor = operator()
    fields = json_object(edits, "edits", example='{"limits": {"battery.soc-max": 5}}')
    for name, pairs in named.items():
        # Options are put over what the JSON says of the same limits, loads and stores.
        fields[name] = fields.get(name, {}) | dict(pairs)
    if price_factor is not None:
        fields["prices"] = [*fields.get("prices", []), {"factor": price_factor}]
    with reading() as session:
        done = what_if.try_scenario(session, actor, schedule_id, actor.read(ScenarioEdits, fields))
    currency = done.stored.currency
    lines: list[list[Any]] = []
    for name, unit in (
        ("cost", currency), ("peak_import", "kW"), ("peak_export", "kW"), ("imported", "kWh"), ("exported", "kWh"),
        ("self_consumption", "1"), ("emissions", "kg"),
    ):  # fmt: skip
        before, after = getattr(done.before, name), getattr(done.after, name)
        if before is not None and after is not None:
            label = f"{name.replace('_', ' ')} [{unit}]"
            lines.append([label, f"{before:,.3f}", f"{after:,.3f}", f"{after - before:+,.3f}"])
    show_table(["", "Planned", "What if", "Change"], lines)
    for device, steps in done.changed.items():
        click.echo(f"{device} would do otherwise in {len(steps)} steps.")


@click.command("what-would-it-take")
@click.option("--schedule", "schedule_id", type=int, required=True, help="ID of the schedule.")
@click.option("--device", help="Device that is to do something, with --at and --wish or --power.")
@click.option("--at", help="A time in the step asked about, such as 2026-03-02T07:00+01:00.")
@click.option("--wish", type=click.Choice(list(CHOICES)), help="What the device is to do then.")
@click.option("--power", type=float, help="Or the power that it is to have [kW].")
@click.option("--cost", type=float, help="Or what the whole plan may cost at most.")
@click.option("--peak", type=float, help="Or the most that may be bought in any step [kW].")
@click.option("--limit", help="The limit, target or size that may change, such as battery.soc-max.")
@click.option("--price", type=click.Choice(list(PRICES)), help="Or the price of energy: of that step, or all alike.")
def show_requirements(schedule_id: int, **named: Any) -> None:
    """Find the value that one input needs for the power, cost or peak that you want."""
    actor = operator()
    asked = {name: value for name, value in named.items() if value is not None}
    if not asked.keys() & {"limit", "price"}:
        raise FieldError("limit", "name the number that may change with --limit or --price.")
    with reading() as session:
        question = actor.read(RequirementsQuestion, asked)
        stored, needed = find_parameter(session, actor, schedule_id, question)
    currency = stored.currency
    for sentence in needed_sentences(needed, number_label(question), question.words(currency), currency):
        click.echo(sentence)
