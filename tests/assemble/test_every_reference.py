"""Whatever a field names is asked for, written to and waited for by its declaration: a new field is in all of it.

The fields come from ``engine/flex``, each tried in every way in which JSON could name a sensor or an asset.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from app.assemble import outputs
from app.assemble.site import flex_config, naming
from app.auth.access.references import References
from app.jobs.triggers import automations
from app.usecases.flex_config import check_flex_model
from db.assets import Asset
from db.jobs.automations import Automation
from db.sensors import Sensor
from engine.errors import EngineError, FieldError
from engine.flex.commodity import CommitmentModel, CommodityContext
from engine.flex.context import FlexContext
from engine.flex.facts import Fact, FieldRole, described
from engine.flex.fields import AnyQuantity, FlexFields
from engine.flex.parts import Output
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel
from tests.assemble.homes import HOUR, START, Home

MODELS: dict[type[FlexFields], dict[str, Any]] = {
    StorageModel: {},
    ProcessModel: {"power": "1 kW", "duration": "PT1H"},
    CommodityContext: {},
    FlexContext: {},
    CommitmentModel: {"name": "bid", "baseline": "1 kW", "up-price": "1 EUR/kWh"},
}
"""Every language with what it cannot do without."""
KEY = 7
PRICE = {"consumption-price": "0.3 EUR/kWh"}


class Case(NamedTuple):
    """One field with a value that names a sensor or an asset by the id 7."""

    model: type[FlexFields]
    fact: Fact
    value: Any

    @property
    def names_asset(self) -> bool:
        return self.fact.form == "asset" or (isinstance(self.value, dict) and "asset" in self.value)

    def read(self, key: int) -> FlexFields:
        return self.model.read({**MODELS[self.model], self.fact.name: put(self.value, key)})


def put(value: Any, key: int) -> Any:
    """Return a value with another id."""
    if isinstance(value, dict):
        return {name: put(inner, key) for name, inner in value.items()}
    return [put(inner, key) for inner in value] if isinstance(value, list) else key


def cases() -> Iterator[Case]:
    """Give every field with every spelling of a reference that it takes."""
    forms: list[Any] = [KEY, [KEY], {"sensor": KEY}, [{"sensor": KEY}], {"asset": KEY}, {"sensor": [KEY]}]
    for model in MODELS:
        for fact in model.facts():
            for value in forms:
                case = Case(model, fact, value)
                bare = fact.form in ("quantity", "quantities", "count") and value in (KEY, [KEY])  # a number, no id
                try:
                    case.read(KEY)
                except EngineError:
                    continue
                if not bare:
                    yield case


CASES = list(cases())


def case_id(case: Case) -> str:
    return f"{case.model.__name__}.{case.fact.name} {case.value}"


def unit_for(case: Case) -> str:
    """Return a unit that the sensor of a field may have."""
    if case.fact.unit is None:
        return "EUR/kWh" if case.fact.kind == "price" else "kW"
    return case.fact.unit.replace("currency", "EUR") or "%"


@pytest.fixture
def target(home: Home) -> Home:
    home.asset("house", "building")
    return home


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_reference_is_asked_for_with_its_right(target: Home, case: Case) -> None:
    [named] = case.read(KEY).references()
    assert (named.key, named.target) == (KEY, "asset" if case.names_asset else "sensor")
    key = target.assets["house"].id if named.target == "asset" else target.sensor("house", "any", unit_for(case))
    references = References(target.session, None)
    naming.ask_for(references, case.read(key), {})
    asked = {(kind, row, action) for kind, row, action in references.granted}
    right = "create-children" if FieldRole.WRITES in case.fact.role else "read"
    assert ((Asset if named.target == "asset" else Sensor), key, right) in asked


def test_every_field_that_could_name_something_is_tried() -> None:
    tried = {(case.model, case.fact.name) for case in CASES}
    says = {(model, fact.name) for model in MODELS for fact in model.facts() if fact.role}
    assert tried == says


@pytest.mark.parametrize("case", [case for case in CASES if case.fact.unit], ids=case_id)
def test_a_sensor_is_refused_where_its_unit_would_be_as_text(target: Home, case: Case) -> None:
    wrong = "EUR/kW" if unit_for(case) != "EUR/kW" else "EUR/kWh"
    key = target.sensor("house", "wrong one", wrong, timedelta(minutes=15))
    with pytest.raises(FieldError) as refused:
        naming.ask_for(References(target.session, None), case.read(key), {})
    assert case.fact.name in refused.value.field
    for part in (f"sensor {key}", "wrong one", wrong, "name a sensor in"):
        assert part in refused.value.problem


OUTPUTS = [case for case in CASES if FieldRole.WRITES in case.fact.role]


@pytest.mark.parametrize("case", OUTPUTS, ids=case_id)
def test_every_output_receives_a_part_of_the_plan(target: Home, case: Case) -> None:
    key = target.sensor("house", "result", unit_for(case))
    references, fields = References(target.session, None), case.read(key)
    found = [*outputs.of_power(references, "x", fields), *outputs.of_store(references, "x", fields, scale=None)]
    found += outputs.of_guidance(references, "x", fields)
    assert [output.sensor.id for output in found] == [key]


IN_A_PLAN = (StorageModel, FlexContext)
PLANNED = [case for case in CASES if case.model in IN_A_PLAN and case.fact.unit and case.fact.name != "sensor"]


@pytest.mark.parametrize("case", PLANNED, ids=case_id)
def test_an_automation_waits_for_what_a_plan_reads_and_for_nothing_it_writes(target: Home, case: Case) -> None:
    power, key = target.sensor("house", "power", "kW"), target.sensor("house", "any", unit_for(case))
    own = {case.fact.name: put(case.value, key)}
    model, context = (own, {}) if case.model is StorageModel else ({}, own)
    request = {"duration": "PT4H", "flex_model": [{"sensor": power, **model}], "flex_context": context}
    row = Automation(asset_id=target.assets["house"].id, kind="schedule", name="x", request=request, active=True)
    row.every, row.at, row.next_at = HOUR, timedelta(0), START
    expected = {key} if FieldRole.READS in case.fact.role else set()
    assert automations.inputs(References(target.session, None), row) == expected


class WithMore(StorageModel):
    """The language with two fields more, each one declaration."""

    heat_output: Output | None = described(
        "Receives heat.", label=("Heat", "Heat output"), example={"sensor": 1}, kind="power", direction="production"
    )
    tank_level: AnyQuantity = described("Is read.", label=("Heat", "Tank"), example="1 kWh", kind="energy")


def test_a_new_field_is_asked_for_and_written_to_by_its_declaration_alone(target: Home) -> None:
    output, level = target.sensor("house", "heat", "kW"), target.sensor("house", "level", "kWh")
    fields = WithMore.read({"heat-output": {"sensor": output}, "tank-level": {"sensor": level}})
    references = References(target.session, None)
    naming.ask_for(references, fields, {})
    assert set(references.granted) == {(Sensor, output, "create-children"), (Sensor, level, "read")}
    [received] = outputs.of_power(references, "x", fields)
    assert (received.sensor.id, received.sign) == (output, -1.0)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_what_is_no_longer_there_is_told_with_its_field(target: Home, case: Case) -> None:
    with pytest.raises(
        FieldError, match=r"there is no (sensor|asset) 999; add it first, or name another one"
    ) as refused:
        naming.ask_for(References(target.session, None), case.read(999), {case.fact.name: "asset 3 (house)"})
    assert case.fact.name in refused.value.field and "asset 3 (house)" in refused.value.owner


def test_an_incomplete_process_is_not_stored_with_a_sensor_that_is_not_there(target: Home) -> None:
    references = References(target.session, None)
    check_flex_model(references, "process", {"process-type": "SHIFTABLE"})
    with pytest.raises(FieldError, match="there is no sensor 999"):
        check_flex_model(references, "process", {"process-type": "SHIFTABLE", "sensor": 999})


@pytest.mark.parametrize("price", ["0.30EUR/kWh", "0.30 EUR/kWh", "30 ct/kWh", "300 EUR/MWh", "sensor", "old", "below"])
def test_a_price_costs_the_same_in_every_spelling(target: Home, price: str) -> None:
    sensor = target.price(0.3)
    load = target.fill(target.sensor("house", "load", "kW", consumption_is_positive=True), 2.0)
    spellings = {"sensor": {"consumption-price": {"sensor": sensor}}, "old": {"consumption-price-sensor": sensor}}
    context = spellings.get(price, {"consumption-price": price})
    if price == "below":
        target.assets["house"].flex_context, context = {"consumption_price": {"sensor": sensor}}, {}
    device = [{"sensor": target.sensor("house", "pump", "kW"), "consumption-capacity": "0 kW"}]
    planned = target.plan("house", device, {**context, "inflexible-consumption": [{"sensor": load}]})
    assert sum(planned.schedule.costs.values()) == pytest.approx(4 * 2 * 0.3)


def test_a_stored_model_names_its_power_sensor_and_a_direction_tells_the_sign_of_it(target: Home) -> None:
    power = target.sensor("house", "power", "kW")
    target.assets["house"].flex_model = {"sensor": power, "consumption": {"sensor": power}, "power_capacity": "2 kW"}
    assembled = target.read("house", [], PRICE)
    assert [(output.sensor.id, output.sign, output.part) for output in assembled.outputs] == [(power, 1.0, "both")]
    closer = target.read("house", [{"asset": target.assets["house"].id, "power-capacity": "1 kW"}], PRICE)
    assert closer.site.devices[0].ports[0].consumption_limit.max() == 1.0


def test_a_stored_power_sensor_that_is_gone_stops_the_plan_and_not_the_look_at_the_config(target: Home) -> None:
    house = target.assets["house"]
    house.flex_model = {"sensor": 999, "power-capacity": "2 kW"}
    [model] = flex_config.models(References(target.session, None), [house], [])
    assert (model.sensor, model.effective.fields["sensor"]) == (None, 999)
    with pytest.raises(FieldError, match=rf"asset {house.id} \(house\): sensor: there is no sensor 999"):
        target.read("house", [], PRICE)
