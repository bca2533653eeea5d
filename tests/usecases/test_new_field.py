"""A field is declared once: from that alone it is read, refused, referred to, drawn, and described."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.fragments.flex.choices import Choices
from app.fragments.flex.editor import Editor
from app.fragments.flex.views import help_text
from app.usecases.flex_config import field_problems
from engine.flex.context import FlexContext
from engine.flex.facts import FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields
from engine.flex.parts import Output
from engine.flex.reference import json_schema
from engine.flex.storage import StorageModel


class TankModel(StorageModel):
    """A store with fields of its own."""

    waste_heat: AnyQuantity = described(
        "Heat that flows in from a machine nearby.",
        label=("Heat", "Waste heat"), example="3 kW", kind="load", signed=False,
    )  # fmt: skip
    spilled: Output | None = described(
        "Sensor that receives what overflows.",
        label=("Where results are stored", "Overflow"), example={"sensor": 12}, kind="power",
    )  # fmt: skip
    lining: str | None = described(
        "What the tank is lined with.",
        label=("Heat", "Lining"), example="glass", form="text",
        choices={"glass": "Glass wool", "none": "Nothing"}, stored="never",
    )  # fmt: skip


class HarbourContext(FlexContext):
    """A site with a field of its own."""

    shore_price: AnyQuantity = described(
        "Price of power from the shore.",
        label=("Tariff and CO₂", "Shore price"), example="0.3 EUR/kWh", unit="currency/kWh", kind="price",
    )  # fmt: skip


def editor(kind: type[FlexFields], fields: dict[str, Any], *, stored: bool = False) -> Editor:
    nothing: Any = None
    choices = Choices(nothing, nothing, [], [])
    empty = Editor(word="flex_model", kind=kind, zone=ZoneInfo("Europe/Oslo"), choices=choices, stored=stored)
    return empty.showing(fields)


@pytest.mark.parametrize(
    ("kind", "written", "words"),
    [
        (TankModel, {"waste-heat": "3 kWh"}, "kW"),
        (TankModel, {"waste-heat": "-3 kW"}, "below 0"),
        (TankModel, {"lining": "glass"}, "cannot be stored"),
        (HarbourContext, {"shore-price": "3 kW"}, "EUR/kWh"),
    ],
)
def test_what_it_cannot_be_is_refused_at_its_name(kind: type[FlexFields], written: dict[str, Any], words: str) -> None:
    (name,) = written
    assert words in str(field_problems(kind, written)[name])


def test_sensors_that_it_names_are_asked_for_and_written_to() -> None:
    tank = TankModel.read({"waste-heat": {"sensor": 7}, "spilled": {"sensor": 8}})
    assert {(each.path, each.key, each.unit) for each in tank.references() if each.reads} == {("waste-heat", 7, "kW")}
    assert [(each.path, each.key, each.fact.role) for each in tank.outputs] == [("spilled", 8, FieldRole.WRITES)]
    assert HarbourContext.read({"shore-price": "0.3 SEK/kWh"}).all_currencies == {"SEK"}


def test_the_editor_draws_it_among_its_like() -> None:
    drawn = editor(TankModel, {"lining": "none", "waste-heat": "2 kW"})
    assert {"Waste heat", "Lining"} <= {fact.label for fact in drawn.groups()["Heat"]}
    assert drawn.place("lining").modes == ("choice",)
    assert drawn.checked() == ({"lining": "none", "waste-heat": "2 kW"}, {})
    assert help_text(TankModel.fact("waste-heat")) == "Heat that flows in from a machine nearby. For example 3 kW."
    offered = [fact.label for facts in editor(TankModel, {}, stored=True).groups().values() for fact in facts]
    assert "Waste heat" in offered and "Lining" not in offered


def test_the_specification_describes_it() -> None:
    tank, harbour = (json_schema(kind)["properties"] for kind in (TankModel, HarbourContext))
    assert tank["waste-heat"]["x-unit"] == "kW" and tank["spilled"]["x-role"] == ["writes"]
    assert harbour["shore-price"]["description"] == "Price of power from the shore."
