"""XML of the ENTSO-E Transparency Platform (IEC 62325): the points of its time series as the rows of a table."""

from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import BinaryIO

from engine.errors import InputError
from engine.importing.layout import Cell
from engine.importing.tables.xml_reader import XmlReader
from engine.series.iso_time import FIRST, LAST, duration, from_us, to_us

MEASURES = {"MAW": "MW", "MWH": "MWh", "KWH": "kWh", "KWT": "kW"}
"""Codes of units of measure, of UN/ECE recommendation 20."""
AMOUNTS = ("price.amount", "quantity")
NAMING = (
    "businessType", "psrType", "in_Domain.mRID", "out_Domain.mRID", "inBiddingZone_Domain.mRID",
    "outBiddingZone_Domain.mRID", "classificationSequence_AttributeInstanceComponent.position",
)  # fmt: skip
"""What tells series of one document apart; the number of a series does not, as each day has another one."""
KEPT = frozenset({
    *AMOUNTS, *NAMING, "start", "end", "resolution", "position", "currency_Unit.name", "price_Measure_Unit.name",
    "quantity_Measure_Unit.name", "curveType",
})  # fmt: skip
MOST_SERIES = 1_000
MOST_VALUES = 1_000_000
"""A short document of long blocks would fill the memory: this is thirty years of quarters."""
EARLIEST, LATEST = to_us(FIRST), to_us(LAST)
HEAD: list[Cell] = ["start", "end", "value", "unit", "series"]


def point_rows(file: BinaryIO, most: int) -> tuple[Callable[[], Iterator[list[Cell]]], tuple[str, ...]]:
    """Return what gives a head and a row for each value, and notices of what was left out.

    A row has start and end in UTC, value, unit and name of the series. Of curves with blocks (A03) a value holds until
    the next point, or until the end of its period.

    Args:
        file: It is left open.
        most: Points that are taken.

    Raises:
        InputError: The file is no XML, holds no or too many points, or its periods cannot be read.
    """
    reader = _DocumentReader(min(most, MOST_VALUES))
    reader.read(file)
    series = list(reader.series)
    if not reader.starts:
        raise InputError("The market document has no points; ask the platform for a time with values.")
    left_out = f"Periods without points left out: {reader.empty}, the first from {reader.first_empty}."

    def rows() -> Iterator[list[Cell]]:
        yield HEAD
        for start, end, value, about in zip(reader.starts, reader.ends, reader.amounts, reader.abouts, strict=True):
            unit, name = series[about]
            yield [from_us(start).isoformat(), from_us(end).isoformat(), value, unit, name]

    return rows, (left_out,) * bool(reader.empty)


class _DocumentReader(XmlReader):
    """Takes the points of each period, once the period has ended."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.starts, self.ends, self.amounts, self.abouts = array("q"), array("q"), array("d"), array("q")
        self.series: dict[tuple[str, str], int] = {}
        """Unit and name of each, and its number."""
        self.empty, self.first_empty = 0, ""
        """How many periods have no points, and when the first of them starts."""
        self._facts: dict[str, str] = {}
        self._points: list[tuple[int, float]] = []

    @property
    def count(self) -> int:
        """See XmlReader.count."""
        return len(self.starts) + len(self._points)

    def begin(self, element: str) -> None:
        """See XmlReader.begin."""
        if element == "TimeSeries":
            self._facts = {}
        elif element == "Period":
            self._points = []
        # What one lacks is not that of the one before.
        for name in {"Period": ("start", "end", "resolution"), "Point": ("position", *AMOUNTS)}.get(element, ()):
            self._facts.pop(name, None)

    def end(self, element: str, text: str) -> None:
        """See XmlReader.end."""
        if element in KEPT:
            self._facts[element] = text
        if element == "Point":
            amount = next((self._facts[name] for name in AMOUNTS if name in self._facts), "")
            try:
                self._points.append((int(self._facts["position"]), float(amount)))
            except (KeyError, ValueError):
                raise InputError("A point lacks its position, or its price or quantity.") from None
        elif element == "Period":
            self.take_period()

    def take_period(self) -> None:
        """Keep the values of the period that has ended.

        Raises:
            InputError: It lacks something, lies outside the years that are taken, or its points do not lie in it.
        """
        facts = self._facts
        try:
            begin, end = (to_us(datetime.fromisoformat(facts[name])) for name in ("start", "end"))
            step = duration(facts["resolution"], field="resolution") // timedelta(microseconds=1)
        except (KeyError, ValueError, TypeError):
            raise InputError("A period lacks its start, its end or its resolution.") from None
        if min(begin, end) < EARLIEST or max(begin, end) > LATEST:
            raise InputError(
                f"The period from {facts['start']} lies outside the years {FIRST.year} to {LAST.year - 1}."
            )
        points = sorted(self._points)
        if step <= 0 or end <= begin or any(place < 1 or begin + place * step > end for place, _ in points):
            raise InputError(f"The points of the period from {facts['start']} do not lie in it.")
        if not points:
            self.empty, self.first_empty = self.empty + 1, self.first_empty or facts["start"]
            return
        about = self.series_number()
        is_blocks = facts.get("curveType") == "A03"
        following = [begin + (place - 1) * step for place, _ in points[1:]] + [end]
        for (place, amount), until in zip(points, following, strict=True):
            start = begin + (place - 1) * step
            for at in range(start, until if is_blocks else start + step, step):
                if self.count > self._most:
                    raise InputError(f"The file holds too much: more values than the {self._most} allowed.")
                self.starts.append(at)
                self.ends.append(at + step)
                self.amounts.append(amount)
                self.abouts.append(about)
        self._points = []

    def series_number(self) -> int:
        """Return the number of the series that a period belongs to."""
        facts = self._facts
        unit = MEASURES.get(measure := facts.get("quantity_Measure_Unit.name", ""), measure)
        if "price.amount" in facts:
            currency, measure = (facts.get(name, "") for name in ("currency_Unit.name", "price_Measure_Unit.name"))
            unit = f"{currency}/{MEASURES.get(measure, measure)}" if currency and measure else ""
        name = " ".join(facts[part] for part in NAMING if facts.get(part))
        if (unit, name) not in self.series and len(self.series) == MOST_SERIES:
            raise InputError(f"The file holds more than {MOST_SERIES} series; save fewer.")
        return self.series.setdefault((unit, name), len(self.series))
