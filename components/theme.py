"""One theme: a colour per quantity, a stroke per source type, light and dark.

The colours follow the palette of Okabe and Ito, which people with a colour vision deficiency tell apart, darkened for
light mode and lightened for dark mode so that every line keeps a contrast of 3:1 or more to its background.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import UnitError
from engine.units.units import same_kind, unit


@dataclass(frozen=True)
class Colour:
    """One colour, as it is drawn in light and in dark mode."""

    light: str
    dark: str

    def on(self, dark: bool) -> str:
        """The colour in dark or in light mode."""
        return self.dark if dark else self.light


QUANTITIES = {
    "price": Colour("#a87000", "#f0c340"),
    "consumption": Colour("#d55e00", "#ff9248"),
    "production": Colour("#00875f", "#35d0a2"),
    "power": Colour("#0072b2", "#62b7f0"),
    "state of charge": Colour("#a84e86", "#eba4cc"),
    "other": Colour("#56616d", "#b3bdc8"),
}
"""Quantity of a sensor → its colour, everywhere."""

PRIMARY = Colour("#0b5c8f", "#62b7f0")
"""Buttons, links and the bar on top."""

GOOD, WARN, BAD = Colour("#00875f", "#35d0a2"), Colour("#a87000", "#f0c340"), Colour("#c03a2b", "#ff8a7a")
"""States; always shown together with a word or a shape, never by colour alone."""

BRIGHT = 0.22
"""Relative luminance (WCAG 2) above which dark text has more contrast than white."""

FAINT = "#8a94a0"
"""Marks that help to read a chart, in light and in dark mode."""

STROKES = {"measured": "solid", "forecast": "dashed", "scheduled": "solid", "setting": "dotted"}
STROKES |= {"earlier": "dashed", "as known then": "solid"}
"""Role of a source → stroke of its line; below scheduled values the area is filled as well."""

_UNMOVED = {"styleOverrides": {"root": {"@media (prefers-reduced-motion: reduce)": {"transition": "none !important"}}}}
STILL = dict.fromkeys(("MuiCollapse", "MuiAccordion", "MuiBackdrop", "MuiPaper"), _UNMOVED)
"""Parts of a page open at once, not gradually, for people whose system asks for less motion."""

PRODUCERS, CONSUMERS = ("solar", "wind"), ("building", "process")


def line_role(source_type: str) -> str:
    """Role of a source of some type: measured, forecast, scheduled now or earlier; or a setting of a flex-config."""
    roles = {"forecaster": "forecast", "scheduler": "scheduled", "flex-config": "setting"}
    roles |= {"earlier schedule": "earlier", "schedule input": "as known then"}
    return roles.get(source_type, "measured")


def quantity(*, unit: str, name: str, asset_type: str = "") -> str:
    """Key in QUANTITIES of what a sensor measures, by its unit, then by its name and the type of its asset."""
    words = name.lower().replace("-", " ")
    currency, per, energy = unit.rpartition("/")
    if "price" in words or (per and _is(energy, "kWh") and not _is(currency, "kg")):  # kg/kWh is a CO2 intensity
        return "price"
    if "state of charge" in words or "soc" in words.split():
        return "state of charge"
    if not (_is(unit, "kW") or _is(unit, "kWh")):
        return "other"
    if "production" in words or asset_type in PRODUCERS:
        return "production"
    if asset_type in CONSUMERS or any(word in words for word in ("consumption", "load", "demand", "usage")):
        return "consumption"
    return "power"


def asset_quantity(asset_type: str) -> str:
    """Key in QUANTITIES whose colour stands for a type of asset."""
    known = {"battery": "power", "one-way_evse": "power", "two-way_evse": "power", "heat-storage": "state of charge"}
    known |= dict.fromkeys(PRODUCERS, "production") | dict.fromkeys(CONSUMERS, "consumption")
    return known.get(asset_type, "price" if asset_type in ("market", "transmission zone") else "other")


def _is(text: str, kind: str) -> bool:
    try:
        unit(text)
        return same_kind(text, kind)
    except UnitError:
        return False


def distinct(lines: Mapping[str, str]) -> dict[str, Colour]:
    """Colour of each sensor of a chart: that of its quantity, or one used less often where that is taken already.

    Args:
        lines: Name of each sensor → its quantity, in the order of the legend.
    """
    meant = {QUANTITIES[name] for name in lines.values()}
    uses: Counter[Colour] = Counter()
    taken = {}
    for name, quantity in lines.items():
        own = QUANTITIES[quantity]
        colours = [own, *(colour for colour in QUANTITIES.values() if colour not in meant), *QUANTITIES.values()]
        taken[name] = min(colours, key=uses.__getitem__)  # the first of those used least
        uses[taken[name]] += 1
    return taken


def material(main: str = "", second: str = "") -> dict[str, dict[str, object]]:
    """Theme of buttons, links and tables, for light and for dark mode.

    Args:
        main: Colour of the bar, and of buttons in light mode, such as ``#0b5c8f``; empty: ours.
        second: Accent colour; empty: that of Material.
    """

    def mode(colour: str, bar_colour: str, **more: str) -> dict[str, object]:
        app_bar = {"backgroundColor": bar_colour, "backgroundImage": "none", "color": text_colour_on(bar_colour)}
        palette = {"primary": {"main": colour, **more}} | ({"secondary": {"main": second}} if second else {})
        return {"palette": palette, "components": {**STILL, "MuiAppBar": {"styleOverrides": {"root": app_bar}}}}

    return {
        "light": mode(bar(main, dark=False), bar(main, dark=False)),
        "dark": mode(PRIMARY.dark, bar(main, dark=True), contrastText="#0b1620"),
    }


def bar(main: str = "", *, dark: bool) -> str:
    """Colour of the bar on top; ``main`` is the colour that an account chose for it, empty: ours."""
    return main or ("#0c2536" if dark else PRIMARY.light)


def text_colour_on(background: str) -> str:
    """Near black or white, whichever is easier to read on a colour such as ``#0b5c8f`` or ``#05a``."""
    digits = background.removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < BRIGHT else "#10202b"
