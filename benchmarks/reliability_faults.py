"""What breaks while clients post and plan: processes, database, queue, disk, lock."""

import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.reliability_load import BATCH, LARGE, Load, Tally, judge
from benchmarks.reliability_services import CLIENTS, Services, answers, services, wait
from benchmarks.reliability_table import Bound, Row
from tests.http.serving import PASSWORD, email

ASKED = "0 lost, 0 half, every job ends, 0 answers ≥ 500 but 503"
DISK_MB = 160
"""Size of the disk that is filled; an empty PostgreSQL takes a third of it."""
LIVES = 2.0
"""Longest time between two kills, beside the start of the server [s]."""
AT_WORK = 20.0
"""How long clients may take until they are answered again before the next kill comes all the same [s]."""
BEFORE = 3.0
"""How long all is well before something breaks, and afterwards [s]."""
FULL_FOR, REFUSED = 30.0, 5
"""How long the disk stays full at most [s], and how many refused requests are enough."""
RETURN = 60.0
"""Longest time until all is well again after what was broken is back [s]."""
PROMPT = 5.0
"""Longest wait for a read while others wait for a lock [s]."""
LOCK = """
import sqlite3, sys, time
holder = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
holder.execute("begin immediate")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
holder.execute("rollback")
"""


def concluded(name: str, kind: str, amount: str, load: Load) -> Row:
    """Return the row of a fault: what was sent, what is left of it, and which answers must not be."""
    verdict, tally = judge(load), load.tally
    faults = "; ".join(sorted(tally.faults)[:3])
    reached = f"{amount}. {verdict}. Answers: {tally}; {len(tally.faults)} faults {faults}"
    return Row(name, kind, ASKED, reached.strip(), held=not verdict.wrong and not tally.faults)


def kills(kind: str, bound: Bound, *, is_preloaded: bool = False) -> Row:
    """Kill worker and server in turn, at any moment of what they do; start each again at once."""
    with services(kind, is_preloaded=is_preloaded) as running:
        dice, starts, end = random.Random(1), list[float](), time.monotonic() + bound.seconds
        with Load(running) as load:
            while len(starts) < bound.count and time.monotonic() < end:
                at_work(load, 202, 1)
                time.sleep(dice.random() * LIVES)
                running.worker.end(signal.SIGKILL)
                running.worker.start()
                at_work(load, 200, CLIENTS)
                time.sleep(dice.random() * LIVES)
                running.server.end(signal.SIGKILL)
                starts.append(running.start_server())
            time.sleep(BEFORE)
        amount = f"{len(starts)} kills of the server and {len(starts)} of the worker"
        return concluded("kill -9", kind, f"{amount}; start again {sum(starts) / len(starts):.1f} s", load)


def at_work(load: Load, status: int, count: int) -> None:
    """Wait until so many more requests have been answered with a status, but not for ever."""
    enough = load.tally.statuses[status] + count
    wait(lambda: load.tally.statuses[status] >= enough, AT_WORK)


def database_restart(kind: str, bound: Bound) -> Row:
    """End PostgreSQL at once, as a crash would, and start it again two seconds later."""

    def crash(load: Load) -> None:
        running = load.services
        if running.postgres is None:
            raise ValueError("SQLite has no server to restart.")
        running.postgres.kill()
        time.sleep(2)
        running.postgres.start()

    with services(kind) as running:
        load, longest = disturbed(running, crash, bound)
        return concluded("database restart", kind, f"{bound.count} crashes, ready again after {longest:.1f} s", load)


def redis_restart(kind: str, bound: Bound) -> Row:
    """End Redis, which then forgets all, and start it again three seconds later."""

    def forget(load: Load) -> None:
        running = load.services
        if running.redis is None:
            raise ValueError("The embedded queue has no server to restart.")
        running.redis.end()
        time.sleep(3)
        running.redis.start()

    with services(kind) as running:
        load, longest = disturbed(running, forget, bound)
        return concluded("Redis restart", kind, f"{bound.count} restarts, ready again after {longest:.1f} s", load)


