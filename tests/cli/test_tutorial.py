"""The documented first tutorial, command by command, and what goes wrong when it is mistyped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from engine.series.iso_time import from_us, zone

PRICES = [10, 11, 12, 15, 18, 17, 10.5, 9, 9.5, 9, 8.5, 10, 8, 5, 4, 4, 5.5, 8, 12, 13, 14, 12.5, 10, 7]
TOMORROW = f"{datetime.now(zone('Europe/Amsterdam')) + timedelta(days=1):%Y-%m-%d}"
OFFSET = f"{datetime.fromisoformat(f'{TOMORROW}T12:00').replace(tzinfo=zone('Europe/Amsterdam')):%z}"
ADD = "flexscope add beliefs --sensor 1 --source toy-user prices-tomorrow.csv --timezone Europe/Amsterdam"
PLAN = (
    "flexscope add schedule for-storage --sensor 2 --consumption-price-sensor 1 "
    f"--start {TOMORROW}T07:00{OFFSET} --duration PT12H --soc-at-start 50% --roundtrip-efficiency 90%"
)


@pytest.fixture
def begun(terminal):
    """The terminal once account and prices are there."""
    assert terminal("flexscope add toy-account --kind battery").code == 0
    rows = [f"{TOMORROW}T{hour:02}:00:00,{price}" for hour, price in enumerate(PRICES)]
    Path("prices-tomorrow.csv").write_text("\n".join(["Hour,Price", *rows]))
    assert terminal(ADD).code == 0
    return terminal


def schedule(database: Database) -> dict[str, float]:
    """Return what sensor 2 stores, by local time [MW, positive when discharging]."""
    start = datetime.fromisoformat(f"{TOMORROW}T00:00").replace(tzinfo=zone("Europe/Amsterdam"))
    with database.reading() as session:
        known = store.read(
            session, get(session, Sensor, 2), BeliefQuery(start, start + timedelta(days=1), known_at=datetime.now(UTC))
        )
    local = [f"{from_us(event).astimezone(start.tzinfo):%H:%M}" for event in known.events]
    return dict(zip(local, known.values.tolist(), strict=True))


def test_battery_buys_at_the_lowest_price_and_sells_at_the_highest(begun, database):
    said = begun(PLAN)
    assert said.code == 0 and "48 values of sensor 2" in said.out
    plan = schedule(database)
    assert next(iter(plan)) == "07:00" and list(plan)[-1] == "18:45"
    assert sum(value for at, value in plan.items() if at[:2] in ("14", "15")) < -1.5  # four quarters of full power
    assert sum(value for at, value in plan.items() if at[:2] == "18") > 1.5
    # Energy in the battery never leaves its bounds, at 90 % round trip split evenly.
    power, half = np.array(list(plan.values())), np.sqrt(0.9)
    stored = 0.225 + np.cumsum(np.where(power < 0, -power * half, -power / half)) / 4
    assert stored.min() >= 0.05 - 1e-5 and stored.max() <= 0.45 + 1e-5


def test_prices_and_schedule_are_shown_as_plots(begun):
    begun(PLAN)
    prices = begun(f"flexscope show beliefs --sensor 1 --start {TOMORROW}T00:00:00{OFFSET} --duration PT24H")
    assert "from 4 to 18 EUR/MWh" in prices.out and "24 values" in prices.out
    plan = begun(f"flexscope show beliefs --sensor 2 --start {TOMORROW}T07:00:00{OFFSET} --duration PT12H")
    assert "48 values" in plan.out and "-0.5" in plan.out


def test_structure_is_shown(begun):
    assert "toy-user@flexmeasures.io" in begun("flexscope show account --id 1").out
    asset = begun("flexscope show asset --id 2").out
    assert "discharging" in asset and "max_soc_in_mwh: 0.45" in asset and "PT15M" in asset
    assert "heat-storage" in begun("flexscope show asset-types").out


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "line, told",
    [
        (PLAN.replace("--sensor 2", "--sensor 99"), "There is no sensor 99"),
        (PLAN.replace("50%", "150%"), "soc-at-start"),
        (PLAN.replace("50%", "5%"), "soc-min"),
        (PLAN.replace("50%", "'1 GW'"), "soc-at-start"),
        (PLAN.replace("90%", "'90 kW'"), "roundtrip-efficiency"),
        (PLAN.replace(f"07:00{OFFSET}", "07:00"), "no time zone"),
        (PLAN.replace("PT12H", "12hours"), "duration"),
        (PLAN.replace(TOMORROW, "2020-01-01"), "prices"),
        (PLAN.replace("--consumption-price-sensor 1", ""), "consumption-price"),
        (PLAN.replace("--consumption-price-sensor 1", "--consumption-price-sensor 2"), "EUR/kWh"),
    ],
)
def test_mistyped_schedule_says_what_is_wrong_and_saves_nothing(begun, database, line, told):
    said = begun(line)
    assert said.code == 1 and told in said.err and said.err.count("\n") == 1
    assert schedule(database) == {}


def test_bad_row_is_named_and_nothing_of_the_file_is_stored(terminal, database):
    terminal("flexscope add toy-account --kind battery")
    Path("prices-tomorrow.csv").write_text(f"Hour,Price\n{TOMORROW}T00:00:00,10\n{TOMORROW}T01:00:00,cheap\n")
    said = terminal(ADD)
    assert said.code == 1 and "3" in said.err and "cheap" in said.err
    with database.reading() as session:
        start = datetime.fromisoformat(f"{TOMORROW}T00:00Z")
        known = store.read(
            session,
            get(session, Sensor, 1),
            BeliefQuery(start - timedelta(1), start + timedelta(1), known_at=datetime.now(UTC)),
        )
    assert len(known) == 0


@pytest.mark.parametrize(
    "change, told",
    [
        (("Europe/Amsterdam", "Europe/Amsterdm"), "did you mean 'Europe/Amsterdam'"),
        (("--sensor 1", "--sensor 99"), "There is no sensor 99"),
        (("--sensor 1", "--sensor 1 --unit kW"), "EUR/MWh"),
    ],
)
def test_mistyped_data_says_what_is_wrong(begun, change, told):
    said = begun(ADD.replace(*change))
    assert said.code == 1 and told in said.err


def test_second_toy_account_is_refused(begun):
    said = begun("flexscope add toy-account")
    assert said.code == 1 and "already" in said.err
