"""What is told of a file and what is known of its sensor, and what a reading says: evidence, questions, rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias, get_args
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.series import resample
from engine.series.iso_time import MICROSECOND, Microseconds
from engine.units import units

Cell: TypeAlias = str | float | datetime | date | time
"""A text; or a number or time as a spreadsheet holds it, which no option for texts may change."""
ValueKind: TypeAlias = Literal["per-step", "until-next", "since-previous", "counter", "readings"]
"""What the values of a file stand for: see ``engine.importing.contents``."""
KINDS: tuple[str, ...] = get_args(ValueKind)
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Column: TypeAlias = Sequence[Cell] | Floats | NDArray[np.datetime64]
"""Cells of a column, shape (n,); those of a sheet that are all numbers, or all moments [us], as an array."""


@dataclass(frozen=True, kw_only=True)
class FileBounds:
    """How much one file may hold; see the settings of the same names."""

    rows: int = 10_000_000
    columns: int = 1_100
    line: int = 100_000
    """Characters of one line of a CSV file."""
    cells: int = 4_000_000
    """Rows times columns of a sheet."""
    sheet_bytes: int = 50 * 2**20
    """Size of a file with sheets [bytes]."""
    memory: int = 768 * 2**20
    """Of the process that reads a sheet [bytes]."""
    seconds: int = 30
    """Of a processor, to read a sheet [s]."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is to be read; what is None is decided by looking at it. Columns are counted from 0 or named."""

    time_column: str | None = None
    """Times at which values begin, or their dates."""
    clock_column: str | None = None
    """Times of day that belong to the dates of the time column."""
    end_column: str | None = None
    """Times at which values end."""
    value_column: str | None = None
    belief_column: str | None = None
    """Moments of knowledge."""
    unit: str | None = None
    """Unit of the values."""
    timezone: str | None = None
    """Zone of times without an offset."""
    step: timedelta | None = None
    """How long each value holds."""
    date_format: str | None = None
    """As for ``strptime``, such as ``%d-%m-%Y %H:%M``."""
    date_order: str | None = None
    """What comes first in 05/11/2026: day or month."""
    stamps: str | None = None
    """Which end of its step a time names: start or end."""
    value_kind: str | None = None
    """What a value stands for: see ``engine.importing.contents``."""
    delimiter: str | None = None
    """Between the cells of a CSV file."""
    decimal: str | None = None
    thousands: str | None = None
    """Sign between thousands; empty: there is none."""
    brackets: str | None = None
    """What (5) means: minus or plain."""
    skip_rows: int = 0
    """Lines to leave out at the top."""
    max_rows: int | None = None
    """Rows with data to read."""
    sheet: str | None = None
    """Name of the sheet of an Excel file."""
    filter_column: str | None = None
    filter_value: str | None = None
    """Only rows with this text in the filter column count, or this text as its first words."""
    missing: frozenset[str] = frozenset()
    """More texts that stand for no value."""
    confirm: frozenset[str] = frozenset()
    """Findings that were seen and accepted: old-times, outliers, unit-jump, other-level."""
    bounds: FileBounds = field(default_factory=FileBounds)
    """How much the file may hold."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The sensor that a file is read for."""

    unit: str
    timezone: str
    resolution: timedelta
    """Zero: instantaneous."""
    now: datetime
    """The moment of reading, from which on times lie in the future."""
    is_level: bool = False
    """Whether its values are of a stored energy, which is no amount per event."""

    @property
    def adds_up(self) -> bool:
        """Whether its values are amounts per event."""
        return units.adds_up(self.unit) and not self.is_level


class Evidence(NamedTuple):
    """One decision about a file."""

    field: str
    """What was decided, as an option of the layout."""
    value: str
    because: str


class Choice(NamedTuple):
    """One answer to a question."""

    value: str
    """As the field wants it."""
    meaning: str


class FileQuestion(NamedTuple):
    """A decision that the file does not settle; nothing is stored before it is taken."""

    field: str
    """Option of the layout that takes the answer."""
    text: str
    choices: list[Choice]
    """The first one is what the reading shown assumes."""

    @property
    def way_out(self) -> str:
        """The answers, in one sentence."""
        choices = [f"{value} ({meaning})" if meaning else value for value, meaning in self.choices]
        return f"Choose {self.field}: {', '.join(choices)}."

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"field": self.field, "text": self.text, "choices": [choice._asdict() for choice in self.choices]}


