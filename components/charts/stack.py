"""What a stack of charts does in the browser: it grows as a person comes near its end, and is kept as one picture.

What nobody looks at costs no server and no browser; a picture holds what is in view, with its headings.
"""

from collections.abc import Sequence

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


def saver(figures: Sequence[figure], titles: Sequence[str], file: str) -> CustomJS:
    """Return what saves a picture when ``tags`` of the model it listens to become ``[kind, …]``: png or svg.

    Args:
        figures: The charts, from top to bottom.
        titles: What stands above each.
        file: Name of the file without its ending.
    """
    code = SCRIPT.call("savePicture", "cb_obj.tags[0]", "{figures, titles, file}", "cb_context.index")
    return CustomJS(code=code, args={"figures": list(figures), "titles": list(titles), "file": file})
