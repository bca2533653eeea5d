"""The rows of a file as moments and numbers, with all that is wrong with them and all that is left out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.importing.cells.local_clock import SKIPPED, TWICE, LocalClock
from engine.importing.cells.numbers import REASON, read_numbers
from engine.importing.cells.time_texts import ZONES
from engine.importing.cells.times import DAY_US, MINUTE_US, NAIVE, ClockReadings, read_times
from engine.importing.layout import Column, FileQuestion, Floats, Mask, RowProblem, TimedValues
from engine.importing.survey import Recipe, clock_column, data_batches, length_column, times_of
from engine.importing.tables.batches import Batch, cells_of
from engine.importing.tables.opening import FileTable
from engine.series.iso_time import FIRST, LAST, Microseconds, from_us, to_us, zone

UNREADABLE = "is not a time; write it like 2026-03-29T00:00:00+01:00, or give the date format."
OUTSIDE = f"lies outside the years {FIRST.year} to {LAST.year - 1}."
BACKWARDS = "lies before the start of the value; see the order of day and month."
FALLING = "is less than the meter showed before; correct one of both."
LONGEST_CELL = 100
"""How much of a cell that cannot be read is told [characters]."""
ENOUGH = 1000
"""Rows that cannot be read after which no further ones are looked at."""


@dataclass
class RowReader:
    """Reads the rows of one file batch by batch, and keeps numbers only."""

    recipe: Recipe
    place: str
    """Zone of times without an offset."""
    problems: list[RowProblem] = field(default_factory=list)
    unsure: list[RowProblem] = field(default_factory=list)
    """Rows whose local time happened twice or never, which another zone may explain."""
    questions: list[FileQuestion] = field(default_factory=list)
    left_out: dict[str, list[int]] = field(default_factory=dict)
    """Why rows were left out, and which."""

    def __post_init__(self) -> None:
        """Begin with a file."""
        self._clocks = {name: LocalClock(zone(self.place)) for name in ("start", "end", "known")}
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("number", "start", "end", "known", "value")}
        self._has_ends: bool | None = None
        self._count = 0

    def read(self, table: FileTable) -> TimedValues:
        """Return the rows of a table, in the order of the file."""
        for batch in data_batches(table, self.recipe.columns):
            self._take(batch)
            if len(self.problems) >= ENOUGH:
                break
        return self._result()

    def _take(self, batch: Batch) -> None:
        columns = self.recipe.columns
        cells = batch.column(columns.start)
        shown = cells
        times, ends = self._times(cells)
        if columns.clock is not None:
            clocks = clock_column(batch, columns)
            both = zip(cells_of(cells), cells_of(clocks), strict=True)
            shown = [f"{day} {clock}".strip() for day, clock in both]
            if self.recipe.counts is not None:
                times = replace(self.recipe.counts, place=zone(self.place)).on_days(times, clocks)
            else:
                of_day, until = read_times(clocks, month_first=False)
                times, ends = of_day.on_days_of(times), until.on_days_of(times) if until is not None else None
        values, wrong = self._values(batch)

        def key_of(row: int) -> object:
            alone = batch.part(row, row + 1)
            return tuple(str(alone.column(place)[0]) for place in columns.labels)

        numbers = np.array(batch.numbers, np.int64)
        absent = np.isnan(values)
        absent[list(wrong)] = False
        times = self.with_zones(batch, times)
        kept = self._localised("start", times, (numbers, shown, absent), key_of)
        ends = self._ends(batch, times, ends)
        self._has_ends = ends is not None if self._has_ends is None else self._has_ends
        if self._has_ends:
            ends = ends or ClockReadings.empty(len(numbers))
            kept &= self._localised("end", ends, (numbers, batch.column(columns.end or columns.start), absent), key_of)
        if columns.belief is not None:
            known_cells = batch.column(columns.belief)
            known = self._times(known_cells)[0]
            kept &= self._localised("known", known, (numbers, known_cells, absent), key_of)
        self.problems += [RowProblem(batch.numbers[at], *why) for at, why in wrong.items() if kept[at]]
        # What is left out has its number with the sign turned, so that problems can still be told by row.
        self._parts["number"].append(np.where(kept, numbers, -numbers))
        self._parts["value"].append(values)
        self._count += len(numbers)

    def _values(self, batch: Batch) -> tuple[Floats, dict[int, tuple[str, str]]]:
        """Return the values of rows; and of those that have a wrong one, the cell and why it is."""
        columns, notation = self.recipe.columns, self.recipe.notation
        cells = batch.column(columns.value)
        values, unreadable = read_numbers(cells, notation)
        values = values * columns.scale if columns.scale != 1 else values
        wrong = {at: (str(cells[at])[:LONGEST_CELL], REASON) for at in unreadable}
        if columns.minus is not None:
            values = values - read_numbers(batch.column(columns.minus), notation)[0]
            wrong |= {at: (str(cells[at])[:LONGEST_CELL], FALLING) for at in np.flatnonzero(values < 0).tolist()}
        return values, wrong

    def with_zones(self, batch: Batch, times: ClockReadings) -> ClockReadings:
        """Return times with the offsets that a column of zones tells them."""
        if self.recipe.columns.zone is None:
            return times
        cells = cells_of(batch.column(self.recipe.columns.zone))
        words = [str(cell).strip().lower() for cell in cells]
        offsets = np.array([ZONES[word] * MINUTE_US if word in ZONES else NAIVE for word in words], np.int64)
        return replace(times, offset=np.where(times.offset == NAIVE, offsets, times.offset))

    def _times(self, cells: Column) -> tuple[ClockReadings, ClockReadings | None]:
        return times_of(cells, self.recipe.layout, month_first=self.recipe.month_first)

    def _ends(self, batch: Batch, times: ClockReadings, ends: ClockReadings | None) -> ClockReadings | None:
        """Return when values end, if the file says so in any way."""
        columns = self.recipe.columns
        if columns.end is not None:
            ends = self._times(batch.column(columns.end))[0]
        if columns.length is not None:
            lengths = read_times(length_column(batch, columns), month_first=False)[0]
            return replace(times, local=times.local + lengths.local, good=times.good & lengths.good)
        if columns.end_clock is None:
            return ends
        clocks = read_times(batch.column(columns.end_clock), month_first=False)[0]
        if ends is not None:
            return clocks.on_days_of(ends)
        ends = clocks.on_days_of(times)
        # An end at an earlier time of day is one of the next day.
        ends.local += np.where(ends.local < times.local, DAY_US, 0)
        return ends

    def _localised(
        self,
        role: str,
        times: ClockReadings,
        about: tuple[Microseconds, Column, Mask],
        key_of: Callable[[int], object],
    ) -> Mask:
        """Keep the moments of one role; return which rows have one. What is wrong with the others is noted.

        Args:
            role: start, end or known.
            times: What the cells say.
            about: Numbers of the rows, their cells, and which of them have no value and so need no time.
            key_of: Row → what tells rows with the same time apart.
        """
        numbers, cells, absent = about
        moments, skipped = self._clocks[role].moments(times, begin=self._count, key_of=key_of)
        bad = ~times.good | ~times.dated
        outside = ~bad & ((moments < to_us(FIRST)) | (moments >= to_us(LAST)))
        for rows, reason, problems in (
            (bad, UNREADABLE, self.problems),
            (outside, OUTSIDE, self.problems),
            (skipped & ~bad, SKIPPED.format(zone=self.place), self.unsure),
        ):
            without = np.flatnonzero(rows & absent)
            if len(without):
                self.left_out.setdefault("without a value", []).extend(numbers[without].tolist())
            for at in np.flatnonzero(rows & ~absent)[: ENOUGH + 1].tolist():
                problems.append(RowProblem(int(numbers[at]), str(cells[at])[:LONGEST_CELL], reason))
        self._parts[role].append(moments)
        kept: Mask = ~(bad | outside | skipped)
        return kept

    def _result(self) -> TimedValues:
        """Return all that was read; what is at the foot of the file and has no time is left out."""
        whole: dict[str, NDArray[Any]] = {}
        for name in list(self._parts):  # each for itself, as all of a large file take much memory twice
            if parts := self._parts.pop(name):
                whole[name] = np.concatenate(parts)
        if not whole:
            nothing = np.zeros(0, np.int64)
            return TimedValues(numbers=nothing, starts=nothing, ends=None, values=np.zeros(0), known=None)
        numbers, values = whole["number"], whole["value"]
        for role, clock in self._clocks.items():
            moments = whole.get(role)
            if moments is None:
                continue
            for row in clock.settle(moments):
                # A row without a value needs no time.
                if not np.isnan(values[row]):
                    text = f"{from_us(int(moments[row])).astimezone(zone(self.place)):%Y-%m-%d %H:%M}"
                    self.unsure.append(RowProblem(abs(int(numbers[row])), text, TWICE.format(zone=self.place)))
        self._leave_out_footer(numbers)
        good = numbers > 0
        kept = whole if good.all() else {name: part[good] for name, part in whole.items()}
        return TimedValues(
            numbers=kept["number"],
            starts=kept["start"],
            ends=kept.get("end"),
            values=kept["value"],
            known=kept.get("known"),
        )

    def _leave_out_footer(self, numbers: Microseconds) -> None:
        """Leave out the rows below the last one with a time."""
        good = numbers[numbers > 0]
        last = int(good[-1]) if len(good) else 0
        tail = set(self.recipe.survey.tail)
        foot = [problem for problem in self.problems if problem.row > last and problem.row in tail]
        # A foot holds words, such as a sum; a text with digits may be a time that is written wrongly.
        foot = [each for each in foot if each.reason == UNREADABLE and not any(map(str.isdecimal, each.text))]
        if foot and last:
            rows = {problem.row for problem in foot}
            self.problems = [problem for problem in self.problems if problem.row not in rows]
            texts = ", ".join(repr(problem.text[:40]) for problem in foot[:5])
            self.left_out[f"at the foot of the file ({texts})"] = sorted(rows)
