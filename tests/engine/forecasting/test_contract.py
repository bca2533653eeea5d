"""Every forecaster that is declared keeps what forecasters promise."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from engine.testing import check_forecaster

GROUP = "flexscope.forecasters"
PROJECT = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]
DECLARED = [EntryPoint(name, value, GROUP) for name, value in PROJECT["entry-points"][GROUP].items()]


@pytest.mark.parametrize("declared", DECLARED, ids=[point.name for point in DECLARED])
def test_promises_of_every_forecaster(declared: EntryPoint) -> None:
    check_forecaster(declared.load()())
