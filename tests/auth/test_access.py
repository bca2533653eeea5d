"""Who may do what with a user: rules that hold for whoever asks, also where no route offers the action yet."""

import pytest

from app.auth.access.access import Action, Guarded, may, refusal
from app.auth.access.identity import SignedIn
from db.accounts.accounts import Account
from db.accounts.users import Role, User
from db.assets import Asset
from db.sensors import Sensor

MILL, QUAY, ADVICE = 1, 2, 3
BOSS = 10


def somebody(*roles: str, account: int = MILL, clients: frozenset[int] = frozenset()) -> SignedIn:
    known = {"email": "x@example.org", "username": "x", "timezone": "UTC"}
    return SignedIn(id=BOSS, account_id=account, roles=frozenset(roles), clients=clients, **known)


def user(key: int, *roles: str, account: int = MILL) -> User:
    return User(id=key, account_id=account, roles=[Role(name=name) for name in roles])


@pytest.mark.parametrize(
    "who, row, allowed",
    [
        (somebody("account-admin"), user(11), {"read", "update", "delete"}),
        (somebody("account-admin"), user(BOSS, "account-admin"), {"read", "update"}),  # an account keeps its admin
        (somebody("account-admin"), user(11, "admin-reader"), {"read"}),  # of the server, not of the account
        (somebody("account-admin"), user(11, account=QUAY), set()),
        (somebody(), user(11), {"read"}),
        (somebody(), user(BOSS), {"read", "update"}),
        (somebody("consultant", account=ADVICE, clients=frozenset({MILL})), user(11), {"read"}),
        (somebody("admin-reader"), user(11, account=QUAY), {"read"}),
        (somebody("admin-reader"), user(BOSS, "admin-reader"), {"read", "update"}),
        (somebody("admin"), user(11, "admin", account=QUAY), {"read", "update", "delete"}),
    ],
)
def test_users_are_read_updated_and_deleted_by_whom_the_rules_name(who: SignedIn, row: User, allowed: set[str]) -> None:
    actions: tuple[Action, ...] = ("read", "update", "delete")
    assert {action for action in actions if may(who, action, row)} == allowed


GROUPS = {
    "users and consultants of": [somebody(), somebody("consultant", account=ADVICE, clients=frozenset({MILL}))],
    "account-admins of": [somebody("account-admin")],
    "admins of this server": [somebody("admin", account=QUAY)],
    "its admin-readers": [somebody("admin-reader", account=QUAY)],
}
"""Words of a refusal, and who they stand for."""


def rows(account: int | None) -> list[Guarded]:
    site = Asset(id=5, account_id=account)
    return [site, Sensor(id=7, asset=site), *([Account(id=account), user(11, account=account)] if account else [])]


@pytest.mark.parametrize("row", [*rows(MILL), *rows(None), user(11, "admin")], ids=lambda row: type(row).__name__)
@pytest.mark.parametrize("action", ["read", "create-children", "update", "delete"])
def test_a_refusal_names_exactly_those_who_may(action: Action, row: Guarded) -> None:
    if action == "create-children" and isinstance(row, User):
        return  # nothing is added to a user by this rule
    refused = somebody(account=QUAY)
    if may(refused, action, row):
        return
    text = str(refusal(refused, action, row))
    for words, members in GROUPS.items():
        for member in members:
            if "users and consultants" in text and words == "account-admins of":
                continue  # an account-admin is a user of the account
            assert (words in text) == may(member, action, row), (text, words)


def test_who_only_reads_is_told_so() -> None:
    assert "admin-readers only read" in str(refusal(somebody("admin-reader"), "update", rows(MILL)[0]))
