"""Small charts of a form: one stepped line, drawn by the server, in the colour of the text around it."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

WIDTH: Final = 240
HEIGHT: Final = 44
"""Size of a chart [px]."""
MOST: Final = 480
"""Most values that are drawn; of more, every so many."""


def drawn(times: Sequence[float], values: Sequence[float], text: str) -> Markup:
    """A stepped line with words beside it.

    Args:
        times: When each value begins [any unit].
        values: One for each.
        text: What it shows, also for those who do not see it.
    """
    every = max(1, len(values) // MOST)
    shown = list(zip(times, values, strict=True))[::every]
    low, high = min(value for _, value in shown), max(value for _, value in shown)
    first, last = shown[0][0], shown[-1][0]
    xs = [(at - first) / ((last - first) or 1) * WIDTH for at, _ in shown]
    ys = [HEIGHT - 4 - (value - low) / ((high - low) or 1) * (HEIGHT - 8) for _, value in shown]
    path = f"{xs[0]:.1f} {ys[0]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in zip(xs[1:], ys[1:], strict=True))
    line = Markup('<svg class="small-chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><path d="M{}"/></svg>')
    return line.format(WIDTH, HEIGHT, f"From {low:.4g} to {high:.4g}", path) + Markup("<small>{}</small>").format(text)
