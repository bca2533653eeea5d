"""Values by step as a file: of a schedule, or of a report."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import StringIO
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.importing.cells.texts import csv_text, writable
from engine.reporting.pages import table_pages

COLUMNS_OF_PAGE = 3
"""Columns of values beside each other on a page, beside their time."""
WIDTH = 17
"""Of a column of a page [characters]."""


@dataclass(frozen=True, kw_only=True)
class StepTable:
    """Values by step."""

    columns: Sequence[str]
    """Names with their units."""
    starts: Sequence[datetime]
    """Start of each step [UTC]."""
    values: NDArray[np.float64]
    """NaN where there is none, shape (steps, columns)."""

    def rows(self, place: tzinfo) -> Iterator[tuple[str, list[float | None]]]:
        """Give the start of each step at a place in ISO 8601, and its values."""
        for start, values in zip(self.starts, self.values.tolist(), strict=True):
            told = [None if np.isnan(value) else float(f"{value:.6g}") for value in values]
            yield start.astimezone(place).isoformat(), told


def write_csv(table: StepTable, place: tzinfo, file: BinaryIO) -> None:
    """Write a table as CSV, times in ISO 8601 with their offset."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["start", *(csv_text(name) for name in table.columns)])
    writer.writerows([start, *values] for start, values in table.rows(place))
    file.write(text.getvalue().encode())


def write_excel(table: StepTable, place: tzinfo, file: BinaryIO, *, sheet: str = "schedule") -> None:
    """Write a table as an Excel file, times as texts with their offset: Excel has no zones."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.append(["start", *(writable(csv_text(name)) for name in table.columns)])
    for start, values in table.rows(place):
        page.append([start, *values])
    book.save(file)


def write_pdf(table: StepTable, place: tzinfo, file: BinaryIO, *, title: str, summary: Sequence[str] = ()) -> None:
    """Write a table as PDF pages: first a summary, then a few columns at a time."""
    lines = [*summary, ""] if summary else []
    for first in range(0, len(table.columns), COLUMNS_OF_PAGE):
        shown = slice(first, first + COLUMNS_OF_PAGE)
        names = [name if len(name) < WIDTH else f"{name[: WIDTH - 3]}…" for name in table.columns[shown]]
        lines.append("Start".ljust(22) + "".join(name.rjust(WIDTH) for name in names))
        for start, values in zip(table.starts, table.values[:, shown].tolist(), strict=True):
            cells = ("" if np.isnan(value) else f"{value:,.3f}" for value in values)
            lines.append(f"{start.astimezone(place):%Y-%m-%d %H:%M}".ljust(22) + "".join(map(right, cells)))
        lines.append("")
    file.write(table_pages(title, f"Times in {place}", lines))


def right(cell: str) -> str:
    """A cell at the right of its column."""
    return cell.rjust(WIDTH)