def ask_to_confirm(
    questions: Sequence[FileQuestion], finding: str, text: str, confirmed: frozenset[str]
) -> list[FileQuestion]:
    """Return questions with the one whether a finding is right, unless that is confirmed already.

    There is one such question, which all findings share: its answer names all of them.

    Args:
        questions: Those asked so far.
        finding: Such as ``old-times``.
        text: What was found.
        confirmed: Findings that were seen and accepted.
    """
    if finding in confirmed:
        return [*questions]
    before = [question for question in questions if question.field == "confirm"]
    names = {finding, *confirmed}.union(*(question.choices[0].value.split(",") for question in before))
    text = " ".join([*(question.text for question in before), text])
    others = [question for question in questions if question.field != "confirm"]
    return [*others, FileQuestion("confirm", text, [Choice(",".join(sorted(names)), "yes, store them as they are")])]


class RowProblem(NamedTuple):
    """Why one row cannot be read."""

    row: int
    """Its number in the file, from 1."""
    text: str
    """The cell."""
    reason: str
    """What is wrong with it and the way out."""


class FileError(InputError):
    """A file has rows that cannot be read; nothing of it is stored.

    Attributes:
        problems: All of them, in order of row.
    """

    def __init__(self, problems: list[RowProblem]) -> None:
        self.problems = problems
        first, more = problems[0], len(problems) - 1
        rest = f" ({more} more {'row' if more == 1 else 'rows'} cannot be read.)" if more else ""
        super().__init__(f"Row {first.row}: {first.text!r} {first.reason}{rest}")


class Undecided(InputError):
    """A file can be read in several ways, and nothing in it tells which is right; nothing of it is stored.

    Attributes:
        questions: What is to be decided.
    """

    def __init__(self, questions: list[FileQuestion], name: str = "") -> None:
        self.questions = questions
        sentences = [f"{question.text} {question.way_out}" for question in questions]
        super().__init__(" ".join([f"{name}:"] * bool(name) + sentences))


@dataclass(frozen=True, kw_only=True)
class TimedValues:
    """The rows of a file as numbers."""

    numbers: Microseconds
    """Number of each row in the file, from 1, shape (n,)."""
    starts: Microseconds
    """Where each value begins [us since 1970 UTC], shape (n,)."""
    ends: Microseconds | None
    """Where it ends, if the file says so, shape (n,)."""
    values: Floats
    """NaN where there is none, shape (n,)."""
    known: Microseconds | None
    """When it was known, if the file says so [us since 1970 UTC], shape (n,)."""


@dataclass(frozen=True, kw_only=True)
class FileReading:
    """What a file says: the series to store, why it is read so, and what is open."""

    readings: TimedValues
    """In the unit of the file; the value of each row in its interval once counters are differenced."""
    unit: str
    step: timedelta
    """How long each value holds; zero: from start to end of each reading, or instantaneous."""
    evidence: list[Evidence]
    questions: list[FileQuestion]
    notices: list[str]
    """What looks wrong or was left out, to be looked at before it is stored."""
    problems: list[RowProblem]
    row_count: int
    """Rows with a time, with or without a value."""
    are_moments: bool = False
    """Whether rows are single moments, to be averaged in the steps of the sensor."""

    def spans(self, resolution: timedelta, place: ZoneInfo) -> tuple[Microseconds, Microseconds] | None:
        """Return starts and ends of values that do not fit the steps of a sensor, to be shared out; None if they fit.

        Args:
            resolution: Of the sensor; zero: instantaneous.
            place: Where its steps lie on the clock.
        """
        rows, step = self.readings, self.step
        if rows.ends is not None or not resolution or not step or self.are_moments or rows.known is not None:
            return None if rows.ends is None else (rows.starts, rows.ends)
        shorter = min(step, resolution)
        whole = not max(step, resolution) % shorter
        if whole and (resample.floor(rows.starts, shorter, place) == rows.starts).all():
            return None
        return rows.starts, rows.starts + step // MICROSECOND

    def check(self) -> None:
        """Refuse a file that cannot be stored as it is.

        Raises:
            FileError: Rows cannot be read.
            Undecided: A question is open.
            InputError: There are no rows.
        """
        if self.problems:
            raise FileError(self.problems)
        if self.questions:
            raise Undecided(self.questions)
        if not len(self.readings.starts):
            raise InputError("The file has no rows with values; check the rows to skip and the filter.")
