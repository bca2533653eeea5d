"""Tables with times across: a row per day and a column per time of day, or a column per moment and a row per series."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.importing.cells.day_counts import counted_across
from engine.importing.heads import kinds_of
from engine.importing.layout import Cell, Evidence
from engine.importing.tables.batches import BATCH, Batch, RowBatch
from engine.importing.tables.opening import FileTable

FEWEST = 6
"""Heads that are times which make a table one with times across; an ordinary row has at most four times."""
LOOKED_AT = 30
"""Rows among which the heads are looked for."""


@dataclass(frozen=True)
class AcrossHead:
    """Which row of a table holds times across."""

    row: int
    """Its position among the rows."""
    columns: list[int]
    labels: list[int]
    """Columns before them, with days or names of series."""
    is_counted: bool = False
    """Whether the heads count the steps of a day."""


def times_across(rows: Sequence[Sequence[Cell]]) -> AcrossHead | None:
    """Return the row of heads that are times; None if the times stand below each other."""
    for place, row in enumerate(rows[:LOOKED_AT]):
        if len(row) < FEWEST:
            continue
        kinds = kinds_of(row)
        across = [column for column, kind in enumerate(kinds) if kind in "TDC"]
        counted = counted_across(row) if len(across) < FEWEST else []
        across = counted or across
        if counted or (len(across) >= FEWEST and len(across) * 2 > len(kinds.strip())):
            # A row of times above anything but numbers is data and no head.
            below = [kinds_of([cell for column, cell in enumerate(under) if column in set(across)])
                     for under in rows[place + 1 : place + 6]]  # fmt: skip
            if below and all(set(kinds) <= set("N ") for kinds in below):
                return AcrossHead(place, across, list(range(across[0])), bool(counted))
    return None


def narrowed(table: FileTable, head: AcrossHead, most: int) -> FileTable:
    """Return a table with one row per cell of another: its labels, the head above it, and its value.

    Args:
        table: Of times across.
        head: Where they are.
        most: Cells that are taken; beyond, the batches end with an InputError.
    """

    def batches() -> Iterator[Batch]:
        heads: list[Cell] = []
        names: list[Cell] = []
        numbers: list[int] = []
        cells: list[list[Cell]] = []
        seen, left = -1, most
        for batch in table.batches():
            for number, row in zip(batch.numbers, batch.rows, strict=True):
                seen += 1
                if seen == head.row:
                    heads = [row[column] for column in head.columns]
                    names = [row[column] or f"label {column}" for column in head.labels]
                    at_name = "period" if head.is_counted else "time"
                    numbers, cells = [number], [[*names, at_name, "value"]]
                elif seen > head.row:
                    wide = [*row, *([""] * (head.columns[-1] + 1 - len(row)))]
                    labels = [wide[column] for column in head.labels]
                    left -= len(heads)
                    if left < 0:
                        raise InputError(f"The file holds too much: more values than the {most} allowed; split it.")
                    numbers += [number] * len(heads)
                    cells += [[*labels, at, wide[column]] for at, column in zip(heads, head.columns, strict=True)]
                if len(cells) >= BATCH:
                    yield RowBatch(numbers, cells)
                    numbers, cells = [], []
        if cells:
            yield RowBatch(numbers, cells)

    about = Evidence("table", "times across", f"{len(head.columns)} heads are times")
    return FileTable(batches, [*table.evidence, about], table.delimiter, table.sheets, table.notices)
