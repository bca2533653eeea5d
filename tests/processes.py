"""Processes of ours: forked from one that has imported all of Flexscope, which takes three seconds of computing.

They are real ones, with their own environment, files, signals and end; what a start itself does is tested in
``tests/cli/test_serving.py``, with a new interpreter.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["tests.preloaded"])
COMMAND = "from app.cli.main import main; main()"


class Forked:
    """A process that runs some code, with the methods of ``subprocess.Popen`` that tests call."""

    def __init__(
        self, code: str, *words: str, environment: Mapping[str, str], out: Path, err: Path | None = None
    ) -> None:
        own = {name: text for name, text in environment.items() if name != "FLEXSCOPE_TESTS"}  # no setting of ours
        told = (code, words, own, str(out), str(err or out))
        out.touch()
        self._process = FORKING.Process(target=run_code, args=told)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        if not wait([self._process.sentinel], timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        self._process.join()
        return int(self._process.exitcode or 0)


def run_code(code: str, words: tuple[str, ...], environment: dict[str, str], out: str, err: str) -> None:
    """Be what ``python -c code words`` would be in an environment, with its output in files."""
    for number, file in ((1, out), (2, err)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["-c", *words]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


def flexscope(*words: str, environment: Mapping[str, str], code: str = COMMAND) -> subprocess.CompletedProcess[str]:
    """Run a command at a terminal until it ends."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        run = Forked(code, *words, environment=os.environ | dict(environment), out=out, err=err)
        done = run.wait(120)
        return subprocess.CompletedProcess(words, done, out.read_text(), err.read_text())
