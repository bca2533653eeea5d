"""What each line of a chart means, as text beside a sample of its stroke; a click hides what a source tells."""

from collections.abc import Collection, Sequence
from html import escape

from components.charts.traces import Chart, Trace
from components.scripts import Script
from components.theme import Colour

STYLE = """<style>
h3 {margin: 0; font-size: 1rem; font-weight: 500}
ul {margin: 2px 0 0; padding: 0; list-style: none; font-size: .8125rem; line-height: 1.6}
li {display: inline-block; margin-right: 1.6em}
button {font: inherit; color: inherit; background: none; border: 0; padding: 2px 4px;
  border-radius: 4px; cursor: pointer}
button:hover {background: color-mix(in srgb, currentColor 12%, transparent)}
button:focus-visible {outline: 2px solid currentColor}
button[aria-pressed=false] {text-decoration: line-through; opacity: .6}
svg {vertical-align: -2px; margin-right: .4em}
</style>"""
HIDE = Script(__file__).call("hideOnClick", "heading", "lines", "cb_context.index")
"""Run once both are drawn: ``heading`` is the model that holds the text, ``lines`` what belongs to each button."""
BAND = '<path d="M0 0H26V12H0Z" fill="{0}" fill-opacity=".2"/>'
SAMPLES = {
    "measured": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5"/>',
    "forecast": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5" stroke-dasharray="6 4"/>',
    "scheduled": '<path d="M0 12V7H13V2H26V12Z" fill="{0}" fill-opacity=".25"/>'
    '<path d="M0 7H13V2H26" stroke="{0}" stroke-width="2.5" fill="none"/>',
}


def html(chart: Chart, colours: Sequence[Colour], *, dark: bool, hidden: Collection[int] = ()) -> str:
    """Return the heading of a chart: its title, then each sensor with its unit and who tells it in which stroke.

    Args:
        chart: What is drawn.
        colours: Colour of each line.
        dark: Whether the paper is dark.
        hidden: Which lines are not shown now.
    """
    told: dict[str, list[str]] = {}
    for i, (trace, colour) in enumerate(zip(chart.traces, colours, strict=True)):
        button = _button(trace, colour.on(dark), line=i, shown=i not in hidden)
        told.setdefault(f"{escape(trace.label)} [{escape(trace.unit or '-')}]", []).append(button)
    items = "".join(f"<li>{name} {' '.join(buttons)}</li> " for name, buttons in told.items())
    if chart.bounds and chart.traces:
        low, high = chart.bounds
        limits = f"limits {low:,g} to {high:,g} {chart.traces[0].unit}"
        items += f'<li style="opacity:.75">- - - {escape(limits)}</li>'
    return f"{STYLE}<h3>{escape(chart.title)}</h3>{f'<ul>{items}</ul>' if items else ''}"


def _button(trace: Trace, ink: str, *, line: int, shown: bool) -> str:
    """Return what a source tells, as a switch that shows and hides it."""
    sample = f'<svg width="26" height="12" aria-hidden="true">{_drawn(trace).format(ink)}</svg>'
    band = f", {escape(trace.band.name)}" if trace.band else ""
    words = f"{escape(trace.role)}{_by(trace.source)}{band}"
    pressed = str(shown).lower()
    return f'<button type="button" data-line="{line}" aria-pressed="{pressed}">{sample}{words}</button>'


def _drawn(trace: Trace) -> str:
    return (BAND if trace.band else "") + SAMPLES[_sample(trace)]


def _sample(trace: Trace) -> str:
    return "measured" if trace.role == "scheduled" and not trace.filled else trace.role


def _by(source: str) -> str:
    return f" by {escape(source)}" if source else ""


def notice(text: str) -> str:
    """Return a box that says what is missing and what to do about it."""
    return (
        '<div role="status" style="border:1px dashed currentColor;border-radius:6px;padding:1em;opacity:.8;'
        f'font-size:.875rem;line-height:1.5">{escape(text)}</div>'
    )
