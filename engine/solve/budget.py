"""How long one plan may be computed: one allowance of processor time for all the solves that it takes."""

from collections.abc import Callable
from threading import Event
from time import monotonic, thread_time
from typing import Self

EXACT = 1.0
"""So much work the very best plan is worth, before one within the accepted gap will do [s, as counted] ..."""
EXACT_SHARE = 0.2
"""... but no more than this share of the limit."""
LEAST_GAP = 1e-6
"""No smaller gap is asked for: closing the last millionth can take longer than all before it."""
SLOWEST = 3.0
"""On a busy machine a plan may take so many times its limit by the clock on the wall."""
BEGINNING = 0.1
"""Processor time after which it shows how busy the machine is [s] ..."""
BUSY = 2.0
"""... and how many seconds on the wall one of the processor is taken to be before."""

LAST = 0.5
"""What a plan may still take that is begun when the process is about to end [s]."""
_ENDING = Event()


def end_plans() -> None:
    """Let every plan in this process end with the best one found, as the process itself is to end."""
    _ENDING.set()


def plans_are_ended() -> bool:
    """Whether plans in this process end at once, and may be far from the best ones."""
    return _ENDING.is_set()


class Budget:
    """Processor time left for one plan; for the thread that made it.

    Attributes:
        limit: The whole allowance [s]; infinite for as long as it takes.
        gap: Share of the cost by which a plan may lie above the best one once it ``will_do``; never 0.
    """

    def __init__(
        self, limit: float | None = None, gap: float = 0.0, *, clock: Callable[[], float] = thread_time
    ) -> None:
        """Start the clock.

        Args:
            limit: Longest processor time [s]; None is as long as it takes.
            gap: See the attribute.
            clock: What counts [s]; a solver in a process of its own only shows on the clock on the wall.
        """
        self._is_last = _ENDING.is_set()
        limit = float("inf") if limit is None else limit
        self.limit, self.gap = min(limit, LAST) if self._is_last else limit, max(gap, LEAST_GAP)
        self._clock, self._began, self._wall_began = clock, clock(), monotonic()
        self._slowness_before = BUSY

    @property
    def spent(self) -> float:
        """What the plan has taken so far [s]."""
        return self._clock() - self._began

    @property
    def left(self) -> float:
        """What the plan may still take [s], 0 or more."""
        if self._is_cut_short:
            return 0.0
        on_wall = self._wall_began + SLOWEST * self.limit - monotonic()
        return max(min(self.limit - self.spent, on_wall), 0.0)

    @property
    def slowness(self) -> float:
        """Seconds by the clock on the wall for each one of the processor so far, at most ``SLOWEST``."""
        wall = monotonic() - self._wall_began + BEGINNING * self._slowness_before
        return min(wall / (self.spent + BEGINNING), SLOWEST)

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.limit < float("inf")

    @property
    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._is_cut_short or (self.is_limited and self.left <= 0.0)

    @property
    def _is_cut_short(self) -> bool:
        """Whether the process is to end, and was not yet when this began."""
        return _ENDING.is_set() and not self._is_last

    def will_do(self, gap: float, work: float) -> bool:
        """Return whether a plan is near enough to the best one, or this has been searched for long enough.

        Work is counted in what was done, not by a clock, so that a site is planned alike however busy the machine is.

        Args:
            gap: Share of its cost by which the plan may lie above the best one.
            work: What has been done, in what that usually takes [s].
        """
        return gap <= self.gap and (self._is_cut_short or work >= min(EXACT, EXACT_SHARE * self.limit))

    def part(self, seconds: float) -> Self:
        """Return a budget of at most so many of the seconds left, for work that must not take all of them."""
        return self._with_limit(min(self.left, seconds))

    def at_least(self, seconds: float) -> Self:
        """Return a budget of what is left, or of so many seconds to bring to an end what has been begun."""
        return self._with_limit(seconds) if self.left < seconds else self

    def _with_limit(self, seconds: float) -> Self:
        other = type(self)(seconds, self.gap, clock=self._clock)
        other._slowness_before = self.slowness
        return other
