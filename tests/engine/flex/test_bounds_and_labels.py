"""Bounds of a store that no plan can keep, and the names that people read."""

from typing import Any

import pytest

from engine.flex.context import FlexContext
from engine.flex.labels import CHOICES, ENTRIES, GROUPS
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel, contradictions

LATE = {"datetime": "2026-03-02T07:00:00+01:00"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"soc-min": "20 kWh", "soc-max": "10 kWh"}, {"soc-min"}),
        ({"soc-min": "12000 Wh", "soc-max": "10 kWh"}, {"soc-min"}),
        ({"soc-min": "120%", "soc-max": "10 kWh"}, {"soc-min"}),
        ({"soc-min": 20, "soc-max": 10, "soc-unit": "kWh"}, {"soc-min"}),
        ({"soc-min": "10 kWh", "soc-max": "10 kWh"}, set()),
        ({"soc-min": "20%", "soc-max": "10 kWh"}, set()),
        ({"soc-min": 20, "soc-max": "10 kWh"}, set()),  # in the unit of a sensor that is not known here
        ({"soc-min": "20 kWh", "soc-max": {"sensor": 7}}, set()),
        ({"temperature-min": "23 °C", "temperature-max": "19 °C"}, {"temperature-min"}),
        ({"soc-max": "10 kWh", "soc-targets": [{"value": "11 kWh", **LATE}]}, {"soc-targets"}),
        ({"soc-min": "2 kWh", "soc-maxima": [{"value": "1 kWh", **LATE}]}, {"soc-maxima"}),
        ({"soc-max": "10 kWh", "soc-minima": [{"value": "9 kWh", **LATE}]}, set()),
    ],
)
def test_a_bound_beyond_the_other_is_told_at_the_field_to_change(fields: dict[str, Any], wrong: set[str]) -> None:
    assert set(contradictions(StorageModel.read(fields))) == wrong


def test_every_field_has_one_name_in_one_group() -> None:
    named = [name for group in GROUPS.values() for name in group]
    fields = {fact.name for kind in (StorageModel, ProcessModel, FlexContext) for fact in kind.facts()}
    assert sorted(named) == sorted(fields)
    assert len({text for group in GROUPS.values() for text in group.values()}) == len(named)
    assert not {name for name in ENTRIES if not ENTRIES[name]}


def test_texts_to_choose_from_are_taken() -> None:
    rest = {"power": "1 kW", "duration": "PT1H"}
    for name, known in CHOICES.items():
        kind = ProcessModel if name in {fact.name for fact in ProcessModel.facts()} else StorageModel
        for text in known:
            fields = {name: text} | (rest if kind is ProcessModel else {})
            assert str(getattr(kind.read(fields), name.replace("-", "_"))).endswith(text)
