"""``-p tests.forks --forks N``: N processes run the tests, forked once all tests are imported and listed.

Processes that each begin with an interpreter import and list nine thousand tests as often as there are processes.
A file runs in one process, so that what it starts is started once, and files begin in the order of ``tests.conftest``.
"""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from itertools import groupby
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import pytest

from tests.processes import PRELOADED

FORKING = get_context("fork")
WITH_BROWSER = 2
"""How many processes run tests of pages: each has a browser, which translates our scripts once, and a demo."""
PLACE = "PYTEST_FORK"
"""Set in the processes: which one it is."""


class Places:
    """Places in a list that several processes take one after the other."""

    def __init__(self, places: Sequence[int]) -> None:
        self._next, filled = os.pipe()
        os.write(filled, b"".join(place.to_bytes(2) for place in places))
        os.close(filled)

    def __iter__(self) -> Iterator[int]:
        while place := os.read(self._next, 2):
            yield int.from_bytes(place)


class Sending:
    """Hands the reports of a process on."""

    def __init__(self, config: pytest.Config, out: "Connection[object, object]") -> None:
        self.config, self.out = config, out

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.out.send(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.out.send(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--forks", type=int, default=0, help="number of processes that run the tests")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run all tests in processes; without ``--forks`` leave that to pytest."""
    option = session.config.option
    if not option.forks or option.collectonly or session.testsfailed:
        return None
    session.config.pluginmanager.getplugin("capturemanager").stop_global_capturing()  # its files would be shared
    files = [list(items) for _, items in groupby(session.items, lambda item: item.path)]
    shown = [any(item.get_closest_marker("browser") for item in items) for items in files]
    queues = [Places([at for at, pages in enumerate(shown) if pages == wanted]) for wanted in (True, False)]
    forkserver.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()  # one for all, as it imports all of Flexscope
    gc.collect()
    gc.freeze()  # what is shared is neither searched for garbage nor copied because of that
    try:
        follow(session, [forked(session, number, files, queues) for number in range(option.forks)])
    except session.Failed as failed:
        session.shouldfail = str(failed)  # it is shown at the end
        raise
    return True


def forked(
    session: pytest.Session, number: int, files: list[list[pytest.Item]], queues: list[Places]
) -> tuple["Connection[object, object]", BaseProcess]:
    """Start a process; return where its reports come from, and itself."""
    reports, out = FORKING.Pipe(duplex=False)
    own = queues if number < WITH_BROWSER else queues[1:]
    process = FORKING.Process(target=run, args=(session, number, files, own, out))
    process.start()
    out.close()
    return reports, process


def run(
    session: pytest.Session,
    number: int,
    files: list[list[pytest.Item]],
    queues: list[Places],
    out: "Connection[object, object]",
) -> None:
    """Be one of the processes: run files as long as there are any."""
    config = session.config
    os.environ[PLACE] = str(number)
    forkserver._forkserver.ensure_running = lambda: None  # it runs, but asks after a child, and that is our parent's
    factory = config._tmp_path_factory
    factory._basetemp = factory.getbasetemp() / f"fork{number}"
    factory._basetemp.mkdir()
    capturing = config.pluginmanager.getplugin("capturemanager")
    capturing.start_global_capturing()
    capturing.suspend_global_capture()
    config.pluginmanager.unregister(name="terminalreporter")
    config.pluginmanager.register(Sending(config, out))
    signal.signal(signal.SIGUSR1, lambda *_: setattr(session, "shouldstop", "enough has failed"))
    items = (item for queue in queues for place in queue for item in files[place])
    try:
        item = next(items, None)
        while item is not None and not session.shouldstop:
            following = next(items, None)
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following
    finally:
        session._setupstate.teardown_exact(None)  # ends servers and browsers also where somebody breaks off


def follow(session: pytest.Session, running: list[tuple["Connection[object, object]", BaseProcess]]) -> None:
    """Tell what the processes report until all have ended.

    Raises:
        Failed: A process broke down, or as many tests failed as are allowed.
    """
    left, at = dict(running), dict.fromkeys((reports for reports, _ in running), "no test")
    try:
        while left:
            for reports in wait(list(left)):
                try:
                    tell(session, at, reports)
                except EOFError:
                    ended = left.pop(reports)
                    ended.join()
                    if ended.exitcode:
                        raise session.Failed(f"A process broke down in {at[reports]}.") from None
    finally:
        for process in left.values():
            os.kill(process.pid, signal.SIGUSR1)
        for process in left.values():
            process.join()


def tell(session: pytest.Session, at: dict[object, str], reports: "Connection[object, object]") -> None:
    """Tell what a process reports next: which test it begins, or how a part of one ended."""
    told, hook = reports.recv(), session.config.hook
    if isinstance(told, str):
        at[reports] = told
        return
    hook.pytest_runtest_logreport(report=hook.pytest_report_from_serializable(config=session.config, data=told))
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
