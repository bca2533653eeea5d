"""Parts of dates → days, and times of day that are written without a colon."""

import re
from collections.abc import Sequence

import numpy as np

from engine.importing.layout import Cell, Column, Mask
from engine.series.iso_time import Microseconds

PLAIN = re.compile(r"\d{1,2}\.\d\d|\d{1,4}")
"""A time of day without a colon."""


def days_of_dates(year: Microseconds, month: Microseconds, day: Microseconds) -> tuple[Microseconds, Mask]:
    """Return days [since 1970], and which of them there are.

    >>> days, good = days_of_dates(np.array([2026, 2026]), np.array([2, 2]), np.array([28, 30]))
    >>> int(days[0]), good.tolist()
    (20512, [True, False])
    """
    good = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1000)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(good, day - 1, 0)
    # The 30th of February has run over into March.
    good &= days.astype("datetime64[M]") == months
    return days.astype(np.int64), good


def days_of_weeks(year: Microseconds, week: Microseconds, day: Microseconds) -> tuple[Microseconds, Mask]:
    """Return days [since 1970] of ISO weeks, and which of them there are: some years have 53 weeks.

    >>> days, good = days_of_weeks(np.array([2026, 2025]), np.array([53, 53]), np.array([1, 1]))
    >>> int(days[0]), good.tolist()
    (20815, [True, False])
    """
    good = (year >= 1000) & (week >= 1) & (day >= 1) & (day <= 7)
    januaries = [(np.where(good, of, 1970) - 1970) * 12 for of in (year, year + 1)]
    fourths = [months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 3 for months in januaries]
    # The first week has the 4th of January; the 1st of January 1970 was a Thursday.
    first, following = (fourth - (fourth + 3) % 7 for fourth in fourths)
    return first + (week - 1) * 7 + day - 1, good & (first + week * 7 <= following)


def is_plain_clock(cells: Sequence[Cell]) -> bool:
    """Return whether texts are times of day, all such as 00.15 or all such as 0015 and 30.

    >>> is_plain_clock(["00.15", "23.45"]), is_plain_clock(["0", "15", "2345"]), is_plain_clock(["0.75"])
    (True, True, False)
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    if not all(PLAIN.fullmatch(text) for text in texts) or len(texts) < len(cells):
        return False
    parts = [(text[:-2].rstrip(".") or "0", text[-2:]) for text in texts]
    is_dotted = {"." in text for text in texts}
    return len(is_dotted) == 1 and all(int(hour) <= 24 and int(minute) < 60 for hour, minute in parts)


def with_colons(cells: Column) -> Column:
    """Return times of day such as 00.15 or 15 as 00:15."""
    if isinstance(cells, np.ndarray):
        return cells
    texts = [cell.strip().replace(".", "").zfill(4) if isinstance(cell, str) and cell else "" for cell in cells]
    return [f"{text[:-2]}:{text[-2:]}" if text else "" for text in texts]
