"""The page for engineers says what the code does: its tables are made from it, its examples are read by it."""

import json
import re
from pathlib import Path

import pytest

from engine.flex.context import FlexContext
from engine.flex.process import ProcessModel
from engine.flex.reference import renewed
from engine.flex.storage import StorageModel

PAGE = Path(__file__).parents[3] / "docs" / "flex-config.md"
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)]


def test_the_tables_are_those_of_the_code():
    page = PAGE.read_text()
    assert page == renewed(page), "run: python -m engine.flex.reference docs/flex-config.md"


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_read(example):
    if "flex-context" not in example:  # single fields, of both kinds
        known = {fact.name for fact in StorageModel.facts()}
        StorageModel.read({name: value for name, value in example.items() if name in known})
        FlexContext.read({name: value for name, value in example.items() if name not in known})
        return
    assert FlexContext.read_any(example["flex-context"]).buying is not None
    for entry in example.get("flex-model", []):
        kind = ProcessModel if "process-type" in entry else StorageModel
        assert kind.read(entry).model_fields_set


def test_every_field_is_on_the_page():
    page = PAGE.read_text()
    names = [fact.name for model in (StorageModel, FlexContext, ProcessModel) for fact in model.facts()]
    assert [name for name in names if f"`{name}`" not in page] == []
