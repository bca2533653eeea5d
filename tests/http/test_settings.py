"""Settings: read from environment and file, refused when they cannot be meant."""

import stat
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from app.settings.appearance import applicable
from app.settings.declaring import NO_EFFECT
from app.settings.settings import Settings, load, secret_key
from engine.errors import InputError


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "flexmeasures.cfg").write_text(
        "from datetime import timedelta\n"
        "FLEXMEASURES_MODE = 'play'\n"
        "FLEXMEASURES_PLANNING_HORIZON = timedelta(days=1)\n"
    )
    here = {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}
    read = load(here)
    assert read.FLEXMEASURES_MODE == "play"
    horizon = read.FLEXMEASURES_PLANNING_HORIZON
    assert horizon == timedelta(days=1)
    assert load(here | {"FLEXMEASURES_MODE": "demo"}).FLEXMEASURES_MODE == "demo"


def test_texts_become_what_the_setting_is() -> None:
    read = load(
        {"FLEXMEASURES_ALLOW_DATA_OVERWRITE": "True", "FLEXMEASURES_PLANNING_TTL": "PT6H", "LOGGING_LEVEL": "INFO"}
    )
    overwrite, kept = read.FLEXMEASURES_ALLOW_DATA_OVERWRITE, read.FLEXMEASURES_PLANNING_TTL
    assert overwrite and kept == timedelta(hours=6)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"FLEXMEASURES_MOD": "demo"}, "did you mean 'FLEXMEASURES_MODE'"),
        ({"FLEXMEASURES_MODE": "party"}, "'play'"),
        ({"SECURITY_TOKEN_MAX_AGE": "six hours"}, "SECURITY_TOKEN_MAX_AGE"),
        ({"FLEXMEASURES_ALLOW_DATA_OVERWRITE": "perhaps"}, "true or false"),
        ({"FLEXMEASURES_TIMEZONE": "Europe/Amsterdm"}, "Europe/Amsterdam"),
        ({"FLEXSCOPE_KEEP_SCHEDULES": "P900Y"}, "FLEXSCOPE_KEEP_SCHEDULES"),
        ({"FLEXSCOPE_KEEP_SCHEDULES": "9" * 12}, "FLEXSCOPE_KEEP_SCHEDULES: .*300 years"),
        ({"FLEXMEASURES_PLANNING_TTL": "9" * 40}, "FLEXMEASURES_PLANNING_TTL: .*300 years"),
        ({"FLEXMEASURES_JOB_TTL": "-PT1S"}, "FLEXMEASURES_JOB_TTL: .*300 years"),
        ({"FLEXSCOPE_CONFIG": "/nowhere/flexscope.cfg"}, "/nowhere/flexscope.cfg"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(given: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(given)


@pytest.mark.parametrize("line", ["FLEXMEASURES_MODE = open('/etc/passwd').read()", "NO_SETTING = 1", "import os; x ="])
def test_a_file_is_read_and_never_executed(tmp_path: Path, line: str) -> None:
    (tmp_path / "flexscope.cfg").write_text(line)
    with pytest.raises(InputError, match=r"flexscope\.cfg"):
        load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)})


def test_settings_of_flexmeasures_without_effect_are_told_and_stop_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "flexmeasures.cfg").write_text("FLEXMEASURES_JS_VERSIONS = {'vega': '5'}\nFLEXMEASURES_MODE = 'play'\n")
    read = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXMEASURES_PLUGINS": "mine"})
    assert read.is_playing
    assert "FLEXMEASURES_JS_VERSIONS changes nothing" in caplog.text and "FLEXMEASURES_PLUGINS" in caplog.text


def test_nothing_without_effect_is_a_setting() -> None:
    assert not {each.name for each in fields(Settings)} & set(NO_EFFECT)


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)})
    first = secret_key(settings)
    assert len(first) > 40 and secret_key(settings) == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_production_demands_a_secret(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SECRET_KEY"):
        secret_key(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXMEASURES_ENV": "production"}))


def test_every_setting_says_what_it_means() -> None:
    assert all(len(each.metadata["meaning"]) > 10 for each in fields(Settings))


@pytest.mark.parametrize(
    ("given", "roles", "name"),
    [
        ("Sunny, Inc", [], "Sunny, Inc"),
        ("[('Windy', ['Prosumer']), 'Sunny']", [], "Sunny"),
        ("[('Windy', ['Prosumer']), 'Sunny']", ["Prosumer"], "Windy"),
        ("[('Windy', 'Prosumer')]", ["ESCo"], "Flexscope"),
    ],
)
def test_a_name_may_be_for_accounts_with_some_roles(given: str, roles: list[str], name: str) -> None:
    assert load({"FLEXMEASURES_PLATFORM_NAME": given}).platform_name(roles) == name


def test_entries_are_read_from_texts_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "flexscope.cfg").write_text("FLEXMEASURES_MENU_LISTED_VIEWS = ['assets', ('users', ['ESCo'])]")
    read = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "FLEXMEASURES_ROOT_VIEW": "assets"})
    root, listed = read.FLEXMEASURES_ROOT_VIEW, read.FLEXMEASURES_MENU_LISTED_VIEWS
    assert (root, applicable(listed, []), applicable(listed, ["ESCo"])) == (["assets"], ["assets"], ["assets", "users"])


def test_a_tile_server_needs_places_for_zoom_column_and_row():
    with pytest.raises(
        InputError, match=r"FLEXSCOPE_TILE_URL: 'https://tiles\.example\.org' is not an address such as"
    ):
        load({"FLEXSCOPE_TILE_URL": "https://tiles.example.org"})
