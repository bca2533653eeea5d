"""The fields: every one explained in one place, unknown ones refused, contradictions named."""

import pytest

from engine.devices.process import ProcessType
from engine.errors import FieldError, UnitError, UnknownName
from engine.flex.commodity import CommitmentModel, CommodityContext
from engine.flex.context import FlexContext
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel, read_devices

MODELS = [StorageModel, CommodityContext, FlexContext, ProcessModel, CommitmentModel]
FACTS = [
    (model, fact) for model in MODELS for fact in model.facts() if (model, fact.name) != (FlexContext, "commodity")
]
DOCUMENTED = {
    StorageModel: "sensor asset commodity consumption production state-of-charge soc-at-start soc-unit soc-min soc-max "
    "soc-minima soc-maxima soc-targets soc-gain soc-usage charging-efficiency discharging-efficiency "
    "roundtrip-efficiency storage-efficiency prefer-charging-sooner prefer-curtailing-later power-capacity "
    "consumption-capacity production-capacity operation-modes group coupling coupling-coefficient "
    "inflexible-consumption inflexible-production",
    FlexContext: "commodity commodities consumption-price production-price consumption-price-sensor "
    "production-price-sensor site-power-capacity site-consumption-capacity site-production-capacity "
    "site-consumption-breach-price site-production-breach-price site-peak-consumption site-peak-production "
    "site-peak-consumption-price site-peak-production-price soc-minima-breach-price soc-maxima-breach-price "
    "consumption-breach-price production-breach-price relax-constraints relax-soc-constraints "
    "relax-site-capacity-constraints relax-capacity-constraints commitments inflexible-consumption "
    "inflexible-production inflexible-device-sensors aggregate-consumption aggregate-production aggregate-power",
    ProcessModel: "power duration process-type time-restrictions optimization-direction",
    CommitmentModel: "name baseline up-price down-price commodity sensors group",
}


@pytest.mark.parametrize("model", DOCUMENTED)
def test_every_documented_field_is_there(model):
    assert set(DOCUMENTED[model].split()) <= {fact.name for fact in model.facts()}


@pytest.mark.parametrize(("model", "fact"), FACTS, ids=[f"{m.__name__}.{f.name}" for m, f in FACTS])
def test_every_field_is_explained_and_its_example_works(model, fact):
    assert fact.meaning.endswith(".")
    needed = {
        ProcessModel: {"power": "1 kW", "duration": "PT1H"},
        CommitmentModel: {"name": "bid", "baseline": "1 kW", "up-price": "1 EUR/kWh"},
    }.get(model, {})
    needed = {} if fact.name == "power-profile" else needed
    assert model.read({**needed, fact.name: fact.example}) is not None


