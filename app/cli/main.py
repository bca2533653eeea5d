"""The command line: one table of commands, each loaded when it is called.

A command module may import what it needs at its top; ``flexscope --help`` imports none of them.
"""

import os
import sys
from importlib import import_module
from typing import Any, NamedTuple, Union

import click

from app.version import COMPATIBLE, OWN
from db.core import private_files
from engine.errors import EngineError


class Command(NamedTuple):
    """Where a command is and what its group says of it."""

    where: str
    help: str


class CommandGroup(NamedTuple):
    """Commands under one word."""

    help: str
    entries: dict[str, Union[Command, "CommandGroup"]]
    usual: str | None = None
    """The command that is meant where only options follow."""


COMMANDS = CommandGroup(
    "When to run flexible assets against prices, CO2 and peaks, and why.",
    {
        "run": Command("app.cli.commands.serve:run", "Serve the pages and the API."),
        "add": CommandGroup(
            "Add something to the database.",
            {
                "automation": Command("app.cli.commands.automations:add_automation", "What is done again and again."),
                "toy-account": Command(
                    "app.cli.commands.toy:toy_account", "The account, battery and market of the tutorials."
                ),
                "initial-structure": Command(
                    "app.cli.commands.db_ops:initial_structure", "Tables, asset types and roles."
                ),
                "account-role": Command("app.cli.commands.accounts:add_account_role", "A kind of account."),
                "plan": Command("app.cli.commands.accounts:add_plan", "What accounts may book."),
                "asset-type": Command("app.cli.commands.assets:add_asset_type", "A kind of asset."),
                "annotation": Command("app.cli.commands.annotations:add_annotation", "A text about a stretch of time."),
                "holidays": Command("app.cli.commands.annotations:add_holidays", "Public holidays of a country."),
                "account": Command("app.cli.commands.accounts:add_account", "An organisation."),
                "user": Command("app.cli.commands.accounts:add_user", "A user of an account."),
                "source": Command("app.cli.commands.accounts:add_source", "A source of data."),
                "asset": Command("app.cli.commands.assets:add_asset", "An asset, below another one or at the top."),
                "sensor": Command("app.cli.commands.assets:add_sensor", "A sensor of an asset."),
                "beliefs": Command(
                    "app.cli.commands.beliefs:add_beliefs", "Time series data from a CSV or Excel file."
                ),
                "forecasts": Command(
                    "app.cli.commands.computing.forecasts:add_forecasts", "Forecasts of sensors, saved on them."
                ),
                "report": Command("app.cli.commands.computing.reports:add_report", "Compute a report and save it."),
                "schedules": Command(
                    "app.cli.commands.computing.site_schedules:add_schedules", "Schedules of many sites at once."
                ),
                "schedule": CommandGroup(
                    "Compute a schedule and save it.",
                    {
                        "for-storage": Command(
                            "app.cli.commands.computing.schedules:for_storage", "When a storage charges and discharges."
                        ),
                        "for-process": Command(
                            "app.cli.commands.computing.schedules:for_process", "When a process runs."
                        ),
                        "for-asset": Command(
                            "app.cli.commands.computing.site_schedules:for_asset",
                            "All devices of an asset; meant where none is named.",
                        ),
                    },
                    usual="for-asset",
                ),
            },
        ),
        "show": CommandGroup(
            "Show what the database holds.",
            {
                "automation": Command("app.cli.commands.automations:show_automation", "One automation with its jobs."),
                "automations": Command(
                    "app.cli.commands.automations:show_automations", "What is done again and again."
                ),
                "accounts": Command("app.cli.commands.accounts:show_accounts", "All accounts."),
                "plans": Command("app.cli.commands.accounts:show_plans", "What accounts may book."),
                "account": Command("app.cli.commands.accounts:show_account", "One account with its users and assets."),
                "asset-types": Command("app.cli.commands.assets:show_asset_types", "All asset types."),
                "assets": Command("app.cli.commands.assets:show_assets", "All assets."),
                "asset": Command("app.cli.commands.assets:show_asset", "One asset with its sensors."),
                "beliefs": Command("app.cli.commands.beliefs:show_beliefs", "Time series data, as a plot or a file."),
                "accuracy": Command(
                    "app.cli.commands.computing.accuracy:show_accuracy", "How good forecasts were, by source."
                ),
                "data-sources": Command("app.cli.commands.accounts:show_sources", "Where data come from."),
                "schedules": Command(
                    "app.cli.commands.computing.schedules:show_schedules", "Saved schedules, newest first."
                ),
                "why": Command("app.cli.commands.explanations:show_why", "Why a schedule is as it is."),
                "changes": Command("app.cli.commands.explanations:show_changes", "What made a schedule another one."),
                "what-if": Command("app.cli.commands.explanations:show_scenario", "A schedule done otherwise."),
                "what-would-it-take": Command(
                    "app.cli.commands.explanations:show_requirements", "What it takes for another schedule."
                ),
                "roles": Command("app.cli.commands.accounts:show_roles", "The roles users can have."),
                "reporters": Command("app.cli.commands.computing.reports:show_reporters", "What computes reports."),
                "schedulers": Command("app.cli.commands.computing.reports:show_schedulers", "What computes schedules."),
                "forecasters": Command(
                    "app.cli.commands.computing.reports:show_forecasters", "What computes forecasts."
                ),
            },
        ),
        "edit": CommandGroup(
            "Change what is there.",
            {
                "automation": Command("app.cli.commands.automations:edit_automation", "Pause or continue it."),
                "attribute": Command("app.cli.commands.assets:edit_attribute", "One attribute of assets and sensors."),
                "plan": Command("app.cli.commands.accounts:edit_plan", "What it allows."),
                "secret": Command("app.cli.commands.secrets:edit_secret", "A secret of an asset or account."),
                "transfer-ownership": Command("app.cli.commands.assets:transfer_ownership", "Whose an asset is."),
                "transfer-parenthood": Command(
                    "app.cli.commands.assets:transfer_parenthood", "What assets are part of."
                ),
                "convert-data": Command(
                    "app.cli.commands.deleting:convert_data", "Another unit, for a sensor and its data."
                ),
                "resample-data": Command(
                    "app.cli.commands.deleting:resample_data", "Another resolution, for a sensor and its data."
                ),
            },
        ),
        "delete": CommandGroup(
            "Delete something for good.",
            {
                "automation": Command("app.cli.commands.automations:delete_automation", "It is not done any more."),
                "secret": Command("app.cli.commands.secrets:remove_secret", "A secret of an asset or account."),
                "account-role": Command("app.cli.commands.accounts:remove_account_role", "A kind of account."),
                "account": Command("app.cli.commands.removing:account", "Accounts with all that is theirs."),
                "user": Command("app.cli.commands.removing:user", "Users; what they sent stays."),
                "asset": Command("app.cli.commands.removing:asset", "Assets with sensors and data."),
                "sensor": Command("app.cli.commands.removing:sensor", "Sensors with their data."),
                "beliefs": Command("app.cli.commands.deleting:delete_beliefs", "Time series data."),
                "measurements": Command(
                    "app.cli.commands.deleting:delete_measurements", "Values recorded after the fact."
                ),
                "prognoses": Command("app.cli.commands.deleting:delete_prognoses", "Forecasts and schedules."),
                "unchanged-beliefs": Command(
                    "app.cli.commands.deleting:delete_unchanged", "Values that repeat what was known."
                ),
                "nan-beliefs": Command("app.cli.commands.deleting:delete_nan", "Values that are not a number."),
            },
        ),
        "jobs": CommandGroup(
            "Workers and jobs.",
            {
                "run-worker": Command("app.cli.commands.jobs:run_worker", "Process jobs of some queues until stopped."),
                "run-job": Command("app.cli.commands.jobs:run_job", "Run one job here and now."),
                "inspect-job": Command("app.cli.commands.jobs:inspect_job", "Everything that is known of a job."),
                "cancel-job": Command("app.cli.commands.jobs:cancel_job", "Cancel a job that has not ended."),
                "show-queues": Command("app.cli.commands.jobs:show_queues", "How many jobs are in which state."),
                "stats": Command("app.cli.commands.jobs:stats", "How many jobs ended how, and how long they took."),
                "save-last": Command("app.cli.commands.jobs:save_last", "The newest jobs as a file."),
                "clear-queue": Command(
                    "app.cli.commands.jobs:clear_queue", "Cancel the jobs that wait in some queues."
                ),
                "delete-queue": Command("app.cli.commands.jobs:delete_queue", "Forget the jobs of some queues."),
            },
        ),
        "monitor": CommandGroup(
            "Send alerts about tasks and users that are overdue.",
            {
                "last-run": Command("app.cli.commands.monitor:last_run", "Tasks that have not succeeded for a while."),
                "latest-run": Command("app.cli.commands.monitor:latest_run", "Another name of last-run."),
                "latest-runs": Command("app.cli.commands.monitor:latest_runs", "When each task ran last."),
                "last-seen": Command("app.cli.commands.monitor:last_seen_users", "Users not seen for a while."),
            },
        ),
        "db-ops": CommandGroup(
            "Copies of the whole database.",
            {
                "dump": Command("app.cli.commands.db_ops:dump", "Copy it to one file, while it is in use."),
                "import-beliefs": Command(
                    "app.cli.commands.db_ops:import_beliefs", "Take over values of FlexMeasures."
                ),
                "reset": Command("app.cli.commands.db_ops:reset", "Take everything out of it."),
                "restore": Command("app.cli.commands.db_ops:restore", "Fill it from such a file."),
            },
        ),
        "db": CommandGroup(
            "Look after the tables of the database.",
            {
                "upgrade": Command("app.cli.commands.db_ops:upgrade", "Bring the tables to the newest version."),
                "current": Command("app.cli.commands.db_ops:current", "The version the tables are at."),
            },
        ),
    },
)


