"""The body of a request as it arrives: a JSON object, or files that are kept on disk once they are large."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any, BinaryIO, cast

import orjson
from tornado.httputil import HTTPHeaders

from app.api.http.errors import ApiError

IN_MEMORY = 2**20
"""Larger bodies go to a file without a name [bytes]."""
BLOCK = 2**20
"""Bytes of a body that are looked at at a time."""
MOST_PARTS = 100
"""Most files and fields of a form."""
MOST_BOUNDARIES = 10_000
"""How often the boundary may occur, in the files too."""
LONGEST_HEAD = 8192
"""Longest headers of one part, and longest field [bytes]."""


SMALL = 4096
"""Bodies above this are not read on the event loop [bytes]."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One uploaded file."""

    name: str
    media: str
    file: BinaryIO
    """Its content, to be read while the request is answered."""


@dataclass(frozen=True, kw_only=True)
class MultipartForm:
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
        # Closed by close(), and at once if opening it fails, but not at the end of this block.
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
        self._check_size()
        self._kept.seek(0)
        return self._kept.read()

    def _check_size(self) -> None:
        if self.size > self.limit:
            message = f"The body has {self.size} bytes, more than the {self.limit} allowed; send it in parts."
            raise ApiError(413, "PAYLOAD_TOO_LARGE", message)

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

    def uploaded(self, headers: HTTPHeaders) -> MultipartForm:
        """Return the files and fields of a multipart body; the files stay where they are, parts of the body.

        Raises:
            ApiError: It is too large or no multipart body.
        """
        self._check_size()
        kind = Message()
        kind["Content-Type"] = headers.get("Content-Type", "")
        boundary = kind.get_boundary()
        if kind.get_content_type() != "multipart/form-data" or not boundary:
            raise ApiError(422, "UNPROCESSABLE_ENTITY", "Send the files as multipart/form-data, in uploaded-files.")
        form = MultipartForm()
        for number, part in enumerate(_parts(cast("BinaryIO", self._kept), boundary.encode("latin-1", "replace"))):
            if number == MOST_PARTS:
                raise ApiError(422, "UNPROCESSABLE_ENTITY", f"The form has more than {MOST_PARTS} parts; send several.")
            _sort(part, form)
        return form


class FileSection(io.RawIOBase):
    """A part of a file, to be read as a file of its own."""

    def __init__(self, whole: BinaryIO, start: int, end: int) -> None:
        super().__init__()
        self._whole, self._start, self._end, self._at = whole, start, end, start

    def rest(self, offset: int) -> "FileSection":
        """The section from an offset on."""
        return FileSection(self._whole, self._start + offset, self._end)

    def readable(self) -> bool:
        """See RawIOBase."""
        return True

    def seekable(self) -> bool:
        """See RawIOBase."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See RawIOBase."""
        origin = {io.SEEK_SET: self._start, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = min(max(origin + offset, self._start), self._end)
        return self._at - self._start

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        room = memoryview(buffer).cast("B")
        self._whole.seek(self._at)
        piece = self._whole.read(min(len(room), self._end - self._at))
        room[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _places(whole: BinaryIO, wanted: bytes) -> Iterator[int]:
    """Give where some bytes are in a file, found block by block."""
    whole.seek(0)
    begin, kept = 0, b""
    while block := whole.read(BLOCK):
        kept += block
        at = kept.find(wanted)
        while at >= 0:
            yield begin + at
            # Who was given the place may have read elsewhere in the file.
            whole.seek(begin + len(kept))
            at = kept.find(wanted, at + 1)
        # The end of a block stays: the wanted bytes may lie across two blocks
        begin, kept = begin + len(kept) - min(len(kept), len(wanted) - 1), kept[max(len(kept) - len(wanted) + 1, 0) :]


def _parts(whole: BinaryIO, boundary: bytes) -> Iterator[FileSection]:
    """Give the parts between the lines that hold the boundary.

    Raises:
        ApiError: There is no such line.
    """
    start, line = None, b"--" + boundary
    for number, at in enumerate(_places(whole, line)):
        if number == MOST_BOUNDARIES:
            raise ApiError(422, "UNPROCESSABLE_ENTITY", "The boundary is in the files too; take a longer, random one.")
        whole.seek(max(at - 2, 0))
        before = whole.read(min(at, 2))
        if before and not before.endswith(b"\n"):
            continue  # the file itself holds these bytes
        if start is not None:
            yield FileSection(whole, start, max(at - (2 if before == b"\r\n" else 1), start))
        whole.seek(at + len(line))
        after = whole.readline(LONGEST_HEAD)
        start = at + len(line) + len(after)
        if after.startswith(b"--"):
            return
    if start is None:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", "The multipart body cannot be read; is its boundary right?")
    raise ApiError(422, "UNPROCESSABLE_ENTITY", "The multipart body ends before its last boundary; was all of it sent?")


def _sort(part: FileSection, form: MultipartForm) -> None:
    """Put one part where it belongs."""
    file = io.BufferedReader(part, BLOCK)
    lines = b""
    while (line := file.readline(LONGEST_HEAD)).strip() and len(lines) < LONGEST_HEAD:
        lines += line
    head = BytesParser().parsebytes(lines + b"\r\n")
    if head.get("Content-Transfer-Encoding", "binary").strip().lower() not in ("binary", "8bit", "7bit"):
        raise ApiError(422, "UNPROCESSABLE_ENTITY", "Send the parts of the form as they are, not encoded.")
    name = str(head.get_param("name", "", "content-disposition")).replace("-", "_")
    filename, begin = head.get_filename(), file.tell()
    if filename is not None:
        content = io.BufferedReader(part.rest(begin), BLOCK)
        form.files.append(File(name=filename, media=head.get_content_type(), file=cast("BinaryIO", content)))
        return
    value = file.read(LONGEST_HEAD + 1)
    if len(value) > LONGEST_HEAD:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"{name}: has more than {LONGEST_HEAD} bytes; send it as a file.")
    form.fields[name] = value.decode("utf-8", "replace")
