"""Charts on a page: their place in its HTML, what is done with them, and the values that their script asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import time

from markupsafe import Markup

from app.fragments.html_forms import form_html
from app.fragments.page import PageForm
from app.fragments.templates import render
from app.fragments.visit import Visit, address

HINT = (
    "Drag to move in time, Ctrl + wheel or pinch to zoom; all charts move together. Arrow keys, + and - do the same. "
    "Click the name of a line to hide it. Select a time range in a chart to annotate it."
)
VALUES = {"Values (CSV)": "csv", "Values (Excel)": "xlsx", "Values (Parquet)": "parquet"}
PICTURES = {"Picture (PNG)": "png", "Drawing (SVG)": "svg"}


@dataclass(frozen=True, kw_only=True)
class ChartTools:
    """What may be done with the charts of a page."""

    sensors: Sequence[int]
    """Whose values are offered as files."""
    form: PageForm | None
    """Of annotations; None: the user may not add any."""
    edit: str = ""
    """Address of the editor of the charts; empty: there is none."""


def charts_html(visit: Visit, tab: str, tools: ChartTools) -> Markup:
    """Place of the charts of a tab, with what is done with them; the script ``charts.js`` shows them there."""
    return render(
        "charts", source=f"{visit.path}?tab={tab}&data=charts", now=int(1000 * time()), hint=HINT, pictures=PICTURES,
        values=VALUES, sensors=",".join(map(str, dict.fromkeys(tools.sensors))), edit=tools.edit,
        export=address("/api/v3_0/sensors/data/export"), form=tools.form and form_html("annotate", tools.form),
    )  # fmt: skip
