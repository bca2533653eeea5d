"""Elements of an XML file as they pass by, with bounds on all that a file made to harm could let grow."""

from abc import ABC, abstractmethod
from typing import BinaryIO
from xml.parsers import expat

from engine.errors import InputError

MOST_NAMES = 1_000
"""Different names of elements and attributes; the parser keeps each of them, and ESPI has about two hundred."""
DEEPEST = 100
"""Elements inside each other; the parser keeps each that is open."""
LONGEST_TAG = 2**16
"""Bytes of one tag; the parser keeps it until it ends."""
BLOCK = 2**18


class XmlReader(ABC):
    """Reads a file block by block; those of one kind say what of its elements matters."""

    def __init__(self, most: int) -> None:
        """Begin with a file.

        Args:
            most: Readings that are taken.
        """
        self._most, self._text, self._depth = most, "", 0
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(intern=self._names)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._parser.EntityDeclHandler = self._refuse

    @property
    @abstractmethod
    def count(self) -> int:
        """How many readings are kept so far."""

    @abstractmethod
    def begin(self, element: str) -> None:
        """Take note of an element that begins, by its name without prefix."""

    @abstractmethod
    def end(self, element: str, text: str) -> None:
        """Take note of an element that ends, and the text in it."""

    def read(self, file: BinaryIO) -> None:
        """Pass through a file.

        Raises:
            InputError: It is no XML, is in an encoding that is not read, holds too much, or declares entities, which
                only harm.
        """
        file.seek(0)
        try:
            while block := file.read(BLOCK):
                self._parser.Parse(block, False)
                # The parser keeps every name and the tag that is open: of a file made to harm they would fill memory.
                if len(self._names) > MOST_NAMES or file.tell() - self._parser.CurrentByteIndex > LONGEST_TAG:
                    raise InputError("The XML of the file has too many names in it; it is no file of readings.")
                if self.count > self._most:
                    raise InputError(f"The file holds too much: more readings than the {self._most} allowed.")
            self._parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two of the encoding it declares
            raise InputError(f"The XML of the file cannot be read: {error}.") from None

    def _begin(self, element: str, _attributes: object) -> None:
        self._text, self._depth = "", self._depth + 1
        if self._depth > DEEPEST:
            raise InputError(f"The XML of the file has more than {DEEPEST} elements inside each other.")
        self.begin(element.rpartition(":")[2])

    def _take(self, text: str) -> None:
        # No fact is longer, and a file made to harm may write on and on.
        self._text = (self._text + text)[:100]

    def _refuse(self, *_: object) -> None:
        raise InputError("The XML of the file declares entities; those are not read.")

    def _end(self, element: str) -> None:
        self._depth -= 1
        self.end(element.rpartition(":")[2], self._text.strip())
