"""What cannot be undone: a question in its place on the page, or a button whose dialog says what will happen."""

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.widgets.async_content import attempt, later, note, plain


class Question(pn.viewable.Viewer):
    """Asks in its place on the page; shows nothing while there is nothing to ask."""

    def __init__(self) -> None:
        super().__init__()
        self._place = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._place

    def ask(self, text: str, yes: str, then: Callable[[], Any]) -> None:
        """Ask; act once the answer is yes.

        Args:
            text: The question, with what will happen.
            yes: Label of the button that acts.
            then: The action; called on the event loop.
        """

        def agreed(_event: Any) -> None:
            self.withdraw()
            then()

        answers = pmui.FlexBox(
            pmui.Button(label=yes, color="error", on_click=agreed, margin=8),
            pmui.Button(label="Go back", variant="outlined", on_click=self.withdraw, margin=8),
        )
        self._place[:] = [note(text, "warning"), answers]

    def withdraw(self, _event: Any = None) -> None:
        """Remove the question."""
        self._place[:] = []


class Removal(pn.viewable.Viewer):
    """A button that deletes something after a dialog, which may ask for a word to be typed."""

    def __init__(
        self,
        label: str,
        *,
        ask: Callable[[], Awaitable[str]],
        act: Callable[[], Awaitable[Any]],
        done: Callable[[Any], Any],
        word: str = "",
    ) -> None:
        """Make the button.

        Args:
            label: Text of the button, and title of its dialog.
            ask: Describes in a sentence what will happen; may raise why it is refused.
            act: Does it.
            done: Called with what ``act`` returned.
            word: What has to be typed first; empty: nothing.
        """
        super().__init__()
        self._ask, self._act, self._done, self._word = ask, act, done, word
        self._button = pmui.Button(
            label=label, icon="delete", color="danger", variant="outlined", on_click=self.open, margin=8
        )
        self._question, self._notice = pn.Column(sizing_mode="stretch_width"), pn.Column(sizing_mode="stretch_width")
        self._typed = pmui.TextInput(label=f"Type {word} to confirm", visible=bool(word), sizing_mode="stretch_width")
        self._go = pmui.Button(label="Yes, delete", color="danger", on_click=self.delete, disabled=bool(word))
        # value_input follows each key; value would change only once the field is left.
        self._typed.param.watch(
            lambda event: self._go.param.update(disabled=event.new.strip() != self._word), "value_input"
        )
        back = pmui.Button(label="Cancel", variant="text", on_click=self._close)
        self._dialog = pmui.Dialog(
            self._question, self._typed, self._notice, pn.Row(self._go, back),
            title=label, close_on_click=True, width_option="sm",
        )  # fmt: skip

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._button, self._dialog)

    def _close(self, _event: object = None) -> None:
        self._dialog.open = False

    async def open(self, _event: object) -> None:
        """Ask, in the words of what will happen."""
        self._notice[:] = []
        await attempt(
            self._ask(),
            self._question,
            lambda text: self._question.param.update(objects=[pmui.Typography(plain(text))]),
        )
        later(lambda: self._dialog.param.update(open=True))

    async def delete(self, _event: object) -> None:
        """Act, and close the dialog once that is done."""

        def deleted(answer: Any) -> None:
            self._close()
            self._done(answer)

        # A second click would do it twice.
        self._go.disabled = True
        self._notice[:] = [note("Working …")]
        await attempt(self._act(), self._notice, deleted)
        later(lambda: self._go.param.update(disabled=bool(self._word)))
