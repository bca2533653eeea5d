"""The whole flex language against a program of its own: as people write it, read and planned as the API does it.

The reference reads the same texts anew and decides everything with whole numbers; see ``reading`` and ``reference``.
"""

import shutil
from collections.abc import Iterator

import pytest

from db.core.database import Database
from engine.flex.commodity import CommitmentModel, CommodityContext
from engine.flex.context import FlexContext
from engine.flex.parts import (
    CopAtTemperature,
    EfficiencyAtPower,
    OperationMode,
    PeakBand,
    PowerAtEnergy,
    WearAtDepth,
    WearAtPower,
)
from engine.flex.process import ProcessModel
from engine.flex.storage import StorageModel
from tests.assemble.homes import Home
from tests.effort import effort
from tests.language.calling import calls, unlimited
from tests.language.comparing import compared
from tests.language.extras import draw_whole
from tests.language.pool import Pool, furnished

AT_ONCE = 20
FINE = ("equal", "better", "worse within its gap", "infeasible", "infeasible, no repair named", "physics gives way")
ELSEWHERE = {
    # outputs, which have no cost
    "set-point", "set-point-mode", "consumption-headroom", "production-headroom", "consumption-headroom-energy",
    "production-headroom-energy", "aggregate-consumption-headroom", "aggregate-production-headroom",
    "consumption", "production", "aggregate-consumption", "aggregate-production", "aggregate-power",
    # what no single problem of least cost says: other tests look at it
    "started", "growing-steps", "hedge-for", "stay-with-plan", "terminal-value",
    # older spellings
    "consumption-price-sensor", "production-price-sensor", "inflexible-device-sensors",
}  # fmt: skip


@pytest.fixture(scope="module")
def pool(sqlite_template, tmp_path_factory) -> Iterator[Pool]:
    file = tmp_path_factory.mktemp("language") / "flexscope.db"
    shutil.copy(sqlite_template, file)
    database = Database(f"sqlite:///{file}")
    with database.writing() as session:
        yield furnished(Home(session))
    database.close()


@pytest.mark.parametrize("first", range(0, effort(80, 2000), AT_ONCE))
def test_random_sites_cost_what_the_reference_says(pool, first):
    verdicts = {seed: compared(draw_whole(seed, pool), pool) for seed in range(first, first + AT_ONCE)}
    assert {seed: each for seed, each in verdicts.items() if each.verdict not in FINE} == {}
    assert sum(each.verdict == "equal" for each in verdicts.values()) >= AT_ONCE / 2


@pytest.mark.parametrize("first", range(0, effort(20, 400), AT_ONCE))
def test_a_call_for_what_is_left_can_be_followed(pool, first):
    """By the device's own power: what the rest of the site leaves it later is not promised."""
    cases = [case for seed in range(first, first + AT_ONCE) for case in calls(unlimited(draw_whole(seed, pool)), pool)]
    assert len(cases) >= AT_ONCE and [case for case in cases if not case.followed] == []


def names_in(written):
    """Give the name of every field in a request."""
    if isinstance(written, dict):
        for name, value in written.items():
            yield name
            yield from names_in(value)
    elif isinstance(written, list):
        for each in written:
            yield from names_in(each)


def test_every_field_is_drawn(pool):
    drawn = [draw_whole(seed, pool) for seed in range(200)]
    seen = {name for each in drawn for name in names_in([*each.model, each.context])}
    parts = (
        CommitmentModel,
        OperationMode,
        CopAtTemperature,
        PowerAtEnergy,
        EfficiencyAtPower,
        WearAtPower,
        WearAtDepth,
        PeakBand,
    )
    kinds = (StorageModel, ProcessModel, FlexContext, CommodityContext, *parts)
    known = {fact.name for kind in kinds for fact in kind.facts()}
    assert known - seen - ELSEWHERE == set()
    assert seen.isdisjoint(ELSEWHERE) and known >= ELSEWHERE
