"""Each hook into Huey, against the library as it is installed: a release that changes it fails here first."""

import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from huey import SqliteHuey
from huey.consumer import Consumer

from app.platform_hooks.huey_hooks import EmbeddedQueue, WorkerThreads, clear

SLOW = {"workers": 1, "periodic": False, "check_worker_health": False, "initial_delay": 60, "max_delay": 60}


def questions(huey: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements by which a queue does one task that it has taken out already."""
    task = huey.task(name="do")(lambda: None).s()
    asked: list[str] = []
    ask = huey.storage.sql
    monkeypatch.setattr(huey.storage, "sql", lambda sql, *args, **more: asked.append(sql) or ask(sql, *args, **more))
    huey.execute(task)
    return asked


def test_a_task_is_done_without_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert questions(EmbeddedQueue("ours", filename=str(tmp_path / "q"), results=False), monkeypatch) == []


def test_huey_itself_still_asks_whether_each_task_is_revoked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The hook can go when this fails."""
    assert questions(SqliteHuey("theirs", filename=str(tmp_path / "q"), results=False), monkeypatch)


def test_the_bell_wakes_a_worker_that_sleeps(tmp_path: Path):
    huey, done = EmbeddedQueue("ours", filename=str(tmp_path / "q"), results=False), threading.Event()
    task = huey.task(name="do")(done.set)
    threads = WorkerThreads(huey, **SLOW)
    threads.start()
    task()
    huey.bell.release()
    assert done.wait(120)
    threads.stop_flag.set()
    huey.bell.release()
    threads.stop(graceful=True)


def handlers(consumer: Consumer) -> bool:
    """Return whether the signals of this process are handled as before once a consumer has started."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    consumer.start()
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
        signal.signal(number, handler)
    consumer.stop_flag.set()
    getattr(consumer.huey, "bell", threading.Semaphore()).release()
    consumer.stop(graceful=True)
    return before == after


def test_workers_leave_the_signals_to_their_process_where_huey_would_take_them(tmp_path: Path):
    file = str(tmp_path / "q")
    assert handlers(WorkerThreads(EmbeddedQueue("ours", filename=file, results=False), **SLOW))
    assert not handlers(Consumer(SqliteHuey("theirs", filename=file, results=False), **SLOW))


def looks_into_the_schedule(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Return whether a consumer has looked for what is due by the time its worker has done a task."""
    looked, done = threading.Event(), threading.Event()
    monkeypatch.setattr(consumer.huey, "read_schedule", lambda *_: looked.set() or [])
    consumer.huey.task(name="do")(done.set)()
    consumer.start()
    assert done.wait(120)
    if isinstance(consumer, WorkerThreads):
        consumer.stop_flag.set()
        consumer.huey.bell.release()
        consumer.stop(graceful=True)
        return looked.is_set()
    found = looked.wait(120)
    consumer.stop(graceful=True)
    return found


def test_workers_look_for_nothing_that_is_due_where_huey_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ours = EmbeddedQueue("ours", filename=str(tmp_path / "q"), results=False)
    theirs = SqliteHuey("theirs", filename=str(tmp_path / "q"), results=False)
    monkeypatch.setattr(Consumer, "_set_signal_handlers", lambda _: None)
    assert not looks_into_the_schedule(WorkerThreads(ours, **SLOW), monkeypatch)
    assert looks_into_the_schedule(Consumer(theirs, **SLOW), monkeypatch)


def test_a_cleared_queue_is_empty(tmp_path: Path):
    huey = EmbeddedQueue("ours", filename=str(tmp_path / "q"), results=False)
    huey.task(name="do")(lambda: None)()
    assert huey.pending_count() == 1
    clear(huey)
    assert huey.pending_count() == 0
