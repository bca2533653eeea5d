"""What is in view as a file: a picture made in the browser, or the values from the API."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import panel as pn
import panel_material_ui as pmui

from app.widgets.layout import address
from components.charts.time_series import TimeSeries
from engine.iso_time import from_us, iso_duration

PICTURES = {"Picture (PNG)": "png", "Drawing (SVG)": "svg"}
VALUES = {"Values (CSV)": "csv", "Values (Excel)": "xlsx", "Values (Parquet)": "parquet"}


class Files(pn.viewable.Viewer):
    """A menu of the files."""

    def __init__(self, series: TimeSeries, sensors: Sequence[int]) -> None:
        super().__init__()
        self._series, self._sensors = series, list(dict.fromkeys(sensors))
        self._menu = pmui.MenuButton(label="Save", icon="download", variant="text", size="small", margin=0)
        self._menu.on_click(self._chosen)
        if series.span is not None:
            self.follow(series.span)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._menu

    def follow(self, span: tuple[int, int]) -> None:
        """Offer the files of a time range [µs since 1970 UTC]."""
        start, end = (from_us(moment - moment % 1_000_000) for moment in span)
        asked = {"sensors": ",".join(map(str, self._sensors)), "start": start.isoformat()}
        asked["duration"] = iso_duration(end - start)
        path = address("/api/v3_0/sensors/data/export")
        pictures: list[dict[str, Any]] = [{"label": label, "icon": "image"} for label in PICTURES]
        values = [
            {"label": label, "icon": "table_view", "href": f"{path}?{urlencode(asked | {'format': kind})}"}
            for label, kind in VALUES.items()
        ]
        self._menu.items = pictures + values

    def _chosen(self, item: dict[str, Any]) -> None:
        if item["label"] in PICTURES:
            self._series.take_picture(PICTURES[item["label"]])
