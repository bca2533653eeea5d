"""The cells of a CSV or Excel file as texts, with the number of each row."""

import csv
import io
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from engine.errors import FieldError, InputError

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .xls files begin."""
DELIMITERS = ",;\t|"


def table(content: bytes, *, delimiter: str | None, sheet: str | None, skip_rows: int) -> "pd.DataFrame":
    """Return the cells as texts, indexed by the number of the row in the file, from 1.

    Args:
        content: The bytes of the file.
        delimiter: Between the cells of a CSV file; None: found out.
        sheet: Of an Excel file; None: the first one.
        skip_rows: Lines to leave out at the top.

    Raises:
        InputError: The file is empty or no table.
    """
    if content.startswith(EXCEL):
        return _excel(content, sheet).iloc[skip_rows:]
    return _csv(content, delimiter, skip_rows)


def _csv(content: bytes, delimiter: str | None, skip_rows: int) -> "pd.DataFrame":
    import pandas as pd

    lines = _text(content).splitlines()[skip_rows:]
    reader = csv.reader(lines, delimiter=delimiter or _delimiter(lines))
    numbered = ((skip_rows + reader.line_num, row) for row in reader)
    rows = {number: row for number, row in numbered if any(cell.strip() for cell in row)}
    if not rows:
        raise InputError("The file has no rows.")
    head, width = next(iter(rows.items()))
    for number, row in rows.items():
        if len(row) > len(width):
            raise InputError(
                f"Row {number} has {len(row)} cells, but row {head} has {len(width)}; tell the delimiter and the "
                "decimal sign, or skip the rows above the head."
            )
    return pd.DataFrame.from_dict(rows, orient="index", dtype=str).fillna("")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what spreadsheets of Western Windows save


def _delimiter(lines: list[str]) -> str:
    """Return the sign that splits the first lines into the most cells, equally many in each."""
    some = [line for line in lines[:20] if line.strip()]
    counts = {mark: {len(row) for row in csv.reader(some, delimiter=mark)} for mark in DELIMITERS}
    even = {mark: min(found) for mark, found in counts.items() if len(found) == 1}
    best = max(even, key=lambda mark: even[mark], default=",")
    return best if even.get(best, 1) > 1 else ","


def _excel(content: bytes, sheet: str | None) -> "pd.DataFrame":
    import pandas as pd

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except CalamineError as error:
        raise InputError(f"The file is not an Excel file that can be read: {error}.") from None
    if sheet is not None and sheet not in book.sheet_names:
        raise FieldError("sheet", f"there is none called {sheet!r}; the file has {', '.join(book.sheet_names)}.")
    rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python(skip_empty_area=False)
    if not rows:
        raise InputError("The sheet has no rows.")
    cells = pd.DataFrame([[_cell(cell) for cell in row] for row in rows], dtype=str)
    cells.index = pd.RangeIndex(1, 1 + len(cells))
    return cells[(cells != "").any(axis=1)]


def _cell(cell: object) -> str:
    """Return a cell as text; a moment is rounded to the millisecond, which a spreadsheet does not keep better."""
    if isinstance(cell, datetime):
        rounded = cell + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat()
    return str(cell)
