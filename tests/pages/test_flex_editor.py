"""Editors of flexibility: what is shown comes back as it was written, and what is changed as it was meant."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.fragments.flex.choices import Choices
from app.fragments.flex.controls import Control, Place, control_of, empty_control, value_of
from app.fragments.flex.editor import UNFINISHED, Editor, Inherited
from engine.flex.context import FlexContext
from engine.flex.facts import Fact
from engine.flex.fields import FlexFields
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIELDS = [(kind, fact) for kind in (StorageModel, ProcessModel, FlexContext) for fact in kind.facts()]


def editor(fields: dict[str, Any], kind: type[FlexFields] = StorageModel, **more: Any) -> Editor:
    nothing: Any = None
    empty = Editor(word="flex_model", kind=kind, zone=AMSTERDAM, choices=Choices(nothing, nothing, [], []), **more)
    return empty.showing(fields)


def sent(control: Control, path: str = "") -> dict[str, str]:
    """What a browser sends of controls: one text for each, by its path."""
    texts: dict[str, str] = {}
    for name, part in control.items():
        inner = f"{path}~{name}" if path else name
        texts |= sent(part, inner) if isinstance(part, dict) else {inner: part}
    return texts


@pytest.mark.parametrize(("kind", "fact"), FIELDS, ids=lambda part: getattr(part, "name", ""))
def test_every_field_has_controls_that_give_its_example_back(kind: type[FlexFields], fact: Fact) -> None:
    place = Place(kind, fact, AMSTERDAM, stored=False)
    control = control_of(place, fact.example)
    assert control["mode"] != "json"
    assert value_of(place, control) == fact.example
    retyped = {name: part for name, part in control.items() if name != "was"}
    if control["mode"] not in ("times", "spans"):  # whose ends may be written as durations
        assert value_of(place, retyped) == fact.example
    assert value_of(place, empty_control(place)) is None


@pytest.mark.parametrize(
    "value",
    [
        "0.5 MWh",
        "10",
        10,
        2.5,
        {"sensor": 7, "source-types": ["forecaster"]},
        "(30/2 - 1) kWh",
        "1,000.5 kWh",
        {"x": 1},
    ],
)
def test_what_nobody_touched_is_sent_back_as_it_was(value: Any) -> None:
    shown = editor({"soc-max": value, "unheard-of": [1, {"a": None}]})
    assert shown.posted(sent(dict(shown.controls))).fields() == ({"soc-max": value, "unheard-of": [1, {"a": None}]}, {})


def test_a_number_is_changed_and_its_unit_stays() -> None:
    texts = sent(dict(editor({"soc-max": "10 kWh", "roundtrip-efficiency": "90%"}).controls))
    texts |= {"soc-max~text": "12,5", "roundtrip-efficiency~text": "85"}
    assert editor({}).posted(texts).fields()[0] == {"soc-max": "12,5 kWh", "roundtrip-efficiency": "85%"}


def test_fields_are_overridden_cleared_and_given_otherwise() -> None:
    above = {"site-power-capacity": Inherited(value="17 kVA", origin="House", href="")}
    shown = editor({}, FlexContext, inherited=above)
    overridden = shown.posted({"act": "set~site-power-capacity"})
    assert overridden.fields() == ({"site-power-capacity": "17 kVA"}, {})
    texts = sent(dict(overridden.controls))
    by_sensor = shown.posted(texts | {"site-power-capacity~mode": "sensor"})
    assert by_sensor.fields() == ({}, {"site-power-capacity": UNFINISHED})
    chosen = sent(dict(by_sensor.controls)) | {"site-power-capacity~sensor": "4"}
    assert shown.posted(chosen).fields()[0] == {"site-power-capacity": {"sensor": 4}}
    assert shown.posted(texts | {"act": "clear~site-power-capacity"}).fields() == ({}, {})


def test_rows_come_and_go_also_inside_of_entries() -> None:
    shown = editor({}, FlexContext).posted({"act": "set~commitments"})
    texts = sent(dict(shown.controls)) | {
        "commitments~rows~0~name~text": "bid",
        "commitments~rows~0~baseline~text": "4",
        "commitments~rows~0~up-price~text": "0.3",
    }
    bid = {"name": "bid", "baseline": "4 kW", "up-price": "0.3 EUR/kWh"}
    assert shown.posted(texts).fields()[0] == {"commitments": [bid]}
    longer = shown.posted(texts | {"act": "add~commitments~rows~0~sensors"})
    assert len(longer.controls["commitments"]["rows"]["0"]["sensors"]["rows"]) == 1
    two = shown.posted(texts | {"act": "add~commitments"})
    assert two.fields() == ({}, {"commitments": UNFINISHED})
    assert two.posted(sent(dict(two.controls)) | {"act": "drop~commitments~rows~1"}).fields()[0] == {
        "commitments": [bid]
    }


def test_times_are_those_of_the_clock_of_the_site() -> None:
    shown = editor({}, stored=False).posted({"act": "set~soc-targets", "soc-targets~mode": "times"})
    texts = {
        "soc-targets~mode": "times",
        "soc-targets~rows~0~start": "2026-03-29T07:00",
        "soc-targets~rows~0~end": "",
        "soc-targets~rows~0~text": "9 kWh",
    }
    target = {"value": "9 kWh", "datetime": "2026-03-29T07:00:00+02:00"}
    assert shown.posted(texts).fields()[0] == {"soc-targets": [target]}


def test_json_and_fields_follow_each_other() -> None:
    shown = editor({"soc-max": "10 kWh"})
    changed = shown.posted({"act": "json", "json": '{"soc-max": "8 kWh", "min-on": "PT90M"}'})
    assert changed.controls["min-on"]["text"] == "90" and changed.controls["min-on"]["unit"] == "minutes"
    assert changed.fields()[0] == {"soc-max": "8 kWh", "min-on": "PT90M"}
    broken = shown.posted(sent(dict(shown.controls)) | {"act": "json", "json": "{"})
    assert "line 1" in broken.json_problem and broken.fields()[0] == {"soc-max": "10 kWh"}


def test_what_is_wrong_is_told_at_its_field_before_it_is_saved() -> None:
    assert set(editor({"soc-max": "10 kW", "soc-min": "1 kWh"}).checked()[1]) == {"soc-max"}
    assert set(editor({"soc-max": "10 kWh", "soc-min": "20 kWh"}).checked()[1]) == {"soc-min"}
    assert set(editor({"soc-max": "10 kWh", "soc-at-start": "2 kWh"}).checked()[1]) == {"soc-at-start"}
    assert not editor({"soc-max": "10 kWh", "soc-at-start": "2 kWh"}, stored=False).checked()[1]


@pytest.mark.parametrize("texts", [{"a~b~c": "x"}, {"soc-max~mode": "list", "soc-max~rows~x~mode": "number"},
                                   {"soc-max~mode": "sensor", "soc-max~sensor": "1", "soc-max~rest": "{"},
                                   {"soc-max~mode": "entries"}, {"soc-max~mode": "json", "soc-max~text": "{"},
                                   {"~".join("abcdefghijklmnop"): "x"}, {"act": "drop~soc-max~rows"},
                                   {"soc-max": "x", "soc-max~mode": "number"}])  # fmt: skip
def test_whatever_is_sent_is_at_most_something_to_fill_in(texts: dict[str, str]) -> None:
    values, _ = editor({}).posted(texts).checked()
    assert json.dumps(values) == "{}"
