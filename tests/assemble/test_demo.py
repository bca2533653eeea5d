"""The demo: loaded, loaded again, brought up to a later time."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.demo import building, excerpts, toy
from app.demo.building import load
from db.accounts.users import by_email
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from engine.series.window import Window
from tests.conftest import COUNT, create_database

NOW = datetime(2026, 11, 18, 10, 20, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
NEXT_HOURS = HOUR, HOUR + timedelta(hours=48)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def loaded(request, tmp_path_factory):
    """A database with the demo: the tests look at what was known at some time, whatever is added for later ones."""
    template = request.getfixturevalue(f"{request.param}_template")
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(template, tmp_path_factory.mktemp('demo') / 'flexscope.db')}"
    else:
        url = create_database(template, f"demo{next(COUNT)}", "template_empty")
    opened = Database(url)
    load(opened, now=NOW)
    yield opened
    opened.close()


def known(database, name, start, end, *, known_at):
    with database.reading() as session:
        return store.read(session, building.house_sensors(session)[name], BeliefQuery(start, end, known_at=known_at))


def test_plan_covers_two_days_and_keeps_energy(loaded):
    power = known(loaded, "battery", *NEXT_HOURS, known_at=NOW)
    soc = known(loaded, "soc", HOUR, HOUR + timedelta(hours=48, minutes=1), known_at=NOW)
    assert len(power) == 192 and len(soc) == 193
    charge, discharge = np.maximum(power.values, 0), np.minimum(power.values, 0)
    half = np.sqrt(0.9)
    assert np.diff(soc.values) == pytest.approx((charge * half + discharge / half) / 4, abs=1e-4)
    assert soc.values.min() >= 1 - 1e-6 and soc.values.max() <= 10 + 1e-6


def test_site_power_is_the_sum_of_what_is_behind_it(loaded):
    site = known(loaded, "site", *NEXT_HOURS, known_at=NOW).values
    battery = known(loaded, "battery", *NEXT_HOURS, known_at=NOW).values
    charging = known(loaded, "charging", *NEXT_HOURS, known_at=NOW).values
    load, solar = (np.repeat(known(loaded, name, *NEXT_HOURS, known_at=NOW).values, 4) for name in ("load", "solar"))
    assert site == pytest.approx(battery + charging + load - solar, abs=1e-4)


def test_loading_again_adds_nothing_and_later_adds_what_happened(loaded):
    assert load(loaded, now=NOW).stored == 0
    later = NOW + timedelta(hours=3)
    assert 0 < load(loaded, now=later).stored < 1000
    assert known(loaded, "load", HOUR, HOUR + timedelta(hours=3), known_at=later).source_ids.tolist() != (
        known(loaded, "load", HOUR, HOUR + timedelta(hours=3), known_at=NOW).source_ids.tolist()
    )


def test_nothing_is_known_before_it_can_be(loaded):
    yesterday = NOW - timedelta(days=1)
    assert len(known(loaded, "load", yesterday, NOW, known_at=yesterday)) == 0
    prices = known(loaded, "day-ahead price", yesterday, NOW, known_at=yesterday)
    assert len(prices) == 12  # until midnight in Amsterdam: those of the next day come at 13:00


def test_user_of_the_demo_may_administer_the_account_only(loaded):
    with loaded.reading() as session:
        user = by_email(session, toy.EMAIL)
        assert [role.name for role in user.roles] == ["account-admin"]
        assert user.password_hash.startswith("$argon2id$")


def test_charging_takes_the_energy_of_the_sessions():
    week = Window.of_length(datetime(2019, 2, 11, tzinfo=UTC), timedelta(weeks=41), timedelta(minutes=15))
    power = excerpts.charging(week, power=1000.0)  # so fast that no car leaves before it is full
    assert power.sum() / 4 == pytest.approx(excerpts._sessions()["energy_kwh"].sum(), rel=1e-3)
