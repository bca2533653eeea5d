"""A copy made while others write is whole, and fills a database of either kind."""

import multiprocessing
import os
import signal
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, delete, event, func, inspect, select
from sqlalchemy.exc import DatabaseError

from db import migrations
from db.assets import Asset, asset_type
from db.beliefs import store
from db.beliefs.latest import Sourced
from db.beliefs.time_range import BeliefQuery
from db.core.audit import AuditEvent
from db.core.database import Database, get
from db.exchange import dump as dumping
from db.exchange.dump import dump, restore
from db.schedules import POWER, ScheduleOutput, StoredSchedule, add_schedule, read_inputs
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.packing import pack
from tests.conftest import COUNT, create_database
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE


def write_until(stop: threading.Event, database: Database, sensor: Sensor, source: Source) -> None:
    run = 0
    while not stop.is_set():
        with database.writing() as session:
            values, known = np.full(600, float(run)), NOON - DAY + run * MINUTE
            store.write(session, sensor, source, events=steps(NOON, 600, STEP), values=values, known_at=known)
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

    def copy(source: Connection, target: Database, **more: bool) -> None:
        event.listen(target.engine, "commit" if after is None else "after_cursor_execute", strike)
        original(source, target, **more)

    dumping._copy = copy
    restore(url, file, replace=True)


def another(request: pytest.FixtureRequest) -> str:
    """Return the URL of one more fresh PostgreSQL database."""
    return create_database(request.getfixturevalue("postgres_template"), f"t{next(COUNT)}", "template_empty")


def read(url: str, sensor: Sensor) -> Sourced:
    opened = Database(url)
    with opened.reading() as session:
        found = store.read_all(
            session, get(session, Sensor, sensor.id), BeliefQuery(NOON, NOON + 9 * DAY, known_at=LATER)
        )
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
    with database.writing() as session:
        child = Asset(name="child", asset_type=asset_type(session, "battery"))
        session.add(child)
        session.flush()
        child.parent = Asset(name="later parent", asset_type=asset_type(session, "building"), attributes={"a": [1]})
    dump(database, tmp_path / "copy.dump")
    with database.writing() as session:
        session.delete(get(session, Asset, child.id))
    restore(database_url, tmp_path / "copy.dump", replace=True)
    with database.writing() as session:
        found = get(session, Asset, child.id)
        assert found.parent is not None
        assert (found.parent.name, found.parent.attributes) == ("later parent", {"a": [1]})
        session.add(Asset(name="new", asset_type=asset_type(session, "fuel cell")))
    with database.reading() as session:
        assert session.scalar(select(func.max(Asset.id))) == 3
    assert migrations.current(database_url) == migrations.head()
    assert len(inspect(database.engine).get_table_names()) > 10


@pytest.mark.parametrize("into", ["sqlite", "postgres"])
def test_schedules_come_back_with_outputs_and_inputs(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest, into: str
) -> None:
    sensor, source = sensor_and_source(database)
    packed = pack({"prices": np.arange(5.0)})
    facts = {name: [1, "ü"] for name in ("warnings", "input_sensors")}
    moments = {"start": NOON, "end": NOON + DAY, "step": STEP, "belief_time": NOON, "created_at": LATER}
    with database.writing() as session:
        row = StoredSchedule(
            asset_id=sensor.asset_id, source_id=source.id, scheduler="s", status="optimal", gap=0.1 + 0.2,
            currency="EUR", inputs_missing="x", costs={"energy": -1 / 3}, loads=["ü"],
            breaches=[{"count": 1}], connections=[{"packed": "eJw="}],
            outputs=[ScheduleOutput(sensor_id=sensor.id, device="d", role=POWER, commodity="heat", part="both",
                                    sign=-1.0, belief_time=NOON, numbers={"peak": 1 / 7})], **facts, **moments
        )  # fmt: skip
        add_schedule(session, row, packed)
    dump(database, tmp_path / "copy.dump")
    url = f"sqlite:///{tmp_path / 'new.db'}" if into == "sqlite" else another(request)
    restore(url, tmp_path / "copy.dump")
    with closing(Database(url)) as opened, opened.reading() as session:
        back = get(session, StoredSchedule, row.id)
        for one, other in ((row, back), (row.outputs[0], back.outputs[0])):
            for column in inspect(type(one)).column_attrs:
                assert getattr(one, column.key) == getattr(other, column.key)
        assert read_inputs(session, back.id) == packed


