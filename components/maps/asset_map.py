"""Assets on a map: an icon for the type, a ring for the state, a bubble where there are many; a click opens a page."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import panel as pn
import param
from bokeh.events import RangesUpdate
from bokeh.models import (
    BoxZoomTool,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    PanTool,
    Range1d,
    ResetTool,
    TapTool,
    WMTSTileSource,
)
from bokeh.models import WheelZoomTool as Wheel
from bokeh.plotting import figure
from numpy.typing import NDArray

from components.component import Component
from components.maps import world
from components.scripts import Script
from components.tables.assets import icon_path, words
from components.theme import BAD, GOOD, QUANTITIES, WARN, Colour, asset_quantity

SEA, LAND, BORDER = Colour("#e8f0f5", "#10202b"), Colour("#fbfbf8", "#2b3640"), Colour("#b9c4cc", "#52606c")
UNKNOWN = Colour("#56616d", "#b3bdc8")
RINGS = {"good": GOOD, "warn": WARN, "bad": BAD, "none": UNKNOWN}
WIDTH = 1000
"""Width that is assumed until the browser reports the range it shows [px]."""
LEAST = 700_000.0
"""Least width of the map at first [m]: enough to see coasts and borders."""
SQUARE = Script(__file__).call("keepSquare", "plot", "room")
FOLLOW = Script(__file__).call("follow", "source")
"""Keeps a metre east as long as a metre north, whatever the width of the screen."""
APART = 44.0
"""How far apart two markers must be [px]."""
SPOT = 60.0
"""Places within this distance are in one spot, which no zoom takes apart [m]."""
MOST_IN_RING = 12


@dataclass(frozen=True, kw_only=True)
class MapPlace:
    """One asset on the map."""

    name: str
    kind: str
    """Asset type, by its name."""
    owner: str
    href: str
    latitude: float
    longitude: float
    state: str = "none"
    """good, warn, bad or none."""
    meaning: str = ""
    """The state in words."""


@dataclass(frozen=True)
class Marker:
    """One marker on a map."""

    x: float
    """Web Mercator [m]."""
    y: float
    """Web Mercator [m]."""
    places: tuple[int, ...]
    """Indices of the places it stands for."""


class AssetMap(Component):
    """Shows places on the land of the world."""

    places = param.List(item_type=MapPlace, doc="The assets to show.")
    by_account = param.Boolean(default=False, doc="Whether colours stand for accounts, not for types.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    height = param.Integer(default=420, doc="Height [px].")
    tiles = param.String(
        default="", constant=True, doc="Address of map tiles with {z}, {x} and {y}; empty: the land of the world alone."
    )
    attribution = param.String(default="", constant=True, doc="Who provides the tiles, as HTML.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._marked = ColumnDataSource(self._columns([]))
        self._faces = ColumnDataSource(self._columns([]))
        self._land = ColumnDataSource({"xs": [], "ys": []})
        self._xy = [world.mercator(place.longitude, place.latitude) for place in self.places]
        self._box = around(self._xy, self.height / WIDTH)
        self._figure = self._build_figure()
        self._legend = pn.pane.HTML(margin=(0, 8))
        self._redraw()
        self._map = pn.pane.Bokeh(self._figure, sizing_mode="stretch_width", margin=8)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._map, self._legend, sizing_mode="stretch_width")

    def _build_figure(self) -> figure:
        west, south, east, north = self._box
        made = figure(
            x_range=Range1d(west, east), y_range=Range1d(south, north), height=self.height,
            sizing_mode="stretch_width", tools=[], toolbar_location="above", toolbar_inner=True,
        )  # fmt: skip
        made.axis.visible = made.grid.visible = False
        self._sea = made.quad(-3e7, 3e7, 3e7, -3e7, line_color=None, level="underlay")
        self._shore = made.patches("xs", "ys", source=self._land, line_width=0.7, level="underlay")
        if self.tiles:  # above the land, which stays where a tile server fails
            address = self.tiles.replace("{x}", "{X}").replace("{y}", "{Y}").replace("{z}", "{Z}")
            made.add_tile(WMTSTileSource(url=address, attribution=self.attribution), level="underlay")
        ring = {"line_width": 3, "line_color": "ring", "fill_color": "background"}
        self._rings = made.scatter("x", "y", size=38, source=self._marked, **ring)
        made.scatter("x", "y", size=28, source=self._faces, line_color=None, fill_color="fill")
        plain = {
            "text_align": "center",
            "text_baseline": "middle",
            "text_font_style": "bold",
            "text_color": "text_colour",
        }
        # What lies on the rings has a source of its own: Bokeh cannot paint images of which some are selected.
        made.text("x", "y", text="count", source=self._faces, text_font_size="13px", **plain)
        size = {"w": 20, "h": 20, "w_units": "screen", "h_units": "screen", "anchor": "center"}
        made.image_url("icon", "x", "y", source=self._faces, **size)
        tips = [("", "@name"), ("", "@about"), ("", "@meaning")]
        tap = TapTool(renderers=[self._rings], callback=CustomJS(code=FOLLOW, args={"source": self._marked}))
        hover = HoverTool(tooltips=tips, renderers=[self._rings])
        made.add_tools(
            PanTool(), Wheel(modifiers={"ctrl": True}), BoxZoomTool(match_aspect=True), ResetTool(), hover, tap
        )
        made.toolbar.update(logo=None, autohide=True, active_drag=made.tools[0], active_scroll=made.tools[1])
        made.on_event(RangesUpdate, lambda event: self._look(event.x0, event.y0, event.x1, event.y1))
        made.js_on_change("inner_width", CustomJS(code=SQUARE, args={"plot": made, "room": needed(self._xy)}))
        x, y = made.x_range, made.y_range
        x.on_change("end", lambda attr, old, new: self._look(x.start, y.start, x.end, y.end))
        return made

    def _look(self, west: float, south: float, east: float, north: float) -> None:
        """Draw coastline and bubbles for the box in view now."""
        if (west, south, east, north) != self._box:
            self._box = (west, south, east, north)
            self._redraw()

    @param.depends("places", watch=True)
    def _take(self) -> None:
        self._xy = [world.mercator(place.longitude, place.latitude) for place in self.places]
        self._redraw()

    @param.depends("dark", "by_account", watch=True)
    def _redraw(self) -> None:
        west, south, east, north = self._box
        wide, high = east - west, north - south
        # Twice as wide and high as the view, so that land is there while somebody drags the map.
        xs, ys = world.land((west - wide / 2, south - high / 2, east + wide / 2, north + high / 2))
        self._land.data = {"xs": xs, "ys": ys}
        columns = self._columns(markers(self._xy, max(wide / WIDTH, high / self.height)))
        self._marked.data, self._faces.data = columns, dict(columns)
        self._sea.glyph.fill_color = SEA.on(self.dark)
        self._shore.glyph.update(fill_color=LAND.on(self.dark), line_color=BORDER.on(self.dark))
        dot = '<span style="display:inline-block;width:12px;height:12px;border-radius:6px;{}"></span>'
        parts = [f"{dot.format(f'background:{colour}')} {escape(name)}" for name, colour in self._groups.items()]
        named = {"good": "data fresh", "warn": "data stale", "bad": "failed job or no data for a day"}
        parts += [
            f"{dot.format(f'border:2px solid {RINGS[state].on(self.dark)};box-sizing:border-box')} {text}"
            for state, text in named.items()
        ]
        items = "".join(f'<span style="margin-right:1.4em;white-space:nowrap">{part}</span> ' for part in parts)
        self._legend.object = f'<div style="font-size:.8125rem;line-height:1.8">{items}</div>'

    @property
    def _groups(self) -> dict[str, str]:
        """Name of each group → its colour: that of the quantity of a type, or the next one for each account."""
        if not self.by_account:
            kinds = sorted({place.kind for place in self.places})
            return {words(kind): QUANTITIES[asset_quantity(kind)].on(self.dark) for kind in kinds}
        colours = list(QUANTITIES.values())
        owners = sorted({place.owner for place in self.places})
        return {owner: colours[i % len(colours)].on(self.dark) for i, owner in enumerate(owners)}

    def _columns(self, drawn: Sequence[Marker]) -> dict[str, list[Any]]:
        """Columns of the markers."""
        names = ("x", "y", "name", "about", "meaning", "href", "ring", "fill", "text_colour", "count", "icon")
        rows = [self._row(marker) for marker in drawn]
        columns = {name: [row[name] for row in rows] for name in names}
        return columns | {"background": [LAND.on(self.dark)] * len(rows)}

    def _row(self, marker: Marker) -> dict[str, Any]:
        places = [self.places[i] for i in marker.places]
        place, text_colour = places[0], "#10202b" if self.dark else "#ffffff"
        worst = max((each.state for each in places), key=["none", "good", "warn", "bad"].index)
        row = {"x": marker.x, "y": marker.y, "ring": RINGS[worst].on(self.dark), "text_colour": text_colour}
        if len(places) > 1:
            return row | {
                "name": f"{len(places)} assets; zoom in to see each",
                "about": ", ".join(each.name for each in places[:6]) + (" …" if len(places) > 6 else ""),
                "meaning": "",
                "href": "#",
                "fill": UNKNOWN.on(self.dark),
                "count": str(len(places)),
                "icon": "",
            }
        return row | {
            "name": place.name,
            "about": f"{words(place.kind)} of {place.owner}",
            "meaning": place.meaning,
            "href": place.href,
            "fill": self._groups[place.owner if self.by_account else words(place.kind)],
            "count": "",
            "icon": icon_address(place.kind, text_colour),
        }


def icon_address(kind: str, colour: str) -> str:
    """Data URL of the icon of an asset type in some colour."""
    stroke = f'fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round"'
    size = 'viewBox="0 0 24 24" width="48" height="48"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><path d="{icon_path(kind)}" {stroke}/></svg>'
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def around(xy: Sequence[tuple[float, float]], shape: float) -> world.Box:
    """Box that holds all places with room around them, ``shape`` times as high as wide; Europe without places."""
    (west, south), (east, north) = outline(xy)
    wide, high = needed(xy)
    width, x, y = max(wide, high / shape, LEAST), (west + east) / 2, (south + north) / 2
    return x - width / 2, y - width * shape / 2, x + width / 2, y + width * shape / 2


def needed(xy: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Least width and height [m] of a map that holds all places with room around them."""
    (west, south), (east, north) = outline(xy)
    return 1.35 * (east - west), 1.5 * (north - south)


