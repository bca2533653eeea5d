"""Form of a flex-model or a flex-context, made from the engine's table of fields: name, unit, meaning, example."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.fragments.fields import problems
from app.usecases.flex_config import field_problems
from app.usecases.inputs import Invalid
from app.widgets.async_content import confirm, later, note, refuse
from app.widgets.forms import WIDE
from engine.flex.facts import Fact
from engine.flex.fields import FlexFields

CHOOSE = "Add a field …"
FIELD = re.compile(r"^(?:flex_model\.|flex_context\.)?([a-z_]+).*")
"""Finds the field in the path that a refusal names."""
FLAGS = {"yes": True, "no": False}
HELP = "Enter a quantity such as 5 kW, a sensor by its id such as sensor 7, or JSON. Clear a field to remove it."
Save = Callable[[dict[str, Any]], Awaitable[Any]]


class FlexForm(pn.viewable.Viewer):
    """Shows the fields that are set, offers the others, and saves all of them."""

    def __init__(
        self, kind: type[FlexFields], fields: Mapping[str, Any], *, save: Save, offered: Mapping[str, Any]
    ) -> None:
        """Make a form.

        Args:
            kind: Flex-model of a kind of device, or flex-context.
            fields: Fields that are set, as users write them.
            save: Saves the fields; called with all that are set then.
            offered: First values of fields that are added, such as inherited ones.
        """
        super().__init__()
        self._kind, self._save, self._offered = kind, save, offered
        self._facts = {fact.name: fact for fact in kind.facts() if fact.stored != "never"}
        self._inputs: dict[str, Any] = {}
        self._place = pn.Column(sizing_mode="stretch_width")
        self._add = pmui.Select(label=CHOOSE, options=[], value=None, **WIDE)
        self._notice = pn.Column(sizing_mode="stretch_width")
        for name, value in fields.items():
            self._put(name, value)
        self._add.param.watch(self.add_field, "value")
        self._offer()

    def __panel__(self) -> pn.viewable.Viewable:
        button = pmui.Button(label=f"Save {self._kind.language}", icon="save", on_click=self.submit, margin=8)
        hint = pmui.Typography(HELP, variant="caption", margin=(0, 8))
        parts = [hint, self._place, self._add, pn.Row(button), self._notice]
        return pn.Column(*parts, sizing_mode="stretch_width", max_width=900)

    def _put(self, name: str, value: Any) -> None:
        fact = self._facts.get(name.replace("_", "-"))
        label = f"{name} [{fact.unit}]" if fact and fact.unit else name
        widget: Any
        if fact is not None and fact.form == "flag":
            chosen = "no" if value is False else "yes"
            widget = pmui.Select(label=label, options=["", "yes", "no"], value=chosen, helper_text=_help(fact), **WIDE)
        else:
            widget = pmui.TextInput(label=label, value=value_text(value), helper_text=_help(fact), **WIDE)
        self._inputs[name] = widget
        self._place.append(widget)

    def _offer(self) -> None:
        rest = {name: fact for name, fact in self._facts.items() if name not in self._inputs and not fact.replaced_by}
        self._add.options = ["", *rest]
        self._add.value = ""

    def add_field(self, event: Any) -> None:
        """Add the chosen field with the value that is offered for it."""
        if event.new:
            self._put(event.new, self._offered.get(event.new, ""))
            self._offer()

    def values(self) -> dict[str, Any]:
        """Fields that are set, each read by itself.

        Raises:
            Invalid: Some cannot be read; which and why.
        """
        values = {name: value for name, widget in self._inputs.items() if (value := read_value(widget.value)) != ""}
        if wrong := field_problems(self._kind, values):
            raise Invalid("form", {name: [error.problem] for name, error in wrong.items()})
        return values

    async def submit(self, _event: object) -> None:
        """Save the fields; what is wrong is said at each."""

        def accept() -> None:
            self._mark({})
            for name in [name for name, widget in self._inputs.items() if read_value(widget.value) == ""]:
                self._place.remove(self._inputs.pop(name))
            self._offer()
            confirm(self._notice, "Saved.")

        try:
            await self._save(self.values())
        except Exception as error:  # whatever it is, the person must know that nothing was saved
            problem = error
            later(lambda: self._refuse(problem))
        else:
            later(accept)

    def _refuse(self, error: Exception) -> None:
        by_field = {FIELD.sub(r"\1", key): problem for key, problem in problems(error).items()}
        wrong = {name: by_field[key] for name in self._inputs if (key := name.replace("-", "_")) in by_field}
        self._mark(wrong)
        if wrong:
            self._notice[:] = [note(f"Not saved: check {', '.join(wrong)}.", "warning")]
        else:
            refuse(self._notice, error)

    def _mark(self, wrong: Mapping[str, str]) -> None:
        for name, widget in self._inputs.items():
            fact = self._facts.get(name.replace("_", "-"))
            widget.param.update(error_state=name in wrong, helper_text=wrong.get(name) or _help(fact))


def _help(fact: Fact | None) -> str:
    if fact is None:
        return "Flexscope does not know this field. Clear it to remove it."
    example = f" For example {value_text(fact.example)}." if fact.example is not None else ""
    instead = f" Use {' or '.join(fact.replaced_by)} instead." if fact.replaced_by else ""
    return f"{fact.meaning}{example}{instead}"


def value_text(value: Any) -> str:
    """Value as people write it: texts as they are, a sensor by its id, anything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"sensor"}:
        return f"sensor {value['sensor']}"
    return json.dumps(value, ensure_ascii=False)


def read_value(text: str) -> Any:
    """Value as the API takes it, from what a person wrote; an empty text stands for no value."""
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
