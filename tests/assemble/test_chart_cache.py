"""Charts that were read before are found again for as long as they may be."""

import numpy as np

from app.assemble import chart_cache
from app.assemble.chart_cache import ChartCache, KnownCharts
from tests.components.samples import chart, trace


def known(values: int, at: float) -> KnownCharts:
    return KnownCharts([chart(trace(np.ones(values)))], 0, 100, at)


def test_charts_are_found_for_a_part_of_their_time_until_they_are_old(monkeypatch):
    cache, now = ChartCache(), [1000.0]
    monkeypatch.setattr(chart_cache, "monotonic", lambda: now[0])
    kept = known(5, now[0])
    cache.keep("a", kept)
    assert cache.find("a", 10, 90) is kept.charts
    assert cache.find("a", 10, 101) is None
    assert cache.find("b", 10, 90) is None
    now[0] += chart_cache.PATIENCE
    assert cache.find("a", 10, 90) is None


def test_what_was_asked_for_longest_ago_gives_way(monkeypatch):
    monkeypatch.setattr(chart_cache, "monotonic", lambda: 0.0)
    cache = ChartCache(most=25)
    for key in ("a", "b"):
        cache.keep(key, known(10, 0.0))
    assert cache.find("a", 0, 1)
    cache.keep("c", known(10, 0.0))
    assert [key for key in "abc" if cache.find(key, 0, 1)] == ["a", "c"]
    cache.keep("d", known(100, 0.0))
    assert cache.find("d", 0, 1) is None
