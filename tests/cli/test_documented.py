"""The commands and options that FlexMeasures documents are there, and tables can be had as JSON."""

import ast
import json
from pathlib import Path

import click
import pytest

import app.cli.commands
from app.cli.main import cli

DOCUMENTED = {
    "add initial-structure": "",
    "add account-role": "--name --description",
    "add plan": "--name --default-rate-limit --trigger-rate-limit --max-users --max-assets --max-clients",
    "add account": "--name --roles --primary-color --secondary-color --logo-url --consultancy",
    "add user": "--username --email --account --roles --timezone",
    "add asset-type": "--name --description",
    "add asset": "--name --latitude --longitude --account --asset-type --parent-asset",
    "add sensor": "--name --unit --event-resolution --timezone --asset --attributes",
    "add source": "--name --model --version --type",
    "add beliefs": "--sensor --source --unit --horizon --skiprows --na-values --nrows --datecol --valuecol --beliefcol"
    " --timezone --filter-column --filter-value --delimiter --decimal --thousands",
    "add annotation": "--content --at --until --account --asset --sensor --user",
    "add holidays": "--year --country --subdiv --category --asset --account --timezone",
    "add forecasts": "--sensor --from-date --to-date --horizon --as-job --config --forecaster --parameters",
    "add schedule for-asset": "--sensor --asset --start --duration --resolution --prior --soc-at-start --scheduler"
    " --flex-context --flex-model --as-job --dry-run",
    "add report": "--config --parameters --reporter --start --start-offset --end --end-offset --resolution --dry-run",
    "add toy-account": "--kind",
    "show accounts": "", "show plans": "", "show roles": "", "show account": "--id", "show assets": "",
    "show asset": "--id", "show asset-types": "", "show data-sources": "--id",
    "show beliefs": "--sensor --start --duration --source --source-type --timezone --to-file",
    "show forecasters": "", "show reporters": "", "show schedulers": "",
    "edit plan": "--default-rate-limit --max-users --clear",
    "edit attribute": "--asset --sensor --attribute --float --bool --str --int --list --dict --null",
    "edit secret": "--account --asset --secret --secret-path --value --prompt",
    "edit resample-data": "--sensor --event-resolution --skip-integrity-check",
    "edit transfer-ownership": "--asset --new-owner",
    "edit transfer-parenthood": "--asset --new-parent --old-parent",
    "delete secret": "--account --asset --secret", "delete account-role": "--name", "delete account": "--id",
    "delete user": "--id", "delete asset": "--id", "delete sensor": "--id",
    "delete measurements": "--sensor", "delete prognoses": "--sensor",
    "delete beliefs": "--asset --sensor --source --start --end --offspring",
    "delete unchanged-beliefs": "--sensor", "delete nan-beliefs": "--sensor",
    "jobs run-worker": "--queue --name --with-scheduler --without-scheduler", "jobs run-job": "--job",
    "jobs inspect-job": "--job", "jobs show-queues": "", "jobs stats": "--window",
    "jobs save-last": "--n --queue --registry --asset --sensor --file",
    "jobs clear-queue": "--queue --deferred --scheduled --failed", "jobs delete-queue": "--queue",
    "monitor latest-run": "--task --custom-message --recipient",
    "monitor last-seen": "--maximum-minutes-since-last-seen --alert-users --account-role --account --consultancy"
    " --user-role --custom-user-message --only-newly-absent-users --task-name --recipient",
    "db-ops dump": "", "db-ops restore": "", "db-ops reset": "", "db upgrade": "",
}  # fmt: skip
"""Commands of FlexMeasures 0.19.2 and 1.0 with their options; those that are not here are in a table of the docs."""


def command(line: str) -> click.Command:
    """The command that words stand for."""
    group: click.Command = cli
    for word in line.split():
        assert isinstance(group, click.Group)
        below = group.get_command(click.Context(group), word)
        assert below is not None, line
        group = below
    return group


@pytest.mark.parametrize("line", DOCUMENTED)
def test_a_documented_command_has_its_options(line):
    names = {name for each in command(line).params for name in (*each.opts, *each.secondary_opts)}
    assert set(DOCUMENTED[line].split()) - names == set()


def test_tables_can_be_had_as_json():
    """Commands that show a table have the option; reasons, scenarios and what they take have documents over the API."""
    missing = []
    for path in sorted(Path(app.cli.commands.__path__[0]).rglob("*.py")):
        for function in ast.parse(path.read_text()).body:
            if isinstance(function, ast.FunctionDef) and path.stem != "explanations":
                called = {getattr(node.func, "id", "") for node in ast.walk(function) if isinstance(node, ast.Call)}
                marks = {getattr(mark, "id", "") for mark in function.decorator_list}
                is_command = any(isinstance(mark, ast.Call) for mark in function.decorator_list)
                if is_command and "show_table" in called and "tabular" not in marks:
                    missing.append(f"{path.stem}.{function.name}")
    assert missing == []


def test_json_tells_what_the_table_does(terminal):
    assert json.loads(terminal("flexscope show accounts --json").out) == []
    terminal("flexscope add toy-account")
    assert json.loads(terminal("flexscope show accounts --json").out) == [{"id": 1, "name": "Toy Account"}]
    asset = json.loads(terminal("flexscope show asset --id 2 --json").out)
    assert asset["asset"][0]["type"] == "battery" and asset["facts"]["capacity_in_mw"] == 0.5
    assert [row["name"] for row in asset["sensors"]] == ["discharging"]
    account = json.loads(terminal("flexscope show account --id 1 --json").out)
    assert account["users"][0]["email"] == "toy-user@flexmeasures.io" and len(account["assets"]) == 2
    assert terminal("flexscope show account --id 9 --json").out == ""
