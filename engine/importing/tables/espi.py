"""Green Button files in XML (ESPI, NAESB REQ.21): interval readings as the rows of a table."""

from array import array
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

from engine.errors import InputError
from engine.importing.layout import Cell
from engine.importing.tables.xml_reader import XmlReader

UNITS = {"72": "Wh", "38": "W", "71": "VAh", "63": "var", "73": "varh", "42": "m³", "132": "BTU", "169": "therm"}
"""Codes of units of measure."""


READING, FACTS = "IntervalReading", ("start", "duration", "value")
KEPT = frozenset({*FACTS, "uom", "powerOfTenMultiplier"})
"""Elements whose texts matter; the names of all others are forgotten, as a file may make up millions of them."""
LARGEST_POWER = 24
"""Most powers of ten of a multiplier, either way; ESPI names those from -12 to 9."""
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


class _EspiReader(XmlReader):
    """Takes the texts of the elements that matter as they pass by."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.values: dict[str, str] = {}
        self.starts, self.ends, self.amounts = array("q"), array("q"), array("d")

    @property
    def count(self) -> int:
        """See XmlReader.count."""
        return len(self.starts)

    def begin(self, element: str) -> None:
        """See XmlReader.begin."""
        if element == READING:
            for name in FACTS:  # one that lacks a value does not have that of the reading before
                self.values.pop(name, None)

    def end(self, element: str, text: str) -> None:
        """See XmlReader.end."""
        if element in KEPT:
            self.values[element] = text
        if element != READING:
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
