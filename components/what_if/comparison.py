"""A plan beside another one: figures and their differences, lines over each other, and the steps that differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import param
from markupsafe import Markup
from numpy.typing import NDArray

from components.component import HtmlComponent
from components.tables.fact_table import Cell, table_html
from components.theme import QUANTITIES, Colour, distinct
from components.what_if.panels import Panel, PanelLine, svg
from engine.explain.changes.key_figures import KeyFigures, key_figures
from engine.model.linear import full
from engine.site import Connection, Schedule, Site
from engine.tariffs import energy_prices

MOST_ROWS: Final = 200
"""Most rows of the table of steps that differ."""
SMALLEST: Final = 1e-3
"""What differs less is the solver's rounding [kW]."""
STYLE: Final = Markup("""<style>
.what-if .panels {width: 100%; height: auto; display: block} .what-if svg text {font-size: 12px; fill: currentColor}
.what-if svg .title {font-weight: 500} .what-if .line {fill: none; stroke-width: 1.8; stroke-linejoin: round}
.what-if dl {display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px; margin: 8px 0}
.what-if dl div {padding: 8px 12px; border-radius: 10px;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent)}
.what-if dt, .what-if small {font-size: .8125rem; opacity: .85} .what-if small {display: block}
.what-if dd {margin: 0; font-size: 1.15rem; font-weight: 500; font-variant-numeric: tabular-nums}
.what-if .scroll {max-height: 320px; overflow: auto}
</style>""")
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class ComparedPlan:
    """A plan with the site that it is a plan of."""

    site: Site
    schedule: Schedule
    currency: str = "EUR"
    zone: str = "UTC"
    """IANA name of the zone in which times are written."""

    @property
    def figures(self) -> KeyFigures:
        """What one compares it by."""
        return key_figures(self.site, self.schedule)


def figure_rows(figures: KeyFigures, currency: str) -> dict[str, tuple[float | None, str]]:
    """Name of each key figure → its value and its unit; None where it is not known."""
    share = figures.self_consumption
    return {
        "Cost": (figures.cost, currency),
        "Peak import": (figures.peak_import, "kW"),
        "Peak export": (figures.peak_export, "kW"),
        "Import": (figures.imported, "kWh"),
        "Export": (figures.exported, "kWh"),
        "Self-consumption": (None if share is None else 100 * share, "%"),
        "CO₂": (figures.emissions, "kg"),
        "Cycles": (sum(figures.cycles.values()) / len(figures.cycles) if figures.cycles else None, ""),
    }


def number_text(value: float, unit: str) -> str:
    """A number as people read it, with its unit."""
    digits = 2 if unit in ("kW", "kWh", "kg", "") or len(unit) == 3 else 1
    text = f"{value:,.{digits}f}".replace("-", "−")
    return f"{text} {unit}".strip() if text.strip("−0.,") else f"{0:.{digits}f} {unit}".strip()


def difference_text(value: float, unit: str) -> str:
    """A difference as people read it: with its sign, or that there is none."""
    text = number_text(value, unit)
    if not any(digit in "123456789" for digit in text):
        return "no change"
    return text if value < 0 else f"+{text}"


def figures_html(before: ComparedPlan, after: ComparedPlan) -> Markup:
    """Key figures of a plan as cards, each with what it differs by from another one."""
    old, new = (figure_rows(each.figures, each.currency) for each in (before, after))
    cards, card = Markup(""), Markup("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>")
    for name, (value, unit) in new.items():
        known = old[name][0]
        if value is None or known is None:
            continue
        cards += card.format(name, number_text(value, unit), difference_text(value - known, unit))
    return Markup('<dl aria-label="Key figures and what changes">{}</dl>').format(cards)


def chart_html(before: ComparedPlan, after: ComparedPlan) -> Markup:
    """Lines of a plan drawn over those of another one."""
    window = after.schedule.window
    starts = [window.moment(step) for step in range(window.n)]
    return svg(_panels(before, after), starts, window.end, ZoneInfo(after.zone))


def _panels(before: ComparedPlan, after: ComparedPlan) -> list[Panel]:
    old, new, site = before.schedule, after.schedule, after.site
    ports = [port.name for device in site.devices if device.load is None for port in device.ports]
    ports = [name for name in ports if name in new.power]
    powers = _both(old.power, new.power, distinct(dict.fromkeys(ports, "power")))
    stores = [device.name for device in site.devices if device.name in new.soc]
    energies = _both(old.soc, new.soc, distinct(dict.fromkeys(stores, "state of charge")))
    panels = [
        *_price_panels(before, after),
        Panel("Power of devices, positive when consuming", "kW", powers),
        *(_connection_panel(each, old, new) for each in site.connections),
        Panel("Stored energy", "kWh", energies),
    ]
    return [panel for panel in panels if panel.lines]


