"""Base class of components that show one line otherwise than by time: its bars, its heatmap, how its values spread."""

from abc import abstractmethod
from typing import Any

import panel as pn
import param
from bokeh.models import GlyphRenderer
from param.parameterized import ParameterizedABC

from components.charts import legend
from components.charts.traces import Trace
from components.component import Component
from components.theme import QUANTITIES


class TraceView(Component, ParameterizedABC):
    """Shows one line, drawn anew whenever one of its parameters changes; dark mode only changes the colour."""

    trace = param.ClassSelector(class_=Trace, doc="What to show.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._layout = pn.Column(sizing_mode="stretch_width", margin=0)
        self._coloured: list[GlyphRenderer] = []
        self.param.watch(self._draw, sorted(set(self.param) - {"name", "dark"}))
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @property
    def colour(self) -> str:
        """Colour of what the line is about; none without a line."""
        return "" if self.trace is None else str(QUANTITIES[self.trace.quantity].on(self.dark))

    def _draw(self, *_: param.parameterized.Event) -> None:
        if self.trace is None or not len(self.trace.present[0]):
            self._coloured = []
            self._layout[:] = [pn.pane.HTML(legend.notice(legend.NO_DATA), sizing_mode="stretch_width")]
        else:
            self._layout[:] = self._panes(self.trace)

    @abstractmethod
    def _panes(self, trace: Trace) -> list[pn.viewable.Viewable]:
        """Return figures of a line that has values; what has its colour goes into ``_coloured``."""

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        for drawn in self._coloured:
            name = "fill_color" if hasattr(drawn.glyph, "fill_color") else "line_color"
            drawn.glyph.update(**{name: self.colour})
