"""A stack of charts that grows as a person comes near its end: what nobody looks at costs no server and no browser."""

from bokeh.models import CustomJS, Div, Model
from bokeh.plotting import figure

HEADING = 56
"""Height of the heading of a chart with one line of sources, about [px]."""
ASK = """
const near = [last, room].map((model) => cb_context.index.find_one(model)?.el)
if (near[0] == null || near[0].asks) return
const margin = "1000000px 0px 150px 0px"
near[0].asks = new IntersectionObserver((seen) => {
  if (!seen.some((part) => part.isIntersecting)) return
  near[0].asks.disconnect()
  stack.tags = [last.id]
}, {rootMargin: margin, scrollMargin: margin})
for (const part of near) if (part != null) near[0].asks.observe(part)
"""
"""What a person has scrolled past counts as seen: who jumps to the end wants all that comes before it as well. The room
is watched for browsers that know no scrollMargin: where a part of the page scrolls, only what is in the window.
"""


def ask(stack: Model, last: figure, room: Div) -> None:
    """Let the browser set the tags of a stack once the last chart of it is close to the window, or the room below."""
    last.js_on_change("inner_width", CustomJS(code=ASK, args={"stack": stack, "last": last, "room": room}))


def room(charts: int, height: int) -> Div:
    """Return what keeps the room of charts that are to come, so that the page does not move when they do.

    Args:
        charts: How many.
        height: Of each without its heading [px].
    """
    return Div(text="", height=charts * (height + HEADING), sizing_mode="stretch_width", margin=0)
