"""Bounds of a store that no plan can keep, and the names that people read."""

from typing import Any, get_args

import pytest

from engine.flex.context import FlexContext
from engine.flex.facts import Fact, Group
from engine.flex.fields import FlexFields
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel, contradictions

KINDS: list[type[FlexFields]] = [StorageModel, ProcessModel, FlexContext]
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


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_name_of_its_own(kind: type[FlexFields]) -> None:
    labels = [fact.label for fact in kind.facts()]
    assert len(set(labels)) == len(labels)
    assert {fact.group for fact in kind.facts()} <= set(get_args(Group))


def test_a_field_of_several_kinds_is_called_the_same() -> None:
    called: dict[str, set[tuple[str, str]]] = {}
    for fact in (fact for kind in KINDS for fact in kind.facts()):
        called.setdefault(fact.name, set()).add((fact.group, fact.label))
    assert [name for name, texts in called.items() if len(texts) > 1] == []


@pytest.mark.parametrize(("kind", "fact"), [(kind, fact) for kind in KINDS for fact in kind.facts() if fact.choices])
def test_texts_to_choose_from_are_taken(kind: type[FlexFields], fact: Fact) -> None:
    rest = {"power": "1 kW", "duration": "PT1H"} if kind is ProcessModel else {}
    for text in fact.choices:
        assert str(getattr(kind.read({fact.name: text, **rest}), fact.name.replace("-", "_"))).endswith(text)
