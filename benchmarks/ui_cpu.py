"""Processor time of a server and of the browser, which other work on the machine changes less than the clock."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def of(pid: int) -> float:
    """Return the processor time a process has used so far [s]."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / TICKS


def of_browser() -> dict[int, float]:
    """Return the processor time of each process of the browser below this process [s]."""
    below: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
        below.setdefault(parent, []).append(int(folder.name))
    found, waiting = {}, [os.getpid()]
    while waiting:
        for pid in below.get(waiting.pop(), []):
            waiting.append(pid)
            try:
                if "chrom" in Path(f"/proc/{pid}/cmdline").read_text():
                    found[pid] = of(pid)
            except OSError:
                continue
    return found


class Meter:
    """Measures what a server and the browser use from now on."""

    def __init__(self, server: int) -> None:
        self._server, self._before, self._browser = server, of(server), of_browser()

    def summary(self) -> str:
        """Return both, as text."""
        browser = sum(max(spent - self._browser.get(pid, 0), 0) for pid, spent in of_browser().items())
        return f"server {of(self._server) - self._before:.2f} s, browser {browser:.2f} s"
