"""Values of one sensor in files; and their deletion."""

from typing import Any

from app.api.http.multipart import MultipartForm
from app.api.http.route import Call, Save, delete, post
from app.api.v3.data.data import outcome
from app.usecases import data, uploads
from app.usecases.data import DataDeletion
from app.usecases.uploads import FileLayout, FileUpload


def upload(call: Call, id: int, body: MultipartForm, query: FileLayout) -> Save:
    """Save the values of CSV, Excel or Green Button files: all of them, or nothing.

    A file says itself how it is laid out. Where it can be read in two ways nothing is stored: the answer is 422 and
    lists the questions, each with the query field that takes the answer and its choices.
    """
    read = uploads.read_upload(call.session, call.actor, id, _upload(body, query))

    def save(saving: Call) -> dict[str, Any]:
        total = uploads.save_upload(saving.session, saving.actor, id, read)
        return outcome(total) | {
            "stored": total.stored,
            "unchanged": total.unchanged,
            "files": [file.document() for file in read],
        }

    return save


def preview(call: Call, id: int, body: MultipartForm, query: FileLayout) -> dict[str, Any]:
    """Tell how files are read and why, what is wrong or open, and what an upload would store; nothing is stored."""
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
