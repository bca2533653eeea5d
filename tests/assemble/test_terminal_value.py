"""What energy left at the end of a schedule is worth: by hand, where it is off, and who may switch it."""

from datetime import UTC, datetime

import numpy as np
import pytest

from app.jobs.triggers import automations
from app.pages.admin.account import changes
from app.settings.settings import load
from app.usecases.accounts import AccountChange, update_account
from app.usecases.actor import Actor
from db.accounts.accounts import TERMINAL_VALUE, Account
from db.jobs.automations import Automation
from engine.errors import FieldError
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.assemble.homes import HOUR, Home

PRICES = [0.1, 0.2, 0.3, 0.4]
BATTERY = {"soc-at-start": "4 kWh", "soc-max": "10 kWh", "power-capacity": "2 kW", "discharging-efficiency": "50%"}


@pytest.fixture
def house(home: Home) -> Home:
    home.asset("house", "building")
    home.asset("battery", parent="house")
    home.sensor("battery", "power", "kW", HOUR, consumption_is_positive=True)
    home.price(PRICES * 6)
    return home


def plan(house: Home, model=None, context=None, **more):
    entry = {"sensor": 1, **BATTERY, **(model or {})}
    return house.read("house", [entry], {"consumption-price": {"sensor": 2}, **(context or {})}, **more)


def worth(assembled) -> float | None:
    """Worth of a kWh left [EUR]; None where nothing is counted, of which nothing is told either."""
    (battery,) = assembled.site.devices
    costs = StorageScheduler().compute(assembled.site).costs
    assert ("battery end value" in costs) == bool(battery.end_value)
    told = any("energy left at the end counts" in each for each in assembled.warnings)
    return battery.end_value if told or battery.end_value else None


def test_what_is_left_counts_a_quantile_of_the_prices_less_the_losses(house):
    asked = {"terminal-value": "40%"}
    assert worth(plan(house, context=asked)) == pytest.approx(0.9 * np.quantile(PRICES, 0.4) * 0.5)
    # Nothing consumes beside it, so that it could only be sold.
    assert worth(plan(house, context={**asked, "production-price": "0 EUR/kWh"})) == 0.0
    assert any("set terminal-value to off to leave it out" in each for each in plan(house, context=asked).warnings)


def test_a_request_leaves_it_off_unless_it_asks(house):
    assert worth(plan(house)) is None
    assert worth(plan(house, terminal_value="40%")) == worth(plan(house, context={"terminal-value": "40%"}))
    assert worth(plan(house, terminal_value="40%", context={"terminal-value": "off"})) is None


def test_an_end_value_of_a_device_counts_first_and_a_car_keeps_what_it_is_asked_for(house):
    assert worth(plan(house, model={"end-value": "0.07 EUR/kWh"}, terminal_value="40%")) == 0.07
    car = {"production-capacity": "0 kW", "consumption-capacity": "2 kW", "charging-efficiency": "300%"}
    assert worth(plan(house, model=car, terminal_value="60%")) is None
    used = plan(house, model={**car, "soc-usage": "0.1 kW"}, terminal_value="60%")
    assert worth(used) == pytest.approx(0.9 * np.quantile(PRICES, 0.6) / 3)


@pytest.mark.parametrize("wrong", ["140%", "3 kWh", "on", -0.1])
def test_what_is_no_share_is_refused(house, wrong):
    with pytest.raises(FieldError, match="terminal-value"):
        plan(house, context={"terminal-value": wrong})


def test_automations_take_what_the_account_says(house):
    account = Account(name="owner", attributes={})
    house.session.add(account)
    house.session.flush()
    house.assets["house"].account_id = account.id
    at = datetime(2030, 1, 14, tzinfo=UTC)
    row = Automation(asset_id=house.assets["house"].id, kind="schedule", name="daily", request={"duration": "PT4H"})

    def asked():
        (order,) = automations.orders(house.session, row, at)
        return order.request["terminal_value"]

    assert asked() == "40%"
    account.attributes = {TERMINAL_VALUE: "off"}
    assert asked() == "off"
    row.request = {**row.request, "terminal_value": "20%"}
    assert asked() == "20%"


def test_the_page_of_an_account_saves_it_beside_the_other_attributes(house):
    actor = Actor(principal=None, settings=load({}), now=datetime(2030, 1, 14, tzinfo=UTC))
    account = Account(name="owner", attributes={"region": "north", "logo_url": "/a.png"})
    house.session.add(account)
    house.session.flush()

    def save(values):
        update_account(house.session, actor, account.id, actor.read(AccountChange, changes(account, values)))

    for values, kept in (
        ({TERMINAL_VALUE: "off"}, {"region": "north", TERMINAL_VALUE: "off"}),
        ({"attributes": {"region": "south"}}, {"region": "south", TERMINAL_VALUE: "off"}),
        ({"attributes": {}, TERMINAL_VALUE: "20%"}, {TERMINAL_VALUE: "20%"}),
    ):
        save(values)
        assert account.attributes == {**kept, "logo_url": "/a.png"}
    with pytest.raises(FieldError, match="terminal-value"):
        save({"attributes": {TERMINAL_VALUE: "much"}})
