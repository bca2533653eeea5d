"""The body of a request as it arrives: a JSON object, or files that are kept on disk once they are large."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

import orjson
from tornado.httputil import HTTPHeaders

from app.api.errors import ApiError

IN_MEMORY = 2**20
"""Larger bodies go to a file without a name [bytes]."""


SMALL = 4096
"""Bodies above this are not read on the event loop [bytes]."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One uploaded file."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Form:
    """The parts of a multipart body."""

    files: list[File] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Raw:
    """A body that is no JSON object, as it came."""

    content: bytes
    media: str
    """Content type without parameters, in lower case."""


class Received:
    """Collects the body of one request; too much of it is counted, not kept."""

    def __init__(self, *, limit: int) -> None:
        self.limit, self.size, self.kept = limit, 0, 0
        with ExitStack() as opening:
            self._kept = opening.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
            self._open = opening.pop_all()

    def close(self) -> None:
        """Let go of what was kept, and keep no more."""
        self.limit = self.kept = 0
        self._open.close()

    def add(self, chunk: bytes) -> None:
        """Take the next piece."""
        self.size += len(chunk)
        if self.size <= self.limit:
            self._kept.write(chunk)
            self.kept = self.size

    def raw(self) -> bytes:
        """Return the whole body.

        Raises:
            ApiError: It was larger than the limit.
        """
        if self.size > self.limit:
            message = f"The body has {self.size} bytes, more than the {self.limit} allowed; send it in parts."
            raise ApiError(413, "PAYLOAD_TOO_LARGE", message)
        self._kept.seek(0)
        return self._kept.read()

    def email(self) -> str:
        """Return the email address a small body names; by it, those who sign in at one address are told apart."""
        if not self.kept or self.size > SMALL:
            return ""
        try:
            found = orjson.loads(self.raw())
        except orjson.JSONDecodeError:
            return ""
        return str(found.get("email", "")).strip().lower() if isinstance(found, dict) else ""

    def message(self) -> dict[str, Any]:
        """Return the body as a JSON object; nothing at all is an empty one.

        Raises:
            ApiError: It is too large, no JSON, or no object.
        """
        raw = self.raw()
        if not raw.strip():
            return {}
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ApiError(400, "INVALID_REQUEST", f"The body is not JSON: {error}.") from None
        if not isinstance(found, dict):
            raise ApiError(422, "UNPROCESSABLE_ENTITY", 'The body must be a JSON object, such as {"name": "…"}.')
        return found

    def uploaded(self, headers: HTTPHeaders) -> Form:
        """Return the files and fields of a multipart body.

        Raises:
            ApiError: It is too large or no multipart body.
        """
        kind = headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            raise ApiError(422, "UNPROCESSABLE_ENTITY", "Send the files as multipart/form-data, in uploaded-files.")
        head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
        whole = BytesParser().parsebytes(head + self.raw())
        form = Form()
        for part in _parts(whole):
            _sort(part, form)
        return form


def _parts(whole: Message) -> Iterator[Message]:
    parts = whole.get_payload()
    if not isinstance(parts, list):
        raise ApiError(422, "UNPROCESSABLE_ENTITY", "The multipart body cannot be read; is its boundary right?")
    yield from (part for part in parts if isinstance(part, Message))


def _sort(part: Message, form: Form) -> None:
    """Put one part where it belongs."""
    name = str(part.get_param("name", "", "content-disposition"))
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    filename = part.get_filename()
    if filename is None:
        form.fields[name.replace("-", "_")] = content.decode("utf-8", "replace")
    else:
        form.files.append(File(name=filename, media=part.get_content_type(), content=content))
