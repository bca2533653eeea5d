"""Charts that were read before: while nobody writes their values, people zoom into them without a reading."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

from components.charts.traces import Chart

MOST_VALUES = 4_000_000
"""Values of all charts that a process keeps: about 100 MB."""
PATIENCE = 120.0
"""How long charts are kept [s]: what somebody recorded for the future is known by then."""


@dataclass(frozen=True, eq=False)
class KnownCharts:
    """Charts over a time range."""

    charts: list[Chart]
    start_us: int
    end_us: int
    read_at: float
    """Of the clock ``monotonic`` [s]."""

    @property
    def size(self) -> int:
        """Number of values."""
        return 1 + sum(len(trace.values) for chart in self.charts for trace in chart.traces)

    def cover(self, start_us: int, end_us: int) -> bool:
        """Whether they are recent, and hold all of a time range [µs since 1970 UTC]."""
        return self.start_us <= start_us and end_us <= self.end_us and monotonic() - self.read_at < PATIENCE


class ChartCache:
    """Charts by what they were read from: its key changes with every value that is written."""

    def __init__(self, most: int = MOST_VALUES) -> None:
        self._most, self._size, self._lock = most, 0, Lock()
        self._known: OrderedDict[Hashable, KnownCharts] = OrderedDict()

    def find(self, key: Hashable, start_us: int, end_us: int) -> list[Chart] | None:
        """Charts of a key that hold a time range; None: there are none."""
        with self._lock:
            known = self._known.get(key)
            if known is None or not known.cover(start_us, end_us):
                return None
            self._known.move_to_end(key)
            return known.charts

    def keep(self, key: Hashable, known: KnownCharts) -> None:
        """Keep charts; those asked for longest ago give way."""
        with self._lock:
            self._forget(key)
            if known.size > self._most:
                return
            self._known[key] = known
            self._size += known.size
            while self._size > self._most:
                self._forget(next(iter(self._known)))

    def _forget(self, key: Hashable) -> None:
        gone = self._known.pop(key, None)
        self._size -= gone.size if gone else 0
