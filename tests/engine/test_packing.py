"""What a schedule was made from comes back from its bytes as it was, and gives the same schedule to the last digit."""

import json
import zlib
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np
import pytest

from engine.errors import Infeasible
from engine.packing import FORMER, MARK, PackingError, _classes, pack, unpack
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.solve import budget
from engine.testing import sample_site
from tests.effort import effort
from tests.engine.scheduling import random_sites


@dataclass(frozen=True)
class Windmill:
    """A device of a plugin."""

    name: str = "mill"


@pytest.mark.parametrize("kind", random_sites.KINDS)
@pytest.mark.parametrize("scheduler", [StorageScheduler(), ProcessScheduler(), StorageFallbackScheduler()])
def test_the_same_schedule_comes_out_to_the_last_digit(kind, scheduler, monkeypatch):
    # Unless patience with a search ends by the clock: what is proven until then differs from run to run.
    monkeypatch.setattr(budget, "EXACT", np.inf)
    for seed in range(effort(1, 4)):
        site = random_sites.draw(kind, seed)
        content = unpack(pack({"site": site, "scheduler": scheduler}))
        try:
            first = scheduler.compute(site)
        except Infeasible as refused:
            with pytest.raises(Infeasible) as again:
                content["scheduler"].compute(content["site"])
            assert str(again.value) == str(refused)
            continue
        again = content["scheduler"].compute(content["site"])
        assert (again.costs, again.status, again.window) == (first.costs, first.status, first.window)
        for told in ("power", "soc", "shadow_prices", "storage_values", "limit_shadow_prices"):
            before, after = getattr(first, told), getattr(again, told)
            assert before.keys() == after.keys()
            assert all(np.array_equal(before[name], after[name], equal_nan=True) for name in before)


def test_plain_data_keep_their_kinds():
    content = {"none": None, "yes": True, "int": 3, "float": 3.0, "inf": np.inf, "list": [1, (2.5, "a")], 0.9: {}}
    back = unpack(pack({**content, "nan": np.array([np.nan, 1.0]), "flags": np.array([True, False])}))
    assert {name: back[name] for name in content} == content
    assert type(back["float"]) is float and type(back["int"]) is int
    assert np.isnan(back["nan"][0]) and back["flags"].dtype == bool


def test_a_day_of_a_battery_takes_a_thousand_bytes():
    assert len(pack(sample_site())) < 1200


@pytest.mark.parametrize("part", [Windmill(), object(), np.array(["text"]), 2j])
def test_what_is_none_of_the_engine_is_refused(part):
    with pytest.raises(PackingError, match="kept with a schedule"):
        pack(replace(sample_site(), additions=(part,)))


def test_what_was_not_packed_here_is_refused():
    whole = pack(sample_site())
    for broken in (b"", b"PK" + whole, whole[:-20], MARK + b"x" * 50, whole[:30] + b"\0" * 9 + whole[39:]):
        with pytest.raises(PackingError):
            unpack(broken)
    for unknown in ({"of": "Popen", "with": {"args": "ls"}}, {"enum": ["ProcessType", "NEVER"]}, {"code": 1}):
        with pytest.raises(PackingError):
            unpack(pack_plain(unknown))


def test_what_was_packed_under_former_names_is_still_read():
    soft = unpack(pack_plain({"of": "SoftLimit", "with": {"limit": 3.0, "highest_price": 2.0, "each_price": 0.5}}))
    assert (soft.limit, soft.highest_price, soft.hourly_price) == (3.0, 2.0, 0.5)
    for kind in _classes().values():
        assert not is_dataclass(kind) or FORMER.keys().isdisjoint(field.name for field in fields(kind))


def pack_plain(head):
    """Return bytes whose structure is what somebody else wrote."""
    told = json.dumps(head).encode()
    return MARK + zlib.compress(np.array([2, len(told)], dtype="<u4").tobytes() + b"[]" + told)
