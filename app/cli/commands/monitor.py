"""``flexscope monitor``: tell somebody when a task or a user was not heard of; call it from cron."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from app import mail
from app.cli.tables import show_table, tabular
from app.jobs.watch import alerting
from app.opening import opened
from app.settings.settings import Settings, load
from db.accounts.users import UserFilter, absent_users
from db.core.database import Database
from db.jobs import server_tasks
from db.jobs.alerts import Finding
from db.jobs.server_tasks import LatestTaskRun


def _with_recipients(settings: Settings, recipients: Sequence[str]) -> Settings:
    """Return the settings with other recipients, where some are given."""
    if not recipients:
        return settings
    return replace(settings, FLEXMEASURES_DEFAULT_MONITORING_MAIL_RECIPIENTS=list(recipients))


def _alert(settings: Settings, database: Database, found: list[Finding], kind: str) -> None:
    """Keep and tell findings; the exit code says whether there are some, for cron and containers."""
    new = alerting.keep(settings, database, found, kinds={kind}, now=datetime.now(UTC))
    for finding in found:
        click.secho(finding.message, fg="red", err=True)
    click.echo(f"{len(found)} alerts, {len(new)} of them sent now.")
    if found:
        raise click.exceptions.Exit(1)


@click.command("last-run")
@click.option("--task", "tasks", type=(str, int), multiple=True, required=True, help="Name, and minutes it may be ago.")
@click.option("--custom-message", default="", help="A sentence to add.")
@click.option("--recipient", "recipients", multiple=True, help="Mail address; without it those of the settings.")
def last_run(tasks: tuple[tuple[str, int], ...], custom_message: str, recipients: tuple[str, ...]) -> None:
    """Alert if a task has not succeeded within some minutes."""
    settings, now = _with_recipients(load(), recipients), datetime.now(UTC)
    database = opened(settings)
    with database.reading() as session:
        known = {row.name: row for row in server_tasks.latest_runs(session)}
    found = []
    for name, minutes in tasks:
        problem = _late(name, known.get(name), timedelta(minutes=minutes), now)
        if problem:
            message = " ".join(filter(None, [problem, custom_message]))
            found.append(Finding(kind="task-run", cause=f"task-run:{name}", message=message))
    try:
        _alert(settings, database, found, "task-run")
    finally:
        database.close()


# A command knows its name, so that the other spelling of FlexMeasures is one of its own.
latest_run = click.Command("latest-run", params=last_run.params, callback=last_run.callback, help=last_run.help)


def _late(name: str, row: LatestTaskRun | None, allowed: timedelta, now: datetime) -> str:
    """Sentence about a task that is late; empty if it is not."""
    if row is None:
        return f"Task {name} has never run; start it, or correct its name."
    if row.succeeded_at is None or now - row.succeeded_at > allowed:
        last = f"last at {row.succeeded_at:%Y-%m-%d %H:%M} UTC" if row.succeeded_at else "never"
        return f"Task {name} has not succeeded within {allowed}: {last}; look at its log."
    return ""


@click.command("latest-runs")
@tabular
def latest_runs() -> None:
    """Show when each task ran last."""
    database = opened(load())
    with database.reading() as session:
        found = server_tasks.latest_runs(session)
    cells = [[row.name, row.at, "succeeded" if row.status else "failed", row.succeeded_at] for row in found]
    show_table(["Task", "Last run", "How", "Last success"], cells)
    database.close()


@click.command("last-seen")
@click.option("--maximum-minutes-since-last-seen", "minutes", type=click.IntRange(1), required=True)
@click.option("--account-role", help="Only users of accounts with this role.")
@click.option("--account", "account_id", type=int, help="Only users of this account.")
@click.option("--consultancy", "consultancy_id", type=int, help="Only users of accounts this one consults.")
@click.option("--user-role", help="Only users with this role.")
@click.option("--alert-users/--do-not-alert-users", default=False, help="Whether the users are told too.")
@click.option("--custom-user-message", default="", help="What they are told, besides.")
@click.option(
    "--only-newly-absent-users", is_flag=True, help="Only those who became absent since this was last called."
)
@click.option("--task-name", default="monitor-last-seen-users", show_default=True, help="By which that is remembered.")
@click.option("--recipient", "recipients", multiple=True, help="Mail address; without it those of the settings.")
def last_seen_users(
    minutes: int,
    account_role: str | None,
    account_id: int | None,
    consultancy_id: int | None,
    user_role: str | None,
    alert_users: bool,
    custom_user_message: str,
    only_newly_absent_users: bool,
    task_name: str,
    recipients: tuple[str, ...],
) -> None:
    """Alert if users were not seen for a while; meant for machines that should send data regularly."""
    settings, now = _with_recipients(load(), recipients), datetime.now(UTC)
    group = UserFilter(
        account_role=account_role, account_id=account_id, consultancy_id=consultancy_id, user_role=user_role
    )
    database = opened(settings)
    since = now - timedelta(minutes=minutes)
    with database.writing() as session:
        before = next((row.at for row in server_tasks.latest_runs(session) if row.name == task_name), None)
        # The last look told of those last seen before this moment.
        after = before - timedelta(minutes=minutes) if before and only_newly_absent_users else None
        users = absent_users(session, group, since=since, after=after)
        server_tasks.record_run(session, task_name, at=now, status=True)
    try:
        name, absent = settings.platform_name(), []
        for user in users:
            if alert_users:
                text = (
                    f"{name} has not heard of you since {user.last_seen_at or 'you were added'}. {custom_user_message}"
                )
                mail.send(settings, user.email, f"{name} has not heard of you for a while", text.strip())
            last = f"last seen at {user.last_seen_at:%Y-%m-%d %H:%M} UTC" if user.last_seen_at else "never seen"
            message = f"User {user.username} ({user.email}) was not seen for {minutes} minutes: {last}; "
            cause = f"last-seen:user:{user.id}"
            absent.append(Finding(kind="last-seen", cause=cause, message=f"{message}look whether it runs."))
        _alert(settings, database, absent, "last-seen")
    finally:
        database.close()
