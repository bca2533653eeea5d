"""A copy made while others write is whole, and fills a database of either kind."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, delete, event, func, inspect, select
from sqlalchemy.exc import DatabaseError

from db import beliefs, dumping, migrations
from db.assets import Asset, asset_type
from db.audit import AuditEvent
from db.base import Database, get
from db.dumping import dump, restore
from db.painting import Sourced
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from tests.conftest import COUNT, create_database
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE


def write_until(stop: threading.Event, database: Database, sensor: Sensor, source: Source) -> None:
    run = 0
    while not stop.is_set():
        with database.writing() as work:
            values, known = np.full(600, float(run)), NOON - DAY + run * MINUTE
            beliefs.write(work, sensor, source, events=steps(NOON, 600, STEP), values=values, known_at=known)
        run += 1


def restore_and_die(url: str, file: Path, after: int | None) -> None:
    """Replace a database, but die like after ``kill -9`` so many changes into the copying; None: at its commit."""
    count = 0

    def strike(_connection: Connection, _cursor: object = None, statement: str = "", *_: object) -> None:
        nonlocal count
        count += statement.split(" ")[0] in ("DELETE", "TRUNCATE", "INSERT", "UPDATE")
        if after is None or count > after:
            os.kill(os.getpid(), signal.SIGKILL)

    original = dumping._copy

    def copy(source: Connection, target: Database) -> None:
        event.listen(target.engine, "commit" if after is None else "after_cursor_execute", strike)
        original(source, target)

    dumping._copy = copy
    restore(url, file, replace=True)


def another(request: pytest.FixtureRequest) -> str:
    """Return the URL of one more fresh PostgreSQL database."""
    return create_database(request.getfixturevalue("postgres_template"), f"t{next(COUNT)}", "template_empty")


def read(url: str, sensor: Sensor) -> Sourced:
    opened = Database(url)
    with opened.reading() as work:
        found = beliefs.read_all(work, get(work, Sensor, sensor.id), NOON, NOON + 9 * DAY, known_at=LATER)
    opened.close()
    return found


@pytest.mark.parametrize("into", ["sqlite", "postgres"])
def test_a_dump_made_while_writing_is_whole_on_either_kind(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest, into: str
) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    stop = threading.Event()
    writer = threading.Thread(target=write_until, args=(stop, database, sensor, source))
    writer.start()
    dump(database, tmp_path / "copy.dump")
    stop.set()
    writer.join()
    url = f"sqlite:///{tmp_path / 'new.db'}" if into == "sqlite" else another(request)
    restore(url, tmp_path / "copy.dump")
    found = read(url, sensor).beliefs
    assert len(found) % 600 == 0
    assert found.values.reshape(600, -1).std(axis=0).max(initial=0) == 0
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.dump"]


def test_every_row_comes_back_and_new_rows_get_new_ids(database: Database, database_url: str, tmp_path: Path) -> None:
    with database.writing() as work:
        child = Asset(name="child", asset_type=asset_type(work, "battery"))
        work.add(child)
        work.flush()
        child.parent = Asset(name="later parent", asset_type=asset_type(work, "building"), attributes={"a": [1]})
    dump(database, tmp_path / "copy.dump")
    with database.writing() as work:
        work.delete(get(work, Asset, child.id))
    restore(database_url, tmp_path / "copy.dump", replace=True)
    with database.writing() as work:
        found = get(work, Asset, child.id)
        assert found.parent is not None
        assert (found.parent.name, found.parent.attributes) == ("later parent", {"a": [1]})
        work.add(Asset(name="new", asset_type=asset_type(work, "fuel cell")))
    with database.reading() as work:
        assert work.scalar(select(func.max(Asset.id))) == 3
    assert migrations.current(database_url) == migrations.head()
    assert len(inspect(database.engine).get_table_names()) > 10


def test_a_full_database_and_a_wrong_file_are_refused(database: Database, database_url: str, tmp_path: Path) -> None:
    sensor_and_source(database)
    dump(database, tmp_path / "copy.dump")
    with pytest.raises(InputError, match="not empty"):
        restore(database_url, tmp_path / "copy.dump")
    with pytest.raises(InputError, match="there already"):
        dump(database, tmp_path / "copy.dump")
    (tmp_path / "wrong").write_text("id,name\n1,x\n" * 1000)
    for name in ("wrong", "none"):
        with pytest.raises(InputError, match="not a dump"):
            restore(database_url, tmp_path / name, replace=True)
    assert len(inspect(database.engine).get_table_names()) > 10


def names(database: Database) -> list[str]:
    with database.reading() as work:
        return sorted(work.scalars(select(Asset.name)))


def add_asset(database: Database, name: str) -> None:
    with database.writing() as work:
        work.add(Asset(name=name, asset_type=asset_type(work, "battery")))


@pytest.mark.parametrize("after", [0, 3, None, 10_000])
def test_a_killed_restore_leaves_what_was_there(
    database: Database, database_url: str, tmp_path: Path, after: int | None
) -> None:
    add_asset(database, "of the dump")
    dump(database, tmp_path / "copy.dump")
    for name in ("first", "second"):
        add_asset(database, name)
    fork = multiprocessing.get_context("fork")  # a new interpreter would spend a second on imports
    process = fork.Process(target=restore_and_die, args=(database_url, tmp_path / "copy.dump", after))
    process.start()
    process.join()
    if after == 10_000:  # more changes than there are
        assert (process.exitcode, names(database)) == (0, ["of the dump"])
    else:
        assert (process.exitcode, names(database)) == (-signal.SIGKILL, ["first", "of the dump", "second"])
    add_asset(database, "afterwards")  # gets an id that no row has
    assert "afterwards" in names(database)


def test_a_dump_of_an_older_version_is_brought_to_the_newest(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    add_asset(database, "old")
    older = migrations.history()[-2].revision
    dump(database, tmp_path / "copy.dump")
    migrations.downgrade(f"sqlite:///{tmp_path / 'copy.dump'}", older)
    before = (tmp_path / "copy.dump").read_bytes()
    add_asset(database, "newer")
    restore(database_url, tmp_path / "copy.dump", replace=True)
    assert (names(database), migrations.current(database_url)) == (["old"], migrations.head())
    with pytest.raises(DatabaseError, match="only ever added to"), database.writing() as work:
        work.execute(delete(AuditEvent))
    assert (tmp_path / "copy.dump").read_bytes() == before
