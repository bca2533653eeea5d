"""What stands in a page's HTML itself: bar and heading, seen before any script has run."""

from html import escape

from app.auth.login.forms import STATIC
from components import theme

TEMPLATE = STATIC / "page.html"
"""The HTML of every page; what differs is in its variable ``first``."""
PAPER, NIGHT = "#ffffff", "#121212"
"""Ground of a page, as Material has it."""


def words(*, platform: str, heading: str, bar: str, dark: bool, library: str) -> dict[str, str]:
    """Return what differs from page to page.

    Args:
        platform: Stands in the bar.
        heading: Of the page.
        bar: Colour of the bar.
        dark: Whether the paper is dark.
        library: Address of the scripts of all components, which the browser may load early; empty: none.
    """
    return {
        "platform": escape(platform),
        "heading": escape(heading),
        "bar": bar,
        "library": escape(library),
        "bar_ink": theme.ink_on(bar),
        "ground": NIGHT if dark else PAPER,
        "ink": "#ffffff" if dark else "#10202b",
    }
