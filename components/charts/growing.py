"""A stack of charts that grows as a person comes near its end: what nobody looks at costs no server and no browser."""

from bokeh.models import CustomJS, Div, Model
from bokeh.plotting import figure

from components.scripts import Script

HEADING = 56
"""Height of the heading of a chart with one line of sources, about [px]."""
SCRIPT = Script(__file__)


def ask(stack: Model, last: figure, room: Div) -> None:
    """Let the browser set the tags of a stack once the last chart of it is close to the window, or the room below."""
    code = SCRIPT.call("askNearEnd", "{stack, last, room}", "cb_context.index")
    last.js_on_change("inner_width", CustomJS(code=code, args={"stack": stack, "last": last, "room": room}))


def room(charts: int, height: int) -> Div:
    """Return what keeps the room of charts that are to come, so that the page does not move when they do.

    Args:
        charts: How many.
        height: Of each without its heading [px].
    """
    return Div(text="", height=charts * (height + HEADING), sizing_mode="stretch_width", margin=0)
