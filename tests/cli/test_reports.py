"""Reports from files, as scripts written for FlexMeasures ask for them."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source
from tests.cli.conftest import Terminal

DAILY = [
    {"df_input": "price", "method": "resample", "args": ["1D"]},
    {"method": "sum", "df_output": "daily"},
]
EVER = datetime(9000, 1, 1, tzinfo=UTC)


def written(folder: Path, output: int) -> str:
    """Write the files of a report over three days, one of them with 25 hours; return the command."""
    parameters = {"input": [{"name": "price", "sensor": 1}], "output": [{"name": "daily", "sensor": output}]}
    parameters |= {"belief-horizon": "PT0H", "check_output_resolution": False}
    (folder / "parameters.json").write_text(json.dumps(parameters))
    (folder / "config.json").write_text(json.dumps({"required_input": [], "transformations": DAILY}))
    files = "--config config.json --parameters parameters.json"
    return f"flexscope add report --reporter PandasReporter {files} --start 2030-10-26T00:00:00+02:00"


@pytest.fixture
def daily(terminal: Terminal, tmp_path: Path) -> str:
    """The command of a report on prices that are known only in days to come, into a sensor of days."""
    assert terminal("flexscope add toy-account").code == 0
    told = "--name daily --unit EUR/MWh --event-resolution P1D --asset 1 --timezone Europe/Amsterdam"
    assert terminal(f"flexscope add sensor {told}").code == 0
    moments = [datetime(2030, 10, 25, 22, tzinfo=UTC) + timedelta(hours=hour) for hour in range(73)]
    lines = [f"{moment.isoformat()},1" for moment in moments]
    (tmp_path / "prices.csv").write_text("\n".join(["event_start,event_value", *lines]))
    said = terminal("flexscope add beliefs --sensor 1 --source me prices.csv --horizon 0 --unit EUR/MWh")
    assert said.code == 0, said
    return written(tmp_path, 4)


def test_a_day_is_one_where_the_sensor_is(terminal: Terminal, daily: str, database: Database) -> None:
    said = terminal(f"{daily} --end 2030-10-29T00:00:00+01:00")
    assert (said.code, said.out.strip()) == (0, "3 values of the report are stored for sensor 4."), said
    with database.reading() as session:
        sensor = session.get_one(Sensor, 4)
        known = store.read(
            session,
            sensor,
            BeliefQuery(datetime(2030, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC), known_at=EVER),
        )
    assert known.values.tolist() == [24, 25, 24]


def test_files_of_a_report_may_be_yaml(terminal: Terminal, daily: str, tmp_path: Path) -> None:
    for name in ("config", "parameters"):
        (tmp_path / f"{name}.json").unlink()
    steps = "- {df_input: price, method: resample, args: [1D]}\n- method: sum\n  df_output: daily\n"
    (tmp_path / "config.yaml").write_text(f"# in days\nrequired-input: []\ntransformations:\n{steps}")
    times = "start: 2030-10-26T00:00:00+02:00\nend: 2030-10-29T00:00:00+01:00\ncheck_output_resolution: no\n"
    sensors = "input:\n- name: price\n  sensor: 1\noutput:\n- {name: daily, sensor: 4}\n"
    (tmp_path / "parameters.yaml").write_text(f"belief-horizon: PT0H\n{times}{sensors}")
    said = terminal("flexscope add report --config config.yaml --parameters parameters.yaml")
    assert (said.code, said.out.strip()) == (0, "3 values of the report are stored for sensor 4."), said


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", "{", "not JSON"),
        ("parameters.json", "[]", "an object is wanted"),
        ("config.json", "- 1", "holds no fields"),
        ("config.json", "method: [sum", "neither JSON nor YAML"),
        ("config.json", "method: !!python/name:os.system", "neither JSON nor YAML"),
        ("parameters.json", "{}", "input"),
        ("config.json", '{"transformations": [{"df_input": "price", "method": "eval_all"}]}', "eval_all"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(
    terminal: Terminal, daily: str, tmp_path: Path, file: str, content: str, words: str
) -> None:
    (tmp_path / file).write_text(content)
    said = terminal(f"{daily} --end 2030-10-29T00:00:00+01:00")
    assert said.code == 1 and words in said.err and "Traceback" not in said.err


YAML_CONFIG = """
transformations:
  - {df_input: price, method: resample, args: [1D]}
  - {method: sum, df_output: daily}
"""
END = "--end 2030-10-29T00:00:00+01:00"


def test_a_report_is_written_in_yaml_and_kept_with_its_config(
    terminal: Terminal, daily: str, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "config.yaml").write_text(YAML_CONFIG)
    said = terminal(f"{daily.replace('config.json', 'config.yaml')} {END}")
    assert said.code == 0, said
    with database.reading() as session:
        (source,) = session.query(Source).filter_by(type="reporter")
        config = source.attributes["data_generator"]["config"]
    assert [step["method"] for step in config["transformations"]] == ["resample", "sum"]


def test_a_dry_run_writes_files_and_stores_nothing(
    terminal: Terminal, daily: str, tmp_path: Path, database: Database
) -> None:
    for ending in ("csv", "xlsx", "pdf"):
        said = terminal(f"{daily} {END} --dry-run --output-file $name-$sensor_id.{ending}")
        assert said.code == 0 and "25" in said.out, said
    assert (tmp_path / "daily-4.csv").read_text().splitlines()[1] == "2030-10-25 22:00:00+00:00,24.0"
    rows = list(openpyxl.load_workbook(io.BytesIO((tmp_path / "daily-4.xlsx").read_bytes()))["report"].values)
    assert rows[0] == ("start (Europe/Amsterdam)", "value [EUR/MWh]")
    assert (str(rows[2][0]), rows[2][1]) == ("2030-10-27 00:00:00", 25)
    assert b"2030-10-27 00:00 +0200" in (tmp_path / "daily-4.pdf").read_bytes()
    with database.reading() as session:
        assert not session.query(Source).filter_by(type="reporter").count()


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x", "[1, 2]", "a: [", "!!python/object/apply:os.getcwd []"])
def test_yaml_is_plain(terminal: Terminal, daily: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    said = terminal(f"{daily.replace('config.json', 'config.yaml')} {END}")
    assert said.code == 1 and "config" in said.err and "Traceback" not in said.err, said
