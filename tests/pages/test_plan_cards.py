"""The cards and the tab of the latest schedule read its row, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from app import running
from app.auth.access.identity import SignedIn, identity
from app.auth.access.references import References
from app.fragments.visit import Visit
from app.jobs.handlers import schedule
from app.pages.plan import plan_cards
from app.pages.plan.chart import read_lines
from app.pages.plan.content import PlanContent, read_plan
from app.pages.plan.plan_cards import LatestSchedule
from app.running import Running
from app.settings.settings import load
from db import listing
from db.accounts.accounts import Account
from db.accounts.users import User
from db.core.database import Database
from db.schedules import StoredSchedule
from tests.assemble.homes import HOUR, START, Home
from tests.assemble.test_schedule_rows import CAR, power

LONG = {"duration": 6 * HOUR}
ASKED = datetime(2026, 1, 4, 23, tzinfo=UTC)
"""Before any clock that runs this, as pages show what is known by now."""
FLAT = {"consumption-price": "0.3 EUR/kWh"}


@pytest.fixture
def home(database: Database) -> Iterator[Home]:
    with database.writing() as session:
        site = Home(session)
        site.asset("battery")
        yield site


@pytest.fixture
def reader(home: Home) -> SignedIn:
    account = Account(name="Mill")
    home.session.add(account)
    home.session.flush()
    user = User(email="e@x.org", username="e", password_hash="", active=True, account_id=account.id)
    home.session.add(user)
    home.session.flush()
    home.assets["battery"].account_id = account.id
    return identity(home.session, user)


def plan(home: Home, key: int, energy: str, minutes: float = 0) -> None:
    model = {"sensor": key, **CAR, "soc-minima": [{"value": energy, "datetime": "2030-01-14T06:00Z"}]}
    known_at = ASKED + timedelta(minutes=minutes)
    schedule.run(References(home.session, None), home._request("battery", [model], FLAT, **LONG), known_at=known_at)


def tab_of(home: Home, reader: SignedIn) -> PlanContent:
    return read_plan(
        Visit(principal=reader, path="", route={"id": str(home.assets["battery"].id)}), home.session, reader
    )


def latest(home: Home, reader: SignedIn) -> LatestSchedule | None:
    return plan_cards.latest_schedule(home.session, reader, home.assets["battery"].id, as_of=START)


def test_a_replan_that_repeats_earlier_values_is_shown_whole(
    home: Home, reader: SignedIn, database: Database, tmp_path: Path
) -> None:
    running.begin(Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), database))
    key = power(home)
    plan(home, key, "25 kWh")
    plan(home, key, "28 kWh", 30)
    found = latest(home, reader)
    assert found is not None
    cards = plan_cards.schedule_cards(found, "UTC")
    shown = {card.name: card.value for card in cards.items}
    assert (shown["Cost"], shown["Imported energy"]) == ("8.40 EUR", "28.0 kWh")
    assert shown["Average price paid"] == "0.300 EUR/kWh"
    assert "Mon 14 Jan 00:00 to Mon 14 Jan 06:00, computed Sun 4 Jan 23:30 by Flexscope StorageScheduler" in cards.title
    tab = tab_of(home, reader)
    lines = read_lines(tab, home.session, reader)
    (line,), (before,) = lines.devices, lines.before
    assert (len(line.events), line.values.sum()) == (6, pytest.approx(28))
    assert before.values.sum() == pytest.approx(25) and tab.before is not None and tab.after is None
    assert [price.values.mean() for price in lines.prices] == pytest.approx([0.3])


def test_a_device_inside_a_site_has_no_cost_of_its_own(home: Home, reader: SignedIn) -> None:
    key = power(home)
    home.asset("site", "building")
    home.assets["battery"].parent_asset_id = home.assets["site"].id
    home.session.flush()
    home.plan("site", [{"sensor": key, **CAR}], FLAT)
    found = latest(home, reader)
    assert found is not None and found.costs == {} and found.row.costs


def test_an_asset_without_a_schedule_and_one_of_an_older_version(home: Home, reader: SignedIn) -> None:
    battery = home.assets["battery"].id
    assert latest(home, reader) is None and not listing.has_schedule(home.session, [battery])
    plan(home, power(home), "25 kWh")
    home.session.execute(delete(StoredSchedule))
    assert listing.has_schedule(home.session, [battery])
    tab = tab_of(home, reader)
    assert tab.row is None and tab.is_older


def test_limits_that_are_exceeded_are_told_in_words() -> None:
    breach = {"limit": "car.soc-minima", "count": 3, "first": START.isoformat(), "last": (START + HOUR).isoformat()}
    told = plan_cards.breach_text([breach | {"largest": 12.0, "unit": "kWh"}], ZoneInfo("UTC"))
    assert told == ("car.soc-minima is missed by up to 12 kWh, 3 times from Mon 14 Jan 00:00 to Mon 14 Jan 01:00.")
