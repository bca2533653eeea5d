"""The examples in the docstrings of the code give what they say."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWING = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for room in ("app", "components", "db", "engine")
    for file in sorted((ROOT / room).rglob("*.py"))
    if ">>>" in file.read_text("utf-8")
]


@pytest.mark.parametrize("module", SHOWING)
def test_examples_are_true(module: str) -> None:
    outcome = doctest.testmod(import_module(module))
    assert outcome.attempted and not outcome.failed
