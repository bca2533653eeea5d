"""Texts in the cells of files: grouped by how they are written, and kept from being formulas.

Texts of one shape are read together: a grammar is asked once for thousands of them, and digits are read as arrays.

In exported files no text is a formula, whatever people called their sensors. Spreadsheets take a text for one that
begins with one of a few signs, also behind blanks and quotes, and some split a line of CSV at semicolons and tabs as
well. There an apostrophe keeps it a text; it is taken off again when a file of ours is read. A sheet of Excel says
itself which cells are texts.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint32]
"""Code points of texts, one a row, filled up with zeros, shape (n, width)."""
LONGEST = 90
"""Characters of a cell that are looked at; no time and no number is longer."""
ZERO = 48
# Odd weights, as products with even ones lose bits modulo 2^64.
_WEIGHTS = np.random.default_rng(7).integers(1, 2**63, LONGEST, dtype=np.uint64) | np.uint64(1)
BLANKS = (
    r"[\u0000-\u0008\u000b\u000c\u000e-\u0020\"'`\u0085\u00a0\u00ad\u1680\u2000-\u200f"
    r"\u2028\u2029\u202f\u205f-\u2064\u3000\ufeff]*"
)
"""Blanks, quotes and what is not to be seen; not tabs and ends of lines, which begin a cell."""
SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
"""What formulas begin with, also as wide signs, which spreadsheets of East Asia take for the same."""
BEGINS = re.compile(rf"^(?='*[\t\r\n]|{BLANKS}{SIGNS})|(?<=[;\t\r\n])(?={BLANKS}{SIGNS})")
KEPT = re.compile(rf"^'(?='*[\t\r\n]|{BLANKS}{SIGNS})|(?<=[;\t\r\n])'(?={BLANKS}{SIGNS})")
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that XML, and so Excel, cannot hold."""


def codes_of(texts: Sequence[str]) -> Codes:
    """Code points of texts, each cut to ``LONGEST`` characters, shape (n, width)."""
    width = max(1, min(LONGEST, max(map(len, texts), default=1)))
    return np.array(texts, dtype=f"U{width}").view(np.uint32).reshape(len(texts), width)


def by_shape(codes: Codes) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Give each shape, a text with every digit as 0, and the rows that have it.

    >>> [(shape, rows.tolist()) for shape, rows in by_shape(codes_of(["1.5", "2.7", "10"]))]
    [('00', [2]), ('0.0', [0, 1])]
    """
    if not len(codes):
        return
    plain = np.where(codes - np.uint32(ZERO) < 10, np.uint32(ZERO), codes)
    marks = plain.astype(np.uint64) @ _WEIGHTS[: codes.shape[1]]  # a hash: comparing whole rows takes ten times longer
    _, firsts, which = np.unique(marks, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which))
    shapes = ["".join(map(chr, plain[first])).rstrip("\0") for first in firsts]
    spans = zip(shapes, [0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    for shape, begin, end in sorted(spans, key=lambda entry: (len(entry[0]), entry[0])):
        yield shape, order[begin:end]


def digits(codes: Codes, span: tuple[int, int]) -> NDArray[np.int64]:
    """Whole numbers that stand in the columns from one to before another, shape (n,)."""
    weights = 10 ** np.arange(span[1] - span[0] - 1, -1, -1, dtype=np.int64)
    return (codes[:, span[0] : span[1]].astype(np.int64) - ZERO) @ weights


def plain(text: str) -> str:
    """Return a text as a cell of CSV that is no formula; most texts stay as they are."""
    return BEGINS.sub("'", text)


def csv_text(text: str) -> str:
    """Return the same, with every end of a line as the one that is written in quotes."""
    return plain(text).replace("\r\n", "\n").replace("\r", "\n")


def original(cell: str) -> str:
    """Return the text that ``plain`` made a cell of."""
    return KEPT.sub("", cell)


def writable(text: str) -> str:
    """Return a text as a cell of a sheet can hold it."""
    return UNWRITABLE.sub("\ufffd", text)


def is_risky(text: str) -> bool:
    """Return whether a library or a spreadsheet could take a text for anything but a text: a formula, or an error."""
    return text[:1] in ("=", "#") or BEGINS.search(text) is not None
