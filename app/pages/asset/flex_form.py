"""Flex-model and flex-context as forms made from the table of the engine: name, unit, meaning, example."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.usecases.flex_config import field_problems
from app.usecases.inputs import Invalid
from app.widgets.async_content import later, note, refuse
from app.widgets.forms import WIDE, problems
from engine.flex.facts import Fact
from engine.flex.fields import FlexFields

CHOOSE = "Add a field …"
FIELD = re.compile(r"^(?:flex_model\.|flex_context\.)?([a-z_]+).*")
"""Finds the field in the path that a refusal names."""
FLAGS = {"yes": True, "no": False}
HELP = "Enter a quantity such as '5 kW', a sensor such as 'sensor 7', or JSON. Clear a field to remove it."
Save = Callable[[dict[str, Any]], Awaitable[Any]]


class FlexForm(pn.viewable.Viewer):
    """Shows the fields that are set, offers the others, and saves all of them."""

    def __init__(
        self, kind: type[FlexFields], fields: Mapping[str, Any], *, save: Save, offered: Mapping[str, Any]
    ) -> None:
        """Make a form.

        Args:
            kind: The language of the fields.
            fields: Those that are set, as users write them.
            save: Does the saving, with all fields that are set then.
            offered: Values that fields which are added begin with, such as inherited ones.
        """
        super().__init__()
        self._kind, self._save, self._offered = kind, save, offered
        self._facts = {fact.name: fact for fact in kind.facts() if fact.stored != "never"}
        self._inputs: dict[str, Any] = {}
        self._place = pn.Column(sizing_mode="stretch_width")
        self._add = pmui.Select(label=CHOOSE, options=[], value=None, **WIDE)
        self._told = pn.Column(sizing_mode="stretch_width")
        for name, value in fields.items():
            self._put(name, value)
        self._add.param.watch(self._added, "value")
        self._offer()

    def __panel__(self) -> pn.viewable.Viewable:
        button = pmui.Button(label=f"Save {self._kind.language}", icon="save", on_click=self._sent, margin=8)
        hint = pmui.Typography(HELP, variant="caption", margin=(0, 8))
        parts = [hint, self._place, self._add, pn.Row(button), self._told]
        return pn.Column(*parts, sizing_mode="stretch_width", max_width=900)

    def _put(self, name: str, value: Any) -> None:
        fact = self._facts.get(name.replace("_", "-"))
        label = f"{name} [{fact.unit}]" if fact and fact.unit else name
        told = _help(fact)
        made: Any
        if fact is not None and fact.form == "flag":
            chosen = "no" if value is False else "yes"
            made = pmui.Select(label=label, options=["", "yes", "no"], value=chosen, helper_text=told, **WIDE)
        else:
            made = pmui.TextInput(label=label, value=written(value), helper_text=told, **WIDE)
        self._inputs[name] = made
        self._place.append(made)

    def _offer(self) -> None:
        rest = {name: fact for name, fact in self._facts.items() if name not in self._inputs and not fact.replaced_by}
        self._add.options = ["", *rest]
        self._add.value = ""

    def _added(self, event: Any) -> None:
        if event.new:
            self._put(event.new, self._offered.get(event.new, ""))
            self._offer()

    def values(self) -> dict[str, Any]:
        """Return the fields that are set, each read by itself.

        Raises:
            Invalid: Some cannot be read; which and why.
        """
        found = {name: value for name, made in self._inputs.items() if (value := read(made.value)) != ""}
        if wrong := field_problems(self._kind, found):
            raise Invalid("form", {name: [problem] for name, problem in wrong.items()})
        return found

    async def _sent(self, _event: object) -> None:
        try:
            await self._save(self.values())
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: self._refuse(problem))
        else:
            later(self._accept)

    def _accept(self) -> None:
        self._mark({})
        for name in [name for name, made in self._inputs.items() if read(made.value) == ""]:
            self._place.remove(self._inputs.pop(name))
        self._offer()
        self._told[:] = [note("Saved.", "success")]

    def _refuse(self, error: Exception) -> None:
        about = {FIELD.sub(r"\1", key): problem for key, problem in problems(error).items()}
        here = {name: about[key] for name in self._inputs if (key := name.replace("-", "_")) in about}
        self._mark(here)
        if here:
            self._told[:] = [note(f"Not saved: check {', '.join(here)}.", "warning")]
        else:
            refuse(self._told, error)

    def _mark(self, wrong: Mapping[str, str]) -> None:
        for name, made in self._inputs.items():
            fact = self._facts.get(name.replace("_", "-"))
            made.param.update(error_state=name in wrong, helper_text=wrong.get(name) or _help(fact))


def _help(fact: Fact | None) -> str:
    if fact is None:
        return "This field is not known."
    example = f" Such as {written(fact.example)}." if fact.example is not None else ""
    instead = f" Use {' or '.join(fact.replaced_by)} instead." if fact.replaced_by else ""
    return f"{fact.meaning}{example}{instead}"


def written(value: Any) -> str:
    """Return a value as people write it: texts bare, a sensor by its id, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"sensor"}:
        return f"sensor {value['sensor']}"
    return json.dumps(value, ensure_ascii=False)


def read(text: str) -> Any:
    """Return what somebody wrote as the API takes it; an empty text stands for no value."""
    text = text.strip()
    word, _, rest = text.partition(" ")
    if word.lower() == "sensor" and rest.strip().isdecimal():
        return {"sensor": int(rest)}
    if text.lower() in FLAGS:
        return FLAGS[text.lower()]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
