"""The rows of a CSV, Excel or OpenDocument file as texts, one after the other; never a whole file in memory."""

import codecs
import csv
import io
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen  # nosec B404
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple

import orjson

from db.core.bounds import Most
from engine.errors import FieldError, InputError

EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx, .xlsb, .ods and .xls files begin."""
DELIMITERS = ",;\t|"
BLOCK = 2**20
CHILD = Path(__file__).with_name("sheet_child.py")
PATIENCE = 4
"""How much longer than it may compute the process that reads a sheet may take in all."""


@dataclass(frozen=True, kw_only=True)
class FileBounds:
    """How much one file may hold; see the settings of the same names."""

    rows: int = 10_000_000
    columns: int = 1_100
    line: int = 100_000
    """Characters of one line of a CSV file."""
    cells: int = 4_000_000
    """Rows times columns of a sheet."""
    sheet_bytes: int = 50 * 2**20
    """Size of a file with sheets [bytes]."""
    memory: int = 768 * 2**20
    """Of the process that reads a sheet [bytes]."""
    seconds: int = 30
    """Of a processor, to read a sheet [s]."""
    most: Most | None = None
    """Values of the sensor that the file may make; None: any number."""


class SheetRow(NamedTuple):
    """One row that is not empty."""

    number: int
    """In the file, from 1."""
    cells: list[str]


def rows(
    file: BinaryIO, *, delimiter: str | None, sheet: str | None, skip_rows: int, bounds: FileBounds
) -> Iterator[SheetRow]:
    """Give the rows of a file that are not empty.

    Args:
        file: From its beginning; it is left open.
        delimiter: Between the cells of a CSV file; None: found out.
        sheet: Of an Excel file; None: the first one.
        skip_rows: Lines to leave out at the top.
        bounds: How much the file may hold.

    Raises:
        InputError: The file is no table, or holds too much.
    """
    begin = file.read(4)
    file.seek(0)
    if begin.startswith(EXCEL):
        return islice(_sheet(file, sheet, bounds), skip_rows, None)
    return _csv(file, delimiter, skip_rows, bounds)


def _csv(file: BinaryIO, delimiter: str | None, skip_rows: int, bounds: FileBounds) -> Iterator[SheetRow]:
    text = io.TextIOWrapper(file, _encoding(file), errors="replace", newline="")
    try:
        lines = islice(_lines(text, bounds), skip_rows, None)
        first = list(islice(lines, 20))
        rows = _RowLines(chain(first, lines), bounds)
        reader = csv.reader(rows, delimiter=delimiter or _delimiter(first))
        for cells in reader:
            rows.length = 0
            number = skip_rows + reader.line_num
            if len(cells) > bounds.columns:
                raise _too_much(f"row {number} has {len(cells)} cells", bounds.columns, "FILE_COLUMNS")
            if any(cell.strip() for cell in cells):
                yield SheetRow(number, cells)
    except (csv.Error, TypeError, ValueError) as error:  # of the delimiter, or of a cell without end
        raise InputError(f"The file cannot be read as CSV: {error}; tell the delimiter, or close the quotes.") from None
    finally:
        text.detach()


class _RowLines:
    """Lines of a CSV file; those that a row goes on over, since quotes are open, are together as long as one may be."""

    def __init__(self, lines: Iterator[str], bounds: FileBounds) -> None:
        self._lines, self._most = lines, bounds.line
        self.length = 0
        """Of what belongs to the row that is being read [characters]; its reader begins each row with 0."""

    def __iter__(self) -> "_RowLines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.length += len(line)
        if self.length > self._most:
            raise _too_much("a row whose quotes are open is longer", self._most, "LINE_LENGTH")
        return line


def _encoding(file: BinaryIO) -> str:
    """Return how a file writes its characters; looked at as a whole, block by block."""
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        file.seek(0)
        return "utf-16"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"  # what spreadsheets of Western Windows save
    finally:
        file.seek(0)
    return "utf-8-sig"


def _lines(text: io.TextIOWrapper, bounds: FileBounds) -> Iterator[str]:
    """Give the lines of a text, none of them longer than allowed."""
    number = 0
    while line := text.readline(bounds.line + 1):
        number += 1
        if len(line) > bounds.line:
            raise _too_much(f"line {number} is longer", bounds.line, "LINE_LENGTH")
        if number > bounds.rows:
            raise _too_much("it has more lines", bounds.rows, "FILE_ROWS")
        yield line


def _too_much(what: str, most: int, setting: str) -> InputError:
    return InputError(f"The file holds too much: {what} than the {most} allowed (FLEXSCOPE_MAX_{setting}).")


def _delimiter(lines: list[str]) -> str:
    """Return the sign that splits the first lines into the most cells, equally many in each."""
    some = [line for line in lines if line.strip()]
    counts = {mark: {len(row) for row in csv.reader(some, delimiter=mark)} for mark in DELIMITERS}
    even = {mark: min(found) for mark, found in counts.items() if len(found) == 1}
    best = max(even, key=lambda mark: even[mark], default=",")
    return best if even.get(best, 1) > 1 else ","


def _sheet(file: BinaryIO, sheet: str | None, bounds: FileBounds) -> Iterator[SheetRow]:
    """Give the rows of a sheet, read by a process of its own: see ``sheet_child``."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > bounds.sheet_bytes:
        raise _too_much(f"it has {size} bytes, more", bounds.sheet_bytes, "SHEET_BYTES")
    most = [str(number) for number in (bounds.memory, bounds.seconds, bounds.cells)]
    with TemporaryFile() as own:
        shutil.copyfileobj(file, own, BLOCK)
        own.seek(0)
        # Why the warning of programs run with text from outside (S603, B603) does not hold: no shell reads this;
        # the program is our interpreter, its script ours, three arguments are numbers of the settings; the name of the
        # sheet is one argument, which the script only compares with the names in the file.
        command = [sys.executable, str(CHILD), *most, sheet or ""]
        child = Popen(command, stdin=own, stdout=PIPE, stderr=DEVNULL)  # noqa: S603  # nosec B603
    end = threading.Timer(PATIENCE * bounds.seconds, child.kill)
    end.start()
    with child:
        try:
            yield from _parsed_rows(child.stdout, sheet, bounds)
        finally:
            end.cancel()
            child.kill()


def _parsed_rows(lines: Any, sheet: str | None, bounds: FileBounds) -> Iterator[SheetRow]:
    """Give the rows that the reading process tells.

    Raises:
        InputError: It says that the file cannot be read, or ended before it was through.
    """
    while (line := lines.readline(16 * bounds.line)).endswith(b"\n"):
        told = orjson.loads(line)
        if isinstance(told, list):
            yield SheetRow(*told)
            continue
        match next(iter(told.items())):
            case "end", _:
                return
            case "unknown", names:
                raise FieldError("sheet", f"there is none called {sheet!r}; the file has {', '.join(names)}.")
            case "unreadable", why:
                raise InputError(f"The file is not an Excel file that can be read: {why}.")
            case "size", [high, wide]:
                raise _too_much(f"its sheet has {high} rows and {wide} columns, more cells", bounds.cells, "CELLS")
    raise InputError(
        f"The sheet holds too much: it cannot be read within {bounds.memory // 2**20} MB and {bounds.seconds} s "
        "(FLEXSCOPE_MAX_SHEET_MEMORY, FLEXSCOPE_MAX_SHEET_SECONDS). Delete what lies far from the table, or save it as "
        "CSV."
    )
