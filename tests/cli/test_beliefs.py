"""Time series data by the commands of the tutorial."""

from pathlib import Path

import pytest

from app.cli.main import main
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from tests.db.samples import DAY, LATER, NOON

PRICES = [10, 11, 12, 15, 18, 17, 10.5, 9, 9.5, 9, 8.5, 10, 8, 5, 4, 4, 5.5, 8, 12, 13, 14, 12.5, 10, 7]


@pytest.fixture
def toy(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """A database with the toy account, that the commands work on."""
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    command("add", "toy-account", "--kind", "battery")
    return database


def command(*words: str) -> int:
    """Run one command; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(str(ended.value.code))


def prices(folder: Path, *, bad: dict[int, str] | None = None) -> str:
    """Write the prices of a day, with other cells in some rows."""
    rows = [f"2026-03-02T{hour:02}:00:00,{(bad or {}).get(hour, price)}" for hour, price in enumerate(PRICES)]
    file = folder / "prices-tomorrow.csv"
    file.write_text("\n".join(["Hour,Price", *rows]))
    return str(file)


def stored(database: Database) -> list[float]:
    with database.reading() as session:
        sensor = get(session, Sensor, 1)
        values: list[float] = store.read(
            session, sensor, BeliefQuery(NOON - DAY, NOON + DAY, known_at=LATER)
        ).values.tolist()
        return values


def add(*words: str) -> int:
    return command("add", "beliefs", "--sensor", "1", "--source", "toy-user", *words)


def test_the_prices_of_the_tutorial_are_stored_and_shown(
    toy: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(prices(tmp_path), "--timezone", "Europe/Amsterdam") == 0
    assert stored(toy) == PRICES
    capsys.readouterr()
    start = ["--start", "2026-03-02T00:00:00+01:00", "--duration", "PT24H"]
    assert command("show", "beliefs", "--sensor", "1", *start) == 0
    shown = capsys.readouterr().out
    assert "24 values, one per PT1H, from 4 to 18 EUR/MWh" in shown
    assert "EUR/MWh, times in Europe/Amsterdam" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    "words, bad, says",
    [
        (["--timezone", "Europe/Amsterdam"], {5: "17 EUR"}, "Row 7: '17 EUR' is not a number"),
        (["--timezone", "Europe/Amsterdam", "--unit", "kW"], {}, "'kW' cannot be written in 'EUR/MWh'"),
        (["--timezone", "Europe/Amsterdam", "--sensor", "99"], {}, "There is no sensor 99."),
        (["--timezone", "Europe/Amsterdam", "--source", "77"], {}, "There is no data source 77."),
    ],
)
def test_what_cannot_be_stored_is_one_sentence_and_nothing_changes(
    toy: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], bad: dict[int, str], says: str
) -> None:
    capsys.readouterr()
    assert add(prices(tmp_path, bad=bad), *words) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert len(told.err.splitlines()) == 1
    assert (told.out, stored(toy)) == ("", [])
