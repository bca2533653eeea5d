"""A site to describe and plan, in a session that is rolled back."""

from collections.abc import Iterator

import pytest

from db.core.database import Database
from tests.assemble.homes import Home


@pytest.fixture
def home(sqlite_url: str) -> Iterator[Home]:
    """An empty database to build a site in; what differs between databases is tested with the store."""
    yield from _homes(sqlite_url)


@pytest.fixture
def postgres_home(postgres_url: str) -> Iterator[Home]:
    """The same on PostgreSQL, for what reads the last schedule, or the past, from the database."""
    yield from _homes(postgres_url)


def _homes(url: str) -> Iterator[Home]:
    database = Database(url)
    with database.writing() as session:
        yield Home(session)
    database.close()
