"""When machine code takes the place of numpy for paths: once they have taken a while, and never while a plan waits."""

import subprocess  # nosec B404  # starts this Python only
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from threading import Lock, Thread
from typing import Final, TypeAlias

from engine.model.linear import Floats

Kernel: TypeAlias = Callable[[Floats, Floats, Floats, Floats, float, float], tuple[float, Floats]]
"""See ``path_kernel.compiled_path``."""
WORTHWHILE: Final = 1.0
"""Loading machine code takes about so long [s of processor time]."""
_MODULE: Final = "engine.search.paths.kernel"


class MachineCode:
    """The compiled kernel of this process, or none as long as it is not loaded; for any number of threads.

    Attributes:
        kernel: It.
        worthwhile: Once numpy has taken so long for paths in this process, machine code is loaded [s].
    """

    def __init__(self) -> None:
        self.kernel: Kernel | None = None
        self.worthwhile = WORTHWHILE
        self._spent, self._asked, self._lock = 0.0, False, Lock()

    def load(self) -> None:
        """Load it now; where numba has not kept it from before, compiling takes half a minute."""
        if find_spec("numba") is not None:
            self.kernel = import_module(_MODULE).loaded()

    def spent(self, seconds: float) -> None:
        """Count what numpy has taken for a path [s of processor time]; load machine code beside it once that pays."""
        with self._lock:
            self._spent += seconds
            if self._asked or self._spent < self.worthwhile:
                return
            self._asked = True
        Thread(target=self._load_beside, name="machine code", daemon=True).start()

    def _load_beside(self) -> None:
        """Compile in a process of its own, if need be, as that would slow every thread of this one down; then load."""
        if find_spec("numba") is None:
            return
        compiling = [sys.executable, "-m", _MODULE]
        if not subprocess.run(compiling, check=False, capture_output=True).returncode:  # nosec B603  # noqa: S603 - no shell; our interpreter and module
            self.load()


MACHINE_CODE: Final = MachineCode()
