"""A plan forecasts what its sensors lack, from what was known, and says so."""

from datetime import timedelta

import numpy as np
import pytest

from app.assemble.forecasting.missing import MissingForecasts
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import Assembled, read_site
from app.auth.access.references import References
from db import sources
from db.accounts.accounts import Account
from db.beliefs import store
from db.sensors import Sensor
from engine.devices.inflexible import Inflexible
from engine.series.window import Window
from tests.assemble.homes import HOUR, KNOWN_AT, START, Home
from tests.assemble.test_site import BATTERY, FLAT, battery, only

__all__ = ["battery"]  # the fixture
DAYS = 30
PAST = Window.of_length(START - timedelta(days=DAYS), timedelta(days=DAYS), HOUR)
SHAPE = 3.0 + np.sin(np.arange(24) * np.pi / 12.0)


def load_of(home: Home, **attributes: object) -> int:
    """A load with a shape of the day, known until the plan begins."""
    return home.fill(home.sensor("house", "load", "kW", **attributes), np.tile(SHAPE, DAYS), PAST)


def planned(home: Home, battery: int, reference: dict[str, object], field: str = "inflexible-consumption") -> Assembled:
    """The site of the next day as a plan reads it."""
    given = [reference] if field == "inflexible-consumption" else reference
    request = ScheduleRequest(
        asset=home.assets["house"].id,
        start=START,
        duration=timedelta(days=1),
        flex_model=({"sensor": battery, **BATTERY},),
        flex_context={**FLAT, field: given},
    )
    return read_site(
        References(home.session, None), request, known_at=KNOWN_AT, limits=WindowLimits(),
        forecasts=MissingForecasts(KNOWN_AT),
    )  # fmt: skip


def hourly(values: object) -> np.ndarray:
    """Mean power of each hour."""
    return np.asarray(values).reshape(24, -1).mean(axis=1)


def test_a_load_that_is_not_known_yet_is_forecast(home, battery):
    load = load_of(home)
    site = planned(home, battery, {"sensor": load})
    assert hourly(only(site.site, Inflexible).power) == pytest.approx(SHAPE, abs=0.05)
    (told,) = [text for text in site.warnings if "forecast" in text]
    assert told.startswith(
        f"sensor {load} (load) is forecast by AdaptiveForecaster for 24 events, the first at 2030-01-14"
    )


def test_a_price_with_a_hole_is_forecast_not_held(home, battery):
    home.asset("market", "market")
    price = home.sensor("market", "price", "EUR/kWh")
    home.fill(price, np.tile(SHAPE / 10, DAYS), PAST)
    home.fill(price, SHAPE[:6] / 10, Window.of_length(START, timedelta(hours=6), HOUR))
    site = planned(home, battery, {"sensor": price}, "consumption-price")
    paid = site.site.connections[0].tariffs[0].consumption_price
    assert hourly(paid) == pytest.approx(SHAPE / 10, abs=0.02)
    assert any("for 18 events" in text for text in site.warnings)


@pytest.mark.parametrize("why", ["forecasts are excluded", "it has died", "little is known", "it is a limit"])
def test_what_cannot_be_trusted_is_not_forecast(home, battery, why):
    days = 1 if why == "little is known" else DAYS
    begin = START - timedelta(days=days + (9 if why == "it has died" else 0))
    load = home.fill(home.sensor("house", "load", "kW"), 3.0, Window.of_length(begin, timedelta(days=days), HOUR))
    reference = {"sensor": load} | ({"exclude-source-types": ["forecaster"]} if why == "forecasts are excluded" else {})
    field = "site-consumption-capacity" if why == "it is a limit" else "inflexible-consumption"
    site = planned(home, battery, reference, field)
    assert not any("forecast" in text for text in site.warnings)
    assert any("has no value from" in text for text in site.warnings)


def test_nothing_that_was_learned_later_changes_a_plan(home, battery):
    load = load_of(home)
    before = only(planned(home, battery, {"sensor": load}).site, Inflexible).power
    meter = sources.named(home.session, "meter", type="script")
    for window in (PAST, Window.of_length(START, timedelta(days=1), HOUR)):
        later, wrong = KNOWN_AT + HOUR, np.full(window.n, 99.0)
        store.write(
            home.session, home.session.get(Sensor, load), meter, events=window.starts, values=wrong, known_at=later
        )
    after = only(planned(home, battery, {"sensor": load}).site, Inflexible).power
    np.testing.assert_array_equal(before, after)


def test_regressors_of_an_attribute_count(home, battery):
    random = np.random.default_rng(0)
    weather = home.sensor("house", "outdoor temperature", "°C")
    both = Window.of_length(PAST.start, timedelta(days=DAYS + 1), HOUR)
    warm = random.normal(10.0, 4.0, both.n)
    home.fill(weather, warm, both)
    load = home.fill(home.sensor("house", "heating", "kW", regressors=[weather]), 20.0 - warm[: PAST.n], PAST)
    site = planned(home, battery, {"sensor": load})
    assert hourly(only(site.site, Inflexible).power) == pytest.approx(20.0 - warm[PAST.n :], abs=1.0)


def test_sites_of_a_fleet_share_forecasts(home, battery):
    price = {"sensor": load_of(home)}
    forecasts = MissingForecasts(KNOWN_AT)
    for _ in range(2):
        request = ScheduleRequest(
            asset=home.assets["house"].id, start=START, duration=timedelta(hours=4),
            flex_model=({"sensor": battery, **BATTERY},), flex_context={**FLAT, "inflexible-consumption": [price]},
        )  # fmt: skip
        read_site(
            References(home.session, None), request, known_at=KNOWN_AT, limits=WindowLimits(), forecasts=forecasts
        )
    assert len(forecasts.by_sensor) == 1


def test_no_regressor_of_another_account_counts(home, battery):
    other = Account(name="Quay")
    home.session.add(other)
    home.session.flush()
    home.asset("foreign", account_id=other.id)
    weather = home.sensor("foreign", "secret temperature", "°C")
    both = Window.of_length(PAST.start, timedelta(days=DAYS + 1), HOUR)
    warm = np.random.default_rng(0).normal(10.0, 4.0, both.n)
    home.fill(weather, warm, both)
    load = home.fill(home.sensor("house", "heating", "kW", regressors=[weather]), 20.0 - warm[: PAST.n], PAST)
    foreseen = hourly(only(planned(home, battery, {"sensor": load}).site, Inflexible).power)
    assert abs(np.corrcoef(foreseen, 20.0 - warm[PAST.n :])[0, 1]) < 0.5


def test_nothing_is_forecast_from_sources_that_were_left_out(home, battery):
    site = planned(home, battery, {"sensor": load_of(home), "exclude-source-types": ["script"]})
    assert not any("is forecast" in text for text in site.warnings)


def test_a_wrong_attribute_for_forecasts_stops_no_plan(home, battery):
    house = home.assets["house"]
    house.latitude, house.longitude, house.attributes = 52.0, 5.0, {"tilt": "south"}
    site = planned(home, battery, {"sensor": load_of(home)})
    assert any("has no value from" in text for text in site.warnings)
