"""Assets as cards that link to their pages, with how many there are of each type."""

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any

import panel as pn
import param

from components.component import Component
from components.tables.fact_table import Light, light

STYLE = """
<style>
.cards {display: grid; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); gap: 12px;
  margin: 6px 0 22px}
.cards a {display: flex; gap: 12px; align-items: center; padding: 12px 14px; border-radius: 10px; color: inherit;
  text-decoration: none; border: 1px solid color-mix(in srgb, currentColor 22%, transparent)}
.cards a:hover, .cards a:focus-visible {border-color: currentColor;
  background: color-mix(in srgb, currentColor 6%, transparent)}
.cards svg {width: 28px; height: 28px; flex: none; fill: currentColor; opacity: .8}
.cards strong {font-weight: 500; display: block} .cards small {opacity: .8; display: block}
.kinds {display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 4px 0 12px; padding: 0; list-style: none;
  font-size: .875rem}
h3 {font-size: 1rem; font-weight: 500; margin: 6px 0} h3 small {opacity: .8; font-weight: 400}
</style>
"""

ICONS = {
    "solar": "M4 12h16l2 8H2zM11 12v8M3 16h18M12 2v3M5.6 4.6l2.1 2.1M18.4 4.6l-2.1 2.1M8 10a4 4 0 0 1 8 0",
    "wind": "M12 12V22M12 12L12 3C14.5 5 14.5 9 12 12L20 16C17 17.5 13.5 15.5 12 12L4 16C5 12.5 8.5 11 12 12",
    "battery": "M3 8h16v9H3zM19 11h2v3h-2M7 10v5M10 10v5M13 10v5",
    "building": "M3 21V10l9-7 9 7v11zM9 21v-7h6v7",
    "one-way_evse": "M4 21V4h9v17zM4 10h9M13 12h2a2 2 0 0 1 2 2v3a2 2 0 0 0 4 0V9l-3-3M9.5 12l-2 3h3l-2 3",
    "two-way_evse": "M4 21V4h9v17zM4 10h9M13 12h2a2 2 0 0 1 2 2v3a2 2 0 0 0 4 0V9l-3-3M8.5 12v6M7 13.5l3-3M7 16.5l3 3",
    "process": "M4 19V9M9 19V5M14 19v-7M19 19V8M2 21h20",
    "heat-storage": "M6 3h12v18H6zM10 17c-2-3 3-4 1-8 4 2 4 6 2 8z",
    "market": "M3 18l6-6 4 4 8-9M15 7h6v6",
}
"""Drawn for this project, 24 by 24, as strokes."""
OTHER = "M12 3l9 5v8l-9 5-9-5V8zM12 12l9-4M12 12L3 8M12 12v9"


def icon(kind: str) -> str:
    """Return the picture of an asset type, in the colour of the text around it."""
    path = icon_path(kind)
    stroke = 'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"'
    return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{path}" {stroke}/></svg>'


def icon_path(kind: str) -> str:
    """Return the strokes of the picture of an asset type, 24 by 24."""
    return ICONS.get("market" if kind == "transmission zone" else kind, OTHER)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One asset."""

    name: str
    kind: str
    """Asset type, by its name."""
    href: str
    detail: str = ""
    """Such as owner and number of sensors."""
    state: Light | None = None
    """How it is doing."""
    group: str = ""
    """Heading it stands below; empty: none."""


class AssetCards(Component):
    """Shows one card for each asset."""

    cards = param.List(item_type=Card, doc="The assets, in the order to show them.")
    empty = param.String(default="There are no assets yet.", doc="What to say, and to do, without any.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._pane = pn.pane.HTML(sizing_mode="stretch_width", margin=8)
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane

    @param.depends("cards", "empty", "dark", watch=True)
    def _draw(self) -> None:
        counts = Counter(words(card.kind) for card in self.cards)
        counted = "".join(f"<li>{escape(kind)} <b>{count}</b></li>" for kind, count in counts.most_common())
        groups = sorted({card.group for card in self.cards}, key=str.lower)
        cards = "".join(self._group(name, [card for card in self.cards if card.group == name]) for name in groups)
        filled = f'<ul class="kinds">{counted}</ul>{cards}'
        self._pane.object = STYLE + (filled if cards else f'<p role="status">{escape(self.empty)}</p>')

    def _group(self, name: str, cards: list[Card]) -> str:
        heading = f"<h3>{escape(name)} <small>{len(cards)}</small></h3>" if name else ""
        return f'{heading}<div class="cards">{"".join(_card(card, self.dark) for card in cards)}</div>'


def _card(card: Card, dark: bool) -> str:
    said = escape(" · ".join(filter(None, [words(card.kind), card.detail])))
    state = f"<small>{light(card.state, dark)}</small>" if card.state else ""
    name = f"<strong>{escape(card.name)}</strong>"
    return f'<a href="{escape(card.href)}">{icon(card.kind)}<span>{name}<small>{said}</small>{state}</span></a>'


def words(kind: str) -> str:
    """Return an asset type as people write it."""
    spelt = {"one-way_evse": "Charge point", "two-way_evse": "Charge point (both ways)"}
    return spelt.get(kind, kind.replace("_", " ").replace("-", " ").capitalize())
