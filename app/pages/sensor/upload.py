"""Upload of a file: choose it, say how it is laid out, see a preview, store all of it or nothing."""

import io
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.running import current
from app.usecases import uploads as usecases
from app.usecases.inputs import read_input
from app.usecases.uploads import FileLayout
from app.widgets.async_content import attempt, computing, confirm, later, note, writing
from components.tables.fact_table import Code, FactTable
from db.beliefs.store import Written
from db.sensors import Sensor

ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xlsb,.xls,.ods,.xml"
DELIMITERS = {"detect": "", "comma": ",", "semicolon": ";", "tab": "\t", "vertical bar": "|"}
DECIMALS = {"detect": "", "dot": ".", "comma": ","}
OPTIONS: dict[str, tuple[str, str]] = {
    "time_column": ("Time column", "Its header, or its number counted from 0. Leave empty to detect it."),
    "clock_column": ("Time of day column", "If dates are in a separate column. Leave empty to detect it."),
    "end_column": ("End column", "When each value ends. Leave empty to detect it."),
    "value_column": ("Value column", "Its header, or its number counted from 0. Leave empty to detect it."),
    "belief_column": ("Belief time column", "When each value was recorded. Leave empty to record all of them now."),
    "timezone": ("Time zone", "For times without an offset. Leave empty for that of the file or the sensor."),
    "date_format": ("Time format", "For example %d-%m-%Y %H:%M. Leave empty to detect it."),
    "thousands": ("Thousands separator", "For example a dot. Leave empty to detect it."),
    "resolution": ("Resolution of the values", "For example PT15M. Leave empty to detect it."),
    "skip_rows": ("Lines to skip", "Number of lines before the header. Leave empty to detect them."),
    "sheet": ("Excel sheet", "Name of the sheet. Leave empty for the first visible one."),
    "missing": ("Texts that mean a missing value", "Separated by commas, for example -,n/a"),
}
MOST_LINES = 20
"""Problems of a file that are listed."""


