"""Graph editor: which charts an asset shows, in which order, with which sensors; with an immediate preview."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.usecases.assets import AssetChange, update_asset
from app.usecases.inputs import Invalid
from app.widgets.async_content import attempt, confirm, writing
from app.widgets.forms import WIDE
from db import assets
from db.assets import Asset, lineage
from db.core import listing

HELP = (
    "Sensors of one unit share an axis; other units get a chart of their own. The charts below show a preview; others "
    "see your changes once you save."
)
ICON = {"size": "small", "margin": (14, 0)}


@dataclass(frozen=True)
class Editable:
    """Charts and sensors that the editor begins with."""

    entries: list[Any]
    """sensors_to_show as stored; of an asset without, the charts that it shows by default."""
    offered: dict[str, int]
    """Name of a sensor for people → its id."""


def read_editable(session: Session, principal: SignedIn, asset: Asset, shown: Sequence[ShownChart]) -> Editable:
    """Charts of an asset; sensors of its site, public sensors, and sensors already shown are offered."""
    top = next(each for each in lineage(asset) if access.may(principal, "read", each))
    public = listing.assets(session, Asset.account_id.is_(None))
    near = [each.id for each in assets.subtree(session, top.id)] + [each.id for each in public]
    found = {sensor.id: sensor for sensor in listing.sensors_of(session, near) if access.may(principal, "read", sensor)}
    used = listing.sensors(session, {key for chart in shown for key in chart.sensors} - set(found))
    offered = {
        f"{sensor.asset.name}: {sensor.name} [{sensor.unit or '-'}] ({sensor.id})": key
        for key, sensor in {**found, **used}.items()
        if access.may(principal, "read", sensor)
    }
    gone = {key for chart in shown for key in chart.sensors} - set(offered.values())
    offered |= {f"sensor {key}, deleted or not accessible to you": key for key in sorted(gone)}
    return Editable(list(asset.sensors_to_show or map(showing.written, shown)), offered)


class ChartRow:
    """Fields of one chart in the editor."""

    def __init__(self, entry: Any, offered: Mapping[str, int], changed: Callable[[Any], Any]) -> None:
        self.entry, self._before = entry, showing.one(entry)
        self.title = pmui.TextInput(label="Title", value=self._before.title, size="small", **WIDE)
        self.sensors = pmui.MultiChoice(
            label="Sensors", options=dict(offered), value=self._before.sensors, searchable=True,
            **{**WIDE, "min_width": 240},
        )  # fmt: skip
        self.title.param.watch(changed, "value")
        self.sensors.param.watch(changed, "value")

    @property
    def chart(self) -> ShownChart:
        """The chart as the fields describe it."""
        return ShownChart(self.title.value.strip(), list(self.sensors.value or ()), self._before.fields)

    def stored_entry(self) -> Any:
        """Entry to store; that of a chart that was not changed stays as it was."""
        return self.entry if self.chart == self._before else showing.written(self.chart)


class GraphEditor(pn.viewable.Viewer):
    """Charts to edit, with a preview."""

    def __init__(
        self,
        asset_id: int,
        editable: Editable,
        *,
        preview: Callable[[list[ShownChart]], Any],
        saved: Callable[[], Any],
    ) -> None:
        """Show a button that opens the editor.

        Args:
            asset_id: Asset whose charts they are.
            editable: Charts and sensors that it begins with.
            preview: Shows charts without saving them.
            saved: Called once they are saved.
        """
        super().__init__()
        self._asset_id, self._editable, self._preview, self._saved = asset_id, editable, preview, saved
        self._rows: list[ChartRow] = []
        self._list = pn.Column(sizing_mode="stretch_width")
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._open = pmui.Button(label="Edit graphs", icon="edit", variant="text", size="small", on_click=self.open)
        self._editor = pmui.Paper(visible=False, elevation=2, sizing_mode="stretch_width", margin=8)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._open, self._editor, sizing_mode="stretch_width")

    def open(self, _event: object = None) -> None:
        """Show the charts as they are stored."""
        self._rows = [ChartRow(entry, self._editable.offered, self._changed) for entry in self._editable.entries]
        add = pmui.Button(label="Add a chart", icon="add", variant="outlined", on_click=self.add, margin=8)
        save = pmui.Button(label="Save graphs", icon="save", on_click=self.save, margin=8)
        cancel = pmui.Button(label="Cancel", variant="text", on_click=self.cancel, margin=8)
        hint = pmui.Typography(HELP, variant="body2", margin=8)
        self._notice[:] = []
        self._editor.objects = [hint, self._list, pmui.FlexBox(add, save, cancel), self._notice]
        self._arrange()
        self._open.visible = False
        self._editor.visible = True

    def _arrange(self) -> None:
        self._list[:] = [self._row_parts(at, row) for at, row in enumerate(self._rows)]

    def _row_parts(self, at: int, row: ChartRow) -> pn.viewable.Viewable:
        """Fields of a chart, with the buttons that move or remove it."""
        last = len(self._rows) - 1
        up = pmui.IconButton(icon="arrow_upward", description=f"Move chart {at + 1} up", disabled=at == 0, **ICON)
        down = pmui.IconButton(
            icon="arrow_downward", description=f"Move chart {at + 1} down", disabled=at == last, **ICON
        )
        away = pmui.IconButton(icon="delete", description=f"Remove chart {at + 1}", **ICON)
        up.on_click(partial(self._move, at, -1))
        down.on_click(partial(self._move, at, 1))
        away.on_click(partial(self.remove, at))
        row.title.label, row.sensors.label = f"Title of chart {at + 1}", f"Sensors of chart {at + 1}"
        fields = pn.Row(row.title, up, down, away, sizing_mode="stretch_width", max_width=600)
        return pn.Column(fields, row.sensors, sizing_mode="stretch_width", margin=(0, 0, 12, 0))

    def _move(self, at: int, way: int, _event: object) -> None:
        self._rows.insert(at + way, self._rows.pop(at))
        self._arrange()
        self._changed()

    def remove(self, at: int, _event: object) -> None:
        """Take a chart away."""
        del self._rows[at]
        self._arrange()
        self._changed()

    def add(self, _event: object) -> None:
        """Add an empty chart at the end."""
        self._rows.append(ChartRow([], self._editable.offered, self._changed))
        self._arrange()

    def _changed(self, _event: object = None) -> None:
        self._preview([row.chart for row in self._rows if row.chart.shows])

    def cancel(self, _event: object) -> None:
        """Show the charts as they are stored again."""
        self._editor.visible, self._open.visible = False, True
        self._preview([chart for entry in self._editable.entries if (chart := showing.one(entry)).shows])

    async def save(self, _event: object) -> None:
        """Save the charts; what is wrong is said below them."""

        async def save() -> None:
            empty = [str(at + 1) for at, row in enumerate(self._rows) if row.entry == [] and not row.chart.shows]
            if empty:
                raise Invalid("form", {f"chart {', '.join(empty)}": ["choose a sensor, or remove this chart."]})
            change = AssetChange(sensors_to_show=[row.stored_entry() for row in self._rows])
            await writing(lambda session, actor: update_asset(session, actor, self._asset_id, change))

        def show(_saved: None) -> None:
            confirm(self._notice, "Saved.")
            self._saved()

        await attempt(save(), self._notice, show)
