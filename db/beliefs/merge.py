"""Which of some new beliefs change what is believed, and which stored ones they supersede; arrays only.

A belief is compared with the one formed just before it about the same event. It is dropped if it says the same and
both are forecasts or both are measurements; at the same moment of knowledge, another value is a conflict.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from db.beliefs.chunks import Beliefs, Values, together
from engine.errors import InputError
from engine.series.iso_time import Microseconds, from_us

Mask = NDArray[np.bool_]

MANY = 64
"""Segments of superseded beliefs that a chunk may have, before they are merged into one."""


class WriteConflict(InputError):
    """A belief already exists, formed at the same moment, with another value.

    Attributes:
        event: Start of the first event in conflict, ISO 8601.
        known_at: The moment of knowledge, ISO 8601.
    """

    def __init__(self, event_us: int, time_us: int, *, within: bool) -> None:
        self.event, self.known_at = from_us(event_us).isoformat(), from_us(time_us).isoformat()
        where = "the data give two values" if within else "another value is stored"
        way = "give one" if within else "give a later moment of knowledge to update it"
        super().__init__(f"For {self.event}, {where} as known at {self.known_at}; {way}.")


@dataclass(frozen=True, slots=True)
class Merged:
    """Stored and new beliefs about the same events, without what was dropped, in order of event and time."""

    beliefs: Beliefs
    latest: Mask
    """Whether a belief is the most recent one about its event, shape (n,)."""
    fresh: Mask
    """Whether a belief is new, shape (n,)."""
    was_latest: Mask
    """Whether a belief was stored as the most recent one, shape (n,)."""
    replaced: int
    """Number of stored beliefs that gave way to another value of the same moment."""


def merge(
    latest: Beliefs,
    older: Beliefs,
    new: Beliefs,
    *,
    knowable: Callable[[Microseconds], Microseconds],
    overwrite: bool,
) -> Merged:
    """Return the stored beliefs and those of the new ones that change something.

    Args:
        latest: The most recent stored belief of each event concerned.
        older: Superseded stored beliefs; all those of an event that a new belief is older than.
        new: In any order, none missing.
        knowable: When the value of events can be known.
        overwrite: Whether another value of the same moment replaces the stored one.

    Raises:
        WriteConflict: A new value contradicts a stored or another new one of the same moment.
    """
    if (not len(latest) or new.events[0] > latest.events[-1]) and (new.events[1:] > new.events[:-1]).all():
        # What is most often written, values of later events, one each, supersedes nothing and needs no sort.
        both = together([latest, new])
        fresh = np.arange(len(both)) >= len(latest)
        return Merged(both, np.ones(len(both), np.bool_), fresh, ~fresh, 0)
    both = together([latest, older, new])
    # A stable sort: at the same event and time the stored belief stays before the new one.
    order = np.lexsort((both.times, both.events))
    both = both.take(order)
    is_new = order >= len(latest) + len(older)
    same_event = _as_before(both.events)
    same_time, same_value = same_event & _as_before(both.times), same_event & _rows_as_before(both.values)
    if both.levels.ndim == 2:  # else all share their levels
        same_value &= _rows_as_before(both.levels)
    measured = both.times >= knowable(both.events)
    clash = is_new & same_time & ~same_value
    replaced = _refuse_or_replace(both, clash, is_new, overwrite=overwrite)
    stays = ~replaced & ~(is_new & same_value & (same_time | _as_before(measured)))
    kept = both.take(stays)
    last = np.ones(len(kept), np.bool_)
    np.not_equal(kept.events[1:], kept.events[:-1], out=last[:-1])
    return Merged(kept, last, is_new[stays], (order < len(latest))[stays], int(replaced.sum()))


def _as_before(array: NDArray[np.generic]) -> Mask:
    """Return whether each element equals the one before it."""
    same = np.zeros(len(array), np.bool_)
    np.equal(array[1:], array[:-1], out=same[1:])
    return same


def _rows_as_before(table: Values) -> Mask:
    """Whether each row of a table equals the one before it, shape (n,); missing quantiles equal each other."""
    if table.shape[1] == 1:
        return _as_before(table[:, 0])
    equal = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
    return np.concatenate([[False], equal.all(axis=1)])


def _refuse_or_replace(both: Beliefs, clash: Mask, is_new: Mask, *, overwrite: bool) -> Mask:
    """Which stored beliefs give way, shape (n,); raises WriteConflict if none may."""
    gives_way = np.zeros(len(both), np.bool_)
    if clash.any():
        # The sort was stable: what a new value contradicts stands right before it.
        gives_way[:-1] = clash[1:]
        within = gives_way & is_new
        # Two new values of one moment are refused even then: neither of them is the later one.
        if within.any() or not overwrite:
            at = int(np.flatnonzero(within if within.any() else gives_way)[0])
            raise WriteConflict(int(both.events[at]), int(both.times[at]), within=bool(within.any()))
    return gives_way


def segments(superseded: Beliefs) -> list[Beliefs]:
    """Return superseded beliefs of one chunk in the parts they are stored in, so that painting in order is right.

    Each part holds one belief per event, or is in order of time; a later part is nowhere older than an earlier one.
    """
    if not len(superseded):
        return []
    if (superseded.events[1:] > superseded.events[:-1]).all():
        return [superseded]
    order = np.lexsort((superseded.events, superseded.times))
    by_time = superseded.take(order)
    bounds = np.flatnonzero(np.diff(by_time.times)) + 1
    # One moment each makes small segments that are quick to paint, until there are too many to look up.
    if len(bounds) >= min(MANY / 2, len(by_time) / 16):
        return [by_time]
    edges = [0, *bounds.tolist(), len(by_time)]
    return [by_time.take(slice(low, high)) for low, high in pairwise(edges)]
