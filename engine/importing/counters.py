"""TimedValues of meters that count on and on → what went through between them."""

import re

import numpy as np

from engine.importing.layout import Floats, TimedValues

HINT = re.compile(
    r"zähler|stand\b|meter.?stand|reading|index|cumul|kumul|lifetime|counter|teller|compteur|total|totaal|gesamt", re.I
)
"""Heads of readings of a meter."""
FEW = 4
MANY = 20
"""TimedValues that rise all along which are no accident."""
HIGH = 20.0
CERTAIN = 100.0
"""How many times the usual rise the lowest reading is, for a counter that is likely, and one that is certain."""


def counts_on(values: Floats, head: str) -> str:
    """Return why values are readings of a counter: ``sure: …`` or ``perhaps: …``; empty if they are not.

    Args:
        values: In the order of time, none missing, shape (n,).
        head: Of their column.
    """
    rises = np.diff(values)
    if len(values) < FEW or not (rises > 0).any() or (values < 0).any():
        return ""
    falls = np.flatnonzero(rises < 0)
    usual = float(np.median(rises[rises > 0]))
    hinted = HINT.search(head) is not None
    if len(falls) > max(len(values) // 100, 2) or len(falls) * 3 > len(values):
        return ""
    if hinted:
        return f"sure: the head {head!r} names a reading, and the values rise"
    # A new meter begins near zero: how high readings are is seen in the stretch without a fall that lies highest.
    stretches = np.split(values, falls + 1)
    height = max((float(part.min()) / usual for part in stretches if len(part) >= FEW), default=0.0)
    if height < HIGH:
        return ""
    if height > CERTAIN and len(values) >= MANY and not len(falls):
        return f"sure: {len(values)} values rise all along, each by about {usual:g}, from {values[0]:g}"
    along = f"but for {len(falls)} falls" if len(falls) else "all along"
    return f"perhaps: the values rise {along}, each by about {usual:g}, from {values[0]:g}"


def differenced(readings: TimedValues) -> tuple[TimedValues, list[str]]:
    """Return what was counted between neighbouring readings, and what is to be told of it.

    A reading lower than the one before tells of a new meter or a reset: what it shows was counted since then, if it is
    no more than is usual in such a time; else nothing is known of that interval.
    """
    order = np.argsort(readings.starts, kind="stable")
    order = order[~np.isnan(readings.values[order])]
    starts, values = readings.starts[order], readings.values[order]
    new = np.flatnonzero(np.diff(starts, prepend=starts[:1] - 1) > 0)  # of two readings at one moment the first
    starts, values, order = starts[new], values[new], order[new]
    amounts = np.diff(values)
    resets = np.flatnonzero(amounts < 0)
    notices = []
    if len(resets):
        usual = float(amounts.max(initial=0.0))
        since = values[resets + 1]
        counted = (since <= 1.5 * usual) & (since >= 0)
        amounts[resets] = np.where(counted, since, np.nan)
        rows = ", ".join(str(readings.numbers[order[at + 1]]) for at in resets[:10])
        notices.append(
            f"The counter falls at row {rows}: a new meter or a reset. {int(counted.sum())} of these intervals count "
            f"from zero, {int((~counted).sum())} stay empty."
        )
    numbers = readings.numbers[order[:-1]] if len(order) else readings.numbers[:0]
    taken = TimedValues(numbers=numbers, starts=starts[:-1], ends=starts[1:], values=amounts, known=None)
    return taken, notices
