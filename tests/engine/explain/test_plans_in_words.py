"""Facts of a schedule in words, and which input made a plan another one."""

from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np
import pytest

from engine.errors import TimedOut
from engine.explain.changes.change_sentences import change_sentences
from engine.explain.changes.changed_inputs import changed_inputs
from engine.explain.headlines import headlines
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.schedulers.uncontrolled import uncontrolled_schedule
from engine.series.window import Window
from engine.solve.budget import Budget
from engine.tariffs import EnergyTariff
from tests.engine.explain import cold
from tests.engine.explain.test_choices import target
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import DAY, site, store


def evening():
    """Return a battery that buys four cheap hours at noon and sells in the evening, and its plan."""
    buy = np.full(24, 0.20)
    buy[11:15], buy[18:21] = 0.10, 0.40
    battery = store("battery", charger=4.0, discharger=4.0, soc_at_start=2.0, soc_max=14.0, soc_min=2.0)
    given = site(battery, buy=buy, sell=buy, load=np.zeros(24))
    return given, StorageScheduler().compute(given)


def test_the_headlines_of_a_battery():
    given, plan = evening()
    sentences = [fact.sentence(UTC, "EUR") for fact in headlines(given, plan, {"sunset": DAY.moment(18)})]
    assert "battery charges Wed 11:00–14:00 at 0.1 EUR/kWh (12 kWh)." in sentences
    assert "battery discharges Wed 18:00–21:00 at 0.4 EUR/kWh (12 kWh)." in sentences
    assert "battery is full at Wed 14:00 (14 kWh)." in sentences
    assert "battery holds 100 % (14 kWh) at sunset (Wed 18:00)." in sentences


def test_energy_is_priced_as_it_changes_the_bill():
    buy, sell = np.linspace(0.2, 0.4, 24), np.full(24, 0.05)
    given = site(store("battery"), buy=buy, sell=sell, load=np.full(24, 3.0))
    power = np.zeros(24)
    power[[2, 20, 22]] = 1.0, -2.0, -5.0
    plan = replace(StorageScheduler().compute(given), power={"battery": power, "electricity": power + 3.0})
    facts = [fact for fact in headlines(given, plan) if fact.price is not None]
    assert [(fact.kind, fact.price) for fact in facts] == [
        ("charges", pytest.approx(buy[2])),
        ("discharges", pytest.approx(buy[20])),  # it saves what would be bought
        ("discharges", pytest.approx(sell[22])),  # two of five kW are sold beyond the load
    ]


def test_a_plan_is_compared_with_nobody_planning():
    # Without a plan the car takes its 6 kWh in the first, dearest hours; a battery rests.
    car = replace(store("car", charger=3.0, discharger=0.0, soc_at_start=0.0), soc_targets=target(6.0))
    buy = np.linspace(0.4, 0.1, 24)
    given = site(car, store("battery"), buy=buy, sell=np.zeros(24), load=np.zeros(24))
    plain = uncontrolled_schedule(given, StorageScheduler())
    assert plain is not None
    taken = plain.power["car"]
    assert taken[:2].sum() == pytest.approx(taken.sum()) and taken.sum() >= 6.0
    assert not plain.power["battery"].any() and plain.cost == pytest.approx((taken * buy).sum())
    assert StorageScheduler().compute(given).cost < plain.cost - 0.1


def test_when_a_car_is_ready_or_by_how_much_it_is_late():
    (ready,) = [fact for fact in headlines(*planned(target(6.0))) if fact.kind == "ready"]
    assert ready.energy == pytest.approx(6.0)
    late = replace(planned(target(6.0))[0].devices[0], soc_targets=target(90.0))
    given, plan = planned(target(6.0))
    (fact,) = [each for each in headlines(given.with_device(given.devices[0], late), plan) if each.kind == "late"]
    assert "84 kWh short" in fact.sentence(UTC, "EUR")


def planned(targets):
    given = site(store(soc_targets=targets))
    return given, StorageScheduler().compute(given)


def test_many_short_runs_are_told_by_the_largest():
    given, plan = evening()
    flicker = np.tile([4.0, 0.0], 12)
    facts = headlines(given, replace(plan, power={**plan.power, "battery": flicker}))
    assert sum(fact.kind == "charges" for fact in facts) == 6


@pytest.mark.parametrize("seed", range(6 if cold.LONG else 2))
def test_the_parts_of_the_inputs_add_up_to_the_difference(seed):
    old = draw("plain", seed)
    schedule = cold.EXACT.compute(old)
    new = draw("plain", seed)
    rng = np.random.default_rng(seed)
    tariff = EnergyTariff(consumption_price=rng.uniform(0.1, 0.5, old.window.n), production_price=0.05)
    devices = tuple(
        replace(each, power=each.power + 0.5)
        if each.load is not None
        else replace(each, soc_at_start=each.soc_at_start * 0.9)
        for each in new.devices
    )
    new = replace(new, devices=devices, connections=(replace(new.connections[0], tariffs=(tariff,)),))
    if not np.isfinite(cold.cost(new)):
        return
    change = changed_inputs(old, schedule, new)
    assert change.cost == pytest.approx(cold.cost(new), abs=1e-6)
    assert change.cost - change.cost_before == pytest.approx(sum(part.cost for part in change.inputs), abs=1e-9)
    assert {part.input for part in change.inputs} <= {"prices", "forecasts", "state of charge"}
    if not change.left_out:
        assert change.cost_before == pytest.approx(cold.cost(old), abs=1e-6)


