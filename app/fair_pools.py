"""Threads that clients (users, or network addresses) share fairly: no client waits long for the work of another.

Each pool serves the clients that wait in turn, one piece of work each. A client has at most the share of the pool at
work, which leaves a thread for the others; how much may wait for a client, and how long, is bounded. All of this runs
on the event loop alone; only the work itself runs in threads.
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
"""Threads that one client has at most; each pool has one more, for the others.

Few, because they compute more than they wait: with 3, 4 and 2 for reading, writing and heavy work one GET in a hundred
waited three times as long.
"""
TOGETHER = 3
"""Threads of all pools that one client has at most at a time: Python computes in one of them at a time, and each that
wants its turn waits for all others."""
IPV6_HOME = 64
"""Bits of an IPv6 address that one subscriber has in common, and may fill up at will."""
RETRY_AFTER = 2
"""When to try again [s]."""


class Crowded(EngineError):
    """There is too much to do; nothing of this was begun.

    Attributes:
        own: Whether the same client's work fills the queue.
        retry_after: When to try again [s].
    """

    def __init__(self, *, own: bool) -> None:
        self.own, self.retry_after = own, RETRY_AFTER
        reason = "You have too many requests under way" if own else "The server is too busy at the moment"
        super().__init__(f"{reason}; nothing was changed. Try again in a few seconds.")


def network(address: str) -> str:
    """Network that an address counts for: the address itself, of IPv6 its first 64 bits."""
    try:
        # A link-local address may have its interface behind a percent sign.
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:60]
    if known.version == 4:
        return str(known)
    # An IPv4 client at an IPv6 socket: all of them have the first 64 bits in common.
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((known, IPV6_HOME), strict=False).network_address)


@dataclass
class QueuedWork:
    """A piece of work that no thread has taken yet."""

    work: Callable[[], Any]
    done: asyncio.Future[Any]
    gives_up: asyncio.TimerHandle | None = field(default=None, repr=False)


class SharedCount:
    """Pieces of work that clients have in threads of all pools together."""

    def __init__(self) -> None:
        self.at_work: Counter[Hashable] = Counter()
        self.starts: list[Callable[[], None]] = []
        """Each gives the waiting work of one pool to its free threads."""

    def ended(self, client: Hashable) -> None:
        """Count work that has ended, and start what waits for its place."""
        self.at_work[client] -= 1
        if not self.at_work[client]:
            del self.at_work[client]
        for start in self.starts:
            start()


class FairPool:
    """A pool of threads that serves clients in turn."""

    def __init__(
        self, name: str, share: int, *, most: int, patience: float, everywhere: "SharedCount | None" = None
    ) -> None:
        """Make a pool.

        Args:
            name: Of the threads.
            share: Threads that one client has at most; there is one more.
            most: Pieces of work that may wait for one client.
            patience: How long a piece of work waits at most [s].
            everywhere: Count of all pools; None: there is only this one.
        """
        self._everywhere = everywhere or SharedCount()
        self._everywhere.starts.append(self._start)
        self._share, self._free = share, share + 1
        self._most, self._patience = most, patience
        self._threads = ThreadPoolExecutor(share + 1, name)
        self._queues: OrderedDict[Hashable, deque[QueuedWork]] = OrderedDict()
        self._at_work: Counter[Hashable] = Counter()

    async def run(self, client: Hashable, work: Callable[[], Result]) -> Result:
        """Do work in a thread when it is its client's turn, and return its result.

        Raises:
            Crowded: Too much waits for the same client, or it waited for too long.
        """
        loop, queue = asyncio.get_running_loop(), self._queues.setdefault(client, deque())
        if len(queue) >= self._most:
            raise Crowded(own=True)
        waiting = QueuedWork(work, loop.create_future())

        def give_up() -> None:
            queue = self._queues[client]  # looked up again: an empty one was thrown away since
            queue.remove(waiting)
            if not queue:
                del self._queues[client]
            if not waiting.done.done():
                waiting.done.set_exception(Crowded(own=self._is_at_limit(client)))

        waiting.gives_up = loop.call_later(self._patience, give_up)
        queue.append(waiting)
        self._start()
        result: Result = await waiting.done
        return result

    def soon(self, client: Hashable, work: Callable[[], Any]) -> None:
        """Do work whose result nobody waits for when it is its client's turn.

        Raises:
            Crowded: Too much waits for the same client.
        """
        if len(self._queues.get(client, ())) >= self._most:
            raise Crowded(own=True)
        task = asyncio.get_running_loop().create_task(self.run(client, work))
        # Looked at, as asyncio complains of an error that nobody asked for.
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        self._threads.shutdown(wait=True)

    def _start(self) -> None:
        """Give work to the threads that are free, one client after the other."""
        while self._free:
            # The first in turn that is not at its limit: who waits behind a busy client does not wait for it
            client = next((one for one in self._queues if not self._is_at_limit(one)), None)
            if client is None:
                return
            waiting = self._queues[client].popleft()
            self._queues.move_to_end(client)  # behind the others that wait: each has its turn
            if not self._queues[client]:
                del self._queues[client]
            if waiting.gives_up is not None:
                waiting.gives_up.cancel()
            self._free -= 1
            self._at_work[client] += 1
            self._everywhere.at_work[client] += 1
            done = waiting.done.get_loop().run_in_executor(self._threads, waiting.work)
            done.add_done_callback(partial(self._ended, client, waiting))

    def _is_at_limit(self, client: Hashable) -> bool:
        return self._at_work[client] >= self._share or self._everywhere.at_work[client] >= TOGETHER

    def _ended(self, client: Hashable, waiting: QueuedWork, done: "asyncio.Future[Any]") -> None:
        # On the event loop: the future calls back there, so that no lock is needed
        self._free += 1
        self._at_work[client] -= 1
        if not self._at_work[client]:
            del self._at_work[client]
        error = done.exception()
        if waiting.done.cancelled():  # the client has left; the thread could not be stopped
            pass
        elif error is not None:
            waiting.done.set_exception(error)
        else:
            waiting.done.set_result(done.result())
        self._everywhere.ended(client)


class Pools:
    """All threads of one web process that do the work of requests."""

    def __init__(self, *, most: int = 100, patience: float = 20.0) -> None:
        everywhere = SharedCount()
        self._pools = {
            name: FairPool(f"fair-{name}", share, most=most, patience=patience, everywhere=everywhere)
            for name, share in SHARES.items()
        }

    def __getitem__(self, name: Name) -> FairPool:
        return self._pools[name]

    def close(self) -> None:
        """Let the threads end once they have finished their work."""
        for pool in self._pools.values():
            pool.close()
