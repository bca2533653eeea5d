"""Plans described in JSON on the command line: whole sites, files, dry runs, mistakes."""

import json
from pathlib import Path

import pytest

START = "--start 2030-01-14T00:00Z --duration PT4H"
PRICES = [{"value": f"{price} EUR/kWh", "start": f"2030-01-14T{hour:02}:00Z", "duration": "PT1H"}
          for hour, price in enumerate((0.1, 0.4, 0.2, 0.5))]  # fmt: skip
CONTEXT = json.dumps({"consumption-price": PRICES, "production-price": "0 EUR/kWh"})
CAR = {"soc-at-start": "0 kWh", "soc-max": "9 kWh", "consumption-capacity": "4 kW", "wear-price": "0.01 EUR/kWh"}
MODEL = json.dumps({**CAR, "end-value": "0.3 EUR/kWh"})
PLAN = f"flexscope add schedule {START}"


@pytest.fixture
def car(terminal):
    """The terminal once there is a car with a power sensor, which is sensor 1 [kW, hours]."""
    for line in (
        "account --name house",
        "asset --name car --asset-type one-way_evse --account 1",
        "sensor --name power --unit kW --event-resolution PT1H --asset 1",
    ):
        said = terminal(f"flexscope add {line}")
        assert said.code == 0, said.err
    return terminal


def test_a_site_is_planned_from_a_file(car):
    Path("site.json").write_text(CONTEXT)
    Path("car.json").write_text(f'[{{"sensor": 1, {MODEL[1:]}]')
    said = car(f"{PLAN} --asset 1 --flex-context site.json --flex-model car.json")
    assert (said.code, said.err) == (0, "")
    # 4 kWh at 0.1 and 4 at 0.2, each with 0.01 of wear, for 0.3 at the end.
    for cost in ("electricity net energy: 1.20 EUR", "car wear: 0.08 EUR", "car end value: -2.40 EUR"):
        assert f"Cost of {cost}" in said.out
    assert "4 values of sensor 1" in said.out


def test_a_dry_run_tells_and_saves_nothing(car):
    said = car(f"{PLAN} --sensor 1 --flex-context '{CONTEXT}' --flex-model '{MODEL}' --dry-run")
    assert said.code == 0 and "car [kW]: 4 0 4 0" in said.out
    shown = car("flexscope show beliefs --sensor 1 --start 2030-01-14T00:00Z --duration PT4H")
    assert "4 values" not in shown.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("", "asset: name either an asset"),
        ("--asset 1 --sensor 1", "asset: name either an asset"),
        ("--sensor 1 --flex-model nowhere.json", "flex-model: nowhere.json is neither JSON nor a file"),
        ("--sensor 1 --flex-model '{\"soc-min\": }'", "flex-model: it is no JSON"),
        ("--sensor 1 --flex-model '[3]'", "flex-model: write one object"),
        (
            "--sensor 1 --flex-model '{\"soc-mim\": 1}'",
            "field of car is called 'soc-mim'; did you mean 'soc-min'",
        ),
        ('--sensor 1 --flex-model \'{"wear-price": "1 kW"}\'', "car: wear-price: '1 kW' cannot be written in"),
        ("--asset 1 --soc-at-start 50%", "soc-at-start: with --asset"),
        ("--sensor 1 --flex-context '{\"consumption-prize\": 1}'", "did you mean 'consumption-price'"),
    ],
)
def test_mistakes_are_one_sentence(car, options, told):
    said = car(f"{PLAN} {options}")
    assert said.code == 1 and told in said.err and said.err.count("\n") == 1
