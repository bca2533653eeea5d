"""Sites with edits, their key figures, and the sentences of a choice."""

import re
from dataclasses import asdict, replace
from datetime import UTC

import numpy as np
import pytest

from engine.explain.best_cost.replanning import Replanning, names_to_ask
from engine.explain.changes.edits import Pin, PriceEdit, SiteEdits
from engine.explain.changes.key_figures import key_figures
from engine.explain.choices import explain_choice
from engine.explain.sentences import choice_sentences
from engine.packing import pack, unpack
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.engine.explain import cold
from tests.engine.explain.test_choices import target
from tests.engine.explain.test_plans_in_words import evening
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import site, store

EDITS = {
    "limit": SiteEdits(limits={"battery 0.consumption-capacity": 1.0}),
    "price": SiteEdits(prices=(PriceEdit(factor=1.5, more=0.01, first=2, last=5),)),
    "load": SiteEdits(loads={"load": 1.2}),
    "stored": SiteEdits(stored={"battery 0": 4.0}),
    "pin": SiteEdits(pins=(Pin(port="battery 0", first=1, last=2, power=1.0),)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_every_control_changes_the_cost_and_back_gives_the_first_one(edit):
    given = draw("plain", 3)
    before, after = (StorageScheduler().compute(each).cost for each in (given, EDITS[edit].on(given)))
    assert after != pytest.approx(before, abs=1e-6)
    neutral = SiteEdits(limits={"battery 0.soc-max": 0.0}, prices=(PriceEdit(),), loads={"load": 1.0})
    assert neutral.on(given) is given


def test_a_pinned_power_is_kept_and_priced_like_the_choice_of_it():
    given = draw("plain", 3)
    power = StorageScheduler().compute(EDITS["pin"].on(given)).power["battery 0"]
    assert power[1] == pytest.approx(1.0)
    extra = StorageScheduler().compute(EDITS["pin"].on(given)).cost - cold.cost(given)
    plan = Replanning(given, ("battery 0",))
    asked = explain_choice(plan, "battery 0", 1, asked=1.0, with_prices=False).others[-1]
    assert asked.extra_cost == pytest.approx(extra, abs=1e-6)


def test_pins_can_be_packed_with_their_site():
    pinned = EDITS["pin"].on(draw("plain", 3))
    assert StorageScheduler().compute(unpack(pack(pinned))).cost == StorageScheduler().compute(pinned).cost


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        (SiteEdits(limits={"car.soc-max": 1.0}), "no limit called car.soc-max"),
        (SiteEdits(limits={"soc": 1.0}), "limits.soc: The site has no limit called soc"),
        (
            SiteEdits(prices=(PriceEdit(commodity="gas", more=1.0),)),
            "prices[0].commodity: gas is not bought at this site",
        ),
        (SiteEdits(loads={"x": 2.0}), "loads.x: there is no 'x'; name load"),
        (SiteEdits(stored={"x": 2.0}), "stored.x: there is no 'x'; name battery 0"),
        (SiteEdits(pins=(Pin(port="load", first=0, last=1, power=1.0),)), "'load' is not planned here; name battery 0"),
        (SiteEdits(pins=(Pin(port="battery 0", first=0, last=99, power=1.0),)), "steps 0 to 99 are not within"),
    ],
)
def test_edits_of_what_is_not_there_are_refused(edits, says):
    with pytest.raises(Exception, match=re.escape(says)):
        edits.on(draw("plain", 3))


def test_key_figures_of_a_battery_that_sells_in_the_evening():
    figures = key_figures(*evening())
    assert figures.imported == pytest.approx(12.0)
    assert figures.exported == pytest.approx(12.0)
    assert (figures.peak_import, figures.peak_export) == (pytest.approx(4.0), pytest.approx(4.0))
    assert figures.cycles == {"battery": pytest.approx(12 / 14)}
    assert figures.self_consumption is None and figures.emissions is None
    sunny = draw("plain", 0)
    sun = replace(sunny, devices=(replace(sunny.devices[-1], power=np.full(sunny.window.n, -3.0)),))
    alone = key_figures(sun, StorageScheduler().compute(sun))
    assert alone.self_consumption == pytest.approx(0.0)


def test_every_number_of_the_sentences_is_one_of_the_answer():
    given, _ = evening()
    plan = Replanning(given, names_to_ask(given, "battery"))
    choice = explain_choice(plan, "battery", 12, asked=1.0)
    text = " ".join(choice_sentences(choice, given.window, UTC, "EUR"))
    assert "At Wed 12:00 battery runs at 4 kW in the cheapest plan" in text
    numbers = {abs(number) for number in _numbers(asdict(choice))} | set(np.abs(choice.curve.as_good)) | {0.001, 100.0}
    told = re.sub(r"[A-Z][a-z]{2} \d\d:\d\d", "", text)
    for written in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", told):
        digits = len(written.partition(".")[2])
        assert any(abs(abs(float(written)) - number) <= 0.51 * 10.0**-digits for number in numbers), (written, text)


def _numbers(part):
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list | tuple):
        return [number for each in part for number in _numbers(each)]
    return [float(part)] if isinstance(part, float | int) and np.isfinite(part) else []


def test_a_car_that_may_charge_at_any_time_is_told_so():
    given = site(store(soc_targets=target(6.0)))
    choice = explain_choice(Replanning(given, ("car",)), "car", 3)
    text = " ".join(choice_sentences(choice, given.window, UTC, "EUR"))
    assert "Any power from 0 to 4 kW here is equally good." in text
