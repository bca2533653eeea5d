"""Forms: labelled fields sent by a button; what is wrong is shown at the field it is about."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.fragments.fields import Field, problems, read_field
from app.usecases.inputs import Invalid
from app.widgets.async_content import later, note, refuse
from engine.errors import FieldError

WIDE = {"sizing_mode": "stretch_width", "margin": 8}
Send = Callable[[dict[str, Any]], Awaitable[Any]]


class Form(pn.viewable.Viewer):
    """Fields and a button; sends the fields that were changed, or all fields of something new."""

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        send: Send,
        done: Callable[[Any], Any] | None = None,
        button: str = "Save",
        whole: bool = False,
    ) -> None:
        """Make a form.

        Args:
            fields: In the order to show them.
            send: Takes the values by name and saves them.
            done: Called with what ``send`` returned.
            button: Label of the button.
            whole: Whether unchanged fields are sent as well, for something new that is shown once it is saved.
        """
        super().__init__()
        self._fields = {each.name: each for each in fields}
        self.inputs = {each.name: input_for(each) for each in fields}
        self._send, self._done, self._whole = send, done, whole
        self.says: Callable[[Any], str] = lambda _answer: "Saved."
        """Sentence to show for what ``send`` returned."""
        self._before = {name: widget.value for name, widget in self.inputs.items()}
        self.button = pmui.Button(
            label=button, icon="save" if button == "Save" else None, on_click=self.submit, margin=8
        )
        self.message = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(
            *self.inputs.values(), pn.Row(self.button), self.message, sizing_mode="stretch_width", max_width=900
        )

    def lock(self) -> None:
        """Make the fields read-only."""
        for each in (*self.inputs.values(), self.button):
            each.disabled = True

    def values(self) -> dict[str, Any]:
        """Values to send, by name.

        Raises:
            Invalid: Some cannot be read.
        """
        values, wrong = {}, {}
        for name, widget in self.inputs.items():
            if not self._whole and widget.value == self._before[name]:
                continue
            try:
                values[name] = read_field(self._fields[name], widget.value)
            except FieldError as error:
                wrong[name] = [error.problem]
        if wrong:
            raise Invalid("form", wrong)
        # An empty field of something new is its default; of something that is there, it empties it.
        return {name: value for name, value in values.items() if value not in (None, "") or not self._whole}

    async def submit(self, _event: object) -> None:
        """Send the values; what is wrong is said at the fields it is about."""

        def accept(answer: Any) -> None:
            self._mark({})
            self._before = {name: widget.value for name, widget in self.inputs.items()}
            if self._done is None or not self._whole:  # something new is shown instead
                self.message[:] = [note(self.says(answer), "success")]
            if self._done is not None:
                self._done(answer)

        try:
            values = self.values()
        except Invalid as error:
            self.refuse(error)
            return
        self.button.disabled = True  # a second click would save twice
        try:
            answer = await self._send(values)
        except Exception as error:  # whatever it is, the person must know that nothing was saved
            problem = error
            later(lambda: self.refuse(problem))
        else:
            later(lambda: accept(answer))
        later(lambda: self.button.param.update(disabled=False))

    def refuse(self, error: Exception) -> None:
        """Show what is wrong at the fields it is about, and the rest below the form."""
        by_field = problems(error)
        wrong = {name: problem for name, problem in by_field.items() if name in self.inputs}
        self._mark(wrong)
        if wrong and wrong.keys() == by_field.keys():
            labels = ", ".join(self._fields[name].label for name in wrong)
            self.message[:] = [note(f"Not saved: check {labels}.", "warning")]
        else:
            refuse(self.message, error)

    def _mark(self, wrong: Mapping[str, str]) -> None:
        for name, widget in self.inputs.items():
            if "error_state" in widget.param:  # check boxes and switches have none
                widget.param.update(error_state=name in wrong, helper_text=wrong.get(name, self._fields[name].help))


def input_for(field: Field) -> Any:
    """Widget of a field, which holds its value as text except for choices and flags."""
    common: dict[str, Any] = {"label": field.label, **WIDE}
    if field.kind in ("object", "list"):
        text = json.dumps(field.value, indent=2, ensure_ascii=False) if field.value else ""
        return pmui.TextAreaInput(
            value=text, auto_grow=True, max_rows=24, sx={"fontFamily": "monospace"}, helper_text=field.help, **common
        )
    if field.kind == "flag":
        return pmui.Switch(value=bool(field.value), label=field.label, margin=8)
    if field.kind == "choice":
        options = {text: "" if value is None else value for text, value in field.options.items()}
        value = "" if field.value is None else field.value
        return pmui.Select(options=options, value=value, helper_text=field.help, **common)
    if field.kind == "choices":
        chosen = list(field.value or [])
        return pmui.CheckBoxGroup(label=field.label, options=dict(field.options), value=chosen, inline=True, margin=8)
    if field.kind == "password":
        return pmui.PasswordInput(value="", helper_text=field.help, **common)
    text = "" if field.value is None else f"{field.value:g}" if field.kind == "number" else str(field.value)
    return pmui.TextInput(value=text, helper_text=field.help, **common)
