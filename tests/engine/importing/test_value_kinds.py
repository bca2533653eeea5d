"""What values stand for: counters are differenced, states weighed by time, energies kept whatever their intervals."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.importing.intervals import in_steps, over_steps, steps_between
from engine.importing.layout import Undecided
from engine.series.iso_time import HOUR_US, to_us, zone
from tests.engine.importing.sample_files import asked, ends, read, said, starts

START = datetime(2026, 5, 11, tzinfo=UTC)


def table(head: str, rows: list[tuple[int, object]]) -> str:
    """Return CSV with minutes after the start as times."""
    lines = [f"{(START + timedelta(minutes=minute)).isoformat()},{value}" for minute, value in rows]
    return "\n".join([head, *lines])


def test_a_counter_is_recognised_and_differenced() -> None:
    reading = read(table("t,kWh", [(15 * at, f"{12345.678 + at / 10:.3f}") for at in range(96)]))
    reading.check()
    assert said(reading)["value-kind"] == "counter"
    assert reading.readings.values == pytest.approx([0.1] * 95)
    assert (reading.step, starts(reading)[0]) == (timedelta(minutes=15), "2026-05-11T00:00")
    assert any("counter" in notice for notice in reading.notices)


def test_a_head_may_say_the_unit_before_the_word() -> None:
    reading = read(table("t,kWh reading", [(30 * at, 1000 + 1.5 * at) for at in range(6)]), "kW")
    reading.check()
    assert said(reading)["value-kind"] == "counter" and said(reading)["unit"] == "kWh"
    assert reading.readings.values.tolist() == [1.5] * 5


def test_few_rising_values_may_be_a_counter_which_is_asked() -> None:
    text = table("t,kWh", [(60 * at, value) for at, value in enumerate([500, 510, 522, 529, 541])])
    assert asked(read(text)) == {"value-kind": ["counter", "per-step"]}
    with pytest.raises(Undecided, match="counter"):
        read(text).check()
    assert read(text, options={"value_kind": "counter"}).readings.values.tolist() == [10, 12, 7, 12]
    assert read(text, options={"value_kind": "per-step"}).readings.values.tolist() == [500, 510, 522, 529, 541]


def test_energies_that_rise_from_nothing_are_no_counter() -> None:
    reading = read(table("t,kWh", [(60 * at, at / 10) for at in range(24)]))
    reading.check()
    assert reading.readings.values[-1] == 2.3


def test_a_reset_counts_from_zero_and_an_exchanged_meter_leaves_a_gap() -> None:
    reset = read(table("t,Meter reading kWh", [(0, 100), (60, 101), (120, 103), (180, 1.5), (240, 2.5)]))
    assert reset.readings.values.tolist() == [1, 2, 1.5, 1]
    exchanged = read(table("t,Meter reading kWh", [(0, 9100), (60, 9101), (120, 9103), (180, 57), (240, 58)]))
    assert np.flatnonzero(np.isnan(exchanged.readings.values)).tolist() == [2]
    assert any("row 5" in notice for notice in exchanged.notices)


def test_a_state_counts_as_long_as_it_held() -> None:
    rows = [("00:00", 0), ("00:50", 3000), ("00:55", 0), ("01:30", 2000), ("05:00", 0)]
    text = "entity_id,state,last_changed\n" + "\n".join(f"p,{value},2026-05-11T{at}:00Z" for at, value in rows)
    reading = read(text, "W")
    reading.check()
    rows_read = reading.readings
    assert rows_read.ends is not None
    ticks = steps_between(int(rows_read.starts[0]), int(rows_read.ends[-1]), timedelta(hours=1), zone("UTC"))
    means, unit = in_steps((rows_read.starts, rows_read.ends), rows_read.values, ("W", "W"), ticks, level=False)
    assert (means[:5].tolist(), unit) == ([250, 1000, 2000, 2000, 2000], "W")


def test_a_total_among_states_is_a_counter() -> None:
    rows = [f"e,{1000 + at / 100:.2f},2026-05-11T{at // 4:02}:{at % 4 * 15:02}:03.5Z" for at in range(96)]
    text = "\n".join(["entity_id,state,last_changed", *rows])
    assert read(text, "kWh").readings.values == pytest.approx([0.01] * 95)
    assert asked(read(text, "kW")) == {"unit": ["kW", "kWh", "Wh"]}
    read(text, "kW", options={"unit": "kWh"}).check()


@pytest.mark.parametrize("at", [12, 40])
def test_a_counter_that_fell_is_asked_about_whatever_its_head(at: int) -> None:
    rows = [f"2026-05-{11 + i // 24} {i % 24:02}:00,{12345 + i / 2 if i < at else (i - at) / 2}" for i in range(48)]
    text = "\n".join(["time,Import kWh", *rows])
    assert asked(read(text, "kWh")) == {"value-kind": ["counter", "per-step"]}
    counted = read(text, "kWh", options={"value_kind": "counter"})
    assert counted.readings.values.sum() == pytest.approx(23)  # 47 half kWh, less that of the exchange
    halves = [f"2026-05-11 {hour:02}:00,{hour % 5}" for hour in range(24)]
    read("\n".join(["time,Import kWh", *halves]), "kWh").check()


def test_a_head_in_one_word_may_name_an_end() -> None:
    rows = [f"{at},2026-05-11T{at // 2:02}:{at % 2 * 30:02}:00Z" for at in range(1, 9)]
    reading = read("\n".join(["PvEstimate [kW],PeriodEnd", *rows]))
    reading.check()
    assert starts(reading)[0] == "2026-05-11T00:00"


def test_days_told_by_their_first_and_last_one_are_whole() -> None:
    reading = read(
        "from,to,kWh\n2026-01-01,2026-01-31,500\n2026-02-01,2026-02-28,450\n2026-03-01,2026-03-31,450", "kWh"
    )
    assert ends(reading) == ["2026-01-31T23:00", "2026-02-28T23:00", "2026-03-31T22:00"]


@pytest.mark.parametrize("minutes", [1, 5])
def test_jitter_of_seconds_is_evened_out_and_told(minutes: int) -> None:
    rows = [f"2026-05-11T{at // 60:02}:{at % 60:02}:{at * 7 % 11:02}Z,{at}" for at in range(0, 600, minutes)]
    reading = read("\n".join(["t,kW", *rows]))
    reading.check()
    assert reading.step == timedelta(minutes=minutes)
    assert any("jitter by up to 10 s" in notice for notice in reading.notices)


def test_uneven_rows_are_asked_about() -> None:
    rows: list[tuple[int, object]] = [(0, 22.1), (60, 7.5), (158, 31), (300, 10), (677, 40)]
    assert asked(read(table("t,kWh", rows), "kWh")) == {"value-kind": ["until-next", "since-previous", "counter"]}
    assert asked(read(table("t,kW", rows))) == {"value-kind": ["until-next", "readings"]}
    before = read(table("t,kWh", rows), "kWh", options={"value_kind": "since-previous"})
    assert before.readings.values.tolist() == [7.5, 31, 10, 40]
    assert (starts(before)[0], ends(before)[-1]) == ("2026-05-11T00:00", "2026-05-11T11:17")


def test_moments_of_a_sensor_without_steps_are_stored_as_they_are() -> None:
    reading = read(table("t,kW", [(0, 1), (7, 2), (31, 3)]), minutes=0)
    reading.check()
    assert reading.readings.values.tolist() == [1, 2, 3]


def test_an_end_that_is_the_last_minute_is_told() -> None:
    text = "day,from,until,kWh\n2026-05-11,00:00,00:59,1\n2026-05-11,01:00,01:59,2\n2026-05-11,02:00,02:59,3\n"
    reading = read(text, "kWh")
    assert reading.step == timedelta(hours=1)


def test_times_from_one_step_after_midnight_to_midnight_are_asked_about() -> None:
    times = [f"{at // 4:02}:{at % 4 * 15:02}" for at in range(1, 96)]
    text = "\n".join(["t,kW", *(f"2026-05-11 {at},1" for at in times), "2026-05-12 00:00,1"])
    assert asked(read(text)) == {"stamps": ["end", "start"]}
    assert starts(read(text, options={"stamps": "end"}))[0] == "2026-05-10T22:00"


intervals = st.lists(
    st.tuples(st.integers(0, 10**5), st.integers(1, 10**4), st.floats(0, 1e4)), min_size=1, max_size=20
)


@given(intervals, st.sampled_from([5, 15, 60, 180, 1440]))
def test_no_energy_is_lost_or_made(parts: list[tuple[int, int, float]], minutes: int) -> None:
    begin = to_us(datetime(2026, 3, 20, tzinfo=UTC))  # with a clock change some days later
    first = np.array([begin + minute * 60_000_000 for minute, _, _ in parts])
    last = first + np.array([length * 60_000_000 for _, length, _ in parts])
    energy = np.array([value for _, _, value in parts])
    ticks = steps_between(int(first.min()), int(last.max()), timedelta(minutes=minutes), zone("Europe/Amsterdam"))
    shared = over_steps(first, last, energy, ticks, adds_up=True)
    assert np.nansum(shared) == pytest.approx(energy.sum())
    power = shared / (np.diff(ticks) / HOUR_US)
    assert np.nansum(power * np.diff(ticks) / HOUR_US) == pytest.approx(energy.sum())
