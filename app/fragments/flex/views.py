"""Editors of flexibility as HTML: fields in groups, what they inherit, small charts of values over time, and JSON."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from markupsafe import Markup

from app.fragments.flex.controls import LENGTHS, MODES, Control, Place, usual_unit, value_of
from app.fragments.flex.editor import Editor
from app.fragments.templates import render
from engine.errors import InputError
from engine.flex.facts import Fact, FieldRole
from engine.flex.reference import label_of

WIDTH: Final = 240
HEIGHT: Final = 44
"""Size of a chart [px]."""
MOST: Final = 480
"""Most values that are drawn; of more, every so many."""
FEW: Final = 8
"""Most fields of an entry that are all shown; of more, those that are set."""


def editor_html(editor: Editor, *, button: str) -> Markup:
    """An editor with what is wrong in it.

    Args:
        editor: What it shows.
        button: Label of the button that saves it.
    """
    values, problems = editor.checked()
    document = json.dumps(values, indent=2, ensure_ascii=False) if values else ""
    return render(
        "flex_editor",
        editor=editor,
        button=button,
        groups=editor.groups(),
        present={*editor.controls, *editor.inherited},
        problems=problems,
        document=editor.written if editor.written is not None else document,
        locked=Markup(" disabled") if editor.locked else "",
        names=MODES,
        lengths={unit: unit for unit in reversed(LENGTHS)},
        id_of=lambda path: f"flex-{editor.word}-{path}",
        unit_of=usual_unit,
        words_of=lambda fact: {"": "Choose …", **fact.choices},
        help_of=help_text,
        item_modes=lambda place: ("number", "sensor") if FieldRole.READS in place.fact.role else ("number",),
        rows_of=lambda held, first: (held.get("rows") or {"0": first}).items(),
        missing_fields=missing_fields,
        value_text=lambda fact, value: value_text(editor, fact, value),
        drawing=lambda place, held: control_drawing(editor, place, held),
    )


def help_text(fact: Fact) -> str:
    """What a field means, with an example where that is a text."""
    example = f" For example {fact.example}." if isinstance(fact.example, str) and not fact.choices else ""
    instead = f" Use {' or '.join(label_of(name) for name in fact.replaced_by)} instead." if fact.replaced_by else ""
    return f"{fact.meaning}{'' if example.startswith(' For example P') else example}{instead}"


def value_text(editor: Editor, fact: Fact, value: Any) -> str:
    """A value as people read it: texts as they are, a sensor by its name with its newest value, the rest as JSON."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str | int | float) and fact.form not in ("sensor", "asset"):
        return str(value)
    key = value.get("sensor") if isinstance(value, dict) else value if fact.form == "sensor" else None
    if type(key) is int:
        curve = editor.choices.curve(str(key)) if FieldRole.READS in fact.role else None
        return editor.choices.name_of(str(key)) + (f", {curve.latest}" if curve else "")
    if isinstance(value, list):
        return f"{len(value)} entries" if len(value) != 1 else value_text(editor, fact, value[0])
    return json.dumps(value, ensure_ascii=False)


def missing_fields(place: Place, row: Control) -> list[Fact]:
    """Fields that may be added to an entry."""
    facts = place.entries.facts()
    return [fact for fact in facts if fact.name not in row and not fact.replaced_by] if len(facts) > FEW else []


def control_drawing(editor: Editor, place: Place, held: Control) -> Markup:
    """Small chart of a value over time with its newest value; nothing where it has none."""
    if held["mode"] == "sensor":
        if not (held.get("sensor") and FieldRole.READS in place.fact.role):
            return Markup("")
        curve = editor.choices.curve(held["sensor"])
        if curve is None:
            return Markup("<small>No value from a day ago to a day ahead.</small>")
        return drawn(curve.times, curve.values, f"{curve.latest}; drawn from a day ago to a day ahead")
    points = list(_points(place, held))
    if held["mode"] != "times" or len(points) < 2:
        return Markup("")
    return drawn([at for at, _ in points], [value for _, value in points], f"{len(points) // 2} values at times")


def _points(place: Place, held: Control) -> Iterator[tuple[float, float]]:
    """Give begin and end of each value at times [s since 1970 UTC], with the value as a bare number."""
    events = value_of(place, held)
    for event in events if isinstance(events, list) else ():
        try:
            value = place.kind.read({place.fact.name: [event]})
        except InputError:
            continue
        quantity = getattr(value, place.fact.name.replace("-", "_")).events[0]
        number = quantity.value.number(place.fact.unit or "", field="", bare=place.fact.unit, whole=100.0)
        for moment in (quantity.start, quantity.end):
            yield moment.timestamp(), number


def drawn(times: Sequence[float], values: Sequence[float], text: str) -> Markup:
    """A stepped line with words beside it.

    Args:
        times: When each value begins [any unit].
        values: One for each.
        text: What it shows, also for those who do not see it.
    """
    every = max(1, len(values) // MOST)
    shown = list(zip(times, values, strict=True))[::every]
    low, high = min(value for _, value in shown), max(value for _, value in shown)
    first, last = shown[0][0], shown[-1][0]
    xs = [(at - first) / ((last - first) or 1) * WIDTH for at, _ in shown]
    ys = [HEIGHT - 4 - (value - low) / ((high - low) or 1) * (HEIGHT - 8) for _, value in shown]
    path = f"{xs[0]:.1f} {ys[0]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in zip(xs[1:], ys[1:], strict=True))
    line = Markup('<svg class="small-chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><path d="M{}"/></svg>')
    return line.format(WIDTH, HEIGHT, f"From {low:.4g} to {high:.4g}", path) + Markup("<small>{}</small>").format(text)
