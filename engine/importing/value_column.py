"""The column of a file that holds the values, and the unit they are in, as heads and cells tell it."""

import re
from collections.abc import Sequence

from engine.errors import InputError, UnitError
from engine.importing.cells.day_counts import names_counts
from engine.importing.heads import BRACKETED, UNIT_WORDS, FileHead, as_unit, unit_in
from engine.importing.layout import Cell, Choice, Evidence, FileQuestion, Target
from engine.importing.profiles import Profile, columns_like
from engine.units import units

INDEX = re.compile(r"^(|index|id|nr|no|#|row|unnamed.*)$", re.I)
NAMES_VALUES = re.compile(r"^(event_)?(value|values|wert|waarde|valeur|valor|consumption|state|verbrauch)$", re.I)
IDENTITIES = re.compile(
    r"(?<![^\W_])(ean|gsrn|mprn|mpan|meter|id|serial|account|zähler(nummer)?|nummer|number|sensor_id|probability|qn|stn)"
    r"(?![^\W\d_])|(?-i:(?<=[a-zé])(ID|Id)(?![a-z]))",
    re.I,
)
LONG = 5
"""Digits of a whole number that stands in every row and so names something, at least."""
BEGINS = re.compile(r"(start|begin|initial|from)", re.I)
STOPS = re.compile(r"(stop|end|final|to)", re.I)
COUNTERS = re.compile(r"meter|counter|stand|index|zähler|teller|compteur|wh", re.I)
MOST_CHOICES = 40


