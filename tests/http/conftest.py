"""One server process per database for all tests over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.core.database import Database
from tests.conftest import COUNT, create_database
from tests.http import serving
from tests.http.serving import Api


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def http_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The database behind the server of all tests, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        file = tmp_path_factory.mktemp("http") / "flexscope.db"
        shutil.copy(template, file)
        url = f"sqlite:///{file}"
    else:
        url = create_database(request.getfixturevalue("postgres_template"), f"http{next(COUNT)}", "template_empty")
    opened = Database(url)
    serving.populate(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def api(http_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The running server."""
    url = http_database.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance")) as running:
        yield running


@pytest.fixture(scope="session")
def ids(http_database: Database) -> dict[str, int]:
    """Ids of the assets (by name), sensors (``s:`` before the name), users and accounts (``u:``, ``a:``)."""
    return serving.identifiers(http_database)
