"""Texts of times → moments; local times of one place over its clock changes."""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from engine.iso_time import Microseconds, zone

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

Wrong: TypeAlias = list[tuple[int, str]]
"""Position of a text and what is wrong with it."""

OFFSET = r"(?:Z|z|[+-]\d{2}:?\d{2})$"
UNREADABLE = "is not a time; write it like 2026-03-29T00:00:00+01:00, or tell the date format."
NAIVE = "has no time zone; add an offset such as +01:00, or tell the zone of the file."
SKIPPED = "does not exist in {zone}: the clocks were put forward over it."
TWICE = "happened twice in {zone}, when the clocks were put back, but is given once; add an offset such as +01:00."


def moments(
    cells: "pd.Series", date_format: str | None, timezone: str | None, *, apart_by: "pd.Series | None"
) -> tuple[Microseconds, Wrong]:
    """Return the moment of each text [us since 1970 UTC], 0 where it cannot be told, and what is wrong.

    A local time that happened twice is taken in the order of the file: the first row is before the clock change.

    Args:
        cells: Texts, shape (n,).
        date_format: As for ``strptime``; None: ISO 8601.
        timezone: Zone of times without an offset; None refuses them.
        apart_by: Texts that tell rows with the same time apart, such as the moments of knowledge.
    """
    import pandas as pd

    text = cells.str.strip().reset_index(drop=True)
    aware = text.str.contains(OFFSET, regex=True) & text.str.contains(r"[T :]\d", regex=True)
    found = np.zeros(len(text), np.int64)
    wrong: Wrong = []
    some, bad = _aware(text[aware], date_format)
    found[aware.to_numpy()] = some
    wrong += [(int(text.index[aware][i]), UNREADABLE) for i in bad]
    local = text[~aware]
    naive = pd.to_datetime(local, format=date_format or "ISO8601", errors="coerce")
    wrong += [(int(i), UNREADABLE) for i in local.index[naive.isna()]]
    naive = naive.dropna()
    if timezone is None:
        wrong += [(int(i), NAIVE) for i in naive.index]
    elif len(naive):
        key = None if apart_by is None else apart_by.reset_index(drop=True)[naive.index]
        found[naive.index], problems = _localised(naive, timezone, key)
        wrong += [(int(naive.index[i]), why) for i, why in problems]
    return found, sorted(wrong)


def _aware(text: "pd.Series", date_format: str | None) -> tuple[Microseconds, list[int]]:
    import pandas as pd

    parsed = pd.to_datetime(text, format=date_format or "ISO8601", errors="coerce", utc=True)
    bad = np.flatnonzero(parsed.isna())
    return _us(pd.DatetimeIndex(parsed)), bad.tolist()


def _us(index: "pd.DatetimeIndex") -> Microseconds:
    moments: Microseconds = np.where(index.isna(), 0, index.as_unit("us").asi8)
    return moments


def _localised(naive: "pd.Series", timezone: str, key: "pd.Series | None") -> tuple[Microseconds, Wrong]:
    """Return local times as moments; positions count from 0."""
    import pandas as pd

    place, index = zone(timezone), pd.DatetimeIndex(naive)
    ambiguous = index.tz_localize(place, ambiguous="NaT", nonexistent="shift_forward").isna()
    skipped = index.tz_localize(place, ambiguous=np.ones(len(index), bool), nonexistent="NaT").isna()
    keys = [index.to_numpy()] if key is None else [index.to_numpy(), key.to_numpy()]
    pairs = pd.DataFrame(dict(enumerate(keys)))
    occurrence = pairs.groupby(list(pairs)).cumcount().to_numpy()
    given = pairs.groupby(list(pairs))[0].transform("size").to_numpy()
    descending = bool(len(index) > 1 and index[-1] < index[0])
    summer = (occurrence == 0) != descending
    found = index.tz_localize(place, ambiguous=summer, nonexistent="NaT")
    wrong = [(int(i), SKIPPED.format(zone=timezone)) for i in np.flatnonzero(skipped)]
    wrong += [(int(i), TWICE.format(zone=timezone)) for i in np.flatnonzero(ambiguous & (given != 2))]
    return _us(found), wrong
