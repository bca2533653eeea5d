"""Which columns of a file say when values begin, end and were known, and how long they last."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.errors import FieldError, InputError
from engine.importing.cells.calendar import is_plain_clock
from engine.importing.cells.day_counts import FEWEST, names_counts, parse_count
from engine.importing.cells.time_texts import ZONES
from engine.importing.cells.times import read_times
from engine.importing.heads import FileHead, zone_in
from engine.importing.layout import Cell, Evidence, Layout
from engine.importing.profiles import Profile, columns_like

ENDS = re.compile(
    r"(?<![^\W_])(end|ende|until|bis|tot|to|til|till|stop|slutt?|fin|fim|fine|hasta|eind|einde|koniec|konec|finish(ed)?|"
    r"ended|stopped|disconnected|unplugged|unplug|departure|completed|(?-i:HE))(?![^\W_])"
    r"|(?-i:(?<=[a-z])(End|Stop|Until)(?![a-z])|(?<![A-Za-z])(end|stop)(?=[A-Z]))",
    re.I,
)
LOCAL = re.compile(r"local|(?<![^\W_])(lokal|hourdk|ept)(?![^\W_])", re.I)
KNOWN = re.compile(r"belief|known|created|updated|modified|published|issued|retrieved", re.I)
ABOVE = re.compile(r"(?:\b(?:in|are)|time ?zone:?)\s+(UTC|[A-Z][a-z]+/[A-Z][A-Za-z_]+)", re.I)
"""A zone in a sentence above the table."""
ZONE_NAMES = re.compile(r"^(time ?zone|zeitzone|tijdzone|tz|fuseau( horaire)?|zona horaria)$", re.I)
"""Heads of columns that tell the zone of each time."""
LENGTHS = re.compile(r"duration|dauer|durée|duur|length of", re.I)
LENGTH_UNITS = {"h": 1.0, "hours": 1.0, "min": 1 / 60, "minutes": 1 / 60, "s": 1 / 3600, "seconds": 1 / 3600}


CLOCKS = re.compile(r"(?<![^\W\d_])(uhrzeit|zeit|time|tijd|heure|hora|ora|klokke|tid|czas|hhmm)(?![^\W\d_])", re.I)


class TimeColumns:
    """Looks for the times of one file, and keeps why."""

    def __init__(
        self,
        head: FileHead,
        rows: Sequence[Sequence[Cell]],
        below: Sequence[str],
        profile: Profile | None,
        layout: Layout,
    ) -> None:
        """Begin with a file; see ``ValueColumn``."""
        self.head, self.rows, self.below = head, rows[head.rows :], below
        self.above = rows[: head.row]
        self.profile, self.layout = profile, layout
        self.is_counted = self.is_plain = False
        self.evidence: list[Evidence] = []

    def cells(self, place: int) -> list[Cell]:
        """Return the cells of a column in the first rows that hold something."""
        return [row[place] for row in self.rows if place < len(row) and row[place] != ""]

    def asked(self, field_name: str) -> int | None:
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

    def starts_and_ends(self) -> tuple[int, int | None, int | None, bool]:
        """Return the columns of start, end and knowledge, and whether the start column says when values end."""
        timed = [
            place for place, kinds in enumerate(self.below)
            if sum(kind in "TD" for kind in kinds) * 2 >= len(kinds.strip()) and kinds.strip()
        ]  # fmt: skip
        timed = [place for place in timed if not self.is_constant(place)] or timed
        names, profile = self.head.names, self.profile
        belief, end, start = (self.asked(f"{role}_column") for role in ("belief", "end", "time"))
        if profile is not None:
            belief = next(iter(columns_like(names, profile.belief)), None) if belief is None else belief
            like = [place for place in columns_like(names, profile.end) if set(self.below[place]) & set("TD")]
            end = next(iter(like), None) if end is None else end
        free = [place for place in timed if place not in (belief, end)]
        known = [place for place in free if KNOWN.search(names[place])]
        ends = [place for place in free if ENDS.search(names[place]) and place not in known]
        if profile is not None and profile.time and not profile.end:  # _start and _stop of a query are no intervals
            free, ends = [place for place in free if place not in ends], []
        starts = [place for place in free if place not in known + ends]
        only_end = False
        if start is None:
            if starts:
                start = self.start_of(starts)
            elif ends or known or free:
                start, only_end = (ends or known or free)[0], bool(ends)
            else:
                raise InputError(f"No column holds times; the file has {', '.join(names)[:1000]}.")
        if end is None and ends and not only_end:
            end = next((place for place in ends if place != start), None)
        if end is None and not only_end:
            end = next((place for place in starts if place != start and self.ends_values(place, start)), None)
        self.evidence.append(Evidence("time-column", self.head.call(start), "it holds times"))
        if end is not None:
            self.evidence.append(Evidence("end-column", self.head.call(end), "it says when each value ends"))
        if only_end:
            self.evidence.append(Evidence("stamps", "end", f"the head {self.head.call(start)!r} names an end"))
        return start, end, belief, only_end

    def is_constant(self, place: int) -> bool:
        """Return whether a column holds the same digits in every row: the number of a meter, and no time."""
        cells = [str(cell).strip() for cell in self.cells(place)]
        return len(cells) > 1 and len(set(cells)) == 1 and cells[0].isdecimal()

    def start_of(self, starts: Sequence[int]) -> int:
        """Return the column of several that says when values begin: that of the kind of file, or in UTC."""
        names, profile = self.head.names, self.profile
        for place in columns_like(names, profile.time if profile else None):
            if place in starts:
                return place
        # In UTC no time is shown twice.
        aware = [place for place in starts if zone_in(names[place]) == "UTC"]
        local = [place for place in starts if LOCAL.search(names[place])]
        start = next(iter(aware), starts[0])
        if not aware and local and len(local) < len(starts) and self.layout.timezone is None:
            start = next(place for place in starts if place not in local)
            self.layout = replace(self.layout, timezone="UTC")
            because = f"{names[local[0]]!r} is the local time, which {names[start]!r} then is not"
            self.evidence.append(Evidence("timezone", "UTC", because))
        return start

    def ends_values(self, place: int, start: int) -> bool:
        """Return whether the times of a column end values that begin at others: later, but by no fixed length."""
        rows = [row for row in self.rows if max(place, start) < len(row)]
        month_first = self.layout.date_order == "month"
        begin, end = (read_times([row[at] for row in rows], month_first=month_first)[0] for at in (start, place))
        good = begin.good & end.good & begin.dated & end.dated
        lengths = (end.local - begin.local)[good]
        order = np.argsort(begin.local[good], kind="stable")
        gaps = np.diff(begin.local[good][order])
        return bool(
            len(lengths) > 2
            and (lengths > 0).all()
            and len(np.unique(lengths)) > 1
            and (lengths[order][:-1] <= np.maximum(gaps, 1)).mean() > 0.5
        )

    def length(self, start: int) -> tuple[int | None, float]:
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

    def counts_steps(self, place: int, start: int) -> bool:
        """Return whether a column counts the steps of days: its head says so, or it counts on while the date stays."""
        cells = [parse_count(cell) for cell in self.cells(place)]
        if not cells or None in cells or place == start:
            return False
        if self.head.is_written and names_counts(self.head.names[place]):
            return True
        counts = [-1 if cell is None else cell[1] for cell in cells[:FEWEST]]
        if not self.head.is_written:
            return place == start + 1 and counts == [*range(1, FEWEST + 1)]
        dates = set(self.cells(start)[:FEWEST])
        return len(self.below) > 2 and len(dates) == 1 and counts in [[*range(at, at + FEWEST)] for at in (0, 1)]

    def clocks(self, start: int, end: int | None) -> tuple[int | None, int | None]:
        """Return the columns with the times of day of start and end."""
        asked = self.asked("clock_column")
        if asked is None and "T" in self.below[start]:
            return None, None
        clocks = [place for place, kinds in enumerate(self.below) if kinds.count("C") * 2 > len(kinds.strip()) > 0]
        counted = [place for place in range(len(self.below)) if self.counts_steps(place, start)]
        counted.sort(key=lambda place: not names_counts(self.head.names[place]))
        plain = [
            place for place, name in enumerate(self.head.names)
            if CLOCKS.search(name) and (cells := self.cells(place)) and is_plain_clock(cells)
        ]  # fmt: skip
        lengths = [place for place, name in enumerate(self.head.names) if LENGTHS.search(name)]
        free = [place for place in clocks or counted or plain if place not in (start, end, *lengths)]
        begin = asked if asked is not None else next(iter(free), None)
        self.is_counted, self.is_plain = (
            begin in counted and begin not in clocks,
            begin in plain and begin not in counted,
        )
        after = None if self.is_counted else next((place for place in free if place != begin), None)
        if begin is not None:
            self.evidence.append(Evidence("clock-column", self.head.call(begin), "it holds the times of day"))
        return begin, after

    def see_zone(self, start: int) -> int | None:
        """Note the zone that the head of the times tells, or each of them as ``CET/CEST``, or a line above the table.

        Return the column that tells the zone of each time, such as CET and CEST in turn; None if none does.
        """
        head = self.head.call(start)
        first = next(iter(self.cells(start)), "")
        above = [match[1] for row in self.above if (match := ABOVE.search(" ".join(map(str, row)))) is not None]
        for text, because in (
            (head, f"the head {head!r} says so"),
            (str(first), f"times such as {first} say so"),
            (above[0] if above else "", "a line above the table says so"),
        ):
            zone = zone_in(text) if text == head or "/" in text or text.upper() == "UTC" else None
            if self.layout.timezone is None and zone is not None:
                self.layout = replace(self.layout, timezone=zone)
                self.evidence.append(Evidence("timezone", zone, because))
        for place, name in enumerate(self.head.names):
            cells = {str(cell).strip().lower() for cell in self.cells(place)}
            if ZONE_NAMES.match(name.strip()) and cells and cells <= ZONES.keys() and self.layout.timezone is None:
                self.evidence.append(Evidence("timezone", name, "this column tells the zone of each time"))
                return place
        return None
