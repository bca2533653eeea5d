"""A server with a real mail server beside it, and people who sign in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.core.database import Database
from tests.conftest import COUNT, create_database, drop_database
from tests.http import serving
from tests.http.serving import Api
from tests.mail import Box, mail_server


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    """A mail server and what it got."""
    with mail_server() as box:
        yield box


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def people(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The users and assets of the tests over HTTP, in a database of their own for each module."""
    if request.param == "sqlite":
        yield from _populated(_copy(request.getfixturevalue("sqlite_template"), tmp_path_factory))
    else:
        template = request.getfixturevalue("postgres_template")
        url = create_database(template, f"people{next(COUNT)}", "template_empty")
        yield from _populated(url)
        drop_database(url)


@pytest.fixture(scope="module")
def sqlite_people(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The same on SQLite only, for what does not depend on the database."""
    yield from _populated(_copy(sqlite_template, tmp_path_factory))


def _copy(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("people") / "flexscope.db"
    shutil.copy(template, file)
    return f"sqlite:///{file}"


def _populated(url: str) -> Iterator[Database]:
    opened = Database(url)
    serving.populate(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site(people: Database, box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that sends mail."""
    url = people.url.render_as_string(hide_password=False)
    mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(box.port)}
    with serving.server(url, tmp_path_factory.mktemp("instance"), **mail) as running:
        yield running
