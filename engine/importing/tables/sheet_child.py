"""Reads one sheet of an Excel or OpenDocument file, in a process of its own that ends when it takes too much.

Run as a script by ``sheets``: a few kilobytes may say that they hold a cell in the last row and column of
a sheet, or unpack to gigabytes, and the library takes all the memory that asks for. Nothing of ours is imported.
"""

import io
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import orjson

ERROR = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)(\d+)"[^>]*?\bt="e"[^>]*>(?:(?!</c>).)*?<v>([^<]{1,20})</v>', re.DOTALL)
"""A cell of Excel that holds an error: column, row, what it says."""
HEAD, LONGEST = 60, 90
"""Rows and columns, and characters of a text, of which the first of several sheets are told."""
FIRST_PART = 300
"""Rows that come first, from which the columns are found out."""
CELLS = 200_000
"""Of a part of the rows."""
LONGEST_PART = 8 * 2**20
"""Of a part [bytes], if it has more than one row."""


class Error(str):
    """What a cell says whose formula ended in an error."""


def bound(memory: int, seconds: int) -> None:
    """Let the system end this process once it takes more memory [bytes] or time of a processor [s]."""
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, most))


def cell(value: object) -> Any:
    """Return a cell as JSON: texts and numbers as they are, times as their kind and ISO text."""
    if type(value) is datetime:
        return ["m", value.isoformat()]
    if type(value) is Error:
        return ["e", value]
    if isinstance(value, str | float):
        return value
    if isinstance(value, bool | int):
        return str(value) if isinstance(value, bool) else float(value)
    if isinstance(value, date):  # the library gives midnights as dates
        return ["d", value.isoformat()]
    if isinstance(value, time):
        return ["c", value.isoformat()]
    if isinstance(value, timedelta):  # a clock time beyond 24:00
        return f"{value // timedelta(hours=1)}:{value // timedelta(minutes=1) % 60:02}:{value.seconds % 60:02}"
    return str(value)


