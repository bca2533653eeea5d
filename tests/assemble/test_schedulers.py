"""Who plans: ours, another solver, a scheduler of the asset's choice, a plain one where no plan exists."""

from importlib.metadata import EntryPoint

import pytest

from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.schedule import Rules
from app.settings.settings import load
from db.sources import Source
from engine import plugins
from engine.errors import FieldError, Infeasible, UnknownPlugin
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.assemble.homes import KNOWN_AT, QUARTER

MODEL = {"soc-at-start": 2, "soc-min": "1 kWh", "soc-max": "10 kWh", "power-capacity": "2 kW"}
TARGET = [{"value": 10, "datetime": "2030-01-14T02:00Z"}]  # 8 kWh in two hours at 2 kW
HARD = {"consumption-price": "0.3 EUR/kWh", "relax-constraints": False}


@pytest.fixture
def battery(home):
    home.asset("battery")
    return home.sensor("battery", "power", "kW", QUARTER, consumption_is_positive=True)


def plan(home, model, context, rules=schedule.USUAL):
    return schedule.run(
        References(home.session, None), home._request("battery", [model], context), known_at=KNOWN_AT, rules=rules
    )


def test_target_out_of_reach_is_refused_with_a_way_out(home, battery):
    with pytest.raises(Infeasible) as refused:
        plan(home, {"sensor": battery, **MODEL, "soc-targets": TARGET}, HARD)
    assert "battery" in str(refused.value) and refused.value.clashing
    assert home.stored(battery) == {}


def test_plain_plan_is_a_source_of_its_own(home, battery):
    done = plan(home, {"sensor": battery, **MODEL, "soc-targets": TARGET}, HARD, Rules(fallback=True))
    assert done.scheduler == "StorageFallbackScheduler" and len(done.warnings) == 1
    assert list(home.stored(battery).values())[:8] == [2.0] * 8
    source = home.session.get(Source, done.source_id)
    assert (source.model, done.schedule.status.value) == ("StorageFallbackScheduler", "fallback, not optimised")


def test_another_solver_plans_the_same_site(home, battery, solver):
    # With choices in it: a process, operation modes, and prices at which giving earns more than taking costs.
    home.asset("work", "process")
    session = home.sensor("work", "power", "kW", QUARTER, consumption_is_positive=True)
    context = {"consumption-price": {"sensor": home.price([0.1, 0.4, 0.2, 0.5] * 6)}, "site-power-capacity": "4 kW",
               "production-price": "0.3 EUR/kWh"}  # fmt: skip
    modes = {"operation-modes": [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["1 kW", "2 kW"]},
                                 {"production-range": ["1 kW", "2 kW"]}]}  # fmt: skip
    models = [{"sensor": battery, **MODEL, **modes},
              {"sensor": session, "power": "3 kW", "duration": "PT1H", "process-type": "SHIFTABLE"}]  # fmt: skip
    request = home._request("battery", models, context)
    costs = [
        schedule.compute(
            References(home.session, None), request, known_at=KNOWN_AT, rules=Rules(solver=name)
        ).schedule.cost
        for name in ("highspy", solver)
    ]
    assert costs[0] == pytest.approx(costs[1], abs=1e-6)


def test_settings_say_which_solver_and_how_long_it_may_take(tmp_path):
    given = {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXMEASURES_LP_SOLVER": "appsi_highs",
             "FLEXMEASURES_LP_SOLVER_OPTIONS": "{'time_limit': 20, 'mip_rel_gap': 0.01}"}  # fmt: skip
    rules = schedule.rules(load(given))
    assert (rules.solver, rules.time_limit, rules.gap) == ("appsi_highs", 20, 0.01)
    with pytest.raises(FieldError, match="FLEXMEASURES_LP_SOLVER_OPTIONS: 'time_limt': 20 is not"):
        load({**given, "FLEXMEASURES_LP_SOLVER_OPTIONS": "{'time_limt': 20}"})


def test_asset_may_choose_among_installed_schedulers(home, battery):
    home.assets["battery"].attributes = {
        "custom-scheduler": {"module": "anything", "class": "StorageFallbackScheduler"}
    }
    assert plan(home, {"sensor": battery, **MODEL}, HARD).scheduler == "StorageFallbackScheduler"
    home.assets["battery"].attributes = {"custom-scheduler": "StorageSchedular"}
    with pytest.raises(UnknownPlugin, match="did you mean 'StorageScheduler'"):
        plan(home, {"sensor": battery, **MODEL}, HARD)


class Derived(StorageScheduler):
    """A scheduler of a plugin that plans as ours does."""


def test_a_scheduler_derived_from_ours_has_no_longer_than_ours(home, battery, monkeypatch):
    point = EntryPoint("Derived", "tests.assemble.test_schedulers:Derived", "flexscope.schedulers")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    plugins.known.cache_clear()
    home.assets["battery"].attributes = {"custom-scheduler": "Derived"}
    context = {"consumption-price": {"sensor": home.price([0.1, 0.3, 0.2, 0.4] * 6)}}
    rules = schedule.Rules(solver="highspy", time_limit=3.0, gap=0.01)
    request = home._request("battery", [{"sensor": battery, **MODEL}], context)
    made = schedule.prepare(References(home.session, None), request, known_at=KNOWN_AT, rules=rules).scheduler
    plugins.known.cache_clear()
    assert type(made).__name__ == "Derived" and (made.time_limit, made.gap) == (3.0, 0.01)


def test_start_outside_the_bounds_is_brought_back(home, battery):
    done = plan(home, {"sensor": battery, **MODEL, "soc-at-start": "0.8 kWh"}, HARD)
    assert done.schedule.soc["battery"][0] == 0.8 and done.schedule.soc["battery"][1:].min() >= 1.0
