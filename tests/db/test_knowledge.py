"""When values can be known, over clock changes too."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.beliefs.knowledge import AsOf, knowable
from engine.errors import FieldError
from engine.series.iso_time import from_us, to_us
from tests.db.samples import DAY, HOUR, MINUTE, NOON, steps
from tests.moments import within

GATE = {"days_ago": 1, "at": "12:00", "timezone": "Europe/Amsterdam"}
MOMENTS = within(2020, 2030)


@given(moments=st.lists(MOMENTS, min_size=1, max_size=8))
def test_a_market_closes_at_its_local_time_on_the_day_before(moments: list[datetime]) -> None:
    place = ZoneInfo("Europe/Amsterdam")
    found = knowable(GATE, HOUR, np.array([to_us(moment) for moment in moments]))
    for moment, gate in zip(moments, found.tolist(), strict=True):
        local = from_us(gate).astimezone(place)
        assert (local.hour, local.minute) == (12, 0)
        assert local.date() == moment.astimezone(place).date() - DAY


@pytest.mark.parametrize(
    "rule, ahead", [({"ex_post": "PT0H"}, HOUR), ({"ex_post": "-PT15M"}, 45 * MINUTE), ({"ex_ante": "P1D"}, -DAY)]
)
def test_fixed_rules_count_from_end_or_start(rule: dict[str, str], ahead: timedelta) -> None:
    events = steps(NOON, 3, HOUR)
    assert (knowable(rule, HOUR, events) - events).tolist() == [ahead // timedelta(microseconds=1)] * 3


@pytest.mark.parametrize("rule", [{}, {"ex_post": "PT0H", "at": "12:00"}, GATE | {"at": "noon"}, {"later": "P1D"}])
def test_another_rule_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(FieldError, match="knowledge-horizon"):
        knowable(rule, HOUR, steps(NOON, 1, HOUR))


def test_every_limit_counts_and_its_edge_belongs_to_it() -> None:
    events, rule = np.full(5, to_us(NOON)), {"ex_post": "PT0H"}
    times = steps(NOON - 2 * HOUR, 5, HOUR)  # 3, 2, 1, 0 and -1 hours ahead
    asked = {
        "horizon": AsOf(known_at=NOON + DAY, horizon=HOUR),
        "at_most": AsOf(known_at=NOON + DAY, at_most=HOUR),
        "since": AsOf(known_at=NOON, since=NOON - HOUR),
    }
    found = {name: as_of.allows(rule, HOUR, events, times).astype(int).tolist() for name, as_of in asked.items()}
    assert found == {"horizon": [1, 1, 1, 0, 0], "at_most": [0, 0, 1, 1, 1], "since": [0, 1, 1, 0, 0]}
