"""Data out to files and back in, and data taken away, by command."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from tests.cli.test_beliefs import PRICES, add, command, prices, stored, toy
from tests.db.samples import DAY, LATER, NOON

__all__ = ["toy"]

RANGE = ["--start", "2026-03-02T00:00:00+01:00", "--duration", "PT24H"]


@pytest.fixture
def filled(toy: Database, tmp_path: Path) -> Database:
    """The toy database with the prices of a day."""
    assert add(prices(tmp_path), "--timezone", "Europe/Amsterdam", "--prior", "2026-03-01T12:00Z") == 0
    return toy


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_data_go_out_to_every_kind_of_file(filled: Database, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"out.{kind}"
    assert command("show", "beliefs", "--sensor", "1", *RANGE, "--to-file", str(file)) == 0
    excel = partial(pd.read_excel, engine="openpyxl")
    readers: dict[str, Callable[..., pd.DataFrame]] = {"csv": pd.read_csv, "xlsx": excel, "parquet": pd.read_parquet}
    frame = readers[kind](io.BytesIO(file.read_bytes()))
    assert frame["event_value"].tolist() == PRICES
    assert set(frame["unit"]) == {"EUR/MWh"}
    assert pd.to_datetime(frame["event_start"]).iloc[0] == pd.Timestamp("2026-03-02T00:00+01:00")
    assert pd.to_datetime(frame["belief_time"]).iloc[0] == pd.Timestamp("2026-03-01T12:00Z")


def test_a_file_that_went_out_comes_in_again_and_changes_nothing(filled: Database, tmp_path: Path) -> None:
    file = str(tmp_path / "out.csv")
    command("show", "beliefs", "--sensor", "1", *RANGE, "--to-file", file)
    columns = ["--datecol", "event_start", "--valuecol", "event_value", "--beliefcol", "belief_time"]
    with filled.reading() as session:
        before = store.read_all(
            session, get(session, Sensor, 1), BeliefQuery(NOON - DAY, NOON + DAY, known_at=LATER)
        ).beliefs
    assert add(file, *columns) == 0
    with filled.reading() as session:
        after = store.read_all(
            session, get(session, Sensor, 1), BeliefQuery(NOON - DAY, NOON + DAY, known_at=LATER)
        ).beliefs
    assert np.array_equal(after.times, before.times)
    assert np.array_equal(after.values, before.values)


def test_a_dry_run_tells_every_bad_row_and_stores_nothing(
    toy: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert add(prices(tmp_path, bad={3: "x", 7: "y"}), "--timezone", "Europe/Amsterdam", "--dry-run") == 1
    told = capsys.readouterr()
    rows = [line.split(":")[0] for line in told.out.splitlines() if line.startswith("Row")]
    assert rows == ["Row 5", "Row 9"] and "time-column" in told.out
    assert add(prices(tmp_path), "--timezone", "Europe/Amsterdam", "--dry-run") == 0
    assert "24 would be stored; 0 are known already" in capsys.readouterr().out
    assert stored(toy) == []


@pytest.mark.parametrize(
    "words, left",
    [
        (["beliefs"], 0),
        (["beliefs", "--start", "2026-03-02T06:00", "--end", "2026-03-02T18:00"], 12),
        (["measurements"], 24),
        (["prognoses"], 0),
        (["unchanged-beliefs"], 24),
        (["nan-beliefs"], 24),
    ],
)
def test_only_what_is_asked_for_is_deleted(filled: Database, words: list[str], left: int) -> None:
    assert command("delete", *words, "--asset", "1", "--offspring", "--yes") == 0
    assert len(stored(filled)) == left


def test_a_source_that_is_not_there_is_refused(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("delete", "beliefs", "--asset", "1", "--offspring", "--source", "99", "--yes") == 1
    assert "There is no data source 99" in capsys.readouterr().err and len(stored(filled)) == 24


def test_a_sensor_is_resampled_with_its_data(filled: Database) -> None:
    assert command("edit", "resample-data", "--sensor", "1", "--event-resolution", "PT2H", "--yes") == 0
    assert stored(filled) == [(a + b) / 2 for a, b in zip(PRICES[::2], PRICES[1::2], strict=True)]


def test_a_database_goes_to_a_file_and_back(filled: Database, tmp_path: Path) -> None:
    file = str(tmp_path / "copy.dump")
    assert command("db-ops", "dump", "--file", file) == 0
    assert command("delete", "beliefs", "--sensor", "1", "--yes") == 0
    assert command("db-ops", "restore", file) == 1
    assert command("db-ops", "restore", file, "--replace", "--yes") == 0
    assert stored(filled) == PRICES
