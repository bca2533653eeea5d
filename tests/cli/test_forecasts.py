"""Forecasts on the command line, in the forms of both documentations."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

FROM, DAYS = "2030-01-01", 30


@pytest.fixture
def load(terminal: Terminal) -> Terminal:
    """The terminal once there are a load (sensor 1 [kW]) that falls with a temperature (sensor 2), 30 days of both."""
    for line in (
        "account --name Mill",
        "asset --name mill --asset-type building --account 1",
        "sensor --name load --unit kW --event-resolution 60 --asset 1 --timezone Europe/Amsterdam",
        "sensor --name outside --unit °C --event-resolution 60 --asset 1 --timezone Europe/Amsterdam",
    ):
        assert terminal(f"flexscope add {line}").code == 0
    warm = [10.0 + (7 * hour + hour // 24) % 11 for hour in range((DAYS + 2) * 24)]
    for key, values in ((1, [30.0 - value for value in warm[: DAYS * 24]]), (2, warm)):
        rows = [f"2030-01-{1 + at // 24:02}T{at % 24:02}:00+01:00,{value}" for at, value in enumerate(values)][:744]
        Path(f"{key}.csv").write_text("\n".join(["event_start,event_value", *rows]))
        said = terminal(f"flexscope add beliefs --sensor {key} --source me {key}.csv")
        assert said.code == 0, said.err
    return terminal


def values(terminal: Terminal, start: str, duration: str) -> list[float]:
    """Forecasts of the load as saved."""
    said = terminal(
        f"flexscope show beliefs --sensor 1 --start {start} --duration {duration} --source-type forecaster "
        "--belief-time-before 2031-01-01T00:00Z --to-file out.csv"
    )
    assert said.code == 0, said.err
    with Path("out.csv").open() as file:
        return [float(row["event_value"]) for row in csv.DictReader(file)]


def test_a_day_is_forecast_with_the_temperature(load: Terminal) -> None:
    Path("how.json").write_text(json.dumps({"upper": "19500 W", "train-period": "P28D"}))
    said = load(
        "flexscope add forecasts --sensor 1 --from-date 2030-01-31 --to-date 2030-01-31 --future-regressors 2 "
        "--config how.json --lower 10.5"
    )
    assert said.code == 0 and "24 forecasts of sensor 1 are stored; recent error" in said.out, said.err
    found = values(load, "2030-01-31T00:00+01:00", "P1D")
    expected = [10.0 + (7 * hour + hour // 24) % 11 for hour in range(DAYS * 24, DAYS * 24 + 24)]
    assert found == pytest.approx([min(max(30.0 - warm, 10.5), 19.5) for warm in expected], abs=1.5)


def test_rolling_forecasts_know_each_event_so_many_hours_before(load: Terminal) -> None:
    day = "--from-date 2030-01-29 --to-date 2030-01-29"
    said = load(f"flexscope add forecasts --sensor 1 {day} --horizon 6 --forecaster SeasonalNaive")
    assert said.code == 0, said.err
    assert len(values(load, "2030-01-29T00:00+01:00", "P1D")) == 24


def test_a_job_is_left_to_the_server(load: Terminal) -> None:
    said = load("flexscope add forecasts --sensor 1 --sensor 2 --start 2030-01-31T00:00+01:00 --as-job")
    assert said.code == 0 and said.out.count("waits for a worker") == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--lower 'many kW'", "config.lower"),
        ("--lower 5 --upper 2", "config.upper: it lies below"),
        ("--regressors 99", "there is no sensor 99"),
        ('--annotation-regressors \'{"annotation-type": "label"}\'', "name exactly one of account, asset and sensor"),
        ("--regressors '{\"sensor\": 2'", "--regressors: not JSON"),
        ("--missing-threshold 2", "missing-threshold"),
        ("--forecaster SeasonalNaiv", "did you mean 'SeasonalNaive'"),
        ("--from-date 2030-02-30", "2030-02-30"),
    ],
)
def test_what_is_wrong_is_named(load: Terminal, options: str, told: str) -> None:
    said = load(f"flexscope add forecasts --sensor 1 {options}")
    assert said.code == 1 and told in said.err


def test_forecasts_are_compared_with_what_came(load: Terminal) -> None:
    day = "--from-date 2030-01-29 --to-date 2030-01-29"
    assert load(f"flexscope add forecasts --sensor 1 {day} --horizon 6 --forecaster SeasonalNaive").code == 0
    time = "--start 2030-01-29T00:00+01:00 --duration P1D --prior 2031-01-01T00:00Z"
    said = load(f"flexscope show accuracy --sensor 1 {time} --horizon PT6H --json")
    assert said.code == 0, said.err
    (row,) = json.loads(said.out)
    assert (row["horizon"], row["events"]) == ("PT6H", 24) and row["mase"] == pytest.approx(1.0)
    assert row["accuracy"] == pytest.approx(1.0 - row["wape"], abs=1e-3)
    said = load(f"flexscope show accuracy --sensor 2 {time}")
    assert said.code == 1 and "No forecasts from 2030-01-29T00:00:00+01:00" in said.err