def tell(line: Any) -> None:
    """Write one line of JSON for the process that asked."""
    sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def error_cells(content: bytes, place: int) -> dict[tuple[int, int], str]:
    """Row and column, from 0, of the cells of an Excel sheet with errors; the library gives them as empty."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.namelist()
            book = archive.read("xl/workbook.xml") if "xl/workbook.xml" in parts else b""
            links = archive.read("xl/_rels/workbook.xml.rels") if book else b""
            names = re.findall(rb'<sheet\b[^>]*?r:id="([^"]+)"', book)
            links_of = {key: to for to, key in re.findall(rb'Target="([^"]+)"[^>]*?Id="([^"]+)"', links)}
            # Attributes stand in either order.
            links_of |= dict(re.findall(rb'Id="([^"]+)"[^>]*?Target="([^"]+)"', links))
            part = links_of.get(names[place], b"").decode().removeprefix("/xl/") if place < len(names) else ""
            sheet = archive.read(f"xl/{part}") if f"xl/{part}" in parts else b""
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError, ValueError):
        return {}
    if b't="e"' not in sheet:
        return {}
    found = {}
    for letters, row, says in ERROR.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        found[int(row) - 1, column - 1] = says.decode("utf-8", "replace")
    return found


def choose(book: Any, wanted: str, most: int) -> tuple[Any, list[str], list[str]]:
    """Return the sheet to read, the names of the visible sheets that hold something, and the hidden ones.

    Where several hold something the first rows of each are written, from which one may be told to be the one meant.
    """
    visible = [sheet.name for sheet in book.sheets_metadata if str(sheet.visible).endswith(".Visible")]
    hidden = [name for name in book.sheet_names if name not in visible]
    if wanted:
        return book.get_sheet_by_name(wanted), [wanted], hidden
    first = visible or book.sheet_names
    heads: dict[str, list[Any]] = {}
    chosen = None  # kept, as each sheet that is asked for again is parsed again
    for name in first[:20]:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height > 1:
            chosen = chosen or sheet
            small = sheet.total_height * sheet.total_width <= most
            begin = islice(sheet.iter_rows(), HEAD if small else 0)
            heads[name] = [[cell(short(value)) for value in row[:HEAD]] for row in begin]
    if len(heads) > 1:
        for name, rows in heads.items():
            tell({"head": [name, rows]})
    return chosen or book.get_sheet_by_name(first[0]), [*heads] or first[:1], hidden


def short(value: object) -> object:
    """Return a cell, and of a long text its beginning only."""
    return value[:LONGEST] if isinstance(value, str) else value


def filled_rows(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[Any]]]:
    """Give number, from 1, and cells of each row of a sheet that holds something; merged cells are filled."""
    left: list[Any] = [""] * (sheet.start[1] if sheet.start else 0)
    merged = sorted(sheet.merged_cell_ranges or [])
    open_ranges: list[tuple[int, int, int, Any]] = []
    for place, row in enumerate(sheet.iter_rows()):
        cells = left + row
        if merged or open_ranges:
            open_ranges = [entry for entry in open_ranges if entry[0] >= place]
            while merged and merged[0][0][0] <= place:
                (top, begin), (bottom, end) = merged.pop(0)
                if top == place and begin < len(cells):
                    open_ranges.append((bottom, begin, end, cells[begin]))
            for _, begin, end, value in open_ranges:
                cells[begin : end + 1] = [value] * (min(end + 1, len(cells)) - begin)
        for column in range(len(cells)) if errors else ():
            if (place, column) in errors:
                cells[column] = Error(errors[place, column])
        if any(cells):
            yield place + 1, cells


def write_rows(rows: Iterator[tuple[int, list[Any]]]) -> None:
    """Write rows with their numbers in parts, the first of which is small."""
    size = FIRST_PART
    while part := list(islice(rows, size)):
        size = max(CELLS // len(part[0][1]), 1)
        write_part([number for number, _ in part], [cells for _, cells in part])


def write_part(numbers: list[int], rows: list[list[Any]]) -> None:
    """Write some rows as one line of JSON: their numbers, and for each column its kind and its cells."""
    line = orjson.dumps([numbers, [typed_column(cells) for cells in zip(*rows, strict=True)]])
    if len(line) < LONGEST_PART or len(rows) == 1:
        sys.stdout.buffer.write(line + b"\n")
        return
    half = len(rows) // 2
    write_part(numbers[:half], rows[:half])
    write_part(numbers[half:], rows[half:])


def typed_column(cells: tuple[Any, ...]) -> tuple[str, Any]:
    """Return the kind of a column and its cells: of one kind as they are, which is ten times faster than one by one."""
    kinds = set(map(type, cells))
    if kinds <= {float, int}:
        return "numbers", cells
    if kinds <= {datetime, date}:
        return "moments", cells
    return "cells", [cell(value) for value in cells]


def main(memory: int, seconds: int, cells: int, skipped: int, wanted: str) -> None:
    """Write the rows of a sheet; or one line that says what is wrong.

    Args:
        memory: Most memory this process may take [bytes].
        seconds: Most time of a processor [s].
        cells: Most rows times columns.
        skipped: How many rows that hold something are left out at the top.
        wanted: Name of the sheet; empty: the first visible one with a table.
    """
    bound(memory, seconds)
    from python_calamine import CalamineError, CalamineWorkbook  # once it is bounded

    content = sys.stdin.buffer.read()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if wanted and wanted not in book.sheet_names:
            return tell({"unknown": book.sheet_names[:100]})
        sheet, visible, hidden = choose(book, wanted, cells)
    except CalamineError as error:
        return tell({"unreadable": str(error)[:500]})
    if sheet.total_height * sheet.total_width > cells:
        return tell({"size": [sheet.total_height, sheet.total_width]})
    errors = error_cells(content, book.sheet_names.index(sheet.name))
    write_rows(islice(filled_rows(sheet, errors), skipped, None))
    return tell({"end": {"sheets": visible, "hidden": hidden, "errors": sorted(set(errors.values()))[:10]}})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
