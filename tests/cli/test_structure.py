"""Accounts, users, assets and sensors from the command line."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.auth.protection import sealing
from app.settings.settings import load, secret_key
from app.version import OWN
from db.accounts.credentials import KeptSecret
from db.annotations import Annotation
from db.assets import Asset


def test_an_account_of_ones_own(terminal):
    assert "ID 1" in terminal("flexscope add account --name Harbour").out
    user = "flexscope add user --username ann --email Ann@Example.org --account 1 --password longenough"
    assert terminal(f"{user} --roles account-admin").code == 0
    assert terminal("flexscope add asset --name Crane --asset-type battery --account 1").code == 0
    assert terminal("flexscope add sensor --name power --unit kW --event-resolution 15 --asset 1").code == 0
    shown = terminal("flexscope show account --id 1").out
    assert "ann@example.org" in shown and "Crane" in shown and "account-admin" in shown


@pytest.mark.parametrize(
    "line, told",
    [
        ("flexscope add asset --name x --asset-type batery", "did you mean 'battery'"),
        ("flexscope add asset --name x --asset-type battery --account 9", "there is no account 9"),
        ("flexscope add asset --name x --asset-type battery --attributes nonsense", "attributes"),
        ("flexscope add sensor --name x --unit blubb --event-resolution 15 --asset 1", "blubb"),
        ("flexscope add sensor --name x --unit kW --event-resolution 15 --asset 1", "there is no asset 1"),
        ("flexscope add user --username x --email nobody --account 1 --password longenough", "nobody"),
        ("flexscope show asset --id 7", "There is no asset 7"),
    ],
)
def test_wrong_input_is_one_sentence(terminal, line, told):
    said = terminal(line)
    assert said.code == 1 and told in said.err and said.err.count("\n") == 1


def test_the_version_is_told(terminal):
    said = terminal("flexscope --version")
    assert said.code == 0 and OWN in said.out.split(",")[0] and "FlexMeasures" in said.out


def test_an_account_has_one_name(terminal):
    terminal("flexscope add account --name Harbour")
    assert "already" in terminal("flexscope add account --name Harbour").err


@pytest.mark.parametrize("noun", ["sensor", "asset"])
def test_whose_plans_need_what_is_deleted_is_told(terminal, database, noun):
    terminal("flexscope add toy-account --kind battery")
    with database.writing() as session:
        session.get_one(Asset, 2).flex_context = {"consumption-price": {"sensor": 1}}
    said = terminal(f"flexscope delete {noun} --id 1 --force")
    assert "flex_context.consumption-price of asset 2 (toy-battery)" in said.err and said.code == 0


def test_deleting_takes_along_what_belongs_to_it(terminal):
    terminal("flexscope add toy-account --kind battery")
    said = terminal("flexscope delete sensor --id 2 --force")
    assert "Deleted discharging." in said.out and said.err == ""
    assert terminal("flexscope delete asset --id 3 --id 99 --force").code == 1  # all of them or none
    assert "toy-solar" in terminal("flexscope show account --id 1").out
    assert terminal("flexscope delete account --id 1 --force").code == 0
    assert "There is no asset 2" in terminal("flexscope show asset --id 2").err
    assert terminal("flexscope add toy-account --kind battery").code == 0


def test_holidays_are_days_of_the_zone(terminal, database):
    assert terminal("flexscope add account --name Harbour").code == 0
    line = "flexscope add holidays --year 2026 --country nl --language nl --account 1 --timezone Europe/Amsterdam"
    assert terminal(line).out == "10 holidays added.\n"
    assert terminal(line).out == "0 holidays added.\n"  # the second time they are there
    with database.reading() as session:
        rows = {row.content: row for row in session.scalars(select(Annotation))}
        king, easter = rows["Koningsdag"], rows["Eerste paasdag"]
        assert (king.start, king.end) == (
            datetime.fromisoformat("2026-04-26T22:00Z"),
            datetime.fromisoformat("2026-04-27T22:00Z"),
        )
        assert easter.start == datetime.fromisoformat("2026-04-04T22:00Z") and easter.type == "holiday"
        # Known at any time: forecasts made as of a moment before the command ran may use them.
        assert {row.belief_time for row in rows.values()} == {None}


@pytest.mark.parametrize(
    "options, said",
    [
        ("--year 2026 --country NL", "name what is annotated"),
        ("--year 2026 --country ZZ --account 1", "country"),
        ("--year 2026 --country DE --subdivision XX --account 1", "subdivision"),
        ("--year 2026 --country NL --category tulips --account 1", "category"),
        ("--year 2026 --country NL --language xx --account 1", "language"),
        ("--year 20260 --country NL --account 1", "year: 20260"),
        ("--year 2026 --country NL --account 1 --timezone Mars", "Mars"),
    ],
)
def test_a_calendar_that_is_unknown_adds_nothing(terminal, database, options, said):
    terminal("flexscope add account --name Harbour")
    answer = terminal(f"flexscope add holidays {options}")
    assert answer.code == 1 and said in answer.err
    with database.reading() as session:
        assert session.scalar(select(Annotation.id)) is None


def test_an_annotation_without_an_end_lasts_a_day_of_the_clock(terminal, database, monkeypatch):
    monkeypatch.setenv("FLEXMEASURES_TIMEZONE", "Europe/Amsterdam")
    terminal("flexscope add account --name Harbour")
    assert terminal("flexscope add annotation --content works --at 2026-03-29 --account 1").code == 0
    with database.reading() as session:
        row = session.scalars(select(Annotation)).one()
    assert row.end - row.start == timedelta(hours=23)


def test_an_asset_moves_to_another_account_with_all_below(terminal, database):
    for name in ("Old", "New"):
        terminal(f"flexscope add account --name {name}")
    for name, parent in (("site", ""), ("battery", "--parent-asset 1"), ("pump", "")):
        terminal(f"flexscope add asset --name {name} --asset-type battery --account 1 {parent}")
    terminal("flexscope add sensor --name power --unit kW --event-resolution 15 --asset 2")
    refused = terminal("flexscope edit transfer-ownership --asset 2 --new-owner 2 --yes")
    assert refused.code == 1 and "part of asset 1" in refused.err
    assert terminal("flexscope edit transfer-ownership --asset 1 --new-owner 2 --yes").code == 0
    with database.reading() as session:
        owners = {row.name: row.account_id for row in session.scalars(select(Asset))}
    assert owners == {"site": 2, "battery": 2, "pump": 1}


def test_a_plan_limits_what_is_taken_over(terminal, database):
    terminal("flexscope add plan --name Small --max-assets 1")
    terminal("flexscope add account --name Old")
    terminal("flexscope add account --name New --plan 1")
    for name, parent in (("site", ""), ("battery", "--parent-asset 1")):
        terminal(f"flexscope add asset --name {name} --asset-type battery --account 1 {parent}")
    refused = terminal("flexscope edit transfer-ownership --asset 1 --new-owner 2 --yes")
    assert refused.code == 1 and "allows 1 assets" in refused.err
    with database.reading() as session:
        assert set(session.scalars(select(Asset.account_id))) == {1}
    assert terminal("flexscope edit plan --id 1 --clear most_assets").code == 0
    assert terminal("flexscope edit transfer-ownership --asset 1 --new-owner 2 --yes").code == 0
    assert "Small" in terminal("flexscope show plans").out


def test_accounts_have_roles_by_name(terminal):
    terminal("flexscope add account-role --name Prosumer --description 'Uses and produces'")
    assert terminal("flexscope add account --name Harbour --roles Prosumer").code == 0
    assert "Uses and produces" in terminal("flexscope show roles").out
    assert "did you mean 'Prosumer'" in terminal("flexscope add account --name Quay --roles prosumer").err


def test_a_secret_is_kept_sealed_and_told_to_nobody(terminal, database):
    terminal("flexscope add account --name Harbour")
    said = terminal("flexscope edit secret --account 1 --secret inverter.password --value hush")
    assert said.code == 0 and "hush" not in said.out + said.err
    with database.reading() as session:
        row = session.scalars(select(KeptSecret)).one()
        assert sealing.opened(row.sealed, load(), secret=secret_key(load())) == "hush"
    assert terminal("flexscope delete secret --account 1 --secret inverter.password --force").code == 0


def test_a_reset_leaves_an_empty_database_that_works(terminal, database):
    terminal("flexscope add toy-account")
    assert terminal("flexscope db-ops reset --yes").code == 0
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Asset)) == 0
    assert "ID 1" in terminal("flexscope add account --name Harbour").out
    assert "battery" in terminal("flexscope show asset-types").out
    assert "its tables" in terminal("flexscope add initial-structure").out
