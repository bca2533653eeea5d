"""Assets as cards and as a tree, which link to their pages; icons and names of asset types."""

from collections import Counter
from dataclasses import dataclass, field
from html import escape

import param
from markupsafe import Markup

from components.component import HtmlComponent
from components.tables.fact_table import Light, light

CARD_STYLE = """
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


def icon(kind: str) -> Markup:
    """Icon of an asset type as SVG, in the colour of the text around it."""
    return Markup(
        '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{}" fill="none" stroke="currentColor" stroke-width="1.5" '
        'stroke-linejoin="round" stroke-linecap="round"/></svg>'
    ).format(icon_path(kind))


def icon_path(kind: str) -> str:
    """Strokes of the icon of an asset type, 24 by 24."""
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
    """Light for the state of its data and jobs."""
    group: str = ""
    """Heading it stands below; empty: none."""


class AssetCards(HtmlComponent):
    """Shows one card for each asset."""

    cards = param.List(item_type=Card, doc="The assets, in the order to show them.")
    empty = param.String(default="There are no assets yet.", doc="Text without assets: what a person can do then.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    @param.depends("cards", "empty", "dark", watch=True)
    def _draw(self) -> None:
        counts = Counter(words(card.kind) for card in self.cards)
        counted = "".join(f"<li>{escape(kind)} <b>{count}</b></li>" for kind, count in counts.most_common())
        groups = sorted({card.group for card in self.cards}, key=str.lower)
        shown = ""
        for name in groups:
            cards = [card_html(card, self.dark) for card in self.cards if card.group == name]
            shown += f"<h3>{escape(name)} <small>{len(cards)}</small></h3>" if name else ""
            shown += f'<div class="cards">{"".join(cards)}</div>'
        filled = f'<ul class="kinds">{counted}</ul>{shown}'
        self._pane.object = CARD_STYLE + (filled if shown else f'<p role="status">{escape(self.empty)}</p>')


def card_html(card: Card, dark: bool) -> str:
    """Card of an asset as HTML."""
    facts = escape(" · ".join(filter(None, [words(card.kind), card.detail])))
    state = f"<small>{light(card.state, dark)}</small>" if card.state else ""
    name = f"<strong>{escape(card.name)}</strong>"
    return f'<a href="{escape(card.href)}">{icon(card.kind)}<span>{name}<small>{facts}</small>{state}</span></a>'


def words(kind: str) -> str:
    """Asset type as people write it."""
    spelt = {"one-way_evse": "Charge point", "two-way_evse": "Charge point (both ways)"}
    return spelt.get(kind, kind.replace("_", " ").replace("-", " ").capitalize())


TREE_STYLE = Markup("""
<style>
.tree, .tree ul {list-style: none; margin: 0; padding-left: 22px; font-size: .875rem} .tree {padding-left: 0}
.tree li {padding: 3px 0} .tree a {color: inherit} .tree strong {font-weight: 600}
.tree svg {width: 18px; height: 18px; vertical-align: -4px; margin-right: 6px} .tree small {opacity: .8}
</style>
""")
MOST_PARTS = 30
"""Parts of one asset that are listed."""


@dataclass(kw_only=True)
class Node:
    """One asset of the tree."""

    name: str
    kind: str
    """Asset type, by its name."""
    href: str
    parts: list["Node"] = field(default_factory=list)
    here: bool = False
    """Whether it is the one the page is about."""


class AssetTree(HtmlComponent):
    """Shows an asset with everything below it."""

    root = param.ClassSelector(class_=Node, doc="The asset at the top.")

    @param.depends("root", watch=True)
    def _draw(self) -> None:
        self._pane.object = tree_html(self.root) if self.root else ""


def tree_html(root: Node) -> Markup:
    """An asset with everything below it as HTML."""
    return Markup('{}<ul class="tree">{}</ul>').format(TREE_STYLE, _item(root))


def _item(node: Node) -> Markup:
    named = Markup('<strong aria-current="page">{}</strong>').format(node.name)
    if not node.here:
        named = Markup('<a href="{}">{}</a>').format(node.href, node.name)
    parts, shown = node.parts, Markup("")
    if len(parts) > MOST_PARTS:  # those on the way to the asset of the page come first, so that it is always listed
        parts = sorted(parts, key=lambda part: not _leads_here(part))[:MOST_PARTS]
    shown = shown.join(_item(part) for part in parts)
    if left_out := len(node.parts) - len(parts):
        shown += Markup("<li><small>and {} more</small></li>").format(left_out)
    below = Markup("<ul>{}</ul>").format(shown) if shown else ""
    return Markup("<li>{}{} <small>{}</small>{}</li>").format(icon(node.kind), named, words(node.kind), below)


def _leads_here(node: Node) -> bool:
    return node.here or any(_leads_here(part) for part in node.parts)
