"""Accounts, users, assets and sensors from the command line."""

import pytest

from app.version import OWN
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
