"""Scenarios of a what-if in an address, and sliders that make and undo edits."""

from typing import Any

import pytest

from app.pages.what_if.knobs import Knob, at_edits, turned
from app.pages.what_if.scenarios import LONGEST, MOST, NamedScenario, ScenarioSet, read_scenarios
from app.usecases.inputs import Invalid

SIZE = Knob(path=("flex-model", 5, "soc-max"), group="Battery", label="", unit="kWh", base=10.0, low=0.0, high=30.0)
SHARE = Knob(path=("flex-model", 5, "roundtrip-efficiency"), group="", label="", unit="%", base=90.0, low=0.0, high=100)
LIMIT = Knob(path=("flex-context", "site-power-capacity"), group="", label="", unit="kVA", base=17.0, low=0, high=60)
PRICE = Knob(path=("prices", "factor"), group="", label="", unit="%", base=100.0, low=0.0, high=300.0)
LOAD = Knob(path=("loads", "sensor 3"), group="", label="", unit="%", base=100.0, low=0.0, high=300.0)
START = Knob(path=("stored", "Battery"), group="", label="", unit="kWh", base=1 / 3, low=0.0, high=10.0)
KNOBS = [SIZE, SHARE, LIMIT, PRICE, LOAD, START]
MOVED = {
    SIZE.name: "12,345678",
    SHARE.name: "85",
    LIMIT.name: "12.5",
    PRICE.name: "112.345678",
    LOAD.name: "80",
    START.name: "4",
}
EDITS = {
    "flex-model": [{"asset": 5, "soc-max": "12,345678 kWh", "roundtrip-efficiency": "85%"}],
    "flex-context": {"site-power-capacity": "12.5 kVA"},
    "prices": [{"factor": 1.12345678}],
    "loads": {"sensor 3": 0.8},
    "stored": {"Battery": 4.0},
}


def test_sliders_make_edits_and_show_them_again() -> None:
    edits = turned(KNOBS, {}, MOVED)
    assert edits == EDITS
    shown = {knob.name: knob.text for knob in at_edits(KNOBS, edits)}
    assert turned(KNOBS, {}, shown) == EDITS


def test_sliders_that_are_back_leave_no_edit_and_those_of_fields_stay() -> None:
    own: dict[str, Any] = {
        "pins": [{"device": "Battery"}],
        "flex-model": [{"asset": 5, "soc-max": "8 kWh", "min-on": "PT1H"}],
    }
    back = turned(KNOBS, own, {knob.name: repr(knob.base) for knob in KNOBS})
    assert {name: part for name, part in back.items() if part} == {
        "pins": [{"device": "Battery"}],
        "flex-model": [{"asset": 5, "min-on": "PT1H"}],
    }
    assert turned(KNOBS, {}, {SIZE.name: "wide"}) == turned(KNOBS, {}, {})


def test_a_field_that_is_no_number_any_more_has_no_slider() -> None:
    by_sensor = {"flex-model": [{"asset": 5, "soc-max": {"sensor": 7}}]}
    assert [knob.name for knob in at_edits([SIZE, SHARE], by_sensor)] == [SHARE.name]
    assert turned([SIZE, SHARE], by_sensor, {SHARE.name: "90"})["flex-model"] == by_sensor["flex-model"]


def test_a_link_makes_all_scenarios_again() -> None:
    several = (
        ScenarioSet().with_edits(EDITS).acted("add").renamed("  Cheaper   nights ").with_edits({"stored": {"B": 1e-7}})
    )
    again = read_scenarios(several.text)
    assert [(each.name, each.edits) for each in again.scenarios] == [
        ("Scenario 1", EDITS),
        ("Cheaper nights", {"stored": {"B": 1e-7}}),
    ]
    assert again.at == 1 and again.acted("show~0").current.name == "Scenario 1"
    assert ScenarioSet().text == "" == several.acted("remove").acted("reset").text


def test_scenarios_are_few_and_short() -> None:
    many = ScenarioSet()
    for _ in range(2 * MOST):
        many = many.acted("add")
    assert len(many.scenarios) == MOST
    long = ScenarioSet(scenarios=[NamedScenario(name="x", edits={"loads": {"x" * LONGEST: 1.0}})])
    with pytest.raises(Invalid, match="remove one of them"):
        _ = long.text


@pytest.mark.parametrize("text", ["{", "[]", '[9,["a",{}]]', '[0,["a"]]', '[0,["a",3]]', "3", "[" * 9999, "null"])
def test_an_address_that_holds_no_scenarios_is_told(text: str) -> None:
    with pytest.raises(Invalid, match="no scenarios"):
        read_scenarios(text)
