"""One box beside the pointer that tells what all lines of a stack of charts have at its time."""

from collections.abc import Sequence

from bokeh.events import MouseLeave, MouseMove, Tap
from bokeh.models import CustomJS
from bokeh.plotting import figure

from components.charts.traces import Trace
from components.local_time import MILLISECOND
from components.scripts import Script
from engine.series.iso_time import MICROSECOND

SCRIPT = Script(__file__)
STYLE = """.flexscope-readout {position: fixed; z-index: 2000; pointer-events: none; max-width: min(34rem, 90vw);
  padding: 8px 10px; border-radius: 6px; border: 1px solid #8a94a066; box-shadow: 0 4px 16px #0004;
  font: 12px/1.45 Roboto, Arial, sans-serif; width: auto; border-spacing: 0; border-collapse: separate}
.flexscope-readout td {padding: 0 12px 0 0; border: 0; vertical-align: top}
.flexscope-readout div, .flexscope-readout small {font-size: 11px; opacity: .8}
.flexscope-readout small {margin-left: .7em}
.flexscope-readout td:last-child {padding: 0; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums}
.flexscope-readout th {padding: 0 0 4px; border: 0; color: inherit; text-align: left; font-weight: 600;
  white-space: nowrap}
.flexscope-readout i {display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px}
.flexscope-readout tr.other {opacity: .8}"""
"""Of the box; its colours are those of the chart."""


class Readout:
    """Tells, in the browser alone, so that no move of the pointer reaches the server."""

    def __init__(self, zone: str) -> None:
        """Tell times in a zone, an IANA name."""
        self._zone = zone
        self._tell = CustomJS(code=SCRIPT.call("tell", "cb_obj", "stack", "cb_context.index"), args=self._args([]))
        self._hide = CustomJS(code=SCRIPT.call("hide"))

    def join(self, made: figure) -> None:
        """Let the pointer over a figure be followed."""
        made.js_on_event(MouseMove, self._tell)
        made.js_on_event(Tap, self._tell)
        made.js_on_event(MouseLeave, self._hide)

    def tell_of(self, figures: Sequence[figure]) -> None:
        """Tell of the lines of these figures, from top to bottom."""
        self._tell.args = self._args(figures)

    def _args(self, figures: Sequence[figure]) -> dict[str, object]:
        return {"stack": {"figures": list(figures), "zone": self._zone, "style": STYLE}}


def facts(trace: Trace) -> dict[str, object]:
    """What is told of a line beside its values, for the tags of its renderer."""
    return {
        "label": trace.label,
        "unit": trace.unit,
        "role": trace.role,
        "source": trace.source,
        "step": trace.step // MICROSECOND / MILLISECOND,
        "band": trace.band.name if trace.band else "",
    }
