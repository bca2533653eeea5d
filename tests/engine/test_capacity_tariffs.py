"""Bills of capacity tariffs against numbers worked out by hand, over clock changes and turns of the month."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from engine.capacity_tariffs import CapacityTariff
from engine.errors import InputError
from engine.series.iso_time import Microseconds, to_us, zone

QUARTER = timedelta(minutes=15)
FLEMISH = {"price": 4.0, "least": 2.5, "months": 12, "over": "mean"}
NORWEGIAN = {"interval": "PT1H", "highest": 3, "on_different_days": True, "steps": [[2, 125], [5, 200], [10, 325]]}
RATCHET = {"price": 10.0, "months": 12, "over": "ratchet", "ratchet": 0.8}


def quarters(place: str, start: str, end: str, peaks: Mapping[str, float], base: float = 1.0) -> Any:
    """Power of a base and some peaks, each of a quarter-hour that is written in UTC."""
    first, last = (datetime.fromisoformat(day).replace(tzinfo=zone(place)).astimezone(UTC) for day in (start, end))
    starts: Microseconds = np.arange(to_us(first), to_us(last), 900_000_000, dtype=np.int64)
    power = np.full(len(starts), base)
    for moment, value in peaks.items():
        at = to_us(datetime.fromisoformat(moment).replace(tzinfo=UTC))
        power[np.searchsorted(starts, at)] = value
    return starts, power, QUARTER, zone(place)


CASES = [
    # The last quarter of September in Brussels is 21:45 UTC; the hour that October has twice counts both times.
    # September 4 kW; October the mean of 4 and 6; November of 4, 6 and the least 2.5.
    (
        FLEMISH, ("Europe/Brussels", "2026-09-01", "2026-12-01"), {"2026-09-30T21:45": 4.0, "2026-10-25T01:15": 6.0},
        [16.0, 20.0, 16.67],
    ),
    # Hours of 5, 5 and 5 kW on three days, a second one of 4.75 on one of them: a mean of 5, the end of the second
    # step; 03:00 of 29 March is the hour after the gap, and 22:00 UTC of 31 March is April: 9, 1 and 1.
    (
        NORWEGIAN, ("Europe/Oslo", "2026-03-01", "2026-05-01"),
        {"2026-03-10T07:00": 17.0, "2026-03-10T18:00": 16.0, "2026-03-20T18:30": 17.0, "2026-03-29T01:00": 17.0,
         "2026-03-31T22:00": 33.0},
        [200.0, 200.0],
    ),
    (NORWEGIAN, ("Europe/Oslo", "2026-03-01", "2026-04-01"),
     {"2026-03-10T07:00": 17.0, "2026-03-20T18:30": 17.0, "2026-03-29T01:00": 17.04}, [325.0]),
    # 100 kW in July; August pays 80 of them; September 90 of its own; in the July after the ratchet has ended.
    (
        RATCHET, ("Europe/London", "2025-07-01", "2026-08-01"), {"2025-07-31T22:45": 100.0, "2025-09-01T00:00": 90.0},
        [1000.0, 800.0, 900.0, *[800.0] * 9, 720.0],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "span", "peaks", "bills"), CASES, ids=["Flanders", "Norway", "next step", "ratchet"])
def test_bills_by_hand(rule: Any, span: tuple[str, str, str], peaks: dict[str, float], bills: list[float]) -> None:
    tariff, data = CapacityTariff.from_config(rule), quarters(span[0], *span[1:], peaks)
    monthly = tariff.monthly(*data)
    assert [round(month.cost, 2) for month in monthly] == bills
    # What accrues value by value is the same bill.
    starts, *_, place = data
    accrued = tariff.accrued(*data)
    months = [datetime.fromtimestamp(moment / 1e6, place).strftime("%Y-%m") for moment in starts.tolist()]
    sums: dict[str, float] = {}
    for month, cost in zip(months, accrued.tolist(), strict=True):
        sums[month] = sums.get(month, 0.0) + cost
    assert list(sums.values()) == pytest.approx([month.cost for month in monthly])


@pytest.mark.parametrize(
    ("rule", "demands", "free"),
    [
        ({"price": 4.0}, [9.0, 3.0], 3.0),
        (FLEMISH, [9.0, 1.0], 2.5),
        (RATCHET, [100.0, 30.0], 80.0),
        (NORWEGIAN, [3.0], 5.0),
        (NORWEGIAN, [12.0], 12.0),
    ],
)
def test_power_that_costs_no_more_than_the_month_does_already(rule: Any, demands: list[float], free: float) -> None:
    assert CapacityTariff.from_config(rule).incumbent(demands) == pytest.approx(free)


def test_a_report_reads_from_the_first_month_that_counts() -> None:
    moment = datetime(2026, 3, 30, 12, tzinfo=zone("Europe/Oslo"))
    assert CapacityTariff.from_config(FLEMISH).first_month(moment).isoformat() == "2025-04-01T00:00:00+02:00"
    assert CapacityTariff().first_month(moment).isoformat() == "2026-03-01T00:00:00+01:00"


@pytest.mark.parametrize(
    "rule",
    [{"price": -1}, {"months": 1.5}, {"highest": True}, {"over": "sum"}, {"interval": "PT25M"}, {"steps": [[1]]}, []],
)
def test_a_rule_that_cannot_be_is_refused(rule: Any) -> None:
    with pytest.raises(InputError):
        CapacityTariff.from_config(rule)
