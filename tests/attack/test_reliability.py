"""Server and worker are killed while clients post and plan: what was acknowledged is there and whole, and jobs end."""

import pytest

from benchmarks import reliability_faults as faults
from benchmarks.reliability_services import BOTH, POSTGRES
from benchmarks.reliability_table import Bound
from tests import postgres, redis
from tests.conftest import refuse
from tests.effort import LONG, effort


@pytest.mark.parametrize("kind", BOTH)
def test_what_was_acknowledged_outlives_kills(kind: str) -> None:
    if kind == POSTGRES and (postgres.binaries() is None or redis.binary() is None):
        refuse("no PostgreSQL server binaries or no redis-server found; tests/run.sh installs them")
    row = faults.kills(kind, Bound(count=effort(1, 5), seconds=effort(4, 60)), is_preloaded=not LONG)
    assert row.held, str(row)
