"""Roles of the server: nobody but an admin changes who holds one, and who only reads changes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.auth.tokens import keys
from app.running import Running
from app.settings.settings import load
from db.accounts.users import User, role
from db.core.database import Database
from tests.auth.permission_table import TABLE
from tests.auth.test_permissions import NOW, ROUTES, Server, populate
from tests.http import serving

HOLDERS = {"reading": "admin-reader", "ruling": "admin"}
"""Users of the mill who hold a role of the server."""
OF_HIMSELF = {
    "PATCH /api/v3_0/users/{id}",
    "PATCH /api/v3_0/users/{id}/password-reset",
    "POST /api/v3_0/users/{id}/keys",
    "DELETE /api/v3_0/keys/{id}",
    "POST /api/v3_0/assets/default_asset_view",
    "POST /api/v3_0/assets/keep_legends_below_graphs",
    "POST /api/requestAuthToken",
}
"""What everybody may do about himself."""
WRITING = sorted(name for name, route in ROUTES.items() if route.writes)
ON_USERS = sorted(name for name in WRITING if "/users/{id}" in name or "/keys/{id}" in name)


@pytest.fixture(scope="module")
def server(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A process in which two users of the mill hold roles of the server; one of them is its account-admin as well."""
    settings = {"FLEXSCOPE_INSTANCE_PATH": str(tmp_path_factory.mktemp("process")), "RATELIMIT_ENABLED": "false"}
    running = Running.on(load(settings), people)
    with people.writing() as session:
        more = populate(session, serving.identifiers(people), running)
        for name, held in HOLDERS.items():
            user = User(email=f"{name}@x.org", username=name, password_hash="!")
            user.account_id, user.roles = serving.identifiers(people)["a:Mill"], [role(session, held)]
            user.roles += [role(session, "account-admin")]
            session.add(user)
            session.flush()

            key, _ = keys.make(session, user.id, name="x", scopes=["read"], now=NOW, expires_at=None)
            more[f"key:{name}"] = key.id
    yield Server(running, serving.identifiers(people) | more)
    running.limits.close()


@pytest.mark.parametrize("name", [name for name in WRITING if name not in OF_HIMSELF])
def test_who_only_reads_changes_nothing(server: Server, name: str) -> None:
    assert server.ask(ROUTES[name], "reading", TABLE[name].arguments(server.ids)) == "forbidden"
    assert server.ask(ROUTES[name], "reader", TABLE[name].arguments(server.ids)) == "forbidden"


def about(name: str, holder: str, ids: dict[str, Any], **body: Any) -> dict[str, Any]:
    given = TABLE[name].arguments(ids) | {"id": ids[f"key:{holder}" if "/keys/{id}" in name else f"u:{holder}"]}
    return given | {"body": body} if body else given


@pytest.mark.parametrize("holder", sorted(HOLDERS))
@pytest.mark.parametrize("name", ON_USERS)
def test_only_admins_change_who_holds_a_role_of_the_server(server: Server, name: str, holder: str) -> None:
    for who in ("boss", "hand", "adviser", "rival", "stranger", "reader"):
        assert server.ask(ROUTES[name], who, about(name, holder, server.ids)) == "forbidden", who
    assert server.ask(ROUTES[name], "root", about(name, holder, server.ids)) == "allowed"
    itself = server.ask(ROUTES[name], holder, about(name, holder, server.ids))
    assert itself == "allowed"


CHANGES = [{"username": "x"}, {"timezone": "UTC"}, {"active": False}, {"flexmeasures_roles": []}]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_no_field_of_theirs_is_changed(server: Server, change: dict[str, Any]) -> None:
    name = "PATCH /api/v3_0/users/{id}"
    for holder in HOLDERS:
        assert server.ask(ROUTES[name], "boss", about(name, holder, server.ids, **change)) == "forbidden"
        assert server.ask(ROUTES[name], "reading", about(name, "hand", server.ids, **change)) == "forbidden"
    assert (
        server.ask(ROUTES[name], "boss", about(name, "hand", server.ids, **change) | {"id": server.ids["u:hand"]})
        == "allowed"
    )


def test_nobody_gives_a_role_of_the_server_but_an_admin(server: Server, people: Database) -> None:
    name = "PATCH /api/v3_0/users/{id}"
    with people.writing() as session:
        roles = {each: role(session, each).id for each in ("admin", "admin-reader", "account-admin", "consultant")}
    for held, key in roles.items():
        given = {"id": server.ids["u:hand"], "body": {"flexmeasures_roles": [key]}}
        expected = "forbidden" if held.startswith("admin") else "allowed"
        assert server.ask(ROUTES[name], "boss", given) == expected, held
        assert server.ask(ROUTES[name], "root", given) == "allowed"
        own = {"id": server.ids["u:boss"], "body": {"flexmeasures_roles": [key]}}
        assert server.ask(ROUTES[name], "boss", own) == "forbidden"
        for who in ("adviser", "reading"):
            assert server.ask(ROUTES[name], who, given) == "forbidden"
