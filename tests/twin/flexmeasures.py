"""A FlexMeasures server with the accounts and users that the tests over HTTP have, to record its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.flexmeasures_server import SETUP, peer
from tests.http.serving import PASSWORD, USERS, email
from tests.twin.server import Server

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


@contextmanager
def server() -> Iterator[Server]:
    """Run FlexMeasures with its worker, PostgreSQL and Redis until the block ends (see ``PEER_PYTHON``)."""
    with peer(SETUP + POPULATE, "scheduling|forecasting") as running:
        yield Server(running.url, {name: email(name) for name in USERS}, PASSWORD)
