"""Values of one sensor in files; and their deletion."""

from typing import Any

from app.api.http.multipart import MultipartForm
from app.api.http.route import Call, Save, delete, post
from app.api.v3.data.data import outcome
from app.usecases import data, uploads
from app.usecases.data import DataDeletion
from app.usecases.uploads import FileLayout, FileUpload


def upload(call: Call, id: int, body: MultipartForm, query: FileLayout) -> Save:
    """Save the values of CSV or Excel files: all of them, or nothing."""
    posted = uploads.read_upload(call.session, call.actor, id, _upload(body, query))

    def save(saving: Call) -> dict[str, Any]:
        total = uploads.save_upload(saving.session, saving.actor, id, posted)
        return outcome(total) | {"stored": total.stored, "unchanged": total.unchanged}

    return save


def preview(call: Call, id: int, body: MultipartForm, query: FileLayout) -> dict[str, Any]:
    """Tell what is wrong with the rows of files, and what an upload would store; nothing is stored."""
    return {"files": uploads.preview_upload(call.session, call.actor, id, _upload(body, query))}


def _upload(form: MultipartForm, layout: FileLayout) -> FileUpload:
    return FileUpload(files=[(file.name, file.file) for file in form.files], layout=layout, form=form.fields)


def delete_data(call: Call, id: int, body: DataDeletion) -> None:
    """Delete values of a sensor: all of them, or those of a source or a stretch of time."""
    data.delete_data(call.session, call.actor, id, body)


ROUTES = [
    post("/sensors/{id}/data/upload", upload, pool="heavy", scope="data", computes=True),
    post("/sensors/{id}/data/upload/preview", preview, pool="heavy", scope="data", saves=False),
    delete("/sensors/{id}/data", delete_data, pool="heavy"),
]
