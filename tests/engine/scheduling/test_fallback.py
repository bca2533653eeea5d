"""The plain plan: towards the first target, then at rest."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.site import Status
from tests.engine.scheduling.checker import check_storage
from tests.engine.scheduling.samples import at, bumped, site, store


def plan(device, **fields):
    return StorageFallbackScheduler().compute(site(device, **fields))


def test_it_charges_to_an_unreachable_target_and_says_that_it_is_plain():
    schedule = plan(store(soc_targets=at(5, 30.0)), load=bumped(200.0, 0, 3))
    assert schedule.status is Status.FALLBACK
    np.testing.assert_allclose(schedule.soc["car"][:9], [2, 6, 10, 14, 18, 22, 26, 30, 30])


def test_it_discharges_to_a_lower_target_with_losses():
    device = store(soc_at_start=20.0, discharger=4.0, soc_targets=at(5, 10.0), storage_efficiency=0.99)
    device = replace(device, ports=(replace(device.ports[0], discharging_efficiency=0.8, charging_efficiency=0.9),))
    schedule = plan(device)
    check_storage(replace(device, soc_targets=None), schedule, 24, 1.0)
    # Two hours of 5 kWh each, then 22 hours of rest with its losses.
    assert schedule.soc["car"][-1] == pytest.approx(10.0 * 0.99**22, rel=1e-6)


@pytest.mark.parametrize("fields", [{}, {"soft_minima": SoftBound(at=at(4, 1.0))}])
def test_it_rests_without_a_target_that_asks_for_more(fields):
    assert not plan(store(**fields)).power["car"].any()


def test_the_first_of_several_targets_counts():
    schedule = plan(store(soft_minima=SoftBound(at=at(9, 30.0)), soc_targets=at(3, 10.0)))
    assert schedule.soc["car"][-1] == pytest.approx(10.0)
