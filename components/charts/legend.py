"""Legend of a chart: each line as text beside a sample of its stroke; a click hides the line, two hide all others."""

from collections.abc import Collection, Sequence
from html import escape

from components.charts.traces import Chart, Trace
from components.scripts import Script
from components.theme import Colour

MANY = 8
"""Most lines of a chart that are all named at once; of more, a person chooses."""
NO_DATA = "No data in this time range."
STYLE = """<style>
:host {overflow: hidden}
.bk-clearfix {width: 100%}
h3 {margin: 0; font-size: 1rem; font-weight: 500}
ul {display: flex; overflow-x: auto; scrollbar-width: thin; margin: 2px 0 0; padding: 0; list-style: none;
  font-size: .8125rem; line-height: 1.6}
li {flex: none; margin-right: 1.6em; white-space: nowrap}
button {font: inherit; color: inherit; background: none; border: 0; padding: 2px 4px;
  border-radius: 4px; cursor: pointer}
button:hover {background: color-mix(in srgb, currentColor 12%, transparent)}
button:focus-visible {outline: 2px solid currentColor}
button[aria-pressed=false] {text-decoration: line-through; opacity: .6}
small {opacity: .75; margin-right: .6em; font-variant-numeric: tabular-nums}
summary {cursor: pointer; font-size: .8125rem; padding: 2px 4px}
details ul {display: block; max-height: 40vh; overflow: auto}
p {margin: 4px 0; font-size: .8125rem; opacity: .8}
p:empty, small:empty {display: none}
li[hidden] {display: none}
input {font: inherit; font-size: .8125rem; color: inherit; background: none; margin: 4px; padding: 4px 8px;
  border: 1px solid currentColor; border-radius: 4px; min-width: 16em}
svg {vertical-align: -2px; margin-right: .4em}
</style>"""
HIDE = Script(__file__).call("hideOnClick", "heading", "lines", "cb_context.index")
"""Run once both are drawn: ``heading`` is the model that holds the text, ``lines`` what belongs to each button."""
BAND = '<path d="M0 0H26V12H0Z" fill="{0}" fill-opacity=".2"/>'
ALL = {"shown": "Show all", "hidden": "Hide all"}
"""What is to become of all lines that the field of a chooser leaves → text of the button that does it."""
SAMPLES = {
    "measured": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5"/>',
    "forecast": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5" stroke-dasharray="6 4"/>',
    "earlier": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5" stroke-dasharray="6 4"/>',
    "as known then": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5"/>',
    "setting": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5" stroke-dasharray="2 3"/>',
    "scheduled": '<path d="M0 12V7H13V2H26V12Z" fill="{0}" fill-opacity=".25"/>'
    '<path d="M0 7H13V2H26" stroke="{0}" stroke-width="2.5" fill="none"/>',
}


def html(
    chart: Chart,
    colours: Sequence[Colour],
    *,
    span: tuple[int, int] | None,
    dark: bool | None,
    hidden: Collection[int] = (),
) -> str:
    """Heading of a chart as HTML: its title, then each sensor with a button and the values in view of each source.

    Args:
        chart: The chart.
        colours: Colour of each line.
        span: Time range in view [µs since 1970 UTC]; None: the values in view are written by the browser.
        dark: Whether dark mode is on; None: the colours follow the page.
        hidden: Indices of the lines that are hidden now.
    """
    by_sensor: dict[str, list[str]] = {}
    for i, (trace, colour) in enumerate(zip(chart.traces, colours, strict=True)):
        drawn = f"light-dark({colour.light}, {colour.dark})" if dark is None else colour.on(dark)
        summary = trace.summary(*span) if span else ""
        button = f'{line_button(trace, drawn, line=i, shown=i not in hidden)} <small data-of="{i}">{summary}</small>'
        by_sensor.setdefault(f"{escape(trace.label)} [{escape(trace.unit or '-')}]", []).append(button)
    items = "".join(f"<li>{name} {' '.join(buttons)}</li> " for name, buttons in by_sensor.items())
    if chart.bounds and chart.traces:
        low, high = chart.bounds
        limits = f"limits {low:,g} to {high:,g} {chart.traces[0].unit}"
        items += f'<li style="opacity:.75">- - - {escape(limits)}</li>'
    listed = f"<ul>{items}</ul>" if items else ""
    if len(chart.traces) > MANY:
        listed = chooser(listed, lines=len(chart.traces), hidden=len(hidden))
    return f'{STYLE}<h3>{escape(chart.title)}</h3>{listed}<p role="status"></p>'


def chooser(listed: str, *, lines: int, hidden: int) -> str:
    """Legend of many lines, closed at first, with a field that filters them, as HTML; ``hidden`` of them are."""
    buttons = "".join(f'<button type="button" data-all="{to}">{text}</button>' for to, text in ALL.items())
    shown = f", {hidden} hidden" if hidden else ""
    return (
        f'<details><summary>{lines} lines{shown}</summary><input type="search" placeholder="Find a line"'
        f' aria-label="Find a line">{buttons}{listed}</details>'
    )


def line_button(trace: Trace, colour: str, *, line: int, shown: bool) -> str:
    """Button that shows and hides a line, with a sample of its stroke, as HTML; ``line`` is its index."""
    is_plain = trace.role == "scheduled" and not trace.filled  # instantaneous values: no area below the line
    stroke = (BAND if trace.band else "") + SAMPLES["measured" if is_plain else trace.role]
    sample = f'<svg width="26" height="12" aria-hidden="true">{stroke.format(colour)}</svg>'
    role = trace.role + (f", {trace.band.name}" if trace.band else "")
    # The source is told by the name of the button and in the hover box: beside each line it would fill the window.
    name = f"{role} by {trace.source}" if trace.source else role
    return (
        f'<button type="button" data-line="{line}" aria-pressed="{str(shown).lower()}" title="{escape(name)}"'
        f' aria-label="{escape(name)}">{sample}{escape(role)}</button>'
    )


def notice(text: str) -> str:
    """Box that says what is missing and what to do about it, as HTML."""
    return (
        '<div role="status" style="border:1px dashed currentColor;border-radius:6px;padding:1em;opacity:.8;'
        f'font-size:.875rem;line-height:1.5">{escape(text)}</div>'
    )
