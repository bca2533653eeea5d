"""A small map on which a click chooses a place."""

from typing import Any

import panel as pn
import param
from bokeh.events import Tap
from bokeh.models import ColumnDataSource, PanTool, Range1d, ResetTool, WheelZoomTool
from bokeh.plotting import figure

from components.component import Component
from components.maps import world
from components.maps.asset_map import BORDER, LAND, SEA, around
from components.theme import PRIMARY

WIDTH, LEAST_WIDE = 700, 700_000.0
"""Width that is assumed [px]; least width of the map at first [m]."""


class PlacePicker(Component):
    """Shows a place, which follows clicks."""

    latitude = param.Number(default=None, allow_None=True, bounds=(-90, 90), doc="Degrees north; None: no place yet.")
    longitude = param.Number(default=None, allow_None=True, bounds=(-180, 180), doc="Degrees east; None: no place yet.")
    fixed = param.Boolean(default=False, doc="Whether clicks do nothing.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    height = param.Integer(default=280, doc="Height [px].")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._mark = ColumnDataSource({"x": [], "y": []})
        self._land = ColumnDataSource({"xs": [], "ys": []})
        west, south, east, north = around(self._xy(), self.height / WIDTH)
        made = figure(
            x_range=Range1d(west, east), y_range=Range1d(south, north), height=self.height, match_aspect=True,
            sizing_mode="stretch_width", tools=[], toolbar_location="above", toolbar_inner=True,
        )  # fmt: skip
        made.axis.visible = made.grid.visible = False
        self._sea = made.quad(-3e7, 3e7, 3e7, -3e7, line_color=None, level="underlay")
        self._shore = made.patches("xs", "ys", source=self._land, line_width=0.7, level="underlay")
        self._pin = made.scatter("x", "y", size=16, source=self._mark, line_width=2)
        made.add_tools(PanTool(), WheelZoomTool(modifiers={"ctrl": True}), ResetTool())
        made.toolbar.update(logo=None, autohide=True, active_drag=made.tools[0], active_scroll=made.tools[1])
        made.on_event(Tap, self._choose)
        self._figure = made
        self._redraw()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.pane.Bokeh(self._figure, sizing_mode="stretch_width", margin=8)

    def _xy(self) -> list[tuple[float, float]]:
        if self.latitude is None or self.longitude is None:
            return []
        return [world.mercator(self.longitude, self.latitude)]

    def _choose(self, event: Tap) -> None:
        if not self.fixed and event.x is not None and event.y is not None:
            longitude, latitude = world.degrees(event.x, event.y)
            # Five digits are about a metre; a click is no more precise.
            self.param.update(latitude=round(latitude, 5), longitude=round(longitude, 5))

    @param.depends("dark", "latitude", "longitude", watch=True)
    def _redraw(self) -> None:
        place = self._xy()
        self._mark.data = {"x": [x for x, _ in place], "y": [y for _, y in place]}
        west, south, east, north = around(place, self.height / WIDTH)
        wide, high = 2 * (east - west), 2 * (north - south)
        xs, ys = world.land((west - wide, south - high, east + wide, north + high))
        self._land.data = {"xs": xs, "ys": ys}
        self._sea.glyph.fill_color = SEA.on(self.dark)
        self._shore.glyph.update(fill_color=LAND.on(self.dark), line_color=BORDER.on(self.dark))
        self._pin.glyph.update(fill_color=PRIMARY.on(self.dark), line_color=LAND.on(self.dark))