def outline(xy: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Corners in the south-west and north-east [m] of places; of Europe without any."""
    xs, ys = zip(*(xy or [world.mercator(-12, 35), world.mercator(35, 65)]), strict=True)
    return (float(min(xs)), float(min(ys))), (float(max(xs)), float(max(ys)))


def markers(xy: Sequence[tuple[float, float]], metres_per_pixel: float) -> list[Marker]:
    """Markers of places such that no two lie on each other.

    Args:
        xy: Web Mercator of each place [m].
        metres_per_pixel: Scale of the map [m/px].
    """
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, (x, y) in enumerate(xy):
        cells[round(x / metres_per_pixel / APART), round(y / metres_per_pixel / APART)].append(i)
    points, drawn = np.array(xy), list[Marker]()
    for members in _merged(list(cells.values()), points, APART * metres_per_pixel):
        drawn += group_markers(points[members], members, metres_per_pixel)
    return drawn


def _merged(groups: list[list[int]], points: NDArray[np.float64], apart: float) -> list[list[int]]:
    """Groups of places such that the middles of no two are closer than a distance [m]."""
    merged: list[list[int]] = []
    for group in sorted(groups, key=len, reverse=True):
        middle = points[group].mean(axis=0)
        near = next((each for each in merged if np.hypot(*(points[each].mean(axis=0) - middle)) < apart), None)
        if near is None:
            merged.append(group)
        else:
            near += group
    return merged if len(merged) == len(groups) else _merged(merged, points, apart)  # a merged group has a new middle


def group_markers(points: NDArray[np.float64], members: list[int], metres_per_pixel: float) -> list[Marker]:
    """Markers of places close to each other, shape (m, 2) [m]: a ring if they are in one spot, else one bubble."""
    x, y = points.mean(axis=0)
    in_one_spot = bool((np.ptp(points, axis=0) <= SPOT).all())
    if len(members) > 1 and not (in_one_spot and len(members) <= MOST_IN_RING):
        return [Marker(float(x), float(y), tuple(members))]
    away = 0.0 if len(members) == 1 else max(APART * len(members) / 2 / np.pi, 0.6 * APART) * metres_per_pixel
    angles = np.linspace(0, 2 * np.pi, len(members), endpoint=False) + np.pi / 2
    around = zip(members, angles, strict=True)
    return [Marker(float(x + away * np.cos(a)), float(y + away * np.sin(a)), (i,)) for i, a in around]
