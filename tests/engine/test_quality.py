"""What looks wrong is found, and what merely looks unusual is not."""

from datetime import timedelta

import numpy as np
import pytest

from engine.series.quality import oddities

STEP = timedelta(minutes=15)
STEP_US = 900_000_000
N = 672
EVENTS = np.arange(N, dtype=np.int64) * STEP_US
RNG = np.random.default_rng(7)
LOAD = 5 + 3 * np.sin(np.arange(N) / 96 * 2 * np.pi) + RNG.normal(0, 0.3, N)


def kinds(values: np.ndarray, events: np.ndarray = EVENTS) -> list[str]:
    return [each.kind for each in oddities(events, values, step=STEP)]


def test_an_ordinary_week_has_nothing_odd() -> None:
    assert kinds(LOAD) == []


def test_a_sunny_week_is_dark_at_night() -> None:
    assert kinds(np.maximum(4 * np.sin(np.arange(N) / 96 * 2 * np.pi) + RNG.normal(0, 0.1, N), 0)) == []


def test_a_tariff_that_never_changes_stands_still_by_nature() -> None:
    assert kinds(np.full(N, 0.25)) == []


def test_a_charger_that_switches_is_no_spike() -> None:
    assert "spike" not in kinds(np.where(np.arange(N) % 96 < 20, 11.0, 0.0) + RNG.normal(0, 0.01, N))


def test_a_gap_is_told_with_its_length() -> None:
    keep = np.ones(N, bool)
    keep[100:140] = False
    [gap] = oddities(EVENTS[keep], LOAD[keep], step=STEP)
    assert (gap.kind, gap.start_us, gap.size) == ("gap", 100 * STEP_US, 40)


def test_a_meter_that_stands_still_is_told() -> None:
    stuck = LOAD.copy()
    stuck[200:260] = stuck[200]
    [found] = oddities(EVENTS, stuck, step=STEP)
    assert (found.kind, found.start_us, found.size) == ("flatline", 200 * STEP_US, 60)


@pytest.mark.parametrize("at", [1, 300, N - 2])
def test_a_spike_is_told_with_its_height(at: int) -> None:
    odd = LOAD.copy()
    odd[at] = 500.0
    [found] = oddities(EVENTS, odd, step=STEP)
    assert (found.kind, found.start_us) == ("spike", at * STEP_US) and found.size > 480


@pytest.mark.parametrize(("factor", "at"), [(1000.0, 240), (0.001, 480)])
def test_another_unit_is_told_with_its_factor_and_about_where(factor: float, at: int) -> None:
    odd = LOAD.copy()
    odd[at:] *= factor
    jumps = [each for each in oddities(EVENTS, odd, step=STEP) if each.kind == "unit-jump"]
    assert len(jumps) == 1 and 0.4 < jumps[0].size / factor < 2.5
    assert abs(jumps[0].start_us / STEP_US - at) <= 24


def test_a_level_that_doubles_is_another_machine_not_another_unit() -> None:
    assert "unit-jump" not in kinds(np.where(np.arange(N) < 300, LOAD, LOAD * 2))


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_short_series_are_too_short_to_judge(n: int) -> None:
    assert kinds(LOAD[:n], EVENTS[:n]) == []
