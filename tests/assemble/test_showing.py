"""What assets want shown, in all its forms, and written back."""

import pytest

from app.assemble.showing import Wanted, one, wanted, written


@pytest.mark.parametrize(
    ("entry", "chart"),
    [
        (3, Wanted("", [3])),
        ([3, 4], Wanted("", [3, 4])),
        ({"title": "Power", "sensor": 3}, Wanted("Power", [3])),
        ({"title": "Power", "sensors": [3, 4]}, Wanted("Power", [3, 4])),
        ({"title": "Power", "plots": [{"sensor": 3}, {"sensors": [4, 5]}]}, Wanted("Power", [3, 4, 5])),
        ({"title": "Later"}, Wanted("Later", [])),
    ],
)
def test_every_documented_form_is_understood_and_means_the_same_when_written(entry, chart: Wanted):
    assert one(entry) == chart
    assert one(written(chart)) == chart


def test_entries_without_a_sensor_are_no_charts():
    assert wanted([{"title": "Later"}, [], 3]) == [Wanted("", [3])]
