"""What the values of a file stand for: one step each, a time until the next one, a count; recognised, told, or asked.

The kinds, as the option ``value-kind`` names them:

- ``per-step``: what happened in the step that a row names, as energies and mean powers;
- ``until-next``: what holds from this row to the next, as the states of an automation;
- ``since-previous``: what happened since the row before;
- ``counter``: what a meter shows, which is differenced;
- ``readings``: single moments, averaged in the steps of the sensor.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, InputError
from engine.importing import counters
from engine.importing.cells.times import DAY_US, MINUTE_US
from engine.importing.intervals import calendar_ends, even_step, next_starts
from engine.importing.layout import KINDS, Choice, Evidence, FileQuestion, RowProblem, Target, TimedValues
from engine.importing.rows import BACKWARDS
from engine.importing.survey import Recipe
from engine.series import resample
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds, iso_duration, zone
from engine.units import units

MEANINGS = {
    "per-step": "each value is of the step its row names",
    "until-next": "each value holds until the next row",
    "since-previous": "each value is of the time since the row before",
    "counter": "a meter that counts on: the differences count",
    "readings": "single moments, averaged in the steps of the sensor",
}


@dataclass
class Contents:
    """The series of a file."""

    readings: TimedValues
    step: timedelta = timedelta(0)
    are_moments: bool = False
    """Whether rows are single moments, that their steps do not reach from."""
    evidence: list[Evidence] = field(default_factory=list)
    questions: list[FileQuestion] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)


def contents_of(readings: TimedValues, recipe: Recipe, unit: str, place: str, target: Target) -> Contents:
    """Return what the values of a file stand for.

    Args:
        readings: Its rows.
        recipe: How they were read.
        unit: Of the values.
        place: Zone of the file.
        target: The sensor it is read for.
    """
    kind = recipe.layout.value_kind
    if kind is not None and kind not in KINDS:
        raise FieldError("value-kind", f"{kind!r} is none; choose one of {', '.join(KINDS)}.")
    arranged = _Arrangement(readings, recipe, unit, place, target)
    if not len(readings.starts):
        return arranged.contents
    if recipe.columns.is_kind_settled and kind == "until-next":
        kind = arranged.state_kind()
    asked = kind is not None
    kind = kind or arranged.proposed_kind()
    how: Callable[[], None] = getattr(arranged, f"take_{kind.replace('-', '_')}")
    how()
    if not asked and kind != "per-step":
        arranged.contents.notices.insert(0, f"The values are taken as {kind}: {MEANINGS[kind]}.")
    if arranged.contents.readings.known is not None and arranged.contents.readings.ends is not None:
        raise InputError(
            "Values of uneven length cannot have moments of knowledge of their own; leave that column out."
        )
    return arranged.contents


class _Arrangement:
    """The rows of one file on their way to a series."""

    def __init__(self, readings: TimedValues, recipe: Recipe, unit: str, place: str, target: Target) -> None:
        self.recipe, self.unit, self.place, self.target = recipe, unit, zone(place), target
        self.contents = Contents(readings)
        self.even = even_step(readings.starts) if readings.ends is None else None
        self.adds_up = units.adds_up(unit) and not target.is_level

    @property
    def readings(self) -> TimedValues:
        """The rows, as far as they are arranged."""
        return self.contents.readings

    def _say(self, field_name: str, value: str, because: str) -> None:
        self.contents.evidence.append(Evidence(field_name, value, because))

    def _ask_kind(self, text: str, *kinds: str) -> str:
        """Ask what the values stand for, and return what is assumed until that is answered."""
        self.contents.questions.append(
            FileQuestion("value-kind", text, [Choice(kind, MEANINGS[kind]) for kind in kinds])
        )
        return kinds[0]

    def state_kind(self) -> str | None:
        """Return what states stand for; None if they are amounts, which are rather counted on than held.

        Whether their unit is that of amounts is asked where none is named: see ``value_unit``.
        """
        return None if self.adds_up else "until-next"

    def proposed_kind(self) -> str:
        """Return what the values stand for, as far as the file tells it; else it is asked."""
        readings, layout = self.readings, self.recipe.layout
        if readings.ends is not None:
            return "per-step"
        if self.adds_up and readings.known is None:
            ordered, columns = readings.values[np.argsort(readings.starts, kind="stable")], self.recipe.columns
            told = counters.counts_on(ordered[~np.isnan(ordered)], columns.head.names[columns.value])
            sure, _, why = told.partition(": ")
            if sure == "sure":
                self._say("value-kind", "counter", why)
                return "counter"
            if sure == "perhaps":
                return self._ask_kind(f"This may be a meter that counts on: {why}.", "counter", "per-step")
        if layout.step is not None or self.even is not None or len(np.unique(readings.starts)) < 2:
            return "per-step"
        dated = self._calendar_ends()
        if dated is not None or not self.target.resolution:
            return "per-step"
        text = "The rows are unevenly spaced; what does a value represent?"
        if self.adds_up:
            return self._ask_kind(text, "until-next", "since-previous", "counter")
        return self._ask_kind(text, "until-next", "readings")

    def _calendar_ends(self) -> tuple[Microseconds, str] | None:
        """Return where the days, weeks, months, quarters or years end that the rows name, and what they are."""
        survey = self.recipe.survey
        period = next(iter(survey.times.periods)) if len(survey.times.periods) == 1 else ""
        return calendar_ends(self.readings.starts, self.place, dated_only=survey.is_dated_only, period=period)

    def take_per_step(self) -> None:
        """Take each value as that of the step its row names."""
        readings, layout = self.readings, self.recipe.layout
        if readings.ends is not None:
            self._take_intervals()
            return
        if layout.step is not None:
            self._set_step(layout.step // MICROSECOND)
            return
        long = self.even is None or self.even[0] >= DAY_US
        dated = self._calendar_ends() if long else None
        even = self.even[0] if self.even is not None else 0
        # Where all of them are as long as the even step, it says the same.
        if dated is not None and not (even and (dated[0] - readings.starts == even).all()):
            self._say("resolution", dated[1], "each row begins one on the clock of the file")
            self.contents.readings = replace(readings, ends=dated[0])
            if readings.known is not None or not self.target.resolution:
                self.contents.readings, self.contents.step = readings, resample.usual_step(readings.starts)
            return
        if self.even is None:
            return
        step, rounded = self.even
        shift = int(np.abs(rounded - readings.starts).max())
        if shift:
            self.contents.notices.append(f"Times jitter by up to {shift / 1e6:g} s; they are taken as even.")
            self.contents.readings = replace(readings, starts=rounded)
        self._say("resolution", iso_duration(step * MICROSECOND), "most rows lie that far apart")
        self._set_step(step)

    def _set_step(self, step: int) -> None:
        """Set the length of each value [us]; times that name its end are moved to its start."""
        self.contents.step = step * MICROSECOND
        stamps, readings = self.recipe.layout.stamps, self.readings
        if stamps is None and self.recipe.columns.only_end:
            stamps = "end"
        if stamps is None and self.recipe.survey.times.at_24:
            stamps = "end"
            self._say("stamps", "end", "a time of 24:00 ends a day")
        if stamps is None and step < DAY_US and len(readings.starts) > 1 and DAY_US % step == 0:
            edges = np.array([readings.starts.min(), readings.starts.max()])
            first, last = (edges + resample.utc_offsets(edges, self.place)).tolist()
            if first % DAY_US == step and last % DAY_US == 0:
                text = "The first row lies one step after midnight and the last one at midnight; what do times name?"
                choices = [Choice("end", "the end of each step"), Choice("start", "the start of each step")]
                self.contents.questions.append(FileQuestion("stamps", text, choices))
                stamps = "end"
        if stamps == "end":
            self.contents.readings = replace(readings, starts=readings.starts - step)

    def _take_intervals(self) -> None:
        """Take start and end as the file gives them; rows without a value say nothing."""
        self._keep(self.readings, ~np.isnan(self.readings.values))
        readings = self.readings
        ends = readings.ends if readings.ends is not None else readings.starts
        order = np.argsort(readings.starts, kind="stable")
        between = (readings.starts[order][1:] - ends[order][:-1]) if len(order) > 1 else np.zeros(0, np.int64)
        lengths, counts = np.unique(between, return_counts=True)
        usual = int(lengths[counts.argmax()]) if len(lengths) else 0
        if self.recipe.survey.is_dated_only and abs(usual - DAY_US) <= HOUR_US and counts.max() * 2 > len(between):
            self._say("end-column", "the last day of each value", "the next one begins a day later")
            ends = resample.later(ends, DAY_US, self.place)
        # Some files end a value with the last second, or minute, that still belongs to it.
        if usual in (1_000, 1_000_000, MINUTE_US) and counts.max() * 2 > len(between):
            self._say("end-column", "the last moment of each value", f"the next one begins {usual / 1e6:g} s later")
            ends = ends + usual
        length = ends - readings.starts
        # Nothing in no time is no contradiction.
        for at in np.flatnonzero((length < 0) | ((length == 0) & (readings.values != 0)))[:1000].tolist():
            self.contents.problems.append(RowProblem(int(readings.numbers[at]), "its end", BACKWARDS))
        step = int(length[0]) if len(length) else 0
        if step and (length == step).all() and not (np.diff(readings.starts[order]) < step).any():
            self._say("resolution", iso_duration(step * MICROSECOND), "each value ends that long after it begins")
            self.contents.readings, self.contents.step = replace(readings, ends=None), step * MICROSECOND
            return
        kept = length > 0
        self._keep(replace(readings, ends=ends), kept)
        if self.adds_up:
            return
        order = np.argsort(self.readings.starts, kind="stable")
        late = np.flatnonzero(self.readings.starts[order][1:] < ends[kept][order][:-1])
        for row in self.readings.numbers[order[late[:1000] + 1]].tolist():
            why = "lies before the end of the value before it."
            self.contents.problems.append(RowProblem(row, "its start", why))

    def _keep(self, readings: TimedValues, kept: NDArray[Any]) -> None:
        known = None if readings.known is None else readings.known[kept]
        self.contents.readings = TimedValues(
            numbers=readings.numbers[kept],
            starts=readings.starts[kept],
            ends=None if readings.ends is None else readings.ends[kept],
            values=readings.values[kept],
            known=known,
        )

    def take_until_next(self) -> None:
        """Let each value hold until the next row; the last one has no end, and is left out."""
        order = np.argsort(self.readings.starts, kind="stable")
        self._keep(replace(self.readings, known=None), order)
        ends = next_starts(self.readings.starts)
        self.contents.notices.append(f"The last value (row {self.readings.numbers[-1]}) has no end; it is left out.")
        self._keep(replace(self.readings, ends=ends), ends > self.readings.starts)

    def take_since_previous(self) -> None:
        """Let each value reach back to the row before; the first one has no start, and is left out."""
        order = np.argsort(self.readings.starts, kind="stable")
        self._keep(replace(self.readings, known=None), order)
        readings = self.readings
        self.contents.notices.append(f"The first value (row {readings.numbers[0]}) has no start; it is left out.")
        later = TimedValues(
            numbers=readings.numbers[1:], starts=readings.starts[:-1], ends=readings.starts[1:],
            values=readings.values[1:], known=None,
        )  # fmt: skip
        self._keep(later, later.starts < readings.starts[1:])

    def take_counter(self) -> None:
        """Take the differences of neighbouring readings."""
        if self.even is not None:
            self.contents.readings = replace(self.readings, starts=self.even[1])
        self.contents.readings, notices = counters.differenced(self.readings)
        self.contents.notices += notices
        ends, starts = self.readings.ends, self.readings.starts
        if ends is not None and len(starts) and (ends - starts == ends[0] - starts[0]).all():
            self.contents.step = int(ends[0] - starts[0]) * MICROSECOND
            self.contents.readings = replace(self.readings, ends=None)

    def take_readings(self) -> None:
        """Leave values at their moments."""
        self.contents.are_moments = True
        self.contents.step = resample.usual_step(self.readings.starts)
