"""Reads one sheet of an Excel or OpenDocument file, in a process of its own that ends when it takes too much.

Run as a script by ``sheets``: a few kilobytes may say that they hold a cell in the last row and column of
a sheet, or unpack to gigabytes, and the library takes all the memory that asks for. Nothing of ours is imported.
"""

import io
import json
import resource
import sys
from datetime import datetime, timedelta
from typing import Any


def bound(memory: int, seconds: int) -> None:
    """Let the system end this process once it takes more memory [bytes] or time of a processor [s]."""
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (most, most))


def cell(value: object) -> str:
    """Return a cell as text; a moment is rounded to the millisecond, which a spreadsheet does not keep better."""
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat()
    return str(value)


def tell(what: Any) -> None:
    """Write one line of JSON for the process that asked."""
    sys.stdout.write(json.dumps(what) + "\n")


def main(memory: int, seconds: int, cells: int, wanted: str) -> None:
    """Write the rows of a sheet that hold something, each with its number from 1; or one line that says what is wrong.

    Args:
        memory: Most memory this process may take [bytes].
        seconds: Most time of a processor [s].
        cells: Most rows times columns.
        wanted: Name of the sheet; empty: the first one.
    """
    bound(memory, seconds)
    from python_calamine import CalamineError, CalamineWorkbook  # once it is bounded

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        if wanted and wanted not in book.sheet_names:
            return tell({"unknown": book.sheet_names[:100]})
        sheet = book.get_sheet_by_name(wanted or book.sheet_names[0])
    except CalamineError as error:
        return tell({"unreadable": str(error)[:500]})
    if sheet.total_height * sheet.total_width > cells:
        return tell({"size": [sheet.total_height, sheet.total_width]})
    left = [""] * (sheet.start[1] if sheet.start else 0)
    for number, row in enumerate(sheet.iter_rows(), 1):
        texts = left + [cell(value) for value in row]
        if any(texts):
            tell([number, texts])
    return tell({"end": True})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
