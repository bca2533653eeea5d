"""The rows of a sheet of an Excel or OpenDocument file, read in a process of its own: see ``sheet_child``."""

import io
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen  # nosec B404  # starts this Python only
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

import numpy as np
import orjson

from engine.errors import FieldError, InputError
from engine.importing.layout import Cell, Column, Evidence, FileBounds
from engine.importing.tables.batches import Batch, ColumnBatch

CHILD = Path(__file__).with_name("sheet_child.py")
BLOCK = 2**20
LONGEST_LINE = 32 * 2**20
"""Of what the process that reads a sheet writes [bytes]; it splits what is longer."""
PATIENCE = 4
"""How much longer than it may compute the process that reads a sheet may take in all."""
READERS: dict[str, Any] = {"m": datetime.fromisoformat, "d": date.fromisoformat, "c": time.fromisoformat, "e": str}
"""Moments, days, clock times and errors, as the child marks them."""


@dataclass(frozen=True)
class Book:
    """One sheet of a file, and what the file has beside it."""

    kept: IO[bytes]
    """Parts of its rows, column by column, each a line of JSON."""
    names: tuple[str, ...]
    """Visible sheets that hold something, the one read first."""
    evidence: list[Evidence]
    notices: tuple[str, ...]
    heads: dict[str, list[list[Cell]]]
    """First rows of each of these sheets, if there are several."""

    def batches(self) -> Iterator[Batch]:
        """Give the rows that are not empty."""
        self.kept.seek(0)
        for line in self.kept:
            numbers, columns = orjson.loads(line)
            yield ColumnBatch(numbers, [_column(kind, cells) for kind, cells in columns])


def _column(kind: str, cells: list[Any]) -> Column:
    """Return a column as ``sheet_child`` wrote it."""
    if kind == "numbers":
        return np.array(cells, np.float64)
    return np.array(cells, "datetime64[us]") if kind == "moments" else _cells(cells)


def _cells(row: list[Any]) -> list[Cell]:
    """Return cells of different kinds, times as such."""
    return [READERS[cell[0]](cell[1]) if type(cell) is list else cell for cell in row]


def read_book(file: BinaryIO, sheet: str | None, skip_rows: int, bounds: FileBounds) -> Book:
    """Return a sheet of a file: the one named, or the first visible one with a table.

    Raises:
        InputError: The file cannot be read, has no such sheet, or holds too much.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > bounds.sheet_bytes:
        raise _too_much(f"it has {size} bytes, more", bounds.sheet_bytes, "SHEET_BYTES")
    numbers = [str(number) for number in (bounds.memory, bounds.seconds, bounds.cells, skip_rows)]
    with ExitStack() as opening:
        # Closed here where reading fails; else with the book, which reads it anew for each pass over its rows.
        kept = opening.enter_context(TemporaryFile())
        about = _read_sheet(file, kept, sheet, bounds, numbers)
        opening.pop_all()
    names, hidden = tuple(about["sheets"]), about["hidden"]
    because = "it is the one asked for" if sheet else "it is the first visible one with a table"
    notices = [f"Hidden sheets are not read: {', '.join(hidden[:10])}."] if hidden and not sheet else []
    if about["errors"]:
        notices.append(f"Formulas ended in errors: {', '.join(about['errors'])}; these cells have no value.")
    return Book(kept, names, [Evidence("sheet", names[0], because)], tuple(notices), about["heads"])


def _read_sheet(
    file: BinaryIO, kept: IO[bytes], sheet: str | None, bounds: FileBounds, numbers: Sequence[str]
) -> dict[str, Any]:
    """Let a process of its own read a sheet and keep its rows in a file; return what it says of the book."""
    with TemporaryFile() as own:
        shutil.copyfileobj(file, own, BLOCK)
        own.seek(0)
        # Why the warning of programs run with text from outside (S603, B603) does not hold: no shell reads this;
        # the program is our interpreter, its script ours, four arguments are numbers; the name of the sheet is one
        # argument, which the script only compares with the names in the file.
        command = [sys.executable, str(CHILD), *numbers, sheet or ""]
        child = Popen(command, stdin=own, stdout=PIPE, stderr=DEVNULL)  # nosec B603  # noqa: S603 - no shell; our interpreter and script
    # The system bounds what the child computes, but not how long it waits.
    end = threading.Timer(PATIENCE * bounds.seconds, child.kill)
    end.start()
    with child:
        try:
            return _keep_rows(child.stdout, kept, sheet, bounds)
        finally:
            end.cancel()
            child.kill()


def _too_much(measure: str, most: int, setting: str) -> InputError:
    return InputError(f"The file holds too much: {measure} than the {most} allowed (FLEXSCOPE_MAX_{setting}).")


def _keep_rows(lines: Any, kept: IO[bytes], sheet: str | None, bounds: FileBounds) -> dict[str, Any]:
    """Keep the rows that the reading process writes; return what it says of the file.

    Raises:
        InputError: It says that the file cannot be read, or ended before it was through.
    """
    heads: dict[str, list[list[Cell]]] = {}
    # A line without its end is one that the child could not finish.
    while (line := lines.readline(LONGEST_LINE)).endswith(b"\n"):
        if line.startswith(b"["):
            kept.write(line)
            continue
        match next(iter(orjson.loads(line).items())):
            case "head", [name, rows]:
                heads[name] = [_cells(row) for row in rows if any(row)]
            case "end", about:
                return {**about, "heads": heads}
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