def disk_full(kind: str, bound: Bound) -> Row:
    """Fill the disk to its last byte until requests are refused; start PostgreSQL again if it ended for that."""
    with small_disk() as disk, services(kind, disk) as running:

        def fill_and_free(load: Load) -> None:
            enough = load.tally.statuses[503] + REFUSED
            fill(disk / "ballast")
            wait(lambda: load.tally.statuses[503] >= enough, FULL_FOR)
            (disk / "ballast").unlink()
            server = running.postgres
            if server and server.process and server.process.poll() is not None:
                server.start()

        load, longest = disturbed(running, fill_and_free, bound, last=LARGE)
        refused = load.tally.statuses[503]
        amount = f"{bound.count} times full, {refused} requests refused, ready again after {longest:.1f} s"
        row = concluded("disk full", kind, amount, load)
        return row if refused else row.failed("The disk was never full.")


def disturbed(
    running: Services, disturb: Callable[[Load], None], bound: Bound, last: int = BATCH
) -> tuple[Load, float]:
    """Break something again and again under load; return the load and the longest time until all was well [s]."""
    longest, end = 0.0, time.monotonic() + bound.seconds
    with Load(running, last) as load:
        for _ in range(bound.count):
            time.sleep(BEFORE)
            disturb(load)
            begun = time.monotonic()
            if not wait(lambda: answers(running.api), RETURN) or time.monotonic() > end:
                raise TimeoutError(f"The server is not ready {RETURN:.0f} s after what it needs is back.")
            longest = max(longest, time.monotonic() - begun)
        time.sleep(BEFORE)
    return load, longest


@contextmanager
def small_disk() -> Iterator[Path]:
    """Give a folder on a small disk of its own; needs root."""
    with tempfile.TemporaryDirectory() as folder:
        options = f"size={DISK_MB}m,mode=1777"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Write until not one more byte fits."""
    with file.open("wb", buffering=0) as ballast:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                continue


def locked(kind: str, bound: Bound) -> Row:
    """Lock the file of SQLite from another process, for longer than the server waits; read and sign in meanwhile."""
    with services(kind) as running:
        reads, signed_in = Tally(), Tally()
        with Load(running) as load:
            time.sleep(BEFORE)
            with locking(running, bound.seconds) as holder:
                beside = threading.Thread(target=sign_in, args=(running, signed_in, holder))
                beside.start()
                read(running, reads, holder)
                beside.join()
            time.sleep(BEFORE)
        amount = f"locked for {bound.seconds:.0f} s; reads meanwhile: {reads}; sign-ins: {signed_in}"
        row = concluded("database locked", kind, amount, load)
        if set(reads.statuses) != {200} or reads.slowest > PROMPT or signed_in.faults:
            return row.failed("Reads or sign-ins suffered.")
        return row


@contextmanager
def locking(running: Services, seconds: float) -> Iterator["subprocess.Popen[bytes]"]:
    """Give the process that holds the lock once it does."""
    command = [sys.executable, "-c", LOCK, str(running.database.url.database), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        if holder.stdout is None or not holder.stdout.readline():
            raise RuntimeError("The database could not be locked.")
        yield holder


def read(running: Services, tally: Tally, holder: "subprocess.Popen[bytes]") -> None:
    """Read a day again and again while the lock is held."""
    asked = {"start": "2026-03-02T00:00:00Z", "duration": "P1D"}
    while holder.poll() is None:
        begun = time.monotonic()
        tally.note(running.api.get(f"/sensors/{running.sites[0].meter}/data", params=asked), time.monotonic() - begun)
        time.sleep(0.5)


def sign_in(running: Services, tally: Tally, holder: "subprocess.Popen[bytes]") -> None:
    """Sign in again and again while the lock is held, and once more afterwards."""
    body, goes_on = {"email": email("rival"), "password": PASSWORD}, True
    while goes_on:
        goes_on, begun = holder.poll() is None, time.monotonic()
        answer = requests.post(f"{running.api.url}/api/requestAuthToken", json=body, timeout=90)
        tally.note(answer, time.monotonic() - begun)
        time.sleep(0.5)
