"""From all that was believed to what counts: the newest belief per event, and one of several sources; arrays only."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.beliefs.chunks import Beliefs, Positions, Values, together
from db.beliefs.knowledge import Mask
from db.beliefs.source_filter import Origin
from engine.series.iso_time import Microseconds

LONG_AGO = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Known:
    """One value per event, as it was known at a moment, in order of event."""

    events: Microseconds
    """Start of each event [us since 1970 UTC], shape (n,)."""
    values: Values
    """In the unit of the sensor, never NaN, shape (n,)."""
    belief_times: Microseconds
    """When each value was known [us since 1970 UTC], shape (n,)."""
    source_ids: Microseconds
    """Where each value comes from, shape (n,); not to be written to."""

    def __len__(self) -> int:
        return len(self.events)


@dataclass(frozen=True, slots=True)
class Sourced:
    """Beliefs with all their quantiles, and the source of each."""

    beliefs: Beliefs
    source_ids: Microseconds
    """Shape (n,)."""

    @property
    def known(self) -> Known:
        """The same with one value per belief."""
        return Known(self.beliefs.events, self.beliefs.middle, self.beliefs.times, self.source_ids)


def newest(beliefs: Beliefs, passes: Mask, step_us: int) -> Beliefs:
    """Return the most recently formed of the beliefs about each event that count, in order of event.

    Args:
        beliefs: In any order.
        passes: Which of them count, shape (n,).
        step_us: The grid that most events lie on; a hint that saves a sort.
    """
    if not len(beliefs):
        return beliefs
    slots, count = _slots(beliefs.events, step_us)
    # Without a sort: the newest time of each slot first, then who has it; of equal ones the last position stays.
    times = np.where(passes, beliefs.times, LONG_AGO)
    best = np.full(count, LONG_AGO)
    np.maximum.at(best, slots, times)
    winners = np.flatnonzero(passes & (times == best[slots]))
    at = np.full(count, -1)
    at[slots[winners]] = winners
    return beliefs.take(at[at >= 0])


def _slots(events: Microseconds, step_us: int) -> tuple[Microseconds, int]:
    """Return a number for each event that grows with it, and the number of them."""
    first, last = int(events.min()), int(events.max())
    # A slot for each step of the grid is far quicker than a sort, unless most of them would stay empty.
    if step_us and (last - first) // step_us < 4 * len(events) + 1000:
        slots, rest = np.divmod(events - first, step_us)
        if not rest.any():
            return slots, int(slots.max()) + 1
    moments, slots = np.unique(events, return_inverse=True)
    return slots, len(moments)


def one_per_event(parts: Sequence[tuple[Origin, Beliefs]]) -> Sourced:
    """Return one belief per event out of the newest ones of several sources.

    Of versions of one program the highest that knows the event counts; between different sources the one that knew
    most recently, and at the same moment the one that came to the database last.

    Args:
        parts: One belief per event each, in order of event.
    """
    parts = [(origin, beliefs) for origin, beliefs in parts if len(beliefs)]
    if not parts:
        return Sourced(Beliefs.none(), np.empty(0, np.int64))
    if len(parts) == 1:
        origin, only = parts[0]
        # one number so many times without storing it more than once, as np.broadcast_to does more slowly
        source = np.ndarray(len(only), np.int64, origin.source_id.to_bytes(8, sys.byteorder), strides=(0,))
        return Sourced(only, source)
    every = together([beliefs for _, beliefs in parts])
    source_ids = np.repeat([origin.source_id for origin, _ in parts], [len(beliefs) for _, beliefs in parts])
    moments, slots = np.unique(every.events, return_inverse=True)
    starts = np.cumsum([0, *(len(beliefs) for _, beliefs in parts)])
    places = [(origin, np.arange(starts[i], starts[i + 1])) for i, (origin, _) in enumerate(parts)]
    chosen, known = np.full(len(moments), -1), np.full(len(moments), LONG_AGO)
    for family in _families(places):
        # Within a family the highest version wins whatever its time, so it is put over the lower ones.
        own = np.full(len(moments), -1)
        for _, place in family:
            own[slots[place]] = place
        # Where a family knows nothing, -1 reads the last row; the condition drops it.
        time = np.where(own >= 0, every.times[own], LONG_AGO)
        # >=: at one moment the family with the newest source wins, which is the last one.
        better = (own >= 0) & (time >= known)
        chosen[better], known[better] = own[better], time[better]
    return Sourced(every.take(chosen), source_ids[chosen])


def _families(places: list[tuple[Origin, Positions]]) -> list[list[tuple[Origin, Positions]]]:
    """Return the versions of one program together, lowest first; programs in order of their newest source."""
    families: dict[object, list[tuple[Origin, Positions]]] = {}
    for place in sorted(places, key=lambda place: (place[0].version_order, place[0].source_id)):
        families.setdefault(place[0].family, []).append(place)
    return sorted(families.values(), key=lambda family: max(origin.source_id for origin, _ in family))
