"""One look at all rows of a file, before any is read: what decides between day and month, dot and comma."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from engine.errors import FieldError, InputError
from engine.importing.cells.calendar import with_colons
from engine.importing.cells.day_counts import DayCounts, decide_counts, read_counts
from engine.importing.cells.numbers import Notation, NumberFacts, ask_about_brackets, decide_notation, read_numbers
from engine.importing.cells.texts import original
from engine.importing.cells.times import DAY_US, ClockReadings, TimeFacts, read_formatted, read_times
from engine.importing.columns import Columns
from engine.importing.layout import Cell, Choice, Column, Evidence, FileQuestion, Layout, Target
from engine.importing.tables.batches import Batch, cells_of
from engine.importing.tables.opening import FileTable
from engine.series.iso_time import MICROSECOND, Microseconds, iso_duration, zone

MOST_LABELS = 60
"""Different texts of a column that may be the names of series."""
FOOTER = 40
"""Rows at the end that may be no data."""


@dataclass
class Survey:
    """What all rows of a file say together."""

    times: TimeFacts = field(default_factory=TimeFacts)
    numbers: NumberFacts = field(default_factory=NumberFacts)
    labels: dict[int, Counter[str]] = field(default_factory=dict)
    """Texts of the columns that may name series, and how often they are there."""
    rows: int = 0
    tail: deque[int] = field(default_factory=lambda: deque(maxlen=FOOTER))
    """Numbers of the last rows."""

    @property
    def is_dated_only(self) -> bool:
        """Whether no row tells a time of day."""
        return not self.times.has_clock


@dataclass(frozen=True)
class Recipe:
    """How the rows of a file are read."""

    columns: Columns
    notation: Notation
    month_first: bool
    survey: Survey
    counts: DayCounts | None = None
    """What the clock column counts, if it counts."""

    @property
    def layout(self) -> Layout:
        """What is told of the file, with what its kind settles."""
        return self.columns.layout


def clock_column(batch: Batch, columns: Columns) -> Column:
    """Return the times of day, or counts, that belong to the dates of the start column."""
    cells = batch.column(columns.start if columns.clock is None else columns.clock)
    return with_colons(cells) if columns.is_plain else cells


def length_column(batch: Batch, columns: Columns) -> Column:
    """Return how long values last, as times of day or as numbers of hours."""
    cells = batch.column(columns.start if columns.length is None else columns.length)
    if not columns.length_hours:
        return cells
    numbers, _ = read_numbers(cells, Notation("," if any("," in str(cell) for cell in cells) else "."))
    return [columns.length_hours * float(number) for number in numbers]


def data_batches(table: FileTable, columns: Columns) -> Iterator[Batch]:
    """Give the rows below the head that are asked for."""
    skip, left = columns.head.rows, columns.layout.max_rows
    wanted, place = columns.layout.filter_value, columns.filter
    for batch in table.batches():
        if skip:
            taken = min(skip, len(batch.numbers))
            skip, batch = skip - taken, batch.part(taken, None)
        if left is not None:
            batch = batch.part(0, left)
            left -= len(batch.numbers)
        if place is not None:
            cells = cells_of(batch.column(place))
            batch = batch.take([at for at, cell in enumerate(cells) if is_wanted(cell, wanted or "")])
        if batch.numbers:
            yield batch
        if left == 0:
            return


def is_wanted(cell: Cell, wanted: str) -> bool:
    """Return whether a row is of the series asked for: its cell says so, or begins with these words."""
    text = cell.strip() if type(cell) is str else f"{cell:g}" if type(cell) is float else str(cell)
    return wanted in (text, original(text)) or (bool(wanted) and text.startswith(f"{wanted} "))


def survey_rows(table: FileTable, columns: Columns) -> Survey:
    """Return what all rows say of times, numbers and labels."""
    survey = Survey(labels={place: Counter() for place in columns.labels})
    for batch in data_batches(table, columns):
        _check_width(batch, columns)
        survey.rows += len(batch.numbers)
        survey.tail.extend(batch.numbers[-FOOTER:])
        if columns.layout.date_format is None:
            survey.times.add(batch.column(columns.start))
        if columns.clock is not None and not columns.is_counted:
            survey.times.add(clock_column(batch, columns))
        survey.numbers.add(batch.column(columns.value))
        for place, counts in list(survey.labels.items()):
            counts.update(str(cell).strip() for cell in cells_of(batch.column(place)))
            if len(counts) > MOST_LABELS:
                del survey.labels[place]
    return survey


def _with_filter(table: FileTable, columns: Columns) -> Columns:
    """Return columns with the one that names the series asked for, if only the series was told.

    Raises:
        FieldError: No row is of it.
    """
    wanted = columns.layout.filter_value
    if wanted is None or columns.filter is not None:
        return columns
    for batch in table.batches():
        for place in columns.labels:
            if any(is_wanted(cell, wanted) for cell in cells_of(batch.column(place))):
                return replace(columns, filter=place)
    raise FieldError("filter-value", f"no row is of {wanted!r}; give the filter column as well.")


def _check_width(batch: Batch, columns: Columns) -> None:
    """Refuse rows with more cells than there are columns: a sign was taken for the delimiter that is none.

    Raises:
        InputError: There is such a row.
    """
    width = columns.head.width
    if batch.width <= width:
        return
    for number, row in zip(batch.numbers, batch.rows, strict=True):
        if any(not isinstance(cell, str) or cell.strip() for cell in row[width:]):
            raise InputError(
                f"Row {number} has {len(row)} cells, but the first row of the table has {width}; give the delimiter "
                "and the decimal sign, or skip the rows above the head."
            )


def decide(table: FileTable, columns: Columns, target: Target) -> tuple[Recipe, list[Evidence], list[FileQuestion]]:
    """Return how the rows are read, why, and what is to be asked.

    Raises:
        FieldError: No row is of the series asked for.
    """
    columns = _with_filter(table, columns)
    survey = survey_rows(table, columns)
    dotted = "." in survey.times.signs
    notation, evidence, questions = decide_notation(survey.numbers, columns.layout, table.delimiter, dotted=dotted)
    if survey.numbers.bracketed and columns.layout.brackets is None:
        questions.append(ask_about_brackets(survey.numbers.bracketed))
    notation = replace(notation, brackets=columns.layout.brackets or "minus")
    month_first, because, asked = _date_order(table, columns, survey, notation, target)
    evidence += [Evidence("date-order", "month" if month_first else "day", because)] if because else []
    questions += asked
    if columns.filter is None and columns.series is not None and len(survey.labels.get(columns.series, ())) > 1:
        questions.append(series_question(columns, survey, columns.series))
    if not columns.is_counted or columns.clock is None:
        return Recipe(columns, notation, month_first, survey), evidence, questions
    survey.times.has_clock = True
    counts, asked = _day_counts(table, columns, month_first, target)
    length = iso_duration(counts.step * MICROSECOND)
    because = f"it counts steps of {length} of each day"
    evidence.append(Evidence("clock-column", columns.head.call(columns.clock), because))
    # What the option tells of the ends of steps is told of the counts.
    columns = replace(columns, layout=replace(columns.layout, stamps=None))
    return Recipe(columns, notation, month_first, survey, counts), evidence, questions + asked


def _day_counts(
    table: FileTable, columns: Columns, month_first: bool, target: Target
) -> tuple[DayCounts, list[FileQuestion]]:
    """Return what the clock column counts."""
    days, counts, marks = ClockReadings.empty(0), np.zeros(0, np.int64), np.zeros(0, np.int8)
    for batch in data_batches(table, columns):
        times = times_of(batch.column(columns.start), columns.layout, month_first=month_first)[0]
        more = read_counts(batch.column(columns.clock or 0))
        days, counts, marks = days.followed_by(times), np.append(counts, more[0]), np.append(marks, more[1])
    first = None if columns.layout.stamps is None else int(columns.layout.stamps == "end")
    about = columns.head.call(columns.clock or 0), first, target.resolution // MICROSECOND
    return decide_counts(days, (counts, marks), about, zone(columns.layout.timezone or target.timezone))


def times_of(cells: Column, layout: Layout, *, month_first: bool) -> tuple[ClockReadings, ClockReadings | None]:
    """Return the times of cells, and their ends if there are intervals among them."""
    if layout.date_format is None:
        return read_times(cells, month_first=month_first)
    return read_formatted(cells, layout.date_format), None


def _date_order(
    table: FileTable, columns: Columns, survey: Survey, notation: Notation, target: Target
) -> tuple[bool, str, list[FileQuestion]]:
    """Return whether the month comes first, why, and what is to be asked."""
    facts, order = survey.times, columns.layout.date_order
    if order is not None or not facts.signs or columns.layout.date_format is not None:
        return order == "month", "", []
    first, second = facts.day_over_12
    if first > 12 or second > 12:
        return first <= 12, f"no month is {max(first, second)}", []
    if "." in facts.signs:
        return False, "dots stand between day and month", []
    # Who writes AM and PM may be American all the same.
    if notation.decimal == "," and "," in survey.numbers.decimal and not facts.has_halves:
        return False, "who writes a decimal comma writes the day first", []
    cells = next(data_batches(table, columns)).column(columns.start)
    days = [np.unique(read_times(cells, month_first=month_first)[0].local // DAY_US) for month_first in (False, True)]
    even = [_follow(some) for some in days]
    if even[0] != even[1]:
        return even[1], "only so the days follow each other", []
    sample = next(str(cell) for cell in cells_of(cells) if cell)
    names = [np.datetime64(int(some[0]), "D").item().strftime("%-d %B %Y") for some in days]
    choices = [Choice("day", f"it begins on {names[0]}"), Choice("month", f"it begins on {names[1]}")]
    american = target.timezone.startswith(("America/", "US/"))
    text = f"{sample[:40]} can begin with the day or with the month; no number above 12 shows which."
    return american, "", [FileQuestion("date-order", text, choices[::-1] if american else choices)]


def _follow(days: Microseconds) -> bool:
    """Return whether days [since 1970], in order, follow each other, or are the same day of months that do."""
    if len(days) < 3:
        return False
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    of_month = np.unique(dates - months.astype("datetime64[D]"))
    spread: list[int] = [int(days[-1] - days[0]), int((months[-1] - months[0]).astype(np.int64))]
    return spread[0] == len(days) - 1 or (len(of_month) == 1 and spread[1] == len(days) - 1)


def series_question(columns: Columns, survey: Survey, place: int) -> FileQuestion:
    """Return the question which of the series of a column is meant."""
    counts = survey.labels[place]
    groups = Counter(name.split(" ")[0] for name in counts)
    words = [word for word, count in groups.items() if 1 < count < len(counts)]
    choices = [Choice(word, f"all that begin with {word}") for word in words]
    choices += [Choice(name, f"{count} rows") for name, count in counts.items() if name]
    head = columns.head.names[place]
    return FileQuestion("filter-value", f"The column {head!r} names several series; which is meant?", choices)
