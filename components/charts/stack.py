"""A stack of charts in the browser: it grows as a person scrolls near its end, and is saved as one picture.

So charts that nobody looks at cost neither server nor browser any time. A picture holds the time range in view.
"""

from collections.abc import Sequence

from bokeh.models import CustomJS, Div, Model
from bokeh.plotting import figure

from components.scripts import Script

HEADING = 56
"""Height of the heading of a chart with one line of sources, about [px]."""
SCRIPT = Script(__file__)


def ask(stack: Model, last: figure, room: Div) -> None:
    """Let the browser set the tags of a stack once its last chart, or the room below it, comes close to the window."""
    code = SCRIPT.call("askNearEnd", "{stack, last, room}", "cb_context.index")
    last.js_on_change("inner_width", CustomJS(code=code, args={"stack": stack, "last": last, "room": room}))


def room(charts: int, height: int) -> Div:
    """Empty block as high as the charts that are not built yet, so that the page does not move once they are.

    Args:
        charts: How many.
        height: Of each without its heading [px].
    """
    return Div(text="", height=charts * (height + HEADING), sizing_mode="stretch_width", margin=0)


def saver(figures: Sequence[figure], titles: Sequence[str], file: str) -> CustomJS:
    """Callback that saves a picture when ``tags`` of its model become ``[kind, …]`` with the kind png or svg.

    Args:
        figures: The charts, from top to bottom.
        titles: Heading of each.
        file: Name of the file without its ending.
    """
    code = SCRIPT.call("savePicture", "cb_obj.tags[0]", "{figures, titles, file}", "cb_context.index")
    return CustomJS(code=code, args={"figures": list(figures), "titles": list(titles), "file": file})
