"""The rows of any file, batch by batch and as often as they are asked for; never a whole file in memory."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import BinaryIO

from engine.errors import InputError
from engine.importing.cells.time_texts import is_time
from engine.importing.layout import Cell, Evidence, FileBounds, Layout
from engine.importing.tables import espi, market_document, sheets
from engine.importing.tables.batches import BATCH, BATCH_CELLS, FIRST_BATCH, Batch, RowBatch, in_batches

EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx, .xlsb, .ods and .xls files begin."""
OTHER = {b"%PDF": "a PDF", b"{": "JSON", b"[": "JSON", b"<htm": "a web page", b"<!DO": "a web page", b"PAR1": "Parquet"}
"""How files begin that are not read here, and what they are."""
DELIMITERS = ",;\t|"
BLOCK = 2**20
LOOKED_AT = 60
"""Lines from which the delimiter is found out."""
NAMES = {",": "comma", ";": "semicolon", "\t": "tabulator", "|": "bar"}


@dataclass(frozen=True)
class FileTable:
    """An opened file."""

    batches: Callable[[], Iterator[Batch]]
    """Reads it anew from its first row."""
    evidence: list[Evidence]
    delimiter: str = ""
    """Between the cells of a CSV file; empty in any other."""
    sheets: tuple[str, ...] = ()
    """Names of the visible sheets that hold a table, the one read first."""
    notices: tuple[str, ...] = ()
    heads: Mapping[str, list[list[Cell]]] = field(default_factory=dict)
    """First rows of each of these sheets, if there are several."""


def open_table(file: BinaryIO, layout: Layout) -> FileTable:
    """Return the rows of a file, which is left open.

    Raises:
        InputError: The file is no table, or holds too much.
    """
    file.seek(0)
    begin = file.read(400)
    file.seek(0)
    plain = begin.removeprefix(codecs.BOM_UTF8).lstrip()
    if begin.startswith(EXCEL):
        book = sheets.read_book(file, layout.sheet, layout.skip_rows, layout.bounds)
        return FileTable(book.batches, book.evidence, sheets=book.names, notices=book.notices, heads=book.heads)
    if b"espi" in begin and plain.startswith(b"<"):
        rows = espi.interval_rows(file, layout.bounds.rows)
        kind = Evidence("file", "Green Button XML", "it holds interval readings of ESPI")
        return FileTable(lambda: in_batches(enumerate(rows(), 1)), [kind])
    if b"_MarketDocument" in begin and plain.startswith(b"<"):
        points, notices = market_document.point_rows(file, layout.bounds.rows)
        kind = Evidence("file", "XML of ENTSO-E", "it holds a market document")
        return FileTable(lambda: in_batches(enumerate(points(), 1)), [kind], notices=notices)
    if plain.startswith(b"<?xml"):
        raise InputError("The file is XML of a kind that is not read here; save the table as CSV or Excel.")
    for mark, kind_of_file in OTHER.items():
        if plain.startswith(mark):
            raise InputError(f"The file is {kind_of_file}, which cannot be read; save the table as CSV or Excel.")
    return _open_csv(file, layout)


def _open_csv(file: BinaryIO, layout: Layout) -> FileTable:
    encoding, because = _encoding(file)
    evidence = [Evidence("encoding", encoding.removesuffix("-sig"), because)]
    with _FileText(file, encoding) as text:
        begin = _CsvLines(text, layout.bounds)
        first = []
        for line in islice(begin.rest(), layout.skip_rows, layout.skip_rows + LOOKED_AT):
            # Which lines are one row is not known before the delimiter, so each counts by itself.
            begin.length = 0
            first.append(line)
    delimiter, skipped = layout.delimiter, layout.skip_rows
    if first and (mark := first[0].strip().strip('"').lower()).startswith("sep=") and len(mark) <= 5:
        skipped, delimiter = skipped + 1, delimiter or mark[4:] or "\t"
        evidence.append(Evidence("delimiter", delimiter, f"the line {mark!r} says so; it is left out"))
    elif delimiter is None:
        delimiter = _delimiter([line for line in first if line.strip()])
        evidence.append(Evidence("delimiter", delimiter, f"the {NAMES[delimiter]} splits the rows evenly"))

    def batches() -> Iterator[Batch]:
        with _FileText(file, encoding) as opened:
            yield from _csv_rows(opened, skipped, delimiter, layout.bounds)

    return FileTable(batches, evidence, delimiter)


