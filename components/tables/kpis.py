"""Key figures as cards, each with its unit and an explanation."""

from dataclasses import dataclass
from html import escape

import param

from components.component import HtmlComponent

STYLE = """
<style>
.kpis {display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0;
  max-width: 1080px}
.kpis div {padding: 10px 14px; border-radius: 10px; border: 1px solid color-mix(in srgb, currentColor 22%, transparent)}
.kpis dt {font-size: .8125rem; opacity: .8}
.kpis dd {margin: 2px 0 0; font-size: 1.25rem; font-weight: 500; font-variant-numeric: tabular-nums}
.kpis a {color: inherit}
.kpis small {font-size: .75rem; font-weight: 400; opacity: .75; display: block}
</style>
"""


@dataclass(frozen=True)
class Kpi:
    """One key figure."""

    name: str
    value: str
    """Number with its unit."""
    detail: str = ""
    """Explanation, such as what it is compared with."""
    href: str = ""
    """Address of a page with more about it; empty: none."""


class Kpis(HtmlComponent):
    """Shows key figures as cards beside each other."""

    items = param.List(item_type=Kpi, doc="The key figures, most important first.")
    title = param.String(default="", doc="Heading above the cards.")

    @param.depends("items", "title", watch=True)
    def _draw(self) -> None:
        cards = ""
        for item in self.items:
            value = f'<a href="{escape(item.href)}">{escape(item.value)}</a>' if item.href else escape(item.value)
            cards += f"<div><dt>{escape(item.name)}</dt><dd>{value}<small>{escape(item.detail)}</small></dd></div>"
        heading = f'<h3 style="margin:0 0 8px;font-size:1rem;font-weight:500">{escape(self.title)}</h3>'
        self._pane.object = f'{STYLE}{heading if self.title else ""}<dl class="kpis">{cards}</dl>'
