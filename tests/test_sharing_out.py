"""Tests shared out among processes: all are run and reported, and a process that ends takes only its file with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOOD = """
import logging, os, sys, warnings

HANDLER = logging.StreamHandler(sys.stderr)  # of the time when tests are collected

def test_old_streams_are_open():
    HANDLER.stream.fileno()

def test_output_is_its_own(capfd):
    os.system("echo here")
    assert capfd.readouterr().out == "here\\n"

def test_warning():
    warnings.warn("beware of this")
"""
BAD = """
import os, pytest

def test_failing():
    print("said before")
    assert 1 == 2

def test_skipped():
    pytest.skip("no reason")

def test_ending():
    os._exit(3)

def test_left_out():
    pass
"""
SESSION = """
import os, pytest

@pytest.fixture(scope="session", autouse=True)
def opened(tmp_path_factory):
    yield
    (tmp_path_factory.getbasetemp().parent / f"closed-{os.getpid()}").touch()
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of a folder in two processes."""
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", folder, "-p", "tests.sharing_out"]
    command += ["--processes", "2", "--basetemp", folder / "temporary", "-p", "no:cacheprovider", *words, folder]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        (tmp_path / f"test_good_{number}.py").write_text(GOOD)
    (tmp_path / "conftest.py").write_text(SESSION)
    return tmp_path


def test_all_files_are_run_and_all_processes_close_what_they_opened(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stdout
    assert "15 passed, 5 warnings" in done.stdout
    assert "beware of this" in done.stdout
    assert len(list(folder.glob("closed-*"))) == 2


def test_failures_and_ended_processes_are_reported(folder: Path) -> None:
    (folder / "test_bad.py").write_text(BAD)
    done = run(folder)
    assert done.returncode == 1
    assert "2 failed, 15 passed, 1 skipped" in done.stdout
    assert "said before" in done.stdout
    assert "test_bad.py::test_ending - The process ended with code 3" in done.stdout


def test_it_stops_at_the_first_failure_if_asked(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / f"test_{name}.py").write_text("def test_failing():\n    assert 1 == 2\n" + GOOD)
    done = run(folder, "--maxfail", "1")
    assert done.returncode == 1
    assert "stopping after" in done.stdout
    assert "15 passed" not in done.stdout