class ValueColumn:
    """Looks for the values of one file, and keeps why and what is to be asked."""

    def __init__(
        self,
        head: FileHead,
        rows: Sequence[Sequence[Cell]],
        below: Sequence[str],
        profile: Profile | None,
        target: Target,
    ) -> None:
        """Begin with a file.

        Args:
            head: What stands above the data.
            rows: The first rows of the file.
            below: Kinds of the cells of each column below the head.
            profile: The kind of the file, if it is known.
            target: The sensor it is read for.
        """
        self.head, self.rows, self.below = head, rows, below
        self.profile, self.target = profile, target
        self.is_unit_told = False
        self.wanted: str | None = None
        self.minus: int | None = None
        """Column of what a meter showed before, if the values are what it shows afterwards."""
        self.evidence: list[Evidence] = []
        self.questions: list[FileQuestion] = []

    def choose(self, taken: set[int], asked: int | None) -> int:
        """Return the column of the values; where several could be meant it is asked, and the likeliest is taken."""
        if asked is not None:
            return asked
        numeric = self.with_numbers(taken)
        # Numbers of meters and rows would be the only column with numbers in many a file, and are no values.
        plain = [place for place in numeric if not self._is_identity(place)]
        pair, numeric = self.meter_readings(numeric), plain or numeric
        if pair is not None:
            numeric = [place for place in numeric if place not in pair]
            if not any((unit := self._own_unit(place)) and fits(unit, self.target.unit) for place in numeric):
                self.minus, after = pair
                because = f"less {self.head.call(self.minus)!r}: what the meter counted in between"
                self.evidence.append(Evidence("value-column", self.head.call(after), because))
                return after
        if not numeric:
            others = [place for place in range(len(self.head.names)) if place not in taken]
            if not others:
                raise InputError(f"No column holds values; the file has {', '.join(self.head.names)[:1000]}.")
            return others[0]
        return self.likeliest(numeric)

    def with_numbers(self, taken: set[int]) -> list[int]:
        """Return the columns with numbers, or those of them that files of this kind have their values in."""
        numeric = [
            place for place, kinds in enumerate(self.below)
            if place not in taken and kinds.count("N") * 2 >= len(kinds.strip()) and "N" in kinds
        ]  # fmt: skip
        if self.profile is None or not self.profile.value:
            return numeric
        like = columns_like(self.head.names, self.profile.value)
        return [place for place in numeric if place in like] or [p for p in like if p not in taken] or numeric

    def likeliest(self, numeric: Sequence[int]) -> int:
        """Return the column that is meant of some with numbers; it is asked if several may be."""
        fitting = [place for place in numeric if (unit := self._own_unit(place)) and fits(unit, self.target.unit)]
        named = [place for place in numeric if NAMES_VALUES.match(self.head.names[place].strip())]
        for few, because in (
            (numeric, "it is the only one with numbers"),
            (fitting, f"only its unit fits {self.target.unit}"),
            (named, "its head names values"),
        ):
            if len(few) == 1:
                self.evidence.append(Evidence("value-column", self.head.call(few[0]), because))
                return few[0]
        # Units tell more than names: two columns may both be called value, but hardly both be in kW.
        # An energy may be stored as a power, but hardly where a power stands beside it.
        same = {place for place in fitting if units.same_kind(self._own_unit(place) or "", self.target.unit)}
        likely = sorted(fitting or named or numeric, key=lambda place: place not in same)
        choices = []
        for place in dict.fromkeys([*likely, *numeric]):
            name = self.head.names[place]  # by which the column is found again, unless another one has it
            is_own = bool(name) and self.head.find(name) == place
            choices.append(Choice(name, "") if is_own else Choice(str(place), self.head.call(place)))
        text = "Several columns hold numbers; which are the values?"
        self.questions.append(FileQuestion("value-column", text, choices[:MOST_CHOICES]))
        return likely[0]

    def meter_readings(self, numeric: Sequence[int]) -> tuple[int, int] | None:
        """Return the columns of what a meter showed before and after; None if there is no such pair."""
        names = {place: self.head.names[place].strip().lower() for place in numeric}
        for before, name in names.items():
            if not COUNTERS.search(name) or not BEGINS.search(name):
                continue
            for after, other in names.items():
                if after != before and STOPS.search(other) and BEGINS.sub("", name, 1) == STOPS.sub("", other, 1):
                    return before, after
        return None

    def _is_identity(self, place: int) -> bool:
        """Return whether a column counts rows or names a meter."""
        name = self.head.names[place].strip()
        if unit_in(name):
            return False
        if IDENTITIES.search(name):
            return True
        texts = [str(row[place]).strip().removesuffix(".0") for row in self.rows[self.head.rows :] if place < len(row)]
        cells = [text for text in texts if text]
        if not all(cell.isdecimal() for cell in cells):
            return False
        if len(cells) > 1 and len(set(cells)) == 1 and len(cells[0]) >= LONG and self.head.is_written:
            return True
        counts_on = cells == [str(int(cells[0]) + at) for at in range(len(cells))]
        return counts_on and self.head.is_written and (INDEX.match(name) is not None or names_counts(name))

    def _own_unit(self, place: int) -> str | None:
        """Return the unit that the head or the signs of a column tell."""
        unit = unit_in(self.head.names[place])
        if unit is None:
            cells = [row[place] for row in self.rows[self.head.rows :] if place < len(row) and row[place] != ""]
            # One sign only: a column of several currencies has no unit.
            marks = {cell.strip()[:1] for cell in cells if type(cell) is str}
            unit = as_unit(next(iter(marks))) if len(marks) == 1 and marks <= set("€$£") else None
        return unit

    def unit(self, value: int) -> str | None:
        """Return the unit of the values, as the file tells it, and note where."""
        unit, because = self._own_unit(value), f"the head {self.head.call(value)!r} says so"
        for place, name in enumerate(self.head.names):
            if unit is None and UNIT_WORDS.match(name.strip()):
                below, wanted = self.rows[self.head.rows :], self.wanted
                rows = [row for row in below if wanted is None or any(str(cell).strip() == wanted for cell in row)]
                cells = {row[place] for row in rows if place < len(row) and row[place]}
                unit = as_unit(str(next(iter(cells)))) if cells else None
                because = f"the column {name!r} says so"
                if len(cells) > 1:
                    text = f"The column {name!r} names several units; the rows of which one are meant?"
                    choices = [Choice(str(cell), f"rows in {cell}") for cell in sorted(map(str, cells))]
                    self.questions.append(FileQuestion("filter-value", text, choices[:MOST_CHOICES]))
        for place, kinds in enumerate(self.below):
            if unit is None and kinds.count("X") * 2 > len(kinds.strip()):
                cells = {row[place] for row in self.rows[self.head.rows :] if place < len(row) and row[place]}
                inside = {as_unit(text) for cell in cells for text in BRACKETED.findall(str(cell)) or [""]}
                unit, because = (
                    inside.pop() if len(inside) == 1 else None,
                    f"{self.head.call(place)!r} says so in each row",
                )
        if unit is not None and not self.is_unit_told:
            self.evidence.append(Evidence("unit", unit, because))
        return unit


def fits(unit: str, target: str) -> bool:
    """Return whether values of events in one unit can be written in another."""
    try:
        units.hours_power(unit, target, timed=True)
    except UnitError:
        return unit == "%" or target == "%"
    return True
