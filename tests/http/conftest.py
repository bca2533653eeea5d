"""One server process per database for all tests over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from db.core.database import Database
from tests.conftest import COUNT, create_database
from tests.http import serving
from tests.http.serving import Api

Served: TypeAlias = tuple[Database, Api]


def served(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    opened = Database(url)
    serving.populate(opened)
    with serving.server(url, tmp_path_factory.mktemp("instance")) as running:
        yield opened, running
    opened.close()


@pytest.fixture(scope="session")
def served_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on SQLite; it runs on while tests on PostgreSQL come between."""
    file = tmp_path_factory.mktemp("http") / "flexscope.db"
    shutil.copy(sqlite_template, file)
    yield from served(f"sqlite:///{file}", tmp_path_factory)


@pytest.fixture(scope="session")
def served_postgres(postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on PostgreSQL; it runs on while tests on SQLite come between."""
    url = create_database(postgres_template, f"http{next(COUNT)}", "template_empty")
    yield from served(url, tmp_path_factory)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def http_served(request: pytest.FixtureRequest) -> Served:
    """The server of all tests and its database, once on SQLite and once on PostgreSQL."""
    running: Served = request.getfixturevalue(f"served_{request.param}")
    return running


@pytest.fixture(scope="session")
def http_database(http_served: Served) -> Database:
    """The database behind the server."""
    return http_served[0]


@pytest.fixture(scope="session")
def api(http_served: Served) -> Api:
    """The running server."""
    return http_served[1]


@pytest.fixture(scope="session")
def ids(http_database: Database) -> dict[str, int]:
    """Ids of the assets (by name), sensors (``s:`` before the name), users and accounts (``u:``, ``a:``)."""
    return serving.identifiers(http_database)
