"""Texts of times → moments; local times of one place over its clock changes, read part by part."""

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from db.beliefs.knowledge import Mask
from engine.errors import FieldError
from engine.iso_time import FIRST, LAST, Microseconds, to_us, zone

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

Wrong: TypeAlias = list[tuple[int, str]]
"""Position of a text and what is wrong with it."""

OFFSET = r"(?:Z|z|[+-]\d{2}:?\d{2})$"
UNREADABLE = "is not a time; write it like 2026-03-29T00:00:00+01:00, or tell the date format."
OUTSIDE = f"lies outside the years {FIRST.year} to {LAST.year - 1}."
NAIVE = "has no time zone; add an offset such as +01:00, or tell the zone of the file."
SKIPPED = "does not exist in {zone}: the clocks were put forward over it."
TWICE = "happened twice in {zone}, when the clocks were put back, but is given once; add an offset such as +01:00."


class LocalTimes:
    """Reads the texts of times of one file, part by part.

    A local time that happened twice is taken in the order of the file: the first row is before the clock change. So
    those times are put aside until all of the file is known; ``settle`` tells which they are.
    """

    def __init__(self, date_format: str | None, timezone: str | None) -> None:
        """Begin with a file.

        Args:
            date_format: As for ``strptime``; None: ISO 8601.
            timezone: Zone of times without an offset; None refuses them.
        """
        self._format, self._timezone = date_format or "ISO8601", timezone
        self._twice: list[tuple[Microseconds, Microseconds, Microseconds]] = []
        self._first: int | None = None
        self._last = 0

    def read(
        self, cells: "pd.Series", *, start: int = 0, apart_by: "pd.Series | None" = None
    ) -> tuple[Microseconds, Wrong]:
        """Return the moment of each text [us since 1970 UTC], 0 where it cannot be told (yet), and what is wrong.

        Args:
            cells: Texts, shape (n,).
            start: How many texts of the file came before.
            apart_by: Texts that tell rows with the same time apart, such as the moments of knowledge.
        """
        text = cells.str.strip().reset_index(drop=True)
        aware = (text.str.contains(OFFSET, regex=True) & text.str.contains(r"[T :]\d", regex=True)).to_numpy(bool)
        found = np.zeros(len(text), np.int64)
        wrong: Wrong = []
        for some, in_utc in ((aware, True), (~aware, False)):
            moments, there = self._parsed(text[some], in_utc=in_utc)
            inside = there & (moments >= to_us(FIRST)) & (moments < to_us(LAST))
            places = np.flatnonzero(some)
            wrong += [(int(at), UNREADABLE) for at in places[~there]]
            wrong += [(int(at), OUTSIDE) for at in places[there & ~inside]]
            if in_utc:
                found[places[inside]] = moments[inside]
            elif self._timezone is None:
                wrong += [(int(at), NAIVE) for at in places[inside]]
            elif inside.any():
                keys = None if apart_by is None else apart_by.to_numpy()[places[inside]]
                wrong += self._localised(found, moments[inside], places[inside], start, keys)
        return found, sorted(wrong)

    def _parsed(self, text: "pd.Series", *, in_utc: bool) -> tuple[Microseconds, Mask]:
        """Return the times of texts, aware ones as moments in UTC [us], and which of them could be read."""
        import pandas as pd

        try:
            parsed = pd.DatetimeIndex(pd.to_datetime(text, format=self._format, errors="coerce", utc=in_utc))
        except (ValueError, re.error) as error:
            raise FieldError("date-format", f"{self._format!r} cannot be used: {error}.") from None
        there = ~np.asarray(parsed.isna())
        return np.where(there, parsed.as_unit("us").asi8, 0), there

    def _localised(
        self, found: Microseconds, naive: Microseconds, places: Microseconds, start: int, keys: "object"
    ) -> Wrong:
        """Write the moments of local times that happened once; put aside those that happened twice."""
        import pandas as pd

        place, index = zone(self._timezone or ""), pd.DatetimeIndex(naive.view("datetime64[us]"))
        self._first, self._last = naive[0] if self._first is None else self._first, int(naive[-1])
        twice = np.asarray(index.tz_localize(place, ambiguous="NaT", nonexistent="shift_forward").isna())
        settled = index.tz_localize(place, ambiguous=np.ones(len(index), bool), nonexistent="NaT")
        skipped = np.asarray(settled.isna())
        good = ~twice & ~skipped
        found[places[good]] = settled.as_unit("us").asi8[good]
        if twice.any():
            told = np.zeros(int(twice.sum()), np.int64)
            if keys is not None:
                told[:] = [hash(text) for text in np.asarray(keys)[twice]]
            self._twice.append((places[twice] + start, naive[twice], told))
        return [(int(at), SKIPPED.format(zone=self._timezone)) for at in places[skipped]]

    def settle(self, found: Microseconds) -> list[tuple[int, str, str]]:
        """Write the moments of the times that were put aside among those of the whole file.

        Returns:
            Position, time and what is wrong with it, of those that still cannot be told.
        """
        import pandas as pd

        if not self._twice:
            return []
        at, naive, key = (np.concatenate(parts) for parts in zip(*self._twice, strict=True))
        pairs = pd.DataFrame({0: naive, 1: key}).groupby([0, 1], sort=False)
        earlier = pairs.cumcount().to_numpy() == 0
        descending = self._first is not None and self._last < self._first
        index = pd.DatetimeIndex(naive.view("datetime64[us]"))
        found[at] = index.tz_localize(zone(self._timezone or ""), ambiguous=earlier != descending).as_unit("us").asi8
        given = pairs[0].transform("size").to_numpy()
        why = TWICE.format(zone=self._timezone)
        return [(int(at[one]), str(index[one]), why) for one in np.flatnonzero(given != 2).tolist()]
