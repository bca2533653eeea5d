"""Machine code and numpy for the path of one store: the same costs and paths, whether or not numba is installed."""

import sys
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.search.one_store import plan_store
from engine.search.paths import machine_code
from engine.solve.budget import Budget
from tests.effort import effort
from tests.engine.scheduling.any_price_sites import bent, draw


@pytest.fixture(scope="module")
def uncompiled():
    """The kernel as Python runs it where numba is missing: what is compiled is the same source."""
    names = [f"engine.search.paths.kernel{part}" for part in ("", "_segments", "_windows")] + ["engine.compiling"]
    before = {name: sys.modules.pop(name, None) for name in names}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "numba", None)  # makes its import raise ImportError
            kernel = import_module(names[0])
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    assert not kernel.COMPILED
    return kernel.loaded()


def softly(site, seed):
    """Return the site with a soft lower bound of what is stored."""
    rng, store = np.random.default_rng([93, seed]), site.devices[0]
    at = np.where(rng.random(site.window.n + 1) < 0.5, rng.uniform(0.2, 0.8) * store.soc_max, np.nan)
    return site.with_device(store, replace(store, soft_minima=SoftBound(at=at, hourly_price=0.3)))


def assert_alike(sites, kernel, monkeypatch):
    expected = [plan_store(site, Budget()) for site in sites]
    monkeypatch.setattr(machine_code.MACHINE_CODE, "kernel", kernel)
    for site, plan in zip(sites, expected, strict=True):
        again = plan_store(site, Budget())
        assert (again is None) == (plan is None)
        if plan is not None:
            assert again.cost == pytest.approx(plan.cost, rel=1e-9, abs=1e-8)
            assert again.bound == pytest.approx(plan.bound, rel=1e-9, abs=1e-8)
            np.testing.assert_allclose(again.power, plan.power, atol=1e-6)


@pytest.mark.parametrize("seed", range(effort(6, 100)))
def test_both_find_the_same_path(seed, uncompiled, monkeypatch):
    site = draw(seed)
    assert_alike([site, bent(site, seed), softly(site, seed)], uncompiled, monkeypatch)


def test_many_segments_are_made_fewer_alike(uncompiled, monkeypatch):
    assert_alike([bent(draw(seed, steps=28), seed) for seed in (3,)], uncompiled, monkeypatch)


@pytest.mark.skipif(effort(0, 1) == 0, reason="compiling takes half a minute; FLEXSCOPE_TESTS=long runs it")
def test_machine_code_does_as_its_source(monkeypatch):
    pytest.importorskip("numba")
    code = machine_code.MachineCode()
    code.load()
    sites = [change(draw(seed), seed) for seed in range(60) for change in (softly, bent)]
    assert_alike(sites, code.kernel, monkeypatch)


def test_machine_code_is_loaded_once_numpy_has_taken_a_while(monkeypatch):
    code, begun = machine_code.MachineCode(), []
    monkeypatch.setattr(code, "_load_beside", lambda: begun.append(True))
    for spent in (0.6 * machine_code.WORTHWHILE, 0.3 * machine_code.WORTHWHILE):
        code.spent(spent)
    assert not begun
    for _again in range(3):
        code.spent(machine_code.WORTHWHILE)
    assert begun == [True]
