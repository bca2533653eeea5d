"""Which column of a file says what: proposed from its first rows, its heads and its kind; the rest is asked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from engine.errors import FieldError, InputError
from engine.importing.heads import FileHead, kinds_of, read_head, zone_in
from engine.importing.layout import Cell, Evidence, FileQuestion, Layout, Target
from engine.importing.profiles import columns_like, profile_of
from engine.importing.value_column import ValueColumn

ENDS = re.compile(
    r"\b(end|ende|until|bis|tot|to|stop|fin|eind|einde|finish(ed)?|ended|stopped)\b|_(end|to|until)$"
    r"|(?-i:(?<=[a-z])(End|Stop|Until)(?![a-z]))",
    re.I,
)
KNOWN = re.compile(r"belief|known|created|updated|modified|published|issued|retrieved", re.I)
LENGTHS = re.compile(r"duration|dauer|durée|duur|length of", re.I)
LENGTH_UNITS = {"h": 1.0, "hours": 1.0, "min": 1 / 60, "minutes": 1 / 60, "s": 1 / 3600, "seconds": 1 / 3600}
HOURS = re.compile(r"^(stunde|std|hour|hr|uur|heure|hora|he|hour ending|hour beginning)\b", re.I)


@dataclass(frozen=True)
class Columns:
    """Where in a row things stand."""

    head: FileHead
    start: int
    value: int
    clock: int | None = None
    counts_hours: bool = False
    """Whether the clock column counts the hours of the day."""
    end: int | None = None
    end_clock: int | None = None
    length: int | None = None
    """How long each value lasts."""
    length_hours: float = 0.0
    """What 1 in that column is [h]; zero: it holds times such as 01:30."""
    is_kind_settled: bool = False
    """Whether what the values stand for is known of the kind of file only."""
    belief: int | None = None
    filter: int | None = None
    labels: tuple[int, ...] = ()
    """Columns of texts that may tell several series apart."""
    series: int | None = None
    """The one that does, in files of this kind."""
    only_end: bool = False
    """Whether the start column says when values end."""
    unit: str | None = None
    """That the file tells for the values."""
    likely_units: tuple[str, ...] = ()
    """Those that files of this kind are in, if this one does not tell and both are usual."""
    layout: Layout = field(default_factory=Layout)
    """What is told of the file, with what its kind settles."""
    evidence: tuple[Evidence, ...] = ()
    questions: tuple[FileQuestion, ...] = ()


def propose_columns(rows: Sequence[Sequence[Cell]], layout: Layout, target: Target) -> Columns:
    """Return where times, values and the rest stand.

    Args:
        rows: The first rows of the file.
        layout: What is told of it.
        target: The sensor it is read for.

    Raises:
        FieldError: A column that was told is not in the file.
        InputError: No column holds times.
    """
    return _Proposal(rows, layout, target).columns()


class _Proposal:
    """The columns of one file, role by role."""

    def __init__(self, rows: Sequence[Sequence[Cell]], layout: Layout, target: Target) -> None:
        self.rows, self.target = rows, target
        self.kinds = [kinds_of(row) for row in rows]
        self.counts_hours = False
        self.evidence: list[Evidence] = []
        first = self._first_row(layout)
        self.head = read_head(rows, self.kinds, first)
        every = [*self.head.names, *chain.from_iterable(self.head.others)]
        self.profile = profile_of(every) if self.head.is_written else None
        self.is_kind_told = layout.value_kind is not None
        settled: dict[str, Any] = {}
        if self.profile is not None:  # the kind of file settles what is not told
            self.evidence.append(Evidence("file", self.profile.name, "its heads say so"))
            options = self.profile.options.items()
            settled = {name: value for name, value in options if getattr(layout, name) is None}
        self.layout = replace(layout, **settled)
        width = len(self.head.names)
        below = [kinds.ljust(width) for kinds in self.kinds[self.head.rows :]]
        self.below = ["".join(kinds[place] for kinds in below) for place in range(width)]
        """Kinds of the cells of each column below the head."""

    def _first_row(self, layout: Layout) -> int:
        """Return the first row with data: the first of the run of times in the column that has the most of them."""
        width = max(map(len, self.kinds), default=0)
        padded = [kinds.ljust(width) for kinds in self.kinds]
        columns = ["".join(column) for column in zip(*padded, strict=True)]
        best = max(columns, key=lambda kinds: sum(kind in "TD" for kind in kinds), default="")
        timed = [row for row, kind in enumerate(best) if kind in "TD"]
        runs = [row for row in timed if row + 1 < len(best) and best[row + 1] in "TD"]
        for row in [*runs, *timed]:  # a preamble may hold a date as well
            rest = best[row:].replace(" ", "")
            if 2 * sum(kind in "TD" for kind in rest) >= len(rest):
                return row
        if len(self.rows) == 1:
            raise InputError("The file has no rows below its head.")
        if layout.time_column is not None and layout.date_format:  # such times are none that anybody would know
            return 0 if layout.time_column.isdecimal() and self._reads_first(layout) else 1
        shown = "; ".join(" | ".join(map(str, row[:6])) for row in self.rows[:2])
        raise InputError(
            f"No column holds times; tell the time column and the date format. The file begins: {shown[:300]}"
        )

    def _reads_first(self, layout: Layout) -> bool:
        from engine.importing.cells.times import read_formatted  # needs pandas

        place, row = int(layout.time_column or 0), self.rows[0]
        return place < len(row) and bool(read_formatted([row[place]], layout.date_format or "").good[0])

    def _asked(self, field_name: str) -> int | None:
        """Return the column that was told for a role; None if none was.

        Raises:
            FieldError: It is not in the file.
        """
        name = getattr(self.layout, field_name)
        if name is None:
            return None
        place = self.head.find(name)
        if place is None:
            known = ", ".join(self.head.names)
            raise FieldError("column", f"{name!r} is not in the file; it has {known[:1000]}.")
        return place

    def columns(self) -> Columns:
        """Return all of them."""
        start, end, belief, only_end = self._times()
        clocks = self._clocks(start, end)
        length, length_hours = (None, 0.0) if end is not None else self._length(start)
        taken = {place for place in (start, end, belief, length, *clocks) if place is not None}
        asked = self._asked("filter_column")
        values = ValueColumn(self.head, self.rows, self.below, self.profile, self.target)
        values.is_unit_told, values.wanted = self.layout.unit is not None, self.layout.filter_value
        value = values.choose(taken, self._asked("value_column"))
        unit = values.unit(value)
        series, labels = self._labels(taken | {value})
        zone = zone_in(self.head.call(start))
        if self.layout.timezone is None and zone is not None:
            self.layout = replace(self.layout, timezone=zone)
            self.evidence.append(Evidence("timezone", zone, f"the head {self.head.call(start)!r} says so"))
        return Columns(
            head=self.head,
            start=start,
            value=value,
            clock=clocks[0],
            counts_hours=self.counts_hours,
            end=end,
            end_clock=clocks[1],
            length=length,
            length_hours=length_hours,
            is_kind_settled=bool(self.profile and "value_kind" in self.profile.options and not self.is_kind_told),
            belief=belief,
            filter=asked,
            labels=labels,
            series=series,
            only_end=only_end,
            unit=unit,
            likely_units=self.profile.likely_units if self.profile else (),
            layout=self.layout,
            evidence=(*self.evidence, *values.evidence),
            questions=tuple(values.questions),
        )

    def _labels(self, taken: set[int]) -> tuple[int | None, tuple[int, ...]]:
        """Return the column that names series in files of this kind, and all that may, that one first."""
        series = next(iter(columns_like(self.head.names, self.profile.series if self.profile else None)), None)
        labels = [] if series is None else [series]
        for place, kinds in enumerate(self.below):
            if place not in taken and kinds.strip() and kinds.count("X") * 2 > len(kinds.strip()):
                labels.append(place)
        return series, tuple(dict.fromkeys(labels))

    def _times(self) -> tuple[int, int | None, int | None, bool]:
        """Return the columns of start, end and knowledge, and whether the start column says when values end."""
        timed = [
            place for place, kinds in enumerate(self.below)
            if sum(kind in "TD" for kind in kinds) * 2 >= len(kinds.strip()) and kinds.strip()
        ]  # fmt: skip
        names, profile = self.head.names, self.profile
        belief, end, start = (self._asked(f"{role}_column") for role in ("belief", "end", "time"))
        if profile is not None:
            belief = next(iter(columns_like(names, profile.belief)), None) if belief is None else belief
            end = next(iter(columns_like(names, profile.end)), None) if end is None else end
        free = [place for place in timed if place not in (belief, end)]
        known = [place for place in free if KNOWN.search(names[place])]
        ends = [place for place in free if ENDS.search(names[place]) and place not in known]
        starts = [place for place in free if place not in known + ends]
        only_end = False
        if start is None:
            if starts:
                # Of several the one in UTC, which shows no time twice.
                aware = [place for place in starts if zone_in(names[place]) == "UTC"]
                start = (aware or starts)[0]
            elif ends or known or free:
                start, only_end = (ends or known or free)[0], bool(ends)
            else:
                raise InputError(f"No column holds times; the file has {', '.join(names)[:1000]}.")
        if end is None and ends and not only_end:
            end = next((place for place in ends if place != start), None)
        self.evidence.append(Evidence("time-column", self.head.call(start), "it holds times"))
        if end is not None:
            self.evidence.append(Evidence("end-column", self.head.call(end), "it says when each value ends"))
        if only_end:
            self.evidence.append(Evidence("stamps", "end", f"the head {self.head.call(start)!r} names an end"))
        return start, end, belief, only_end

    def _length(self, start: int) -> tuple[int | None, float]:
        """Return the column that tells how long values last, and what 1 in it is [h]; zero for times such as 01:30."""
        for place, name in enumerate(self.head.names):
            kinds = self.below[place].strip()
            if place == start or not kinds or not LENGTHS.search(name):
                continue
            words = re.split(r"[^a-z]+", name.lower())
            hours = next((LENGTH_UNITS[word] for word in words if word in LENGTH_UNITS), 0.0)
            if kinds.count("C") * 2 > len(kinds) or (hours and kinds.count("N") * 2 > len(kinds)):
                self.evidence.append(Evidence("end-column", self.head.call(place), "it says how long each value lasts"))
                return place, 0.0 if "C" in kinds else hours
        return None, 0.0

    def _clocks(self, start: int, end: int | None) -> tuple[int | None, int | None]:
        """Return the columns with the times of day of start and end."""
        asked = self._asked("clock_column")
        if asked is None and "T" in self.below[start]:
            return None, None
        clocks = [place for place, kinds in enumerate(self.below) if kinds.count("C") * 2 > len(kinds.strip()) > 0]
        hours = [
            place for place, kinds in enumerate(self.below)
            if kinds.strip() and set(kinds) <= set("N ") and HOURS.search(self.head.names[place].strip())
        ]  # fmt: skip
        lengths = [place for place, name in enumerate(self.head.names) if LENGTHS.search(name)]
        free = [place for place in clocks or hours if place not in (start, end, *lengths)]
        begin = asked if asked is not None else next(iter(free), None)
        self.counts_hours = begin in hours
        after = next((place for place in free if place != begin), None)
        if begin is not None:
            self.evidence.append(Evidence("clock-column", self.head.call(begin), "it holds the times of day"))
        return begin, after
