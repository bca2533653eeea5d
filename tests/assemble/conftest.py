"""A site to describe and plan, in a session that is rolled back."""

from collections.abc import Iterator

import pytest

from db.core.database import Database
from tests.assemble.homes import Home


@pytest.fixture
def home(sqlite_url: str) -> Iterator[Home]:
    """An empty database to build a site in; what differs between databases is tested with the store."""
    database = Database(sqlite_url)
    with database.writing() as session:
        yield Home(session)
    database.close()
