"""Labels, tables and schemas of fields; ``python -m engine.flex.reference docs/flex-config.md`` renews the page."""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, get_args

from engine.flex.commodity import CommitmentModel
from engine.flex.context import FlexContext
from engine.flex.facts import Fact, Form
from engine.flex.fields import FlexFields
from engine.flex.parts import (
    CopAtTemperature,
    EfficiencyAtPower,
    OperationMode,
    PeakBand,
    PowerAtEnergy,
    WearAtDepth,
    WearAtPower,
)
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel

BEGIN, END = "<!-- fields: made by engine/flex/reference.py -->", "<!-- end of fields -->"
PARTS: list[tuple[str, type[FlexFields]]] = [
    ("flex-model of a storage or any other device", StorageModel),
    ("flex-model of a process", ProcessModel),
    ("One of the operation-modes", OperationMode),
    ("One point of charging-curve and discharging-curve", PowerAtEnergy),
    ("One point of charging-efficiency-curve and discharging-efficiency-curve", EfficiencyAtPower),
    ("One point of cop-curve", CopAtTemperature),
    ("One part of wear-by-power", WearAtPower),
    ("One layer of wear-by-depth", WearAtDepth),
    ("flex-context", FlexContext),
    ("One of the site-peak-bands", PeakBand),
    ("One of the commitments", CommitmentModel),
]
FORMS = {"parts": "list", "sensors": "list of sensors"}
OVERLAPS = {"least": "Of several at one time the least counts.", "most": "Of several at one time the most counts."}

TYPES: dict[Form, list[str]] = {
    "quantity": ["string", "number", "array", "object"],
    "quantities": ["string", "number", "array", "object"],
    "sensor": ["integer", "object"],
    "sensors": ["array"],
    "asset": ["integer"],
    "parts": ["array"],
    "events": ["array", "object"],
    "text": ["string", "number", "object"],
    "flag": ["boolean"],
    "count": ["integer"],
}
"""How each form is written in JSON."""


def json_schema(*models: type[FlexFields]) -> dict[str, Any]:
    """JSON schema of an object with the fields of some models, for the specification of an API."""
    properties = {fact.name: _property(fact, model) for model in models for fact in model.facts()}
    return {"type": "object", "properties": properties}


def _property(fact: Fact, model: type[FlexFields]) -> dict[str, Any]:
    about: dict[str, Any] = {"type": TYPES[fact.form], "description": fact.meaning, "examples": [fact.example]}
    if fact.unit:
        about["x-unit"] = fact.unit
    if fact.role:
        about["x-role"] = [str(each.name).lower() for each in fact.role]
    if fact.replaced_by:
        about["deprecated"] = True
    entries = get_args(model.model_fields[fact.name.replace("-", "_")].annotation)
    if fact.form == "parts" and issubclass(entries[0], FlexFields):
        about["items"] = json_schema(entries[0])
    return about


@cache
def label_of(name: str) -> str:
    """What people call a field; its own name where it is not known."""
    facts = (fact for kind in (StorageModel, ProcessModel, FlexContext) for fact in kind.facts())
    return next((fact.label for fact in facts if fact.name == name.replace("_", "-")), name)


def tables() -> str:
    """Return one table per kind of description, in Markdown."""
    lines: list[str] = []
    for title, model in PARTS:
        lines += [f"### {title}", "", "| field | unit | without it | meaning | example |", "|---|---|---|---|---|"]
        lines += [*(_row(fact, model) for fact in model.facts()), ""]
    return "\n".join(lines)


def renewed(page: str) -> str:
    """Return a page with the tables of today between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def _row(fact: Fact, model: type[FlexFields]) -> str:
    """Return the line of a field: name, unit, default, meaning, example."""
    others = [other for other, name in model.spellings.items() if name == fact.name]
    said = [fact.meaning, OVERLAPS.get(fact.overlap, "")]
    said += [f"Also read as `{other}`." for other in others]
    said += [f"Of an older release; use {' or '.join(fact.replaced_by)}."] if fact.replaced_by else []
    said += ["Not stored on an asset."] if fact.stored == "never" else []
    said += ["Stored on an asset as a sensor only."] if fact.stored == "as-sensor" else []
    # The unit, or else what is written; and what is done with the sensor, where one is needed.
    unit = "share, % or ratio" if fact.unit == "" else (fact.unit or FORMS.get(fact.form) or fact.kind or fact.form)
    cells = [
        f"`{fact.name}`",
        f"sensor in {unit}" if fact.form.startswith("sensor") and fact.unit else unit,
        "–" if fact.default is None or fact.default == () else json.dumps(fact.default),
        " ".join(filter(None, said)),
        f"`{json.dumps(fact.example)}`",
    ]
    return f"| {' | '.join(cell.replace('|', ' or ') for cell in cells)} |"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(renewed(file.read_text()))
