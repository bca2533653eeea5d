"""The commands for jobs, automations and monitoring, as an operator types them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli.main import main
from db.accounts.users import User
from db.core.database import Database
from db.jobs import server_tasks
from tests.http import serving
from tests.jobs.staging import Stage


@pytest.fixture
def run_command(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command; return its exit code and what it says."""
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def test_queues_are_shown_and_cleared(stage: Stage, run_command) -> None:
    waiting, later = (
        stage.ask("slow"),
        stage.ask("slow", order={"due_at": datetime.now(UTC) + timedelta(hours=1)}, seconds=1),
    )
    code, said = run_command("jobs", "show-queues")
    line = next(line.split() for line in said.splitlines() if line.startswith("scheduling"))
    assert code == 0 and line == ["scheduling", "1", "1", "0", "1", "0", "0", "0", "0", "0"]
    assert run_command("jobs", "clear-queue", "--queue", "scheduling")[0] == 0
    assert [stage.job(key).status for key in (waiting, later)] == ["CANCELED", "SCHEDULED"]
    assert stage.queue().sizes()["scheduling"] == 0
    run_command("jobs", "clear-queue", "--scheduled")
    assert stage.job(later).status == "CANCELED"
    assert "2 forgotten" in run_command("jobs", "clear-queue", "--failed")[1]


def test_a_job_is_run_here_and_inspected(stage: Stage, run_command) -> None:
    job_id = stage.ask("slow", put=False)
    assert run_command("jobs", "run-job", "--job", job_id) == (0, "Slow job finished.\n")
    code, said = run_command("jobs", "inspect-job", "--job", job_id)
    assert code == 0 and "FINISHED" in said and "run-job" in said and str(stage.sensor_id) in said
    code, said = run_command("jobs", "run-job", "--job", job_id)
    assert code == 1 and "is finished" in said
    bad = stage.ask("broken", put=False)
    assert run_command("jobs", "run-job", "--job", bad)[0] == 1
    assert "KeyError: 'soc'" in run_command("jobs", "inspect-job", "--job", bad)[1]
    assert run_command("jobs", "inspect-job", "--job", "nope") == (1, "There is no job nope.\n")


def test_the_newest_jobs_are_saved_and_counted(stage: Stage, run_command, tmp_path: Path) -> None:
    stage.queue().worker.do(stage.ask("refused"))
    stage.queue().worker.do(stage.ask("slow"))
    file = tmp_path / "jobs.json"
    assert run_command("jobs", "save-last", "--n", "5", "--registry", "failed", "--file", str(file))[0] == 0
    [saved] = json.loads(file.read_text())
    assert saved["kind"] == "refused" and "InputError" in saved["trace"]
    assert "1 jobs saved" in run_command("jobs", "save-last", "--sensor", str(stage.sensor_id), "--file", str(file))[1]
    line = next(line.split() for line in run_command("jobs", "stats")[1].splitlines() if line.startswith("scheduling"))
    assert line[1:4] == ["2", "1", "1"]
    assert "2 jobs of scheduling forgotten" in run_command("jobs", "delete-queue", "--queue", "scheduling")[1]


def test_an_unknown_queue_is_told(run_command) -> None:
    code, said = run_command("jobs", "clear-queue", "--queue", "shceduling")
    assert code == 1 and "did you mean 'scheduling'" in said


def test_automations_are_added_paused_and_deleted(stage: Stage, run_command) -> None:
    request = json.dumps({"sensors": [stage.sensor_id]})
    words = ["--asset", str(stage.asset_id), "--kind", "forecast", "--name", "ahead", "--every", "PT1H"]
    code, said = run_command("add", "automation", *words, "--request", request)
    assert code == 0 and "Automation 1 (ahead) is made" in said
    assert "paused" in run_command("edit", "automation", "--id", "1", "--pause")[1]
    assert "paused" in run_command("show", "automations", "--asset", str(stage.asset_id))[1]
    assert "active" in run_command("edit", "automation", "--id", "1", "--continue")[1]
    assert "every PT1H" in run_command("show", "automation", "--id", "1")[1]
    assert run_command("delete", "automation", "--id", "1")[0] == 0
    assert run_command("show", "automation", "--id", "1") == (1, "There is no automation 1.\n")
    assert run_command("add", "automation", *words, "--request", "{}")[0] == 1


def test_tasks_that_did_not_succeed_are_told(stage: Stage, run_command) -> None:
    with stage.database.writing() as session:
        now = datetime.now(UTC)
        server_tasks.record_run(session, "import prices", at=now - timedelta(minutes=50), status=True)
        server_tasks.record_run(session, "import prices", at=now, status=False)
    assert run_command("monitor", "last-run", "--task", "import prices", "60")[0] == 0
    code, said = run_command("monitor", "last-run", "--task", "import prices", "40", "--custom-message", "Call Ada.")
    assert code == 1 and "import prices has not succeeded within 0:40:00" in said and "Call Ada." in said
    assert "1 alerts, 0 of them sent now" in run_command("monitor", "latest-run", "--task", "import prices", "40")[1]
    assert "has never run" in run_command("monitor", "last-run", "--task", "import wind", "9")[1]
    assert "import prices" in run_command("monitor", "latest-runs")[1]


def test_users_not_seen_for_a_while_are_told(stage: Stage, run_command) -> None:
    database: Database = stage.database
    serving_accounts(database)
    code, said = run_command("monitor", "last-seen", "--maximum-minutes-since-last-seen", "60")
    assert code == 1 and "User rival" in said and "User boss" not in said
    code, said = run_command(
        "monitor", "last-seen", "--maximum-minutes-since-last-seen", "60", "--user-role", "consultant"
    )
    assert code == 1 and "adviser" in said and "rival" not in said
    words = ["--maximum-minutes-since-last-seen", "60", "--only-newly-absent-users"]
    assert run_command("monitor", "last-seen", *words)[0] == 0


def serving_accounts(database: Database) -> None:
    """Add users, of whom one was seen just now."""
    with database.writing() as session:
        for account in session.query(serving.Account):
            account.name = "another mill"
    serving.populate(database)
    with database.writing() as session:
        for user in session.query(User):
            user.last_seen_at = datetime.now(UTC) - timedelta(minutes=1 if user.username == "boss" else 600)
