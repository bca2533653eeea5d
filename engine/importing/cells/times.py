"""Cells with times → clock readings and offsets as arrays; the order of day and month is that of a whole column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError
from engine.importing.cells.calendar import days_of_dates, days_of_weeks
from engine.importing.cells.texts import Codes, by_shape, codes_of, digits
from engine.importing.cells.time_texts import TimeForm, calendar_form, interval_forms, time_form
from engine.importing.layout import Cell, Column, Floats, Mask
from engine.series.iso_time import EPOCH, HOUR_US, Microseconds

NAIVE = np.iinfo(np.int64).min
"""Stands for the offset of a time that tells none."""
DAY_US = 24 * HOUR_US
MINUTE_US = 60_000_000
MIDNIGHT = EPOCH.replace(tzinfo=None)
"""What a clock without a zone shows as 1970 begins."""


@dataclass
class ClockReadings:
    """What cells say, before a zone makes moments of it."""

    local: Microseconds
    """What the clock shows [us since 1970 on that clock], shape (n,)."""
    offset: Microseconds
    """How far that clock is ahead of UTC [us], or ``NAIVE``, shape (n,)."""
    fold: NDArray[np.int8]
    """0 and 1 for a time marked as before or after the clocks are put back, else -1, shape (n,)."""
    good: Mask
    """Which cells are times, shape (n,)."""
    dated: Mask
    """Which say the day, shape (n,)."""

    @classmethod
    def empty(cls, count: int) -> "ClockReadings":
        """Return room for some times, none of them read."""
        zeros = np.zeros(count, np.int64)
        return cls(zeros, np.full(count, NAIVE), np.full(count, -1, np.int8), np.zeros(count, bool), zeros > 0)

    def put(self, rows: NDArray[np.intp], other: "ClockReadings") -> None:
        """Write some others in rows."""
        for name in ("local", "offset", "fold", "good", "dated"):
            getattr(self, name)[rows] = getattr(other, name)

    def followed_by(self, other: "ClockReadings") -> "ClockReadings":
        """These and some more."""
        names = ("local", "offset", "fold", "good", "dated")
        return ClockReadings(*(np.append(getattr(self, name), getattr(other, name)) for name in names))

    def on_days_of(self, days: "ClockReadings") -> "ClockReadings":
        """Times of day on the days of others."""
        offset = np.where(self.offset == NAIVE, days.offset, self.offset)
        local = days.local // DAY_US * DAY_US + self.local
        return ClockReadings(local, offset, self.fold, self.good & days.good & days.dated, days.dated)


@dataclass
class TimeFacts:
    """What all cells of a column have in common, as far as it decides how they are read."""

    day_over_12: tuple[int, int] = (0, 0)
    """Largest of the first and of the second number of dates such as 05/11/2026."""
    signs: set[str] = field(default_factory=set)
    """Between their numbers."""
    is_naive: bool = False
    """Whether any tells no offset."""
    has_clock: bool = False
    """Whether any tells the time of day."""
    at_24: bool = False
    """Whether any is 24:00."""
    has_halves: bool = False
    """Whether any is of the morning or afternoon, as AM and PM."""
    periods: set[str] = field(default_factory=set)
    """What they name: weeks, months, quarters, years; nothing for days and moments."""
    count: int = 0
    """Cells that are times."""
    unreadable: int = 0
    """Cells that hold something else."""

    def add(self, cells: Column) -> None:
        """Look at some more cells."""
        if isinstance(cells, np.ndarray):
            self.count, self.is_naive = self.count + len(cells), True
            self.periods.add("")
            is_moment = cells.dtype.kind == "M"
            self.has_clock |= bool((cells.astype(np.int64) % DAY_US).any()) if is_moment else True
            self.at_24 |= not is_moment and bool((cells == 24.0).any())
            return
        texts = [cell for cell in cells if type(cell) is str and cell]
        typed = [cell for cell in cells if type(cell) is not str]
        self.count += len(typed)
        self.is_naive |= bool(typed)
        self.periods |= {""} if typed else set()
        self.at_24 |= 24.0 in typed
        self.has_clock |= any(not isinstance(cell, date) or isinstance(cell, datetime) for cell in typed)
        codes = codes_of(texts)
        for shape, rows in by_shape(codes):
            both = interval_forms(shape)
            part = codes[rows]
            form = _form_of(shape, part) or (both[0] if both else None)
            if form is None:
                self.unreadable += len(rows)
                continue
            self.count += len(rows)
            self.is_naive |= not form.is_aware
            self.has_clock |= form.has_clock
            self.periods.add(form.period)
            self.has_halves |= form.half is not None
            if "a" in form.spans:
                self.signs.add(shape[form.spans["a"][1]])
                largest = [int(digits(part, form.spans[name]).max()) for name in "ab"]
                self.day_over_12 = max(self.day_over_12[0], largest[0]), max(self.day_over_12[1], largest[1])
            if "H" in form.spans:
                self.at_24 |= int(digits(part, form.spans["H"]).max()) == 24


def read_times(cells: Column, *, month_first: bool) -> tuple[ClockReadings, ClockReadings | None]:
    """Return the times of cells, and their ends if there are intervals among them.

    Args:
        cells: Texts, or times of a spreadsheet, shape (n,).
        month_first: Whether 05/11/2026 is the eleventh of May.
    """
    if isinstance(cells, np.ndarray):
        return _read_array(cells), None
    times, ends = ClockReadings.empty(len(cells)), None
    is_text = np.fromiter((type(cell) is str for cell in cells), bool, len(cells))
    codes = codes_of([cell if isinstance(cell, str) else "" for cell in cells])
    for shape, rows in by_shape(codes):
        form = _form_of(shape, codes[rows])
        if form is not None:
            times.put(rows, _read(codes[rows], form, month_first))
            continue
        both = interval_forms(shape)
        if both is None:
            continue
        first, second, begin = both
        if ends is None:
            ends = ClockReadings.empty(len(cells))
        start = _read(codes[rows], first, month_first)
        end = _read(codes[rows][:, begin:], second, month_first)
        if not second.has_date:
            if first.has_date:
                end = end.on_days_of(start)
            # An interval such as 23:45 - 00:00 ends on the next day.
            end.local += np.where(end.local <= start.local, DAY_US, 0)
        if not second.is_aware:
            end.offset = start.offset
        times.put(rows, start)
        ends.put(rows, end)
    _put_typed(times, cells, np.flatnonzero(~is_text))
    return times, ends


def _form_of(shape: str, codes: Codes) -> TimeForm | None:
    """Return the form of texts of a shape; digits that count seconds are days with an hour if all of them may be."""
    form = time_form(shape)
    calendar = None if form is None else calendar_form(form)
    if calendar is None:
        return form
    year, month, day, hour = (digits(codes, calendar.spans[name]) for name in "ymdH")
    # As counts of seconds they would lie after the year 2030.
    may_be = (year >= 1900) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (hour <= 24)
    return calendar if may_be.all() else form


def _read_array(cells: Floats | NDArray[np.datetime64]) -> ClockReadings:
    """Return the times of a column of a spreadsheet that holds nothing else, or numbers."""
    times = ClockReadings.empty(len(cells))
    if cells.dtype.kind == "M":
        times.local = cells.astype(np.int64)
        times.good[:] = times.dated[:] = True
    else:
        _put_typed(times, cells.tolist(), np.arange(len(cells)))
    return times


def _put_typed(times: ClockReadings, cells: Sequence[Cell], rows: NDArray[np.intp]) -> None:
    """Write the times of a spreadsheet that stand in rows; a number is an hour of the day, or a count since 1970."""
    if not len(rows):
        return
    moments = [row for row in rows.tolist() if isinstance(cells[row], date)]  # a moment is a date to Python
    times.local[moments] = np.array([cells[row] for row in moments], "datetime64[us]").astype(np.int64)
    times.good[moments] = times.dated[moments] = True
    for row in rows.tolist() if len(moments) < len(rows) else ():
        cell = cells[row]
        if isinstance(cell, time):
            seconds = (cell.hour * 60 + cell.minute) * 60 + cell.second
            times.local[row] = seconds * 1_000_000 + cell.microsecond
        elif isinstance(cell, float) and 0 <= cell <= 25:
            times.local[row] = round(cell * HOUR_US)
        # Seconds or milliseconds since 1970, as moments after the year 2001 have so many digits.
        elif isinstance(cell, float) and (1e9 <= cell < 1e10 or 1e12 <= cell < 1e13):
            times.local[row], times.offset[row] = round(cell * (1e6 if cell < 1e12 else 1e3)), 0
            times.dated[row] = True
        else:
            continue
        times.good[row] = True


def _read(codes: Codes, form: TimeForm, month_first: bool) -> ClockReadings:
    """Times of texts that have one form."""
    part = {name: digits(codes, span) for name, span in form.spans.items() if name != "f"}
    nothing = np.zeros(len(codes), np.int64)
    fraction = nothing
    if "f" in form.spans:
        begin, end = form.spans["f"]
        fraction = digits(codes, (begin, min(end, begin + 6))) * 10 ** max(6 - (end - begin), 0)
    times = ClockReadings.empty(len(codes))
    times.good[:], times.dated[:] = True, form.has_date
    if form.epoch is not None:
        times.local = part["epoch"] * form.epoch + fraction
        times.offset[:] = 0
        return times
    if form.has_date:
        days, is_day = _days(part, form, month_first)
        times.local, times.good = np.where(is_day, days, 0) * DAY_US, times.good & is_day
    hour = part.get("H", nothing)
    if form.half is not None:
        times.good &= (hour >= 1) & (hour <= 12)
        hour = hour % 12 + form.half
    minute, second = part.get("M", nothing), part.get("S", nothing)
    clock = hour * HOUR_US + minute * MINUTE_US + second * 1_000_000 + fraction
    # 24:00 is a time of day as well: its end.
    times.good &= (minute < 60) & (second < 60) & (clock <= DAY_US)
    times.local = times.local + clock
    if form.fold is not None:
        times.fold[:] = form.fold
    if form.offset is not None:
        times.offset[:] = form.offset * MINUTE_US
    elif "oh" in part:
        times.offset = form.sign * (part["oh"] * HOUR_US + part.get("om", nothing) * MINUTE_US)
    return times


def _days(part: Mapping[str, Microseconds], form: TimeForm, month_first: bool) -> tuple[Microseconds, Mask]:
    """Return the days [since 1970] that parts of dates name, and which of them there are."""
    year, (begin, end) = part["y"], form.spans["y"]
    one = np.ones(len(year), np.int64)
    if end - begin == 2:  # between 1970 and 2069
        year = year + np.where(year < 70, 2000, 1900)
    if "w" in part:
        return days_of_weeks(year, part["w"], part.get("v", one))
    if "q" in part:
        quarter = part["q"]
        days, good = days_of_dates(year, quarter * 3 - 2, one)
        return days, good & (quarter <= 4)
    if "j" in part:
        days, good = days_of_dates(year, one, one)
        following, _ = days_of_dates(year + 1, one, one)
        return days + part["j"] - 1, good & (part["j"] >= 1) & (days + part["j"] <= following)
    if "a" in part:
        return days_of_dates(year, *((part["a"], part["b"]) if month_first else (part["b"], part["a"])))
    return days_of_dates(year, part.get("m", one) if form.month is None else one * form.month, part.get("d", one))


def read_formatted(cells: Column, date_format: str) -> ClockReadings:
    """Return the times of texts in a format as for ``strptime``; times of a spreadsheet are taken as they are.

    Raises:
        FieldError: The format is none, or leaves the year out.
    """
    import pandas as pd  # only formats that somebody wrote need it, and its import takes 70 MB

    if not any(sign in date_format for sign in ("%Y", "%y", "%G", "%c", "%x", "%s")):
        raise FieldError(
            "date-format", f"{date_format!r} leaves the year out; leave the format empty for times of day."
        )
    if isinstance(cells, np.ndarray):
        return _read_array(cells)
    times = ClockReadings.empty(len(cells))
    texts = pd.Series([cell.strip() if type(cell) is str else None for cell in cells], dtype=str)
    aware = "%z" in date_format
    try:
        parsed = pd.DatetimeIndex(pd.to_datetime(texts, format=date_format, errors="coerce", utc=aware))
    except (ValueError, TypeError) as error:
        raise FieldError("date-format", f"{date_format!r} cannot be used: {error}.") from None
    good = ~np.asarray(parsed.isna())
    times.local = np.where(good, parsed.as_unit("us").asi8, 0)
    times.offset[good & aware] = 0
    times.good[:] = times.dated[:] = good
    typed = [row for row, cell in enumerate(cells) if type(cell) is not str]
    _put_typed(times, cells, np.array(typed, np.intp))
    return times
