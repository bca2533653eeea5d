"""The second solve is left out only where it could change nothing."""

import numpy as np
import pytest

from engine.scheduling.build import build
from engine.scheduling.highs_backend import Model
from engine.scheduling.preference import _all_priced, _alone, _edited
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, site, store


@pytest.mark.parametrize("alone", [_alone, lambda model, answer: _all_priced(model.arrays, answer)])
def test_a_plan_said_to_be_alone_stays_whatever_is_preferred(alone):
    rng, told = np.random.default_rng(7), []
    for kind in ("plain", "soft", "groups", "heat"):
        for seed in range(12):
            arrays = build(draw(kind, seed)).problem.arrays()
            model = Model(arrays)
            answer = model.run()
            if not answer.has_plan:
                continue
            told.append(alone(model, answer))
            if told[-1]:
                found = _edited(model, answer, rng.normal(size=arrays.width))
                np.testing.assert_allclose(found.x, answer.x, atol=1e-6)
    assert any(told)
    assert not all(told)


def test_at_one_price_the_plan_is_not_alone():
    model = Model(build(site(store(soc_targets=at(20, 10.0)))).problem.arrays())
    answer = model.run()
    assert not _alone(model, answer)
    assert not _all_priced(model.arrays, answer)
