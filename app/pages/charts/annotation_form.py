"""The form for one annotation: what it says, its type, from when to when."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui

from app.widgets import time_range
from components.charts.annotations import AnnotationBand
from db.annotations import LONGEST, TYPES

Save = Callable[[int | None, dict[str, Any]], Coroutine[Any, Any, None]]


class RemarkForm(pn.viewable.Viewer):
    """Hidden until it is opened."""

    def __init__(self, local: ZoneInfo, *, save: Save) -> None:
        super().__init__()
        self._local, self._save = local, save
        self._id: int | None = None
        moment: dict[str, Any] = {"size": "small", "enable_seconds": False, "width": 210, "margin": 6}
        self._text = pmui.TextInput(label="Description", size="small", width=320, margin=6, max_length=LONGEST)
        self._kind = pmui.Select(label="Type", options=list(TYPES), value="label", size="small", width=120, margin=6)
        self._start = pmui.DatetimePicker(label=f"From ({local})", **moment)
        self._end = pmui.DatetimePicker(label=f"To ({local})", **moment)
        save_it = pmui.Button(label="Save annotation", size="small", margin=6, on_click=self._saved)
        cancel = pmui.Button(label="Cancel", variant="text", size="small", margin=6, on_click=lambda _: self.close())
        parts = [self._text, self._kind, self._start, self._end, save_it, cancel]
        self._box = pmui.FlexBox(*parts, align_items="center", visible=False, sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._box

    def open(
        self, span: tuple[int, int], annotation_id: int | None = None, remark: AnnotationBand | None = None
    ) -> None:
        """Ask for an annotation of a span of time [µs since 1970 UTC], or for changes of one that is there."""
        start, end = (moment.replace(tzinfo=None) for moment in time_range.from_microseconds(span, self._local))
        self._id = annotation_id
        self._text.value = remark.text if remark else ""
        self._kind.value = remark.kind if remark else "label"
        self._start.value, self._end.value = start, end
        self._box.visible = True

    def close(self) -> None:
        """Hide the form."""
        self._box.visible = False

    def _saved(self, _event: object) -> None:
        pn.state.execute(partial(self._save, self._id, self._fields()))

    def _fields(self) -> dict[str, Any]:
        return {
            "content": self._text.value.strip(),
            "type": self._kind.value,
            "start": self._moment(self._start.value),
            "end": self._moment(self._end.value),
        }

    def _moment(self, clock: datetime) -> datetime:
        return clock.replace(tzinfo=self._local)
