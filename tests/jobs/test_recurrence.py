"""Moments follow each other on the clock of a place, also when the clock changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.triggers.recurrence import Recurrence, in_words, time_of_day
from engine.errors import FieldError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def moments(rule: Recurrence, start: str, count: int) -> list[str]:
    at, found = datetime.fromisoformat(start).astimezone(UTC), []
    for _ in range(count):
        at = rule.next_after(at)
        found.append(at.astimezone(rule.place).isoformat())
    return found


def test_every_day_is_by_the_clock() -> None:
    rule = Recurrence(every=DAY, at=6 * HOUR, place=AMSTERDAM)
    found = moments(rule, "2026-03-28T07:00+01:00", 2)
    assert found == ["2026-03-29T06:00:00+02:00", "2026-03-30T06:00:00+02:00"]


def test_every_hour_happens_23_or_25_times_on_days_the_clock_changes() -> None:
    rule = Recurrence(every=HOUR, place=AMSTERDAM)
    spring = [m for m in moments(rule, "2026-03-28T23:30+01:00", 30) if m.startswith("2026-03-29")]
    autumn = [m for m in moments(rule, "2026-10-24T23:30+02:00", 30) if m.startswith("2026-10-25")]
    assert (len(spring), len(autumn)) == (23, 25)


def test_a_time_the_clock_skips_is_an_hour_later() -> None:
    rule = Recurrence(every=DAY, at=2.5 * HOUR, place=AMSTERDAM)
    assert moments(rule, "2026-03-28T12:00+01:00", 1) == ["2026-03-29T03:30:00+02:00"]


def test_a_time_the_clock_shows_twice_counts_once() -> None:
    rule = Recurrence(every=DAY, at=2.5 * HOUR, place=AMSTERDAM)
    found = moments(rule, "2026-10-24T12:00+02:00", 2)
    assert found == ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]


def test_every_second_day_keeps_its_pace_over_months() -> None:
    found = moments(Recurrence(every=2 * DAY, place=AMSTERDAM), "2026-01-30T00:00+01:00", 3)
    assert {(datetime.fromisoformat(b) - datetime.fromisoformat(a)) for a, b in pairwise(found)} == {2 * DAY}


@pytest.mark.parametrize("every", [timedelta(seconds=10), timedelta(minutes=7), timedelta(hours=36), -HOUR])
def test_what_does_not_fit_days_is_refused(every: timedelta) -> None:
    with pytest.raises(FieldError, match="every"):
        Recurrence(every=every, place=AMSTERDAM)


def test_times_of_day_are_read_or_refused() -> None:
    assert time_of_day("06:30") == 6.5 * HOUR
    with pytest.raises(FieldError, match="06:30"):
        time_of_day("half past six")


@given(
    minutes=st.sampled_from([1, 5, 15, 60, 360, 1440, 2880]),
    at=st.integers(0, 1439),
    moment=st.integers(0, 3 * 365 * 86400).map(lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
)
def test_the_latest_moment_and_the_next_one_enclose_any_other(minutes: int, at: int, moment: datetime) -> None:
    rule = Recurrence(every=timedelta(minutes=minutes), at=timedelta(minutes=at), place=AMSTERDAM)
    latest, following = rule.latest(moment), rule.next_after(moment)
    assert latest <= moment < following and rule.next_after(latest) == following
    assert following - latest <= timedelta(minutes=minutes) + HOUR


@pytest.mark.parametrize(
    ("every", "at", "words"),
    [
        (HOUR / 4, 0 * HOUR, "every 15 minutes"),
        (HOUR / 4, HOUR / 12, "every 15 minutes from 00:05 on"),
        (HOUR, 0 * HOUR, "every hour"),
        (HOUR * 1.5, 0 * HOUR, "every 90 minutes"),
        (DAY, 6.5 * HOUR, "every day at 06:30"),
        (7 * DAY, 0 * HOUR, "every 7 days at 00:00"),
    ],
)
def test_a_rule_is_told_in_words(every: timedelta, at: timedelta, words: str) -> None:
    assert in_words(every, at) == words
