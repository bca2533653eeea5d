"""Take in a file: choose it, say how it is laid out, look at what would be stored, store all of it or nothing."""

import io
from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.usecases import uploads as usecases
from app.usecases.inputs import read_input
from app.usecases.uploads import FileLayout
from app.web.context import current
from app.widgets.async_content import computing, later, note, refuse, writing
from components.tables.fact_table import Code, FactTable
from db.beliefs.store import Written
from db.sensors import Sensor

ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xls"
DELIMITERS = {"detect": "", "comma": ",", "semicolon": ";", "tabulator": "\t", "bar": "|"}
OPTIONS: dict[str, tuple[str, str]] = {
    "time_column": ("Time column", "Number from 0, or its header. Leave empty for the first."),
    "value_column": ("Value column", "Number from 0, or its header. Leave empty for the second."),
    "belief_column": ("Belief time column", "Leave empty if all values are known now"),
    "timezone": ("Time zone", "For times without an offset. Leave empty for the sensor's time zone."),
    "date_format": ("Time format", "For example %d-%m-%Y %H:%M. Leave empty for ISO 8601."),
    "thousands": ("Thousands separator", "For example a dot. Leave empty for none."),
    "resolution": ("Resolution of the values", "For example PT15M. Leave empty to detect it."),
    "skip_rows": ("Header lines to skip", "A whole number"),
    "sheet": ("Excel sheet", "Leave empty for the first"),
    "missing": ("Texts that mean a missing value", "Separated by commas"),
}
SHOWN = 20


class Upload(pn.viewable.Viewer):
    """A file on its way to a sensor."""

    def __init__(self, sensor: Sensor) -> None:
        super().__init__()
        self._sensor = sensor
        self._file = pmui.FileInput(label="Choose a CSV or Excel file", accept=ACCEPTED, margin=8, **_limits())
        self._unit = pmui.TextInput(label="Unit of the values", value=sensor.unit, size="small", margin=8, width=180)
        self._delimiter = pmui.Select(
            label="Cell separator", options=DELIMITERS, value="", size="small", margin=8, width=180
        )
        self._decimal = pmui.Select(
            label="Decimal separator", options={"dot": ".", "comma": ","}, value=".", size="small", margin=8, width=180
        )
        self._options = {
            name: pmui.TextInput(label=label, helper_text=said, size="small", margin=8, width=280)
            for name, (label, said) in OPTIONS.items()
        }
        self._told = pn.Column(sizing_mode="stretch_width")
        self._store = pmui.Button(label="Store", icon="save", on_click=self._save, visible=False, margin=8)
        for each in (self._file, self._unit, self._delimiter, self._decimal, *self._options.values()):
            each.param.watch(self._changed, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        more = ("File options", pmui.FlexBox(*self._options.values(), sizing_mode="stretch_width"))
        layout = pmui.Accordion(more, title_variant="body1", sizing_mode="stretch_width", margin=8)
        first = pmui.FlexBox(
            self._file, self._unit, self._delimiter, self._decimal, align_items="start", sizing_mode="stretch_width"
        )
        return pn.Column(first, layout, self._told, self._store, sizing_mode="stretch_width")

    def _changed(self, _event: object) -> None:
        self._store.visible = False
        if self._file.value:
            self._told[:] = [note("Reading the file …")]
            pn.state.execute(self._look)

    def _upload(self) -> usecases.FileUpload:
        """Return what was chosen, as the use cases want it."""
        chosen: dict[str, Any] = {"delimiter": self._delimiter.value, "decimal": self._decimal.value}
        chosen |= {name: field.value.strip() for name, field in self._options.items() if field.value.strip()}
        fields = {name: value for name, value in chosen.items() if value}
        return usecases.FileUpload(
            files=[(str(self._file.filename), io.BytesIO(bytes(self._file.value)))],
            layout=read_input(FileLayout, fields, current().settings, "query"),
            form={"unit": self._unit.value.strip()},
        )

    async def _look(self) -> None:
        try:
            upload, key = self._upload(), self._sensor.id
            (found,) = await computing(lambda session, actor: usecases.preview_upload(session, actor, key, upload))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._preview(found))

    def _preview(self, found: dict[str, Any]) -> None:
        self._told[:] = _previewed(found)
        can = not found["refused"] and found["stored"] > 0
        self._store.param.update(visible=can, label=f"Store {found['stored']:,} values")

    async def _save(self, _event: object) -> None:
        self._store.disabled = True
        try:
            upload, key = self._upload(), self._sensor.id
            posted = await computing(lambda session, actor: usecases.read_upload(session, actor, key, upload))
            done = await writing(lambda session, actor: usecases.save_upload(session, actor, key, posted))
        except Exception as error:  # as above
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._saved(done))
        later(lambda: self._store.param.update(disabled=False))

    def _saved(self, done: Written) -> None:
        said = f"{done.stored:,} values stored, {done.unchanged:,} were already there. See the Chart tab."
        self._told[:] = [note(said, "success")]
        self._store.visible = False


def _limits() -> dict[str, Any]:
    most = current().settings.FLEXSCOPE_MAX_UPLOAD_BYTES
    return {"max_file_size": most, "max_total_file_size": most}


def _previewed(found: dict[str, Any]) -> list[Any]:
    """Return what a file says and what would become of it."""
    if found["refused"] or found["problems"]:
        why = note(f"Nothing of {found['name']} can be stored. {found['refused']}", "warning")
        return [why, *([_problems(found["problems"])] if found["problems"] else [])]
    facts = [
        ["Rows", f"{found['rows']:,}"],
        ["Events", f"{found['first'] or '-'} to {found['last'] or '-'}"],
        ["Values", f"{found['values']:,} in {found['unit'] or 'no unit'}"],
        ["New or changed", f"{found['stored']:,}"],
        ["Unchanged", f"{found['unchanged']:,}"],
        ["Gaps", ", ".join(f"{start} to {end}" for start, end in found["gaps"]) or "none"],
    ]
    sample = [[event, f"{value:g}"] for event, value in found["sample"]]
    heads = ["Event (UTC)", f"Value [{found['unit'] or '-'}]"]
    return [
        FactTable(columns=[found["name"], ""], rows=facts),
        FactTable(columns=heads, rows=sample, empty="No values."),
    ]


def _problems(problems: Sequence[dict[str, Any]]) -> FactTable:
    rows = [[str(each["row"]), Code(each["text"]), each["reason"]] for each in problems[:SHOWN]]
    return FactTable(columns=["Row", "Cell", "Problem"], rows=rows)
