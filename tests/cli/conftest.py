"""The command line on a fresh database, as a person types it."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


Terminal = Callable[[str], Said]


@pytest.fixture
def terminal(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """Run a command line, such as ``flexscope show accounts``, in an empty folder on a fresh database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", database_url)
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path / "instance"))

    def run(line: str) -> Said:
        program, *words = shlex.split(line)
        assert program == "flexscope"
        with pytest.raises(SystemExit) as end:
            main(words)
        caught = capsys.readouterr()
        return Said(int(end.value.code or 0), caught.out, caught.err)

    return run
