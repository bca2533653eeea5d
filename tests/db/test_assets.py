"""The tree of assets, also where it is none."""

import pytest

from db import assets
from db.assets import Asset, asset_type, lineage, subtree


@pytest.fixture
def session(database):
    with database.writing() as session:
        yield session


def add(session, name, parent=None):
    made = Asset(name=name, asset_type=asset_type(session, "building"), parent_asset_id=parent and parent.id)
    session.add(made)
    session.flush()
    return made


def test_parents_come_before_children(session):
    town = add(session, "town")
    house, shed = add(session, "house", town), add(session, "shed", town)
    battery = add(session, "battery", house)
    assert subtree(session, town.id) == [town, house, shed, battery]
    assert subtree(session, shed.id) == [shed] and subtree(session, 99) == []
    assert lineage(battery) == [town, house, battery]


def test_a_circle_ends(session):
    first = add(session, "first")
    second = add(session, "second", first)
    first.parent_asset_id = second.id
    session.flush()
    session.expire_all()
    assert subtree(session, first.id) == [first, second]
    assert lineage(first) == [second, first]


def test_types_have_the_ids_that_clients_rely_on(session):
    assert [asset_type(session, name).id for name in assets.TYPES] == list(range(1, 9))
