"""The map: land from our own files, markers that do not hide each other."""

import numpy as np
import panel as pn
import pytest

from components.maps import world
from components.maps.asset_map import AssetMap, MapPlace, around, markers, needed

AMSTERDAM = {"latitude": 52.374, "longitude": 4.88969}


def place(name: str = "House", **facts) -> MapPlace:
    given = {"kind": "building", "owner": "Toy", "href": "/assets/1", **AMSTERDAM} | facts
    return MapPlace(name=name, **given)


def inside(x: float, y: float, xs, ys) -> bool:
    """Return whether a point lies on land: an odd number of borders to its right."""
    crossings = 0
    for ring_x, ring_y in zip(xs, ys, strict=True):
        low, high = ring_y[:-1] <= y, ring_y[1:] <= y
        cut = ring_x[:-1] + (y - ring_y[:-1]) / np.where(low != high, ring_y[1:] - ring_y[:-1], 1) * np.diff(ring_x)
        crossings += int(((low != high) & (cut > x)).sum())
    return crossings % 2 == 1


@pytest.mark.parametrize(
    ("longitude", "latitude", "dry"),
    [(4.9, 52.2, True), (3.0, 54.5, False), (-58.4, -34.7, True), (-30.0, 30.0, False), (149.1, -35.3, True)],
)
@pytest.mark.parametrize("width", [2_000_000.0, 30_000_000.0])
def test_land_is_where_it_is_and_sea_is_not(longitude, latitude, dry, width):
    x, y = world.mercator(longitude, latitude)
    xs, ys = world.land((x - width / 2, y - width / 4, x + width / 2, y + width / 4))
    assert inside(x, y, xs, ys) is dry


def test_mercator_is_that_of_tile_servers():
    assert world.mercator(180, 0) == pytest.approx((20_037_508.34, 0), abs=0.01)
    assert world.mercator(0, 45)[1] == pytest.approx(5_621_521.49, abs=0.01)


def test_assets_in_one_spot_stand_around_it():
    drawn = markers([(0.0, 0.0)] * 5, 10)
    assert sorted(marker.places for marker in drawn) == [(0,), (1,), (2,), (3,), (4,)]
    gaps = [np.hypot(a.x - b.x, a.y - b.y) for a in drawn for b in drawn if a is not b]
    assert min(gaps) > 34 * 10  # metres of one marker


def test_assets_close_together_are_one_bubble_until_zoomed_in():
    towns = [(0.0, 0.0), (900.0, 0.0), (100_000.0, 0.0)]
    assert sorted(marker.places for marker in markers(towns, 100)) == [(0, 1), (2,)]
    assert sorted(marker.places for marker in markers(towns, 5)) == [(0,), (1,), (2,)]


def test_a_marker_names_type_owner_and_state_and_leads_to_the_asset():
    shown = AssetMap(places=[place(state="bad", meaning="schedule failed")])
    data = shown._marked.data
    assert (data["name"], data["about"], data["meaning"]) == (["House"], ["Building of Toy"], ["schedule failed"])
    assert data["href"] == ["/assets/1"]
    assert data["icon"][0].startswith("data:image/svg+xml")


def test_colours_stand_for_types_or_for_accounts():
    shown = AssetMap(places=[place(), place(kind="battery", longitude=8.0), place(owner="Other", longitude=12.0)])
    by_type = list(shown._marked.data["fill"])
    shown.by_account = True
    by_account = list(shown._marked.data["fill"])
    assert by_type[0] == by_type[2] != by_type[1]
    assert by_account[0] == by_account[1] != by_account[2]


def test_names_in_the_legend_are_shown_as_they_stand():
    shown = AssetMap(places=[place(owner="<b>")], by_account=True)
    assert "&lt;b&gt;" in shown.__panel__().select(pn.pane.HTML)[0].object


def test_bubbles_on_both_sides_of_a_border_of_cells_become_one():
    # Two crowds 20 px apart, in the middle of which the grid of cells has a border.
    xy = [(1000.0 + 100 * i, 0.0) for i in range(5)] + [(3000.0 + 100 * i, 0.0) for i in range(5)]
    (one,) = markers(xy, metres_per_pixel=100.0)
    assert len(one.places) == 10


def test_a_map_with_tiles_keeps_its_land_below_them():
    shown = AssetMap(places=[place()], tiles="https://tiles.example.org/{z}/{x}/{y}.png")
    drawn = [type(each).__name__ for each in shown._figure.renderers]
    assert drawn[:3] == ["GlyphRenderer", "GlyphRenderer", "TileRenderer"]
    assert shown._figure.renderers[2].tile_source.url == "https://tiles.example.org/{Z}/{X}/{Y}.png"


@pytest.mark.parametrize("shape", [0.42, 1.1])
def test_the_box_around_places_has_room_for_all_of_them_in_any_shape(shape):
    places = [world.mercator(longitude, latitude) for longitude, latitude in ((4, 52), (20, 50), (27, 58))]
    west, south, east, north = around(places, shape)
    assert all(west < x < east and south < y < north for x, y in places)
    assert (north - south) / (east - west) == pytest.approx(shape)
    wide, high = needed(places)
    assert wide <= east - west + 1 and high <= north - south + 1
