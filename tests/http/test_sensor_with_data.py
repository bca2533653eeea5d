"""What stored values depend on cannot be changed under them."""

import pytest

from tests.http.serving import Api
from tests.http.test_data import message, sensor

__all__ = ["sensor"]


@pytest.mark.parametrize("change", [{"unit": "MW"}, {"event_resolution": "PT1H"}])
def test_unit_and_resolution_are_fixed_while_there_is_data(api: Api, sensor: int, change: dict[str, str]) -> None:
    assert api.patch(f"/sensors/{sensor}", json={"unit": "W"}, who="root").status_code == 200
    api.post(f"/sensors/{sensor}/data", json=message([1, 2, 3, 4]))
    refused = api.patch(f"/sensors/{sensor}", json=change, who="root")
    assert refused.status_code == 422
    assert f"sensor {sensor} has 4 values that depend on it" in refused.text
    assert api.patch(f"/sensors/{sensor}", json={"unit": "W", "name": "q"}, who="root").status_code == 200
    api.delete(f"/sensors/{sensor}/data", who="root")
    assert api.patch(f"/sensors/{sensor}", json=change, who="root").status_code == 200
