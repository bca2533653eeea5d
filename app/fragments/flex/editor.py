"""An editor of a flex-model or a flex-context: its controls, what is wrong with them, and what they say as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from app.assemble.site.flex_config import named
from app.fragments.flex.choices import Choices
from app.fragments.flex.controls import MOST_ROWS, Control, Place, control_of, empty_control, empty_row, value_of
from app.usecases.flex_config import flex_problems
from engine.flex.facts import NO_CHOICES, SAYS, Fact, Group
from engine.flex.fields import FlexFields
from engine.flex.reference import label_of

UNFINISHED: Final = "Fill this in, or remove it."
UNREADABLE: Final = "This cannot be read; check each part, or remove it."
SEPARATOR: Final = "~"
"""Between the parts of the name of a control."""
DEEPEST: Final = 12
"""Most parts of the name of a control."""


@dataclass(frozen=True, kw_only=True)
class Inherited:
    """A value that holds where an asset sets none of its own."""

    value: Any
    origin: str
    """Name of the asset that sets it."""
    href: str
    """Page on which it is set; empty: none that the user may see."""


@dataclass(frozen=True, kw_only=True)
class Editor:
    """What an editor shows."""

    word: str
    """Of the form in the address, and of the column that it edits."""
    kind: type[FlexFields]
    zone: ZoneInfo
    choices: Choices
    inherited: Mapping[str, Inherited] = field(default_factory=dict)
    stored: bool = True
    """Whether it is kept on an asset."""
    locked: bool = False
    """Whether it only shows values."""
    controls: Mapping[str, Control] = field(default_factory=dict)
    written: str | None = None
    """JSON that could not be read, as it was typed."""
    json_problem: str = ""

    def place(self, name: str) -> Place:
        """Where a field stands; one that nobody knows is a text."""
        facts = {fact.name: fact for fact in self.kind.facts()}
        return Place(self.kind, facts.get(name) or unknown_fact(name), self.zone, self.stored)

    def showing(self, fields: Mapping[str, Any]) -> "Editor":
        """This editor with the values of fields, as users write them."""
        controls = {name: control_of(self.place(name), value) for name, value in named(fields).items()}
        return replace(self, controls=controls, written=None, json_problem="")

    def posted(self, values: Mapping[str, Any]) -> "Editor":
        """This editor as a browser sent it, after what was asked for in ``act`` was done."""
        nested: dict[str, Any] = {}
        for path, text in values.items():
            *outer, last = str(path).split(SEPARATOR)
            if len(outer) >= DEEPEST:
                continue
            at = nested
            for part in outer:
                inner = at.setdefault(part, {})
                at = inner if isinstance(inner, dict) else at.setdefault(f"{part}{SEPARATOR}", {})
            at[last] = text if isinstance(text, str) else ""
        act, typed = str(nested.pop("act", "")), nested.pop("json", None)
        controls = {name: one for name, one in nested.items() if isinstance(one, dict) and one.get("mode")}
        editor = replace(self, controls=controls)
        return editor.with_json(str(typed)) if act == "json" else editor.acted(act)

    def with_json(self, typed: str) -> "Editor":
        """This editor with what somebody wrote as JSON; where that cannot be read it stays as it was typed."""
        try:
            document = json.loads(typed or "{}")
            if not isinstance(document, dict):
                raise ValueError("write an object of fields.")
        except ValueError as error:
            where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
            return replace(self, written=typed, json_problem=f"This is not valid JSON ({where}).")
        return self.showing(document)

    def acted(self, act: str) -> "Editor":
        """This editor after a field or a row was added or removed; ``act`` is a word and a path."""
        word, _, path = act.partition(SEPARATOR)
        parts = path.split(SEPARATOR)
        controls: dict[str, Control] = json.loads(json.dumps(self.controls))
        if word == "set" and path not in controls:
            given = self.inherited.get(path)
            place = self.place(path)
            controls[path] = control_of(place, given.value) if given else empty_control(place)
        elif word == "clear":
            controls.pop(path, None)
        elif word in ("add", "drop", "put") and parts[0] in controls:
            _change_rows(self.place(parts[0]), controls[parts[0]], word, parts[1:])
        return replace(self, controls=controls)

    def fields(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Fields as users write them, and what is still to be filled in by name."""
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for name, control in self.controls.items():
            try:
                value = value_of(self.place(name), control)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                problems[name] = UNREADABLE
                continue
            if value is None:
                problems[name] = UNFINISHED
            else:
                values[name] = value
        return values, problems

    def checked(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Fields as users write them, and what is wrong with them: each by itself, and with others."""
        values, problems = self.fields()
        wrong = flex_problems(self.kind, values, stored=self.stored)
        return values, {name: problem for name, problem in wrong.items() if name in values} | problems

    def groups(self) -> dict[str, list[Fact]]:
        """Fields by the group in which people look for them; those that are set but unknown come last."""
        facts = {fact.name: fact for fact in self.kind.facts()}
        known = {*self.controls, *self.inherited}
        offered = {
            name
            for name, fact in facts.items()
            if name in known or not (fact.replaced_by or (self.stored and fact.stored == "never"))
        }
        unknown = [unknown_fact(name) for name in self.controls if name not in facts]
        fields = [*(facts[name] for name in facts if name in offered), *unknown]
        grouped = {group: [fact for fact in fields if fact.group == group] for group in get_args(Group)}
        return {group: own for group, own in grouped.items() if own}


def unknown_fact(name: str) -> Fact:
    """What there is to know of a field that no language has."""
    return Fact(
        name=name, form="text", kind=None, role=SAYS, unit=None, default=None,
        meaning="Flexscope does not know this field. Remove it.", example=None, overlap="first", replaced_by=(),
        signed=True, direction=None, stored="freely", label=label_of(name), group="Device", choices=NO_CHOICES,
    )  # fmt: skip


def _change_rows(place: Place, control: Control, word: str, path: list[str]) -> None:
    """Add a row to a control, remove one, or put a field into one."""
    rows = control.setdefault("rows", {})
    match word, path:
        case "add", [] if len(rows) < MOST_ROWS:
            following = max((int(at) for at in rows), default=-1) + 1
            rows[str(following)] = empty_row(place, str(control.get("mode", "")))
        case "drop", ["rows", at]:
            rows.pop(at, None)
        case "put", ["rows", at, name] if at in rows:
            rows[at].setdefault(name, empty_control(place.inner(name)))
        case "drop", ["rows", at, name] if at in rows:
            rows[at].pop(name, None)
        case _, ["rows", at, name, *rest] if at in rows and name in rows[at]:
            _change_rows(place.inner(name), rows[at][name], word, rest)
