"""Graph editor: which charts an asset shows, in which order, with which sensors; with an immediate preview."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.showing import SensorChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.page import Done, PageForm
from app.fragments.templates import render
from app.fragments.threads import writing
from app.fragments.visit import Visit
from app.usecases.assets.assets import AssetChange, update_asset
from app.usecases.inputs import Invalid
from db import assets, listing
from db.assets import Asset, lineage

HELP = (
    "Sensors of one unit share an axis; other units get a chart of their own. The charts below show a preview; others "
    "see your changes once you save."
)
LONGEST = 12_000
"""Most characters of charts that are previewed."""


@dataclass(frozen=True)
class Editable:
    """Charts and sensors that the editor begins with."""

    entries: list[Any]
    """sensors_to_show as stored; of an asset without, the charts that it shows by default."""
    offered: dict[str, int]
    """Name of a sensor for people → its id."""


def read_editable(session: Session, principal: SignedIn, asset: Asset, shown: Sequence[SensorChart]) -> Editable:
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


@dataclass(frozen=True)
class EditedChart:
    """One chart as the editor sends it."""

    entry: Any
    """Entry of sensors_to_show that it was; an empty list: it is new."""
    chart: SensorChart

    @classmethod
    def of(cls, sent: Any) -> "EditedChart":
        """What was sent of one chart: ``entry`` as it was, ``title`` and ``sensors`` as they are now.

        Raises:
            Invalid: It is something else.
        """
        sensors = sent.get("sensors") if isinstance(sent, dict) else None
        if not isinstance(sensors, list) or not all(isinstance(key, int) for key in sensors):
            raise Invalid("form", {"entries": ["each chart needs a list of ids of sensors."]})
        entry = sent.get("entry", [])
        title, fields = str(sent.get("title") or "").strip(), showing.one(entry).fields
        return cls(entry, SensorChart(title, list(dict.fromkeys(sensors)), fields))

    @property
    def stored(self) -> Any:
        """Entry to store; that of a chart that was not changed stays as it was."""
        return self.entry if self.chart == showing.one(self.entry) else showing.written(self.chart)


def previewed(text: str) -> list[SensorChart]:
    """Charts that the editor asks to see before they are saved, from JSON.

    Raises:
        Invalid: The text is too long, or no list of charts.
    """
    try:
        sent = json.loads(text) if len(text) <= LONGEST else None
    except (json.JSONDecodeError, RecursionError):
        sent = None
    if not isinstance(sent, list):
        raise Invalid("form", {"entries": [f"a preview takes a list of charts, of at most {LONGEST:,} characters."]})
    return [edited.chart for edited in map(EditedChart.of, sent) if edited.chart.shows]


def editor_html(editable: Editable, *, done: str) -> Markup:
    """Editor as HTML; its script is ``graph_editor.js``.

    Args:
        editable: Charts and sensors that it begins with.
        done: Address of the page without it.
    """
    names = {key: name for name, key in editable.offered.items()}
    rows: list[Mapping[str, Any]] = []
    for entry in editable.entries:
        chart = showing.one(entry)
        sensors = [(key, names.get(key, f"sensor {key}")) for key in chart.sensors]
        rows.append({"entry": entry, "title": chart.title, "sensors": sensors})
    return render("graph_editor", rows=rows, offered=editable.offered, help=HELP, done=done)


async def save_graphs(visit: Visit, values: dict[str, Any]) -> Done:
    """Save the charts; what is wrong is said below them."""
    edited = [EditedChart.of(sent) for sent in values.get("entries") or []]
    empty = [str(at) for at, row in enumerate(edited, start=1) if not row.chart.shows and not row.entry]
    if empty:
        raise Invalid("form", {f"chart {', '.join(empty)}": ["choose a sensor, or remove this chart."]})
    change = AssetChange(sensors_to_show=[row.stored for row in edited])
    await writing(lambda session, actor: update_asset(session, actor, visit.key, change), visit.principal)
    return Done(text="Graphs saved.", href=f"{visit.path}?tab=graphs")


SAVING = PageForm(send=save_graphs, fields=[Field(name="entries", label="Charts", kind="list")], button="Save graphs")
"""Form of the page of an asset that saves what was edited."""
