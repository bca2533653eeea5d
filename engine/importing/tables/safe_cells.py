"""Texts in the cells of exported files: never a formula, whatever people called their sensors.

Spreadsheets take a text for a formula that begins with one of a few signs, also behind blanks and quotes, and some
split a line of CSV at semicolons and tabs as well. There an apostrophe keeps it a text; it is taken off again when a
file of ours is read. A sheet of Excel says itself which cells are texts.
"""

import re

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