def an_hour_later():
    """What changes where the next plan begins an hour later, at other prices: cheap at 05:00 and no more at 20:00."""
    price = np.full(25, 0.2)
    price[20] = 0.1
    old = site(store(soc_targets=target(6.0)), buy=price[:24])
    window = replace(DAY, start=DAY.start + timedelta(hours=1), end=DAY.end + timedelta(hours=1))
    later = target(6.0)[1:]
    later = np.append(later, np.nan)
    new_price = price.copy()
    new_price[20], new_price[5] = 0.2, 0.05
    new = site(store(soc_targets=later), window=window, buy=new_price[1:])
    return changed_inputs(old, StorageScheduler().compute(old), new)


def test_the_input_that_changed_a_plan_an_hour_later():
    change = an_hour_later()
    (part,) = change.inputs
    assert part.input == "prices"
    # The load of 2 kW and the 4 kWh of the car get cheaper at 05:00, and dearer at 20:00.
    assert part.cost == pytest.approx(6 * (0.05 - 0.2) - 6 * (0.1 - 0.2))
    assert part.moved == pytest.approx(8.0)


def test_what_differs_an_hour_later_is_told_moment_by_moment():
    change = an_hour_later()
    # At 20:00 and 05:00, hours 19 and 4 of the new window: from 0.1 to 0.2, and from 0.2 to 0.05.
    (difference,) = change.differences
    assert (difference.about, difference.unit, difference.steps) == ("electricity consumption price", "currency/kWh", 2)
    assert (difference.before, difference.now) == (pytest.approx(0.15), pytest.approx(0.125))
    at = {move.start: (move.before, move.now, move.energy) for move in change.moves}
    assert at == {
        DAY.moment(5): (pytest.approx(0, abs=1e-6), pytest.approx(4.0), pytest.approx(4.0)),
        DAY.moment(20): (pytest.approx(4.0), pytest.approx(0, abs=1e-6), pytest.approx(-4.0)),
    }
    whole, prices = change_sentences(change, "EUR")
    assert "0.3000 EUR less than it would with all inputs as before." in whole
    assert prices.startswith(
        "The prices make it 0.3000 EUR cheaper (electricity consumption price 0.15 → 0.125 EUR/kWh"
    )


def test_a_plan_from_the_midst_of_a_step_is_compared_slot_by_slot():
    old = site(store(soc_targets=target(6.0)), buy=np.linspace(0.1, 0.3, 24))
    plan = StorageScheduler().compute(old)
    window = Window.between(DAY.start + timedelta(minutes=80), DAY.end, timedelta(hours=1))
    stored = plan.soc[old.devices[0].name]
    car = store(soc_targets=target(6.0)[1:], soc_at_start=float(stored[1] + (stored[2] - stored[1]) / 3))
    same = site(car, window=window, buy=np.linspace(0.1, 0.3, 24)[1:])
    assert changed_inputs(old, plan, same).inputs == ()
    dearer = site(car, window=window, buy=np.linspace(0.1, 0.3, 24)[1:] + 0.1)
    assert [part.input for part in changed_inputs(old, plan, dearer).inputs] == ["prices"]


def test_what_a_store_holds_is_told_beside_what_the_plan_before_foresaw():
    given, plan = planned(target(6.0))
    window = replace(DAY, start=DAY.start + timedelta(hours=1), end=DAY.end + timedelta(hours=1))
    foreseen = float(plan.soc[given.devices[0].name][1])
    car = replace(given.devices[0], soc_targets=np.append(target(6.0)[1:], np.nan), soc_at_start=foreseen - 1.5)
    change = changed_inputs(given, plan, site(car, window=window))
    (difference,) = [each for each in change.differences if each.input == "state of charge"]
    assert (difference.steps, difference.now - difference.before) == (1, pytest.approx(-1.5))
    assert any(text.startswith("The state of charge makes it") for text in change_sentences(change, "EUR"))


def test_the_same_plan_again_is_told_to_be_the_same():
    given, plan = planned(target(6.0))
    again = replace(given.devices[0], soc_at_start=given.devices[0].soc_at_start * (1 + 1e-8))  # saved and read
    change = changed_inputs(given, plan, replace(given, devices=(again, *given.devices[1:])))
    assert not change.inputs and not change.moves and change.cost == pytest.approx(change.cost_before)
    assert next(change_sentences(change, "EUR")).endswith("and neither has the plan.")


def test_no_more_inputs_are_compared_once_the_time_is_over():
    given, plan = planned(target(6.0))
    with pytest.raises(TimedOut, match="took longer than"):
        changed_inputs(given, plan, replace(given, devices=(store(soc_targets=target(5.0)),)), Budget(0.0))


def test_plans_without_time_in_common_are_refused():
    given, plan = planned(target(6.0))
    window = replace(DAY, start=DAY.end, end=DAY.end + timedelta(days=1))
    with pytest.raises(Exception, match="no time in common"):
        changed_inputs(given, plan, replace(given, window=window))
