"""What cannot be undone: a button that first tells what will happen, and may want a word typed."""

from collections.abc import Awaitable, Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.widgets.async_content import later, note, plain, refuse


class Removal(pn.viewable.Viewer):
    """A button, and the question it opens."""

    def __init__(
        self,
        label: str,
        *,
        ask: Callable[[], Awaitable[str]],
        act: Callable[[], Awaitable[Any]],
        done: Callable[[Any], Any],
        word: str = "",
    ) -> None:
        """Make a button.

        Args:
            label: What is written on it.
            ask: Tells in a sentence what would happen; may raise what is refused.
            act: Does it.
            done: Called with what ``act`` returned.
            word: What has to be typed first; empty: nothing.
        """
        super().__init__()
        self._label, self._ask, self._act, self._done, self._word = label, ask, act, done, word
        self._button = pmui.Button(
            label=label, icon="delete", color="danger", variant="outlined", on_click=self._open, margin=8
        )
        self._question, self._told = pn.Column(sizing_mode="stretch_width"), pn.Column(sizing_mode="stretch_width")
        self._typed = pmui.TextInput(label=f"Type {word} to confirm", visible=bool(word), sizing_mode="stretch_width")
        self._go = pmui.Button(label="Yes, continue", color="danger", on_click=self._do, disabled=bool(word))
        self._typed.param.watch(self._compare, "value_input")
        back = pmui.Button(label="Cancel", variant="text", on_click=self._close)
        row = pn.Row(self._go, back)
        self._dialog = pmui.Dialog(
            self._question, self._typed, self._told, row, title=label, close_on_click=True, width_option="sm"
        )

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._button, self._dialog)

    def _compare(self, event: Any) -> None:
        self._go.disabled = event.new.strip() != self._word

    def _close(self, _event: object = None) -> None:
        self._dialog.open = False

    async def _open(self, _event: object) -> None:
        self._told[:] = []
        try:
            said = await self._ask()
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._question, problem))
        else:
            later(lambda: self._question.param.update(objects=[pmui.Typography(plain(said))]))
        later(lambda: self._dialog.param.update(open=True))

    async def _do(self, _event: object) -> None:
        self._go.disabled = True
        self._told[:] = [note("Working …")]
        try:
            answer = await self._act()
        except Exception as error:  # as above
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(self._close)
            later(lambda: self._done(answer))
        later(lambda: self._go.param.update(disabled=bool(self._word)))