def test_a_full_database_and_a_wrong_file_are_refused(database: Database, database_url: str, tmp_path: Path) -> None:
    sensor_and_source(database)
    dump(database, tmp_path / "copy.dump")
    with pytest.raises(InputError, match="not empty"):
        restore(database_url, tmp_path / "copy.dump")
    with pytest.raises(InputError, match="already exists"):
        dump(database, tmp_path / "copy.dump")
    (tmp_path / "wrong").write_text("id,name\n1,x\n" * 1000)
    for name in ("wrong", "none"):
        with pytest.raises(InputError, match="not a dump"):
            restore(database_url, tmp_path / name, replace=True)
    assert len(inspect(database.engine).get_table_names()) > 10


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return sorted(session.scalars(select(Asset.name)))


def add_asset(database: Database, name: str) -> None:
    with database.writing() as session:
        session.add(Asset(name=name, asset_type=asset_type(session, "battery")))


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


def without_checksum(file: Path) -> None:
    """Make a dump like those of versions that wrote no checksum."""
    file.write_bytes(file.read_bytes()[: -dumping.TAIL])
    with sqlite3.connect(file) as opened:
        opened.execute("pragma application_id=0")
    opened.close()


def test_a_dump_of_an_older_version_is_brought_to_the_newest(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    add_asset(database, "old")
    older = migrations.history()[-2].revision
    dump(database, tmp_path / "copy.dump")
    without_checksum(tmp_path / "copy.dump")
    migrations.downgrade(f"sqlite:///{tmp_path / 'copy.dump'}", older)
    before = (tmp_path / "copy.dump").read_bytes()
    add_asset(database, "newer")
    restore(database_url, tmp_path / "copy.dump", replace=True)
    assert (names(database), migrations.current(database_url)) == (["old"], migrations.head())
    with pytest.raises(DatabaseError, match="only ever added to"), database.writing() as session:
        session.execute(delete(AuditEvent))
    assert (tmp_path / "copy.dump").read_bytes() == before


def test_one_flipped_bit_is_refused_and_nothing_is_emptied(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    add_asset(database, "old")
    dump(database, tmp_path / "copy.dump")
    whole = (tmp_path / "copy.dump").read_bytes()
    add_asset(database, "newer")
    size = len(whole)
    spread = [int(share * size) for share in (0.0, 0.0001, 0.02, 0.3, 0.5, 0.8, 0.99)]
    for at in (*spread, size - dumping.TAIL + 3, size - 20, size - 1):  # the last three: mark, digest, end
        content = bytearray(whole)
        content[at] ^= 1
        (tmp_path / "copy.dump").write_bytes(content)
        for replace in (True, False):
            with pytest.raises(InputError, match=r"not as it was written|not a dump"):
                restore(database_url, tmp_path / "copy.dump", replace=replace)
    assert names(database) == ["newer", "old"]


@pytest.mark.parametrize("cut", [1, 50, 4096, 200_000])
def test_a_cut_dump_is_refused(database: Database, database_url: str, tmp_path: Path, cut: int) -> None:
    add_asset(database, "old")
    dump(database, tmp_path / "copy.dump")
    content = (tmp_path / "copy.dump").read_bytes()
    (tmp_path / "copy.dump").write_bytes(content[:-cut])
    with pytest.raises(InputError):
        restore(database_url, tmp_path / "copy.dump", replace=True)
    assert names(database) == ["old"]


def test_a_dump_without_checksum_is_taken_and_told_of(database: Database, database_url: str, tmp_path: Path) -> None:
    add_asset(database, "old")
    dump(database, tmp_path / "copy.dump")
    assert restore(database_url, tmp_path / "copy.dump", replace=True)
    without_checksum(tmp_path / "copy.dump")
    assert not restore(database_url, tmp_path / "copy.dump", replace=True)
    assert names(database) == ["old"]


def test_a_dump_without_checksum_that_is_broken_is_refused(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    add_asset(database, "old")
    dump(database, tmp_path / "copy.dump")
    without_checksum(tmp_path / "copy.dump")
    content = bytearray((tmp_path / "copy.dump").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = b"\xff" * 4096
    (tmp_path / "copy.dump").write_bytes(content)
    with pytest.raises(InputError):
        restore(database_url, tmp_path / "copy.dump", replace=True)
    assert names(database) == ["old"]


def test_a_dump_is_for_its_owner_only_from_the_start(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    original = dumping._seal

    def look(file: Path) -> None:
        seen.extend(stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir() if "copy" in each.name)
        original(file)

    monkeypatch.setattr(dumping, "_seal", look)
    old = os.umask(0)
    try:
        dump(database, tmp_path / "copy.dump")
    finally:
        os.umask(old)
    assert seen and set(seen) == {0o600}
    assert stat.S_IMODE((tmp_path / "copy.dump").stat().st_mode) == 0o600
