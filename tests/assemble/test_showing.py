"""What assets want shown, in all its forms, and written back."""

import pytest

from app.assemble.showing import FlexField, SensorChart, one, wanted, written


@pytest.mark.parametrize(
    ("entry", "chart"),
    [
        (3, SensorChart("", [3])),
        ([3, 4], SensorChart("", [3, 4])),
        ({"title": "Power", "sensor": 3}, SensorChart("Power", [3])),
        ({"title": "Power", "sensors": [3, 4]}, SensorChart("Power", [3, 4])),
        ({"title": "Power", "plots": [{"sensor": 3}, {"sensors": [4, 5]}]}, SensorChart("Power", [3, 4, 5])),
        ({"title": "Later"}, SensorChart("Later", [])),
        (
            {"title": "Power", "plots": [{"sensor": 3}, {"asset": 7, "flex-context": "site-power-capacity"}]},
            SensorChart("Power", [3], (FlexField(7, "flex-context", "site-power-capacity"),)),
        ),
        (
            {"plots": [{"asset": 7, "flex_model": ["soc_min", "soc-max"]}]},
            SensorChart("", [], (FlexField(7, "flex-model", "soc-min"), FlexField(7, "flex-model", "soc-max"))),
        ),
    ],
)
def test_every_documented_form_is_understood_and_means_the_same_when_written(entry, chart: SensorChart):
    assert one(entry) == chart
    assert one(written(chart)) == chart


def test_entries_without_a_sensor_are_no_charts():
    assert wanted([{"title": "Later"}, [], 3]) == [SensorChart("", [3])]
