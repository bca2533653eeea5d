"""Which column of a file says what: proposed from its first rows, its heads and its kind; the rest is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from engine.errors import InputError
from engine.importing.heads import FileHead, kinds_of, read_head
from engine.importing.layout import Cell, Evidence, FileQuestion, Layout, Target
from engine.importing.profiles import columns_like, profile_of
from engine.importing.time_columns import TimeColumns
from engine.importing.value_column import ValueColumn

METER_UNITS = ("Wh", "kWh")
"""What meters of chargers show; OCPP has Wh."""


@dataclass(frozen=True)
class Columns:
    """Where in a row things stand."""

    head: FileHead
    start: int
    value: int
    minus: int | None = None
    """What a meter showed before, to be taken off from the values."""
    clock: int | None = None
    is_counted: bool = False
    """Whether the clock column counts the steps of each day; see ``cells.day_counts``."""
    is_plain: bool = False
    """Whether it writes times of day as 00.15 or 0015."""
    end: int | None = None
    end_clock: int | None = None
    length: int | None = None
    """How long each value lasts."""
    length_hours: float = 0.0
    """What 1 in that column is [h]; zero: it holds times such as 01:30."""
    is_kind_settled: bool = False
    """Whether what the values stand for is known of the kind of file only."""
    zone: int | None = None
    """Words such as CEST, of the zone of each time."""
    scale: float = 1.0
    """What a value is multiplied by, as files of this kind write it."""
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
    usual_unit: str | None = None
    """That of files of this kind, if this one does not tell."""
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
        self.times = TimeColumns(self.head, rows, self.below, self.profile, self.layout)

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
            from engine.importing.cells.times import read_formatted  # needs pandas

            place = int(layout.time_column) if layout.time_column.isdecimal() else len(self.rows[0])
            is_data = place < len(self.rows[0]) and read_formatted([self.rows[0][place]], layout.date_format).good[0]
            return 0 if is_data else 1
        shown = "; ".join(" | ".join(map(str, row[:6])) for row in self.rows[:2])
        raise InputError(
            f"No column holds times; give the time column and the date format. The file begins: {shown[:300]}"
        )

    def columns(self) -> Columns:
        """Return all of them."""
        times = self.times
        start, end, belief, only_end = times.starts_and_ends()
        clocks = times.clocks(start, end)
        length, length_hours = (None, 0.0) if end is not None else times.length(start)
        zone = times.see_zone(start)
        taken = {place for place in (start, end, belief, length, zone, *clocks) if place is not None}
        values = ValueColumn(self.head, self.rows, self.below, self.profile, self.target)
        values.is_unit_told, values.wanted = self.layout.unit is not None, self.layout.filter_value
        value = values.choose(taken, times.asked("value_column"))
        unit = values.unit(value)
        series, labels = self._labels(taken | {value})
        return Columns(
            head=self.head,
            start=start,
            value=value,
            minus=values.minus,
            clock=clocks[0],
            is_counted=times.is_counted,
            is_plain=times.is_plain,
            end=end,
            end_clock=clocks[1],
            length=length,
            length_hours=length_hours,
            is_kind_settled=bool(self.profile and "value_kind" in self.profile.options and not self.is_kind_told),
            zone=zone,
            scale=self.scale_of(value),
            belief=belief,
            filter=times.asked("filter_column"),
            labels=labels,
            series=series,
            only_end=only_end,
            unit=unit,
            usual_unit=self.profile.unit if self.profile else None,
            likely_units=METER_UNITS if values.minus is not None else self.profile.likely_units if self.profile else (),
            layout=times.layout,
            evidence=(*self.evidence, *times.evidence, *values.evidence),
            questions=tuple(values.questions),
        )

    def scale_of(self, value: int) -> float:
        """Return what the values of files of this kind are multiplied by."""
        profile, name = self.profile, self.head.names[value]
        if profile is None or profile.scale == 1 or value not in columns_like([*self.head.names], profile.value):
            return 1.0
        self.evidence.append(Evidence("value-column", name, f"files of this kind write {profile.scale:g} of its unit"))
        return profile.scale

    def _labels(self, taken: set[int]) -> tuple[int | None, tuple[int, ...]]:
        """Return the column that names series in files of this kind, and all that may, that one first."""
        series = next(iter(columns_like(self.head.names, self.profile.series if self.profile else None)), None)
        labels = [] if series is None else [series]
        for place, kinds in enumerate(self.below):
            if place not in taken and kinds.strip() and kinds.count("X") * 2 > len(kinds.strip()):
                labels.append(place)
        return series, tuple(dict.fromkeys(labels))