@pytest.mark.parametrize(
    ("model", "raw", "error", "way_out"),
    [
        (StorageModel, {"soc-mun": 3}, UnknownName, "did you mean 'soc-min'"),
        (FlexContext, {"consumption-prize": "1 EUR/kWh"}, UnknownName, "did you mean 'consumption-price'"),
        (StorageModel, {"soc-min": "3 kW"}, UnitError, "soc-min: '3 kW' cannot be written in kWh"),
        (StorageModel, {"roundtrip-efficiency": "90%", "charging-efficiency": "95%"}, FieldError, "not both"),
        (StorageModel, {"operation-modes": [{}]}, FieldError, "a mode needs"),
        (StorageModel, {"group": {}}, FieldError, "name the group by"),
        (StorageModel, {"soc_min": 1, "soc-min": 2}, FieldError, "given twice"),
        (StorageModel, {"inflexible-consumption": {"sensor": 1}, "inflexible-production": {"sensor": 2}}, FieldError,
         "either fixed"),
        (FlexContext, {"consumption-price": "1 EUR/kW"}, UnitError, "cannot be written in EUR/kWh"),
        (FlexContext, {"consumption-price": "1 EUR/kWh", "production-price": "1 USD/kWh"}, FieldError, "one currency"),
        (FlexContext, {"consumption-price-sensor": 1, "relax-constraints": True}, FieldError, "it needs"),
        (FlexContext, {"inflexible-device-sensors": [1], "inflexible-production": [{"sensor": 2}]}, FieldError,
         "cannot be mixed"),
        (FlexContext, {"inflexible-consumption": [{"sensor": 2}, {"sensor": 2}]}, FieldError, "named twice"),
        (FlexContext, {"commodity": "gas"}, FieldError, "about electricity"),
        (FlexContext, {"commodities": [{"commodity": "gas"}, {"commodity": "gas"}]}, FieldError, "described twice"),
        (FlexContext, {"commitments": [{"name": "a", "baseline": "1 kW"}]}, FieldError, "binds nothing"),
        (FlexContext, {"commitments": [{"baseline": "1 kW", "up-price": "1 EUR/kWh"}]}, FieldError, "needs a name"),
        (ProcessModel, {"power": "1 kW"}, FieldError, "how long it runs"),
        (ProcessModel, {"power": "1 kW", "duration": "PT1H", "process-type": "FLEXIBLE"}, FieldError, "process-type"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_the_field(model, raw, error, way_out):
    with pytest.raises(error, match=way_out):
        model.read(raw)


def test_other_spellings_are_read():
    assert StorageModel.read({"soc_min": "1 kWh", "consumption-limit": "3 kW"}).consumption_capacity is not None
    work = ProcessModel.read(
        {"power": "1 kW", "duration": "PT1H", "process-type": "SHIFTABLE", "optimization-sense": "MAX"}
    )
    assert (work.process_type, work.optimization_direction) == (ProcessType.SHIFTABLE, "MAX")


@pytest.mark.parametrize(
    ("fields", "soc", "site"),
    [
        ({}, True, True),
        ({"relax-constraints": False}, False, False),
        ({"relax-constraints": False, "relax-soc-constraints": True}, True, False),
        ({"relax-site-capacity-constraints": False}, True, False),
        ({"consumption-price-sensor": 1}, False, False),
    ],
)
def test_relaxing_is_the_default_and_each_part_can_differ(fields, soc, site):
    context = FlexContext.read(fields)
    assert (context.relaxes_soc, context.relaxes_site) == (soc, site)


def test_a_list_is_one_context_per_commodity():
    context = FlexContext.read_any([{"commodity": "gas"}, {"consumption-price": "1 EUR/kWh"}])
    assert [each.commodity for each in context.contexts] == ["electricity", "gas"]
    assert context.all_currencies == {"EUR"}


def test_bare_energies_are_in_the_unit_of_the_sensor():
    assert StorageModel.read({"soc-unit": "kWh"}).bare_unit("MW") == "kWh"
    assert StorageModel.read({}).bare_unit("kW") == "kW*h"
    assert StorageModel.read({}).bare_unit(None) == "MWh"


@pytest.mark.parametrize(
    ("model", "raw", "reason"),
    [
        (StorageModel, {"soc-at-start": 3}, "belongs to a request"),
        (StorageModel, {"soc-targets": [{"value": 3, "datetime": "2026-03-02T07:00Z"}]}, "timed events"),
        (FlexContext, {"consumption-price": "1 EUR/kWh"}, "stored as a sensor"),
        (FlexContext, {"commitments": [{"name": "a", "baseline": [], "up-price": "1 EUR/kWh"}]}, "timed events"),
    ],
)
def test_some_fields_are_not_for_storing(model, raw, reason):
    with pytest.raises(FieldError, match=reason):
        model.read(raw).refuse_unstorable()
    FlexContext.read({"consumption-price": {"sensor": 1}, "site-power-capacity": "9 kW"}).refuse_unstorable()


def test_a_flex_model_is_one_device_or_several():
    assert len(read_devices({"sensor": 1})) == 1
    assert [each.sensor for each in read_devices([{"sensor": 1}, {"sensor": 2}])] == [1, 2]
