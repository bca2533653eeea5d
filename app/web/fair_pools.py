"""Threads that are shared fairly: nobody waits for more than a little of what somebody else asked for.

Each pool serves those who wait in turn, one piece of work each. One of them has at most the share of the pool at work,
which leaves a thread for the others; how much may wait for one, and how long, is bounded. All of it is for the event
loop alone; only the work itself runs in threads.
"""

import asyncio
import ipaddress
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar

from engine.errors import EngineError

Result = TypeVar("Result")
Name: TypeAlias = Literal["read", "write", "heavy", "page", "check", "sign-in", "mail", "health"]
SHARES: Mapping[Name, int] = {
    "read": 2,
    "write": 2,
    "heavy": 1,
    "page": 3,
    "check": 1,
    "sign-in": 1,
    "mail": 1,
    "health": 1,
}
"""Threads that one user, or one address, has at most; each pool has one more, for somebody else.

Few, because they compute more than they wait: with 3, 4 and 2 for reading, writing and heavy work one GET in a hundred
waited three times as long.
"""
TOGETHER = 3
"""Threads of all pools that one asker has at most at a time: Python computes in one of them at a time, and each that
wants its turn waits for all others."""
RETRY_AFTER = 2
"""When to try again [s]."""


class Crowded(EngineError):
    """There is too much to do; nothing of this was begun.

    Attributes:
        own: Whether it is the same asker's work that fills the queue.
        retry_after: When to try again [s].
    """

    def __init__(self, *, own: bool) -> None:
        self.own, self.retry_after = own, RETRY_AFTER
        whose = "You have too many requests under way" if own else "The server has too much to do at the moment"
        super().__init__(f"{whose}; nothing was changed. Try again in a few seconds.")


def network(address: str) -> str:
    """Return what stands for who is at a network address: of IPv6 the first half, since one has all of the other."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


@dataclass
class QueuedWork:
    """A piece of work that no thread has taken yet."""

    work: Callable[[], Any]
    done: asyncio.Future[Any]
    gives_up: asyncio.TimerHandle | None = field(default=None, repr=False)


class Beside:
    """What askers have at work in all pools together."""

    def __init__(self) -> None:
        self.at_work: Counter[Hashable] = Counter()
        self.starts: list[Callable[[], None]] = []
        """Each gives the waiting work of one pool to its free threads."""

    def ended(self, whose: Hashable) -> None:
        """Let others have the place of what has ended."""
        self.at_work[whose] -= 1
        if not self.at_work[whose]:
            del self.at_work[whose]
        for start in self.starts:
            start()


class FairPool:
    """Some threads."""

    def __init__(self, name: str, share: int, *, most: int, patience: float, beside: "Beside | None" = None) -> None:
        """Begin nothing yet.

        Args:
            name: Of the threads.
            share: Threads that one asker has at most; there is one more.
            most: Pieces of work that may wait for one asker.
            patience: How long a piece of work waits [s].
            beside: What its askers have at work in other pools; None: there are no others.
        """
        self._beside = beside or Beside()
        self._beside.starts.append(self._start)
        self._share, self._free = share, share + 1
        self._most, self._patience = most, patience
        self._threads = ThreadPoolExecutor(share + 1, name)
        self._queues: OrderedDict[Hashable, deque[QueuedWork]] = OrderedDict()
        self._at_work: Counter[Hashable] = Counter()

    async def run(self, whose: Hashable, work: Callable[[], Result]) -> Result:
        """Return what some work gives, done in a thread when it is its asker's turn.

        Raises:
            Crowded: Too much waits for the same asker, or it waited for too long.
        """
        loop, queue = asyncio.get_running_loop(), self._queues.setdefault(whose, deque())
        if len(queue) >= self._most:
            raise Crowded(own=True)
        waiting = QueuedWork(work, loop.create_future())
        waiting.gives_up = loop.call_later(self._patience, self._give_up, whose, waiting)
        queue.append(waiting)
        self._start()
        result: Result = await waiting.done
        return result

    def soon(self, whose: Hashable, work: Callable[[], Any]) -> None:
        """Do some work, whose result nobody waits for, when it is its asker's turn.

        Raises:
            Crowded: Too much waits for the same asker.
        """
        if len(self._queues.get(whose, ())) >= self._most:
            raise Crowded(own=True)
        task = asyncio.get_running_loop().create_task(self.run(whose, work))
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        self._threads.shutdown(wait=True)

    def _start(self) -> None:
        """Give work to the threads that are free, in turn."""
        while self._free and (whose := self._next()) is not None:
            waiting = self._queues[whose].popleft()
            self._queues.move_to_end(whose)
            if not self._queues[whose]:
                del self._queues[whose]
            if waiting.gives_up is not None:
                waiting.gives_up.cancel()
            self._free -= 1
            self._at_work[whose] += 1
            self._beside.at_work[whose] += 1
            done = waiting.done.get_loop().run_in_executor(self._threads, waiting.work)
            done.add_done_callback(partial(self._ended, whose, waiting))

    def _next(self) -> Hashable | None:
        own, all_of = self._at_work, self._beside.at_work
        return next((who for who in self._queues if own[who] < self._share and all_of[who] < TOGETHER), None)

    def _ended(self, whose: Hashable, waiting: QueuedWork, done: "asyncio.Future[Any]") -> None:
        self._free += 1
        self._at_work[whose] -= 1
        if not self._at_work[whose]:
            del self._at_work[whose]
        error = done.exception()
        if waiting.done.cancelled():
            pass
        elif error is not None:
            waiting.done.set_exception(error)
        else:
            waiting.done.set_result(done.result())
        self._beside.ended(whose)

    def _give_up(self, whose: Hashable, waiting: QueuedWork) -> None:
        queue = self._queues[whose]
        queue.remove(waiting)
        if not queue:
            del self._queues[whose]
        if not waiting.done.done():
            own = self._at_work[whose] >= self._share or self._beside.at_work[whose] >= TOGETHER
            waiting.done.set_exception(Crowded(own=own))


class Pools:
    """All threads of one web process that do what is asked of it."""

    def __init__(self, *, most: int = 100, patience: float = 20.0) -> None:
        beside = Beside()
        self._pools = {
            name: FairPool(f"fair-{name}", share, most=most, patience=patience, beside=beside)
            for name, share in SHARES.items()
        }

    def __getitem__(self, name: Name) -> FairPool:
        return self._pools[name]

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        for pool in self._pools.values():
            pool.close()
