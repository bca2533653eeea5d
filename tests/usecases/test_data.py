"""Values of sensors: which of them somebody may delete."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.data import DataDeletion, delete_data
from db.core.database import Database
from engine.errors import FieldError
from tests.assemble.homes import HOUR, START, Home


@pytest.mark.parametrize(("hours", "left"), [(1, 23), (0, None), (-1, None)])
def test_a_time_range_to_delete_ends_after_it_begins(
    database: Database, tmp_path: Path, hours: int, left: int | None
) -> None:
    operator = Actor(principal=None, settings=load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), now=START)
    chosen = DataDeletion(start=START, until=START + hours * HOUR)
    with database.writing() as session:
        home = Home(session)
        home.asset("shed")
        key = home.fill(home.sensor("shed", "power", "kW"), 1.0)
        if left is None:
            with pytest.raises(FieldError, match=r"until: must be after start\."):
                delete_data(session, operator, key, chosen)
            left = 24
        else:
            delete_data(session, operator, key, chosen)
        assert len(home.stored(key, hours=timedelta(days=1) / HOUR)) == left
