"""Shares the tests out among processes: ``pytest -p tests.sharing_out --processes 3``.

All is imported and collected once, which takes a quarter of a minute of computing; then each process is forked from
that one, and takes the next file when it has done its last. One file is one process's, so that the servers of a
module start once.
"""

import gc
import os
import struct
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

import pytest

FORKING = get_context("fork")
NUMBER = struct.Struct("=I")
Files = list[list[pytest.Item]]


@dataclass
class Queue:
    """Numbers of the files that nobody has taken yet, in a pipe."""

    end: int

    @classmethod
    def of(cls, count: int) -> "Queue":
        reading, writing = os.pipe()
        os.write(writing, b"".join(NUMBER.pack(number) for number in range(count)))
        os.close(writing)
        return cls(reading)

    def take(self) -> int | None:
        """Return the next number; what is read at once from a pipe nobody else reads."""
        taken = os.read(self.end, NUMBER.size)
        return int(NUMBER.unpack(taken)[0]) if taken else None

    def empty(self) -> None:
        while self.take() is not None:
            pass


class Sender:
    """What a process tells the first one about its tests."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self.config, self.connection = config, connection

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self.connection.send(("begun", (nodeid, location)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.connection.send(("report", told))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: tuple[str, int, str] | None
    ) -> None:
        text = f"{warning_message.category.__name__}: {warning_message.message}"
        place = (warning_message.filename, warning_message.lineno)
        self.connection.send(("warning", (text, place, {"when": when, "nodeid": nodeid, "location": location})))


class Process:
    """A process that runs tests, as the first one sees it."""

    def __init__(self, session: pytest.Session, files: Files, queue: Queue) -> None:
        self.connection, theirs = FORKING.Pipe(duplex=False)
        self.running: tuple[str, tuple[str, int | None, str]] | None = None
        self._process = FORKING.Process(target=run, args=(session, files, queue, theirs))
        self._process.start()
        theirs.close()

    def receive(self) -> tuple[str, Any]:
        """Return what it says next; its end is the last of it."""
        try:
            kind, told = self.connection.recv()
        except EOFError:
            self.connection.close()
            self._process.join()
            return ("lost" if self._process.exitcode else "end"), self._process.exitcode
        if kind == "begun":
            self.running = told
        return kind, told


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=0, help="among how many processes the tests are shared out")


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all tests that were collected, in processes; leave it to pytest if none are asked for."""
    config = session.config
    if not config.option.processes or config.option.collectonly or session.testsfailed:
        return None
    files: dict[Any, list[pytest.Item]] = {}
    for item in session.items:
        files.setdefault(item.path, []).append(item)
    # Made before the processes part, so that all of them use one.
    config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # public in fixtures only, and none runs yet
    gc.collect()
    gc.freeze()  # what was collected is searched for garbage no more, nor copied because of that
    queue = Queue.of(len(files))
    count = min(config.option.processes, len(files))
    processes = [Process(session, list(files.values()), queue) for _ in range(count)]
    for process, kind, told in messages(processes):
        pass_on(config, process, kind, told)
        if session.shouldfail or session.shouldstop:
            queue.empty()  # they finish their file
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    return True


def pass_on(config: pytest.Config, process: Process, kind: str, told: Any) -> None:
    """Tell pytest what a process said."""
    if kind == "report":
        report = config.hook.pytest_report_from_serializable(config=config, data=told)
        config.hook.pytest_runtest_logreport(report=report)
    elif kind == "warning":
        text, place, rest = told
        message = warnings.WarningMessage(UserWarning(text), UserWarning, *place)
        config.hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **rest})
    elif kind == "lost":
        config.hook.pytest_runtest_logreport(report=loss(process, told))


def messages(processes: list[Process]) -> Iterator[tuple[Process, str, Any]]:
    """Yield what the processes say, until all have ended."""
    running = list(processes)
    while running:
        ready = wait([process.connection for process in running])
        for process in [each for each in running if each.connection in ready]:
            kind, told = process.receive()
            if kind in ("end", "lost"):
                running.remove(process)
            yield process, kind, told


def loss(process: Process, code: int) -> pytest.TestReport:
    """Return the failure of the test during which a process ended; the tests of its file that follow are not run."""
    nodeid, location = process.running or ("(none)", ("(none)", None, "(none)"))
    why = f"The process ended with code {code} during this test; those after it in its file were not run."
    return pytest.TestReport(nodeid, location, {}, "failed", why, "call")


def run(session: pytest.Session, files: Files, queue: Queue, connection: Connection) -> None:
    """Be one of the processes: run file after file, and report to the first one."""
    plugins, hook = session.config.pluginmanager, session.config.hook
    plugins.unregister(name="terminalreporter")
    capture_apart(plugins.get_plugin("capturemanager"))
    plugins.register(Sender(session.config, connection))
    try:
        for item, following in pairs(files, queue):
            hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail or session.shouldstop:
                break
    finally:
        session._setupstate.teardown_exact(None)  # nothing, unless it was stopped


def capture_apart(manager: Any) -> None:
    """Put files of its own under the streams of a process; the streams stay, for loggers hold them."""
    capturing = manager._global_capturing
    for stream in (capturing.out, capturing.err) if capturing else ():
        if hasattr(stream, "targetfd"):  # not of what is captured in memory
            with tempfile.TemporaryFile(buffering=0) as fresh:
                os.dup2(fresh.fileno(), stream.tmpfile.fileno(), inheritable=False)
                os.dup2(fresh.fileno(), stream.targetfd)


def pairs(files: Files, queue: Queue) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Yield the items of one file after the other, with what follows, which decides what fixtures stay."""
    number = queue.take()
    last: pytest.Item | None = None
    while number is not None:
        for item in files[number]:
            if last:
                yield last, item
            last = item
        number = queue.take()
    if last:
        yield last, None
