"""Green Button files in XML (ESPI, NAESB REQ.21): interval readings as the rows of a table."""

from array import array
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO
from xml.parsers import expat

from engine.errors import InputError
from engine.importing.layout import Cell

UNITS = {"72": "Wh", "38": "W", "71": "VAh", "63": "var", "73": "varh", "42": "m³", "132": "BTU", "169": "therm"}
"""Codes of units of measure."""


READING, FACTS = "IntervalReading", ("start", "duration", "value")
KEPT = frozenset({*FACTS, "uom", "powerOfTenMultiplier"})
"""Elements whose texts matter; the names of all others are forgotten, as a file may make up millions of them."""
LARGEST_POWER = 24
"""Most powers of ten of a multiplier, either way; ESPI names those from -12 to 9."""
MOST_NAMES = 1_000
"""Different names of elements and attributes; the parser keeps each of them, and ESPI has about two hundred."""
DEEPEST = 100
"""Elements inside each other; the parser keeps each that is open."""
LONGEST_TAG = 2**16
"""Bytes of one tag; the parser keeps it until it ends."""
BLOCK = 2**18
LATEST = 10**11
"""Seconds since 1970 that are a time at all; what lies outside the years that can be stored is told by row."""


def interval_rows(file: BinaryIO, most: int) -> Callable[[], Iterator[list[Cell]]]:
    """Return what gives a head and the rows of all interval readings: start and end [s since 1970 UTC], and value.

    The file is read once, block by block; of its readings only the numbers are kept, 24 bytes each.

    Args:
        file: It is left open.
        most: Readings that are taken.

    Raises:
        InputError: The file is no XML, holds too many readings, or declares entities, which only harm.
    """
    reader = _EspiReader(most)
    reader.read(file)
    unit = UNITS.get(reader.values.get("uom", ""), "")
    head: list[Cell] = ["start", "end", f"value [{unit}]" if unit else "value"]
    columns = reader.starts, reader.ends, reader.amounts
    return lambda: chain([head], ([str(start), str(end), value] for start, end, value in zip(*columns, strict=True)))


class _EspiReader:
    """Takes the texts of the elements that matter as they pass by."""

    def __init__(self, most: int) -> None:
        self.values: dict[str, str] = {}
        self.starts, self.ends, self.amounts = array("q"), array("q"), array("d")
        self._most, self._text, self._depth = most, "", 0
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(intern=self._names)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._parser.EntityDeclHandler = self._refuse

    def read(self, file: BinaryIO) -> None:
        """Keep the readings of a file."""
        file.seek(0)
        try:
            while block := file.read(BLOCK):
                self._parser.Parse(block, False)
                # The parser keeps every name and the tag that is open: of a file made to harm they would fill memory.
                if len(self._names) > MOST_NAMES or file.tell() - self._parser.CurrentByteIndex > LONGEST_TAG:
                    raise InputError("The XML of the file has too many names in it; it is no Green Button file.")
                if len(self.starts) > self._most:
                    raise InputError(f"The file holds too much: more readings than the {self._most} allowed.")
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise InputError(f"The XML of the file cannot be read: {error}.") from None

    def _begin(self, element: str, _attributes: object) -> None:
        self._text, self._depth = "", self._depth + 1
        if self._depth > DEEPEST:
            raise InputError(f"The XML of the file has more than {DEEPEST} elements inside each other.")
        if element.endswith(READING):
            for name in FACTS:  # one that lacks a value does not have that of the reading before
                self.values.pop(name, None)

    def _take(self, text: str) -> None:
        # No fact is longer, and a file made to harm may write on and on.
        self._text = (self._text + text)[:100]

    def _refuse(self, *_: object) -> None:
        raise InputError("The XML of the file declares entities; those are not read.")

    def _end(self, element: str) -> None:
        self._depth -= 1
        name = element.rpartition(":")[2]
        if name in KEPT:
            self.values[name] = self._text.strip()
        if name != READING:
            return
        try:
            start, length = int(self.values["start"]), int(self.values["duration"])
            power, value = int(self.values.get("powerOfTenMultiplier") or 0), float(self.values["value"])
        except (KeyError, ValueError):
            raise InputError("An interval reading lacks its start, duration or value.") from None
        if abs(power) > LARGEST_POWER:
            raise InputError(f"A multiplier of the file is 10 to the power of {power}; that is no reading of a meter.")
        if not (abs(start) < LATEST and 0 <= length < LATEST):
            raise InputError(f"An interval reading begins {start} s after 1970 and lasts {length} s; that is no time.")
        self.starts.append(start)
        self.ends.append(start + length)
        self.amounts.append(value * 10.0**power)