class Upload(pn.viewable.Viewer):
    """Form that uploads a file to a sensor."""

    def __init__(self, sensor: Sensor) -> None:
        super().__init__()
        self._sensor = sensor
        most = current().settings.FLEXSCOPE_MAX_UPLOAD_BYTES
        self._file = pmui.FileInput(
            label="Choose a CSV or Excel file", accept=ACCEPTED, margin=8, max_file_size=most, max_total_file_size=most
        )
        self._unit = pmui.TextInput(
            label="Unit of the values", placeholder="as in the file", size="small", margin=8, width=180
        )
        self._delimiter = pmui.Select(
            label="Cell separator", options=DELIMITERS, value="", size="small", margin=8, width=180
        )
        self._decimal = pmui.Select(
            label="Decimal separator", options=DECIMALS, value="", size="small", margin=8, width=180
        )
        self._options = {
            name: pmui.TextInput(label=label, helper_text=hint, size="small", margin=8, width=280)
            for name, (label, hint) in OPTIONS.items()
        }
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._store = pmui.Button(label="Store", icon="save", on_click=self._save, visible=False, margin=8)
        self._answers: dict[str, str] = {}
        self._questions: dict[str, dict[str, Any]] = {}
        self._file.param.watch(self.forget_answers, "value")
        for widget in (self._file, self._unit, self._delimiter, self._decimal, *self._options.values()):
            widget.param.watch(self._changed, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        more = ("File options", pmui.FlexBox(*self._options.values(), sizing_mode="stretch_width"))
        layout = pmui.Accordion(more, title_variant="body1", sizing_mode="stretch_width", margin=8)
        first = pmui.FlexBox(
            self._file, self._unit, self._delimiter, self._decimal, align_items="start", sizing_mode="stretch_width"
        )
        return pn.Column(first, layout, self._notice, self._store, sizing_mode="stretch_width")

    def forget_answers(self, _event: object) -> None:
        """Begin anew: another file asks other questions."""
        self._answers, self._questions = {}, {}

    def _changed(self, _event: object) -> None:
        self._store.visible = False
        if self._file.value is not None:  # an empty file is refused, not passed over
            self._notice[:] = [note("Reading the file …")]
            pn.state.execute(self._read_preview)

    def _upload(self) -> usecases.FileUpload:
        """File with its layout and unit, as the use cases take it."""
        chosen: dict[str, Any] = {"delimiter": self._delimiter.value, "decimal": self._decimal.value}
        chosen |= {name: field.value.strip() for name, field in self._options.items() if field.value.strip()}
        fields = {name: value for name, value in chosen.items() if value}
        answers = {name.replace("-", "_"): value for name, value in self._answers.items()}
        unit = answers.pop("unit", "") or self._unit.value.strip()
        fields |= answers
        return usecases.FileUpload(
            files=[(str(self._file.filename), io.BytesIO(bytes(self._file.value)))],
            layout=read_input(FileLayout, fields, current().settings, "query"),
            form={"unit": unit},
        )

    async def _read_preview(self) -> None:
        async def preview() -> dict[str, Any]:
            upload, key = self._upload(), self._sensor.id
            (shown,) = await computing(lambda session, actor: usecases.preview_upload(session, actor, key, upload))
            return shown

        def show(file: dict[str, Any]) -> None:
            self._questions |= {question["field"]: question for question in file["questions"]}
            asked = " ".join(question["text"] for question in self._questions.values())
            notices = [text for text in file["notices"] if text not in asked]  # one that is to be confirmed is both
            self._notice[:] = [*self.question_parts(), *preview_parts(file | {"notices": notices})]
            is_storable = not file["refused"] and file["stored"] > 0
            self._store.param.update(visible=is_storable, label=f"Store {file['stored']:,} values")

        await attempt(preview(), self._notice, show)

    def question_parts(self) -> list[Any]:
        """Questions with their choices; those that were answered may be answered otherwise."""
        parts: list[Any] = []
        for field, question in self._questions.items():
            choices = {
                f"{choice['value']}: {choice['meaning']}" if choice["meaning"] else choice["value"]: choice["value"]
                for choice in question["choices"]
            }

            def take(event: Any, field: str = field) -> None:
                if event.new and self._answers.get(field) != event.new:  # else showing the answer would ask again
                    self._answers[field] = event.new
                    self._changed(None)

            answer = pmui.Select(
                label=field.replace("-", " ").capitalize(),
                options={"choose …": "", **choices},
                value=self._answers.get(field, ""),
                size="small",
                margin=8,
                width=420,
            )
            answer.param.watch(take, "value")
            severity = "success" if field in self._answers else "warning"
            parts += [note(question["text"], severity), answer]
        return parts

    async def _save(self, _event: object) -> None:
        async def save() -> Written:
            upload, key = self._upload(), self._sensor.id
            posted = await computing(lambda session, actor: usecases.read_upload(session, actor, key, upload))
            return await writing(lambda session, actor: usecases.save_upload(session, actor, key, posted))

        def show(written: Written) -> None:
            counts = f"{written.stored:,} values stored, {written.unchanged:,} were already stored"
            confirm(self._notice, f"{counts}. See the Chart tab.")
            self._store.visible = False

        self._store.disabled = True
        await attempt(save(), self._notice, show)
        later(lambda: self._store.param.update(disabled=False))


def preview_parts(file: dict[str, Any]) -> list[Any]:
    """Tables of how a file is read, of its rows, and of what would be stored, or of why nothing can be.

    Args:
        file: Preview, see ``app.usecases.uploads.preview_upload``.
    """
    parts: list[Any] = []
    if file["problems"] or (file["refused"] and not file["questions"]):
        parts.append(note(f"No values of {file['name']} can be stored. {file['refused']}", "warning"))
    problems = [[str(each["row"]), Code(each["text"]), each["reason"]] for each in file["problems"][:MOST_LINES]]
    if problems:
        parts.append(FactTable(columns=["Row", "Cell", "Problem"], rows=problems))
    parts += [note(text) for text in file["notices"][:MOST_LINES]]
    if not file["refused"]:
        facts = [
            ["Rows", f"{file['rows']:,}"],
            ["Events", f"{file['first'] or '-'} to {file['last'] or '-'}"],
            ["Values", f"{file['values']:,} in {file['unit'] or 'no unit'}"],
            ["New or changed", f"{file['stored']:,}"],
            ["Unchanged", f"{file['unchanged']:,}"],
            ["Gaps", ", ".join(f"{start} to {end}" for start, end in file["gaps"]) or "none"],
        ]
        parts.append(FactTable(columns=[file["name"], ""], rows=facts))
    parts += row_parts(file)
    if evidence := [[entry["field"], Code(entry["value"]), entry["because"]] for entry in file["evidence"]]:
        parts.append(FactTable(columns=["Seen in the file", "Reading", "Because"], rows=evidence))
    return parts


def row_parts(file: dict[str, Any]) -> list[Any]:
    """Table of the first, last and strangest rows beside the values they become."""
    if not file.get("shown_rows"):
        return []
    rows = [
        [
            f"{row['row']} ({row['kind']})",
            row["time"],
            "none" if row["value"] is None else f"{row['value']:g}",
            row["event"],
            "-" if row["stored"] is None else f"{row['stored']:g}",
        ]
        for row in file["shown_rows"]
    ]
    unit, own = file["unit"] or "-", file["file_unit"] or "-"
    heads = ["Row", "Time (UTC)", f"Value in the file [{own}]", "Event (UTC)", f"Value to store [{unit}]"]
    return [FactTable(columns=heads, rows=rows)]
