"""Capacity charges as grid operators bill them, from the flex-context to the bill, on both databases."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from app.jobs.handlers.schedule import Planned
from engine.errors import EngineError, FieldError
from engine.series.calendar import Calendar
from engine.series.window import Window
from engine.tariffs import MeanPeakTariff
from tests.assemble.homes import HOUR, QUARTER, START, Home

CAR = {"soc-at-start": "0 kWh", "soc-max": "20 kWh", "power-capacity": "10 kW", "production-capacity": "0 kW"}
PEAK = "electricity consumption peak"
FLAT = {"consumption-price": "0.1 EUR/kWh", "site-peak-consumption-price": "10 EUR/kW"}


@pytest.fixture
def home(home: Home) -> Home:
    home.asset("house", "building")
    home.asset("car", parent="house")
    return home


def plan(home: Home, context: dict[str, Any], *, need: float = 8.0, by: int = 4, **more: Any) -> Planned:
    """Plan a car that needs so many kWh within some hours."""
    step = more.pop("step", HOUR)
    power = home.sensor("car", f"power {step}", "kW", step, consumption_is_positive=True)
    end = (more.get("start", START) + by * HOUR).isoformat()
    target = {"soc-minima": [{"value": f"{need} kWh", "datetime": end}]}
    given = {name: value for name, value in {**FLAT, **context}.items() if value is not None}
    return home.plan("house", [{"sensor": power, **CAR, **target}], given, **more)


def flow(planned: Planned) -> list[float]:
    return [round(float(value), 4) + 0.0 for value in planned.schedule.power["electricity"]]


ROWS: list[tuple[str, dict[str, Any], float]] = [
    # field, flex-context, what the peak costs; 8 kWh in 4 hours make 2 kW where nothing else is said
    ("nothing", {}, 20.0),
    ("site-peak-consumption", {"site-peak-consumption": "1.5 kW"}, 5.0),
    ("site-peak-floor", {"site-peak-floor": "1.8 kW"}, 2.0),
    ("site-peak-floor above", {"site-peak-floor": "2.5 kW"}, 0.0),
    ("site-peak-hours", {"site-peak-hours": "Mon-Fri 01:00-03:00"}, 0.0),
    ("site-peak-hours of other days", {"site-peak-hours": "Sat-Sun"}, 0.0),
    ("site-peak-hours of these days", {"site-peak-hours": "Nov-Mar Mon"}, 20.0),
    ("site-peak-share", {"site-peak-share": "50%"}, 10.0),
    ("site-peak-highest-days", {"site-peak-highest-days": 2}, 10.0),
    ("site-peak-earlier-days", {"site-peak-highest-days": 2, "site-peak-earlier-days": ["1 kW", "1.5 kW"]}, 5.0),
    ("site-peak-earlier-days above", {"site-peak-highest-days": 2, "site-peak-earlier-days": ["3 kW", "4 kW"]}, 0.0),
    ("today", {"site-peak-highest-days": 2, "site-peak-earlier-days": ["1 kW"], "site-peak-consumption": "2 kW"}, 0.0),
    ("site-peak-ratchet", {"site-peak-ratchet": "50%", "site-peak-year-consumption": "3 kW"}, 5.0),
    ("site-peak-year-consumption", {"site-peak-ratchet": "100%", "site-peak-year-consumption": "2 kW"}, 0.0),
]


@pytest.mark.parametrize(("context", "paid"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_peak_costs_what_its_rule_says(home, context, paid):
    planned = plan(home, context)
    assert planned.schedule.costs[PEAK] == pytest.approx(paid, abs=1e-6)
    assert planned.schedule.cost == pytest.approx(
        0.8 + paid + planned.schedule.costs.get("electricity consumption ratchet", 0)
    )


def test_a_new_peak_of_the_year_is_paid_for_in_the_months_after_it(home):
    # 8 kWh in two hours are 4 kW: 4 kW - 50 % of 3 kW this month, and 50 % of 1 kW in each of eleven more.
    planned = plan(home, {"site-peak-ratchet": "50%", "site-peak-year-consumption": "3 kW"}, by=2)
    assert planned.schedule.costs[PEAK] == pytest.approx(25.0)
    assert planned.schedule.costs["electricity consumption ratchet"] == pytest.approx(10 * 0.5 * 11 * 1)


def test_months_that_pay_for_their_floor_anyway_pay_for_a_ratchet_above_it_only(home):
    # 4 kW: 1 kW above the floor this month; 50 % of 4 kW is below it, so that later months pay no more.
    rules = {"site-peak-ratchet": "50%", "site-peak-floor": "3 kW"}
    planned = plan(home, rules, by=2)
    assert planned.schedule.costs[PEAK] == pytest.approx(10.0)
    assert planned.schedule.costs["electricity consumption ratchet"] == pytest.approx(0.0, abs=1e-6)


def test_what_does_not_count_is_used_first(home):
    assert flow(plan(home, {"site-peak-hours": "00:00-01:00"}))[0] == 0
    assert flow(plan(home, {"site-peak-hours": "01:00-24:00"}))[0] == 8


@pytest.mark.parametrize("measured", ["number", "sensor"])
def test_what_was_used_in_the_running_interval_counts(home, measured):
    # Half an hour at 6 kW was 3 kWh; with 4 kW paid for, 1 kWh is left until 01:00: 2 kW in each quarter.
    meter = home.sensor("house", "meter", "kW", QUARTER)
    home.fill(meter, 6.0, Window.of_length(START, 2 * QUARTER, QUARTER))
    given = {"sensor": meter} if measured == "sensor" else "6 kW"
    rules = {"site-peak-interval": "PT1H", "site-peak-consumption": "4 kW", "site-peak-running-consumption": given}
    begin = {"start": START + 2 * QUARTER, "duration": timedelta(hours=1.5), "step": QUARTER}
    known = plan(home, rules, need=5.0, by=1, **begin)
    assert sum(flow(known)[:2]) / 4 == pytest.approx(1.0)
    assert known.schedule.costs[PEAK] == pytest.approx(0.0, abs=1e-6)


def test_a_running_interval_without_measurements_is_told(home):
    meter = home.sensor("house", "meter", "kW", QUARTER)
    rules = {"site-peak-interval": "PT1H", "site-peak-running-consumption": {"sensor": meter}}
    planned = plan(home, rules, need=1.0, by=1, start=START + QUARTER, duration=HOUR, step=QUARTER)
    assert any("has no value since 2030-01-14T00:00+00:00" in text for text in planned.warnings)


def test_days_and_months_are_those_of_the_site(home):
    context = {**FLAT, "site-peak-highest-days": 3, "site-peak-earlier-days": ["2 kW"]}
    power = home.sensor("car", "power", "kW", HOUR)
    read = home.read("house", [{"sensor": power, **CAR}], context, duration=timedelta(days=2))
    tariff = read.site.connections[0].tariffs[1]
    assert isinstance(tariff, MeanPeakTariff) and tariff.days is not None
    assert np.unique(tariff.days, return_counts=True)[1].tolist() == [24, 24]
    assert tariff.earlier == (2.0, 0.0) and tariff.count == 3


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"site-peak-interval": "PT0.000001S"}, "site-peak-interval"),
    ({"site-peak-interval": "PT7M"}, "site-peak-interval"),
    ({"site-peak-interval": "PT0S"}, "site-peak-interval"),
    ({"site-peak-interval": "-PT1H"}, "site-peak-interval"),
    ({"site-peak-interval": "PT90M"}, "site-peak-interval"),
    ({"site-peak-hours": "Mon-Fry"}, "site-peak-hours"),
    ({"site-peak-hours": "25:00-26:00"}, "site-peak-hours"),
    ({"site-peak-hours": "07:00-07:00"}, "site-peak-hours"),
    ({"site-peak-hours": "Mon,"}, "site-peak-hours"),
    ({"site-peak-highest-days": 0}, "site-peak-highest-days"),
    ({"site-peak-highest-days": 32}, "site-peak-highest-days"),
    ({"site-peak-earlier-days": ["3 kW"]}, "site-peak-earlier-days"),
    ({"site-peak-highest-days": 3, "site-peak-ratchet": "80%"}, "site-peak-ratchet"),
    ({"site-peak-year-consumption": "3 kW"}, "site-peak-year-consumption"),
    ({"site-peak-floor": {"sensor": 1}}, "site-peak-floor"),
    ({"site-peak-floor": "2 kW", "site-peak-consumption-price": None}, "site-peak-floor"),
]


@pytest.mark.parametrize(("context", "field"), WRONG)
def test_what_fits_nothing_is_refused_by_its_field(home, context, field):
    with pytest.raises(EngineError, match=field):
        plan(home, context)


def test_an_interval_fits_the_steps_of_the_schedule(home):
    with pytest.raises(FieldError, match="does not fit steps of 0:10:00"):
        plan(home, {"site-peak-interval": "PT15M"}, step=timedelta(minutes=10))


@pytest.mark.parametrize(
    ("text", "moment", "counts"),
    [
        ("Mon-Fri 07:00-20:00", "2030-01-14T07:00", True),
        ("Mon-Fri 07:00-20:00", "2030-01-14T20:00", False),
        ("Mon-Fri 07:00-20:00", "2030-01-13T12:00", False),
        ("Nov-Mar", "2030-04-01T00:00", False),
        ("Nov-Mar", "2030-12-01T00:00", True),
        ("Fri-Mon", "2030-01-15T00:00", False),
        ("22:00-06:00", "2030-01-14T05:59", True),
        ("Mon 22:00-06:00", "2030-01-14T05:00", False),
        ("Mon 22:00-06:00", "2030-01-15T05:00", True),
        ("Sat, Mon 08:00-09:00", "2030-01-19T23:00", True),
    ],
)
def test_a_calendar_reads_as_people_write_it(text, moment, counts):
    local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert Calendar.read(text, field="hours").contains(local) == counts


BANDS = [{"up-to": "2 kW", "fee": "10 EUR"}, {"up-to": "4 kW", "fee": "25 EUR"}, {"fee": "60 EUR"}]


@pytest.mark.parametrize(
    ("context", "need", "paid"),
    [
        ({}, 8.0, 0.0),  # 2 kW in each of four hours: the first band, which is paid for anyway
        ({}, 8.4, 15.0),
        ({}, 20.0, 50.0),
        ({"site-peak-consumption": "3 kW"}, 8.4, 0.0),
        ({"site-peak-highest-days": 3}, 20.0, 0.0),  # the mean of 5, 0 and 0 kW
        ({"site-peak-highest-days": 3, "site-peak-earlier-days": ["4 kW", "3.5 kW"]}, 20.0, 35.0),
        ({"site-peak-consumption-price": "2 EUR/kW"}, 8.4, 15.0 + 2 * 2.1),
    ],
)
def test_fees_by_bands_of_the_peak(home, context, need, paid):
    asked = {"site-peak-consumption-price": None, "site-peak-bands": BANDS, **context}
    planned = plan(home, asked, need=need)
    assert planned.schedule.costs.get(PEAK, 0.0) == pytest.approx(paid)


def test_a_band_is_not_entered_where_waiting_costs_less(home):
    # Energy is cheap in the first hour only: 8 kWh at once would enter the second band for 15 EUR.
    price = home.price([0.1, 0.3, 0.3, 0.3] * 6)
    asked = {"consumption-price": {"sensor": price}, "site-peak-consumption-price": None, "site-peak-bands": BANDS}
    assert flow(plan(home, asked)) == [2.0] * 4


@pytest.mark.parametrize("named", ["site-peak-earlier-days", "aggregate-power"])
def test_earlier_days_are_those_that_the_meter_has_measured(home, named):
    meter = home.sensor("house", "meter", "kW", QUARTER, consumption_is_positive=True)
    days = np.zeros(13 * 24 * 4)
    days[2 * 96 + 40 : 2 * 96 + 44], days[5 * 96 : 5 * 96 + 2], days[9 * 96 + 90] = 1.5, 2.4, 3.6
    home.fill(meter, days, Window.of_length(START - timedelta(days=13), timedelta(days=13), QUARTER))
    asked = {"site-peak-highest-days": 2, "site-peak-interval": "PT1H", named: {"sensor": meter}}
    # By the hour the highest days so far are 1.5 and 1.2 kW, which are paid for; 2 kW today make (2 + 1.5) / 2.
    planned = plan(home, asked)
    assert planned.schedule.costs[PEAK] == pytest.approx(10 * ((2.0 + 1.5) / 2 - (1.5 + 1.2) / 2))


@pytest.mark.parametrize(
    "bands", [BANDS[::-1], BANDS[:2], [{"fee": "1 EUR"}, {"fee": "2 EUR"}], [{"up-to": "2 kW"}], [{"fee": "2 kW"}]]
)
def test_bands_that_make_no_ladder_are_refused(home, bands):
    with pytest.raises(EngineError, match="site-peak-bands"):
        plan(home, {"site-peak-bands": bands})
