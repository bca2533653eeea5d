"""Something done again and again beside everything else, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

LOG = logging.getLogger(__name__)


class Ticker:
    """Calls a function every so often until it is stopped; an error is logged and stops nothing."""

    def __init__(self, name: str, every: float, function: Callable[[], None], *, wait_first: bool = False) -> None:
        """Begin nothing yet.

        Args:
            name: Of the thread.
            every: Pause between two calls [s].
            function: What is called.
            wait_first: Whether the first call comes after the first pause, not at once.
        """
        self._every, self._function, self._wait_first = every, function, wait_first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End once the call in progress is through."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        if self._wait_first:
            self._stop.wait(self._every)
        while not self._stop.is_set():
            try:
                self._function()
            except Exception:  # of whatever kind: the next call may succeed
                LOG.exception("%s failed; it is tried again", self._thread.name)
            self._stop.wait(self._every)