class Lazy(click.Group):
    """A group that knows its commands by name and help, and imports one only to run it."""

    def __init__(self, name: str, group: CommandGroup) -> None:
        super().__init__(name, help=group.help, no_args_is_help=True)
        self.entries, self.usual = group.entries, group.usual

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click.Group; options without a command are those of the usual one."""
        # Scripts for FlexMeasures write ``add schedule --sensor 5``; only older ones name the kind of schedule.
        if self.usual is not None and args and args[0].startswith("-") and args[0] != "--help":
            args = [self.usual, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click.Group."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click.Group."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        if isinstance(entry, CommandGroup):
            return Lazy(cmd_name, entry)
        module, _, attribute = entry.where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group; told from the table, so that nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


cli = Lazy("flexscope", COMMANDS)
click.version_option(OWN, message=f"%(prog)s %(version)s, as FlexMeasures {COMPATIBLE}")(cli)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; what cannot be done is one sentence on standard error and exit code 1."""
    # Before numpy is loaded: regressions of forecasts are small, and threads that share them cost ten times the work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Before any file is made: what the process writes must not be readable by other users of the machine.
    private_files.begin()
    try:
        # Click would print errors and end the process by itself; here all are told in one way.
        answer: Any = cli.main(args=arguments, prog_name="flexscope", standalone_mode=False)
    except EngineError as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped; nothing was saved.", err=True)
        # What a shell gives for a program that ended by Ctrl-C: 128 and the number of the signal.
        sys.exit(130)
    # A command that returns a number returns its exit code.
    sys.exit(answer if isinstance(answer, int) else 0)
