"""A question before something that cannot be undone."""

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.widgets.async_content import plain


class Question(pn.viewable.Viewer):
    """Asks in its place on the page; shows nothing while there is nothing to ask."""

    def __init__(self) -> None:
        super().__init__()
        self._place = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._place

    def ask(self, text: str, yes: str, then: Callable[[], Any]) -> None:
        """Ask; do something once the answer is yes.

        Args:
            text: The question, with what will happen.
            yes: What is written on the button that does it.
            then: What is done; called on the loop of the server.
        """

        def agreed(_event: Any) -> None:
            self.withdraw()
            then()

        answers = pmui.FlexBox(
            pmui.Button(label=yes, color="error", on_click=agreed, margin=8),
            pmui.Button(label="Go back", variant="outlined", on_click=self.withdraw, margin=8),
        )
        self._place[:] = [pmui.Alert(plain(text), severity="warning", sizing_mode="stretch_width", margin=8), answers]

    def withdraw(self, _event: Any = None) -> None:
        """Ask no more."""
        self._place[:] = []
