"""Time ranges that the time bar offers, as the browser computes them: right on days that clocks change."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "assets-static" / "shell" / "time_spans.js"
RUN = """async ([text, name, args]) => {
  const spans = await import(URL.createObjectURL(new Blob([text], {type: "text/javascript"})))
  return spans[name](...args)
}"""
ZONE = "Europe/Amsterdam"


@pytest.fixture(scope="module")
def blank(browser: Any):
    page = browser.new_page()
    page.goto("about:blank")
    yield page
    page.close()


def ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


def run(page: Any, name: str, *args: Any) -> Any:
    return page.evaluate(RUN, [SCRIPT.read_text(), name, list(args)])


@pytest.mark.parametrize(
    ("name", "now", "start", "end"),
    [
        ("today", "2026-10-25T12:30+01:00", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("yesterday", "2026-03-30T00:10+02:00", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("two-days", "2026-12-31T12:00+01:00", "2026-12-31T00:00+01:00", "2027-01-02T00:00+01:00"),
        ("next-24-h", "2026-10-24T12:30+02:00", "2026-10-24T12:00+02:00", "2026-10-25T11:00+01:00"),
        ("last-7-days", "2026-03-30T12:00+02:00", "2026-03-24T00:00+01:00", "2026-03-31T00:00+02:00"),
        ("this-month", "2026-12-31T23:59+01:00", "2026-12-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        ("this-year", "2026-06-10T12:00+02:00", "2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00"),
    ],
)
def test_a_time_range_has_a_name(blank: Any, name: str, now: str, start: str, end: str):
    assert run(blank, "namedSpan", name, ms(now), ZONE) == [ms(start), ms(end)]


@pytest.mark.parametrize(
    ("span", "way", "following"),
    [
        (("2026-03-28T00:00+01:00", "2026-03-29T00:00+01:00"), 1, ("2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00")),
        (
            ("2026-03-01T00:00+01:00", "2026-04-01T00:00+02:00"),
            -1,
            ("2026-02-01T00:00+01:00", "2026-03-01T00:00+01:00"),
        ),
        (("2024-01-01T00:00+01:00", "2025-01-01T00:00+01:00"), 1, ("2025-01-01T00:00+01:00", "2026-01-01T00:00+01:00")),
        (("2026-10-25T02:30+02:00", "2026-10-25T03:30+01:00"), 1, ("2026-10-25T03:30+01:00", "2026-10-25T05:30+01:00")),
    ],
)
def test_the_next_time_range_keeps_months_days_and_hours(blank: Any, span, way: int, following):
    assert run(blank, "nextSpan", [*map(ms, span)], way, ZONE) == [*map(ms, following)]


def test_a_time_that_clocks_show_twice_is_the_first_and_one_they_leave_out_is_later(blank: Any):
    shown = [ms("2026-10-25T02:30+00:00"), ms("2026-03-29T02:30+00:00")]  # on the clock
    assert [run(blank, "momentOf", at, ZONE) for at in shown] == [
        ms("2026-10-25T02:30+02:00"),
        ms("2026-03-29T03:30+02:00"),
    ]


def test_addresses_and_people_read_the_same_time_range(blank: Any):
    march = [ms("2026-03-01T00:00+01:00"), ms("2026-04-01T00:00+02:00")]
    assert run(blank, "isoText", march[1], ZONE) == "2026-04-01T00:00:00+02:00"
    assert run(blank, "isoText", 0, "America/St_Johns") == "1969-12-31T20:30:00-03:30"
    assert run(blank, "spanText", march, ZONE, "en-GB") == "March 2026"
    assert run(blank, "clockChanges", march, ZONE) == [ms("2026-03-29T03:00+02:00")]
    day = [ms("2026-11-30T00:00+01:00"), ms("2026-12-01T00:00+01:00")]
    assert run(blank, "spanText", day, ZONE, "en-GB") == "Mon, 30 Nov 2026"
