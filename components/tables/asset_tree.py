"""Assets as a tree of links: what they are part of, and what is part of them."""

from dataclasses import dataclass, field
from html import escape
from typing import Any

import panel as pn
import param

from components.component import Component
from components.tables.asset_cards import icon, words

STYLE = """
<style>
.tree, .tree ul {list-style: none; margin: 0; padding-left: 22px; font-size: .875rem} .tree {padding-left: 0}
.tree li {padding: 3px 0} .tree a {color: inherit} .tree strong {font-weight: 600}
.tree svg {width: 18px; height: 18px; vertical-align: -4px; margin-right: 6px} .tree small {opacity: .8}
</style>
"""
MOST = 30
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


class AssetTree(Component):
    """Shows an asset with everything below it."""

    root = param.ClassSelector(class_=Node, doc="The asset at the top.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._pane = pn.pane.HTML(sizing_mode="stretch_width", margin=8)
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane

    @param.depends("root", watch=True)
    def _draw(self) -> None:
        self._pane.object = f'{STYLE}<ul class="tree">{_item(self.root)}</ul>' if self.root else ""


def _item(node: Node) -> str:
    name = escape(node.name)
    named = f'<strong aria-current="page">{name}</strong>' if node.here else f'<a href="{escape(node.href)}">{name}</a>'
    told = f"{icon(node.kind)}{named} <small>{escape(words(node.kind))}</small>"
    shown = "".join(_item(part) for part in _nearest(node.parts))
    more = f"<li><small>and {len(node.parts) - MOST} more</small></li>" if len(node.parts) > MOST else ""
    return f"<li>{told}{f'<ul>{shown}{more}</ul>' if shown else ''}</li>"


def _nearest(parts: list[Node]) -> list[Node]:
    """Return as many parts as are listed, those on the way to the asset of the page first."""
    return sorted(parts, key=lambda part: not _leads_here(part))[:MOST] if len(parts) > MOST else parts


def _leads_here(node: Node) -> bool:
    return node.here or any(_leads_here(part) for part in node.parts)
