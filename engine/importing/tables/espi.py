"""Green Button files in XML (ESPI, NAESB REQ.21): interval readings as the rows of a table."""

from typing import BinaryIO
from xml.parsers import expat

from engine.errors import InputError
from engine.importing.layout import Cell

UNITS = {"72": "Wh", "38": "W", "71": "VAh", "63": "var", "73": "varh", "42": "m³", "132": "BTU", "169": "therm"}
"""Codes of units of measure."""


def read_intervals(file: BinaryIO, most: int) -> list[list[Cell]]:
    """Return a head and the rows of all interval readings: start and end [s since 1970 UTC], and value.

    Args:
        file: From its beginning; it is left open.
        most: TimedValues that are taken.

    Raises:
        InputError: The file is no XML, holds too many readings, or declares entities, which only harm.
    """
    reader = _EspiReader(most)
    file.seek(0)
    try:
        reader.parser.ParseFile(file)
    except expat.ExpatError as error:
        raise InputError(f"The XML of the file cannot be read: {error}.") from None
    unit = UNITS.get(reader.values.get("uom", ""), "")
    return [["start", "end", f"value [{unit}]" if unit else "value"], *reader.rows]


class _EspiReader:
    """Takes the texts of the elements that matter as they pass by."""

    def __init__(self, most: int) -> None:
        self.rows: list[list[Cell]] = []
        self.values: dict[str, str] = {}
        self._most, self._text = most, ""
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._take
        self.parser.EntityDeclHandler = self._refuse

    def _begin(self, _name: str, _attributes: object) -> None:
        self._text = ""

    def _take(self, text: str) -> None:
        self._text = (self._text + text)[:100]

    def _refuse(self, *_: object) -> None:
        raise InputError("The XML of the file declares entities; those are not read.")

    def _end(self, element: str) -> None:
        name = element.rpartition(":")[2]
        self.values[name] = self._text.strip()
        if name != "IntervalReading":
            return
        if len(self.rows) >= self._most:
            raise InputError(f"The file holds too much: more readings than the {self._most} allowed.")
        try:
            start, length = int(self.values["start"]), int(self.values["duration"])
            scale = 10 ** int(self.values.get("powerOfTenMultiplier") or 0)
            value = float(self.values["value"]) * scale
        except (KeyError, ValueError):
            raise InputError("An interval reading lacks its start, duration or value.") from None
        self.rows.append([str(start), str(start + length), value])
