"""A FlexMeasures server with the accounts and users that the tests over HTTP have, to record its answers."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.flexmeasures_server import SETUP, peer
from tests.http.serving import PASSWORD, USERS, email
from tests.twin.server import Ran, Server, Terminal

CLIENTS = {"Mill": "Advice"}
"""Accounts that another account advises."""
POPULATE = f"""
from flexmeasures.data import db
from flexmeasures.data.models.user import Account
from flexmeasures.data.services.users import create_user
with app.app_context():
    for name, (account, role) in {USERS!r}.items():
        user = create_user(
            username=name, email=f"{{name}}@example.org", password={PASSWORD!r}, account_name=account,
            user_roles=role, check_email_deliverability=False,
        )
    accounts = {{account.name: account for account in db.session.query(Account)}}
    for client, adviser in {CLIENTS!r}.items():
        accounts[client].consultancy_account_id = accounts[adviser].id
    db.session.commit()
"""

RUN = """
import json, os, sys
from flexmeasures.app import create
app = create(env="production")
for line in sys.stdin:
    words, folder = json.loads(line)
    os.chdir(folder)
    with app.app_context():
        done = app.test_cli_runner().invoke(args=words, input="y\\n" * 9)
    sys.__stdout__.write("ended " + json.dumps([done.exit_code, f"{done.output} {done.exception}"]) + "\\n")
    sys.__stdout__.flush()
"""
"""Runs commands in one process: a start takes ten seconds."""


@contextmanager
def server() -> Iterator[Server]:
    """Run FlexMeasures with its worker, PostgreSQL and Redis until the block ends (see ``PEER_PYTHON``)."""
    with peer(SETUP + POPULATE, "scheduling|forecasting") as running, terminal(running.home) as run:
        yield Server(running.url, {name: email(name) for name in USERS}, PASSWORD, run)


@contextmanager
def terminal(home: Path) -> Iterator[Terminal]:
    """Run commands of FlexMeasures until the block ends."""
    environment = os.environ | {"HOME": str(home), "PYTHONPATH": ""}
    with (home / "terminal").open("w") as log:
        process = subprocess.Popen(
            [os.environ["PEER_PYTHON"], "-c", RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=home,
            env=environment,
        )
    assert process.stdin is not None and process.stdout is not None
    lines_in, lines_out = process.stdin, process.stdout

    def run(words: Sequence[str], folder: Path) -> Ran:
        lines_in.write(json.dumps([list(words), str(folder)]) + "\n")
        lines_in.flush()
        for line in lines_out:
            if line.startswith("ended ["):  # anything else is printed past click
                return Ran(*json.loads(line.removeprefix("ended ")))
        raise RuntimeError(f"FlexMeasures ended:\n{(home / 'terminal').read_text()[-3000:]}")

    try:
        yield run
    finally:
        lines_in.close()
        process.wait()
