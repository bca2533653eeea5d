"""What each line of a chart means, as text beside a sample of its stroke."""

from html import escape

from components.theme import Colour
from components.traces import Chart, Trace

SAMPLES = {
    "measured": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5"/>',
    "forecast": '<path d="M0 6H26" stroke="{0}" stroke-width="2.5" stroke-dasharray="6 4"/>',
    "scheduled": '<path d="M0 12V7H13V2H26V12Z" fill="{0}" fill-opacity=".25"/>'
    '<path d="M0 7H13V2H26" stroke="{0}" stroke-width="2.5" fill="none"/>',
}


def html(chart: Chart, colours: list[Colour], dark: bool) -> str:
    """Return the heading of a chart: its title, then each sensor with its unit and who tells it in which stroke."""
    strokes: dict[str, list[str]] = {}
    for trace, colour in zip(chart.traces, colours, strict=True):
        words = f'<span style="opacity:.75">{escape(trace.told)}{_by(trace.source)}</span>'
        told = f'<span style="display:inline-block">{_stroke(trace, colour.on(dark))} {words}</span>'
        strokes.setdefault(f"{escape(trace.label)} [{escape(trace.unit or '-')}]", []).append(told)
    items = "".join(
        f'<li style="display:inline-block;margin-right:1.6em">{name} <span>{" ".join(told)}</span></li> '
        for name, told in strokes.items()
    )
    if chart.bounds and chart.traces:
        low, high = chart.bounds
        limits = f"limits {low:,g} to {high:,g} {chart.traces[0].unit}"
        items += f'<li style="display:inline-block;opacity:.75">- - - {escape(limits)}</li>'
    listed = f'<ul style="margin:2px 0 0;padding:0;list-style:none;font-size:.8125rem;line-height:1.6">{items}</ul>'
    return f'<h3 style="margin:0;font-size:1rem;font-weight:500">{escape(chart.title)}</h3>{listed if items else ""}'


def _stroke(trace: Trace, ink: str) -> str:
    style = "vertical-align:-2px;margin-left:.4em"
    return f'<svg width="26" height="12" style="{style}" aria-hidden="true">{SAMPLES[_sample(trace)].format(ink)}</svg>'


def _sample(trace: Trace) -> str:
    return "measured" if trace.told == "scheduled" and not trace.filled else trace.told


def _by(source: str) -> str:
    return f" by {escape(source)}" if source else ""


def notice(text: str) -> str:
    """Return a box that says what is missing and what to do about it."""
    return (
        '<div role="status" style="border:1px dashed currentColor;border-radius:6px;padding:1em;opacity:.8;'
        f'font-size:.875rem;line-height:1.5">{escape(text)}</div>'
    )