class _FileText(io.TextIOWrapper):
    """The text of a binary file, from its beginning; closing it leaves the file open."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        file.seek(0)
        super().__init__(file, encoding, errors="replace")

    def __exit__(self, *_: object) -> None:
        self.detach()


def _csv_rows(text: io.TextIOWrapper, skipped: int, delimiter: str, bounds: FileBounds) -> Iterator[Batch]:
    lines = _CsvLines(text, bounds)
    try:
        reader = csv.reader(islice(lines.rest(), skipped, None), delimiter=delimiter)
        numbers: list[int] = []
        rows: list[list[Cell]] = []
        size, widest, count = FIRST_BATCH, bounds.columns, 0
        for cells in reader:
            lines.length = 0
            if len(cells) > widest:
                number = skipped + reader.line_num
                raise too_much(f"row {number} has {len(cells)} cells", bounds.columns, "FILE_COLUMNS")
            if cells and (cells[0] or any(cell.strip() for cell in cells)):
                numbers.append(skipped + reader.line_num)
                rows.append([*cells])
                count += len(cells)
                if len(rows) == size or count >= BATCH_CELLS:
                    yield RowBatch(numbers, rows)
                    numbers, rows, size, count = [], [], BATCH, 0
        if rows:
            yield RowBatch(numbers, rows)
    except (csv.Error, TypeError, ValueError) as error:  # of the delimiter, or of a cell without end
        raise InputError(f"The file cannot be read as CSV: {error}; give the delimiter, or close the quotes.") from None


class _CsvLines:
    """Lines of a text; those that a row goes on over, since quotes are open, are together as long as one may be."""

    def __init__(self, text: io.TextIOWrapper, bounds: FileBounds) -> None:
        self._text, self._bounds = text, bounds
        self.length = 0
        """Of what belongs to the row that is being read [characters]; its reader begins each row with 0."""

    def rest(self) -> Iterator[str]:
        """Give the lines, each with its end.

        Raises:
            InputError: One is longer, or there are more, than allowed.
        """
        most, left, open_line = self._bounds.line, self._bounds.rows, ""
        while block := self._text.read(BLOCK // 8):  # by blocks, as asking for each line takes twice as long
            lines = (open_line + block).split("\n")
            open_line = lines.pop()
            left -= len(lines)
            if left < 0:
                raise too_much("it has more lines", self._bounds.rows, "FILE_ROWS")
            for line in lines:
                self.length += len(line) + 1
                if self.length > most:
                    raise too_much("a line, or a row whose quotes are open, is longer", most, "LINE_LENGTH")
                yield line + "\n"
            # A line without an end is refused before it fills the memory.
            if len(open_line) > most:
                raise too_much("a line is longer", most, "LINE_LENGTH")
        if open_line:
            yield open_line


def too_much(measure: str, most: int, setting: str) -> InputError:
    """Return the refusal of a file that is larger than a setting allows."""
    return InputError(f"The file holds too much: {measure} than the {most} allowed (FLEXSCOPE_MAX_{setting}).")


def _encoding(file: BinaryIO) -> tuple[str, str]:
    """Return how a file writes its characters and why; looked at as a whole, block by block."""
    file.seek(0)
    begin = file.read(1000)
    if begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16", "it begins with the mark of UTF-16"
    nulls = [begin[place::2].count(0) for place in (0, 1)]
    if max(nulls) > len(begin) / 3:  # of plain letters every second byte is zero
        return ("utf-16-be" if nulls[0] > nulls[1] else "utf-16-le"), "every second byte is zero"
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in chain(iter(lambda: file.read(BLOCK), b"")):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252", "it is not UTF-8; spreadsheets of Western Windows save Windows-1252"
    return "utf-8-sig", "every character is valid UTF-8"


def _delimiter(lines: list[str]) -> str:
    """Return the sign that leaves times whole, and splits the most lines into equally many cells, and into the most."""
    best, highest = ",", (0.0, 0.0, 0)
    for mark in DELIMITERS:
        rows = list(csv.reader(lines, delimiter=mark))
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        timed = sum(any(is_time(cell) for cell in row) for row in rows if len(row) > 1)
        score = (timed / len(rows), count / len(rows), width)
        if score > highest:
            best, highest = mark, score
    return best
