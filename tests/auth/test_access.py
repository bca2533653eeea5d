"""Who may do what with a user: rules that hold for whoever asks, also where no route offers the action yet."""

import pytest

from app.auth.access.access import Action, may
from app.auth.access.identity import SignedIn
from db.accounts.users import Role, User

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