def _both(old: Mapping[str, Floats], new: Mapping[str, Floats], colours: Mapping[str, Colour]) -> list[PanelLine]:
    """Lines of a plan, and faint ones of another where it has them."""
    ghosts = [PanelLine(name, old[name], colour, is_ghost=True) for name, colour in colours.items() if name in old]
    return [*ghosts, *(PanelLine(name, new[name], colour) for name, colour in colours.items())]


def _price_panels(before: ComparedPlan, after: ComparedPlan) -> Iterator[Panel]:
    n, colours = after.schedule.window.n, {"Import price": QUANTITIES["price"]}

    def prices(site: Site) -> dict[str, dict[str, Floats]]:
        known = {each.commodity: energy_prices(each.tariffs, n) for each in site.connections}
        return {name: {"Import price": full(both[0], n)} for name, both in known.items() if both is not None}

    old, new = prices(before.site), prices(after.site)
    for commodity, values in new.items():
        title = "Price" if len(new) == 1 else f"Price of {commodity}"
        yield Panel(title, f"{after.currency}/kWh", _both(old.get(commodity, {}), values, colours))


def _connection_panel(connection: Connection, old: Schedule, new: Schedule) -> Panel:
    name = connection.commodity
    lines = _both(old.power, new.power, {name: QUANTITIES["power"]})
    limits = [float(np.max(connection.consumption_limit)), -float(np.max(connection.production_limit))]
    # A limit far beyond all that flows would press the lines flat.
    near = 3 * max(1e-9, float(np.abs(new.power[name]).max()))
    return Panel("Connection", "kW", lines, [limit for limit in limits if abs(limit) <= near])


def changed_steps(before: ComparedPlan, after: ComparedPlan) -> list[tuple[datetime, str, float, float]]:
    """Steps in which a device runs differently: start, device, power before and after [kW]."""
    window = after.schedule.window
    ports = [port.name for device in after.site.devices if device.load is None for port in device.ports]
    rows = []
    for name in ports:
        if name in after.schedule.power and name in before.schedule.power:
            old, new = before.schedule.power[name], after.schedule.power[name]
            for step in np.flatnonzero(np.abs(new - old) > SMALLEST):
                rows.append((window.moment(int(step)), name, float(old[step]), float(new[step])))
    return sorted(rows, key=lambda row: (row[0], row[1]))


def steps_html(before: ComparedPlan, after: ComparedPlan) -> Markup:
    """Table of the steps in which a device runs differently."""
    rows = changed_steps(before, after)
    zone = ZoneInfo(after.zone)
    cells: list[Sequence[Cell]] = [
        [f"{at.astimezone(zone):%a %-d %b %H:%M}", name, number_text(old, "kW"), number_text(new, "kW"),
         difference_text(new - old, "kW")]
        for at, name, old, new in rows[:MOST_ROWS]
    ]  # fmt: skip
    more = Markup("<p>And {} more.</p>").format(len(rows) - MOST_ROWS) if len(rows) > MOST_ROWS else ""
    columns = ["From", "Device", "Plan now", "What if", "Difference"]
    table = table_html(columns, cells, empty="No device runs differently.")
    return Markup('<div class="scroll">{}{}</div>').format(table, more)


def comparison_html(before: ComparedPlan, after: ComparedPlan) -> Markup:
    """A plan beside another one, all of it."""
    count = len(changed_steps(before, after))
    summary = f"{count} step{'s' * (count != 1)} in which a device runs differently"
    whole = Markup(
        '{}<div class="what-if">{}<figure style="margin:0">{}<figcaption><small>Solid: what if. Dotted: the plan now. '
        "Times in {}.</small></figcaption></figure><details><summary>{}</summary>{}</details></div>"
    )
    parts = (figures_html(before, after), chart_html(before, after), after.zone, summary, steps_html(before, after))
    return whole.format(STYLE, *parts)


class PlanComparison(HtmlComponent):
    """Shows a plan drawn over another one, with the differences of their figures and steps."""

    before = param.ClassSelector(class_=ComparedPlan, doc="The plan that is compared with.")
    after = param.ClassSelector(class_=ComparedPlan, doc="The plan that is shown.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    @param.depends("before", "after", "dark", watch=True)
    def _draw(self) -> None:
        mode = "dark" if self.dark else "light"
        shown = comparison_html(self.before, self.after) if self.before and self.after else ""
        self._pane.object = f'<div style="color-scheme: {mode}">{shown}</div>'
