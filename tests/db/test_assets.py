"""The tree of assets, also where it is none."""

import pytest

from db import assets
from db.assets import Asset, asset_type, lineage, subtree


@pytest.fixture
def work(database):
    with database.writing() as work:
        yield work


def add(work, name, parent=None):
    made = Asset(name=name, asset_type=asset_type(work, "building"), parent_asset_id=parent and parent.id)
    work.add(made)
    work.flush()
    return made


def test_parents_come_before_children(work):
    town = add(work, "town")
    house, shed = add(work, "house", town), add(work, "shed", town)
    battery = add(work, "battery", house)
    assert subtree(work, town.id) == [town, house, shed, battery]
    assert subtree(work, shed.id) == [shed] and subtree(work, 99) == []
    assert lineage(battery) == [town, house, battery]


def test_a_circle_ends(work):
    first = add(work, "first")
    second = add(work, "second", first)
    first.parent_asset_id = second.id
    work.flush()
    work.expire_all()
    assert subtree(work, first.id) == [first, second]
    assert lineage(first) == [second, first]


def test_types_have_the_ids_that_clients_rely_on(work):
    assert [asset_type(work, name).id for name in assets.TYPES] == list(range(1, 9))
