"""All charts of a stack as one picture to keep, made in the browser: what is in view, with its headings."""

from collections.abc import Sequence

from bokeh.models import CustomJS
from bokeh.plotting import figure

from components.scripts import Script

SAVE = Script(__file__).call("savePicture", "cb_obj.tags[0]", "{figures, titles, file}", "cb_context.index")


def saver(figures: Sequence[figure], titles: Sequence[str], file: str) -> CustomJS:
    """Return what saves a picture when ``tags`` of the model it listens to become ``[kind, …]``: png or svg.

    Args:
        figures: The charts, from top to bottom.
        titles: What stands above each.
        file: Name of the file without its ending.
    """
    return CustomJS(code=SAVE, args={"figures": list(figures), "titles": list(titles), "file": file})
