"""Requests that ask for too much are refused before any of the work is done."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.http.serving import Api

SOON = 5.0
"""How long a refusal may take on a busy machine [s]."""
GROWTH = 60 * 2**20
"""How much memory the server may have more after a refusal [bytes]."""
BEGIN = "2026-01-01T00:00:00Z"
CENTURIES = {"start": "1900-01-01T00:00:00Z", "end": "2199-12-31T00:00:00Z"}
MESSAGE = {"values": [1, 2, 3, 4], "start": BEGIN, "unit": "kW"}
BULK = {"sensors": "{power},{load}", "start": BEGIN, "duration": "P40Y"}
STATS = {"event_start_time": CENTURIES["start"], "event_end_time": CENTURIES["end"]}


def memory(api: Api) -> int:
    """Return what the server has in memory [bytes]."""
    lines = Path(f"/proc/{api.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def refused(api: Api, method: str, path: str, **more: Any) -> str:
    """Send a request that must be refused at once and without memory; return what is told."""
    before, begun = memory(api), time.monotonic()
    answer = api.ask(method, path, **more)
    assert time.monotonic() - begun < SOON
    assert memory(api) - before < GROWTH
    assert answer.status_code in (413, 422), answer.text[:300]
    return answer.text


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, http_database: Any) -> Any:
    """A server with low bounds on a database that holds more than they allow."""
    from tests.http import serving

    url = http_database.url.render_as_string(hide_password=False)
    low = {f"FLEXSCOPE_MAX_{name}": "1000" for name in ("VALUES_READ", "CHART_VALUES", "EXPORT_VALUES")}
    with serving.server(url, tmp_path_factory.mktemp("small"), **low) as running:
        yield running


@pytest.fixture(scope="module")
def filled(api: Api, ids: dict[str, int]) -> dict[str, int]:
    """Sensors with 2000 values each: one with events of 15 minutes, one that is instantaneous."""
    for name, unit in (("s:power", "kW"), ("s:soc", "kWh")):
        message = {"values": list(range(2000)), "start": BEGIN, "duration": "PT500H", "unit": unit}
        assert api.post(f"/sensors/{ids[name]}/data", json=message).status_code == 200
    return ids


@pytest.mark.parametrize("duration", ["P1000Y", "P299Y"])
def test_four_values_are_not_spread_over_centuries(api: Api, ids: dict[str, int], duration: str) -> None:
    told = refused(api, "POST", f"/sensors/{ids['s:power']}/data", json=MESSAGE | {"duration": duration})
    assert "duration" in told


def test_a_message_is_bounded_by_what_it_makes(api: Api, ids: dict[str, int]) -> None:
    years = {"values": [1], "duration": "P100Y", "unit": "kW", "start": BEGIN}
    assert "FLEXSCOPE_MAX_VALUES_WRITTEN" in refused(api, "POST", f"/sensors/{ids['s:power']}/data", json=years)
    bulk = {"data": [years | {"sensor": ids["s:power"]}]}
    assert "FLEXSCOPE_MAX_VALUES_WRITTEN" in refused(api, "POST", "/sensors/data/bulk", json=bulk)


@pytest.mark.parametrize(
    "more", [{}, {"resolution": "PT1S"}, {"resolution": "PT0.000001S"}, {"horizon": "PT1H"}, {"prior": BEGIN}]
)
@pytest.mark.parametrize("name", ["s:power", "s:soc"])
def test_a_long_read_is_refused_before_anything_is_read(
    api: Api, ids: dict[str, int], name: str, more: dict[str, str]
) -> None:
    asked = {"start": "1900-01-01T00:00:00Z", "duration": "P290Y"} | more
    refused(api, "GET", f"/sensors/{ids[name]}/data", params=asked)


def test_sensors_of_one_read_count_together(api: Api, ids: dict[str, int]) -> None:
    asked = {name: text.format(power=ids["s:power"], load=ids["s:load"]) for name, text in BULK.items()}
    assert "FLEXSCOPE_MAX_VALUES_READ" in refused(api, "GET", "/sensors/data/bulk", params=asked)
    one = asked | {"sensors": str(ids["s:power"])}
    assert api.get("/sensors/data/bulk", params=one).status_code == 200


@pytest.mark.parametrize("name", ["s:power", "s:soc"])
@pytest.mark.parametrize(
    "path, params, setting",
    [
        ("/sensors/{id}/data", {"start": BEGIN, "duration": "PT500H"}, "VALUES_READ"),
        ("/sensors/{id}/data", {"start": BEGIN, "duration": "PT500H", "horizon": "PT0H"}, "VALUES_READ"),
        ("/sensors/{id}/stats", STATS, "VALUES_READ"),
        ("/sensors/{id}/chart_data", CENTURIES, "CHART_VALUES"),
        ("/sensors/{id}/chart", CENTURIES | {"include_data": "true"}, "CHART_VALUES"),
        ("/sensors/{id}/chart", CENTURIES | {"include_data": "true", "format": "bokeh"}, "CHART_VALUES"),
        ("/sensors/data/export", {"sensors": "{id}", "start": BEGIN, "duration": "P10Y"}, "EXPORT_VALUES"),
    ],
)
def test_stored_values_are_counted_not_read(
    small: Api, filled: dict[str, int], name: str, path: str, params: dict[str, str], setting: str
) -> None:
    key = filled[name]
    params = {field: text.format(id=key) for field, text in params.items()}
    assert f"FLEXSCOPE_MAX_{setting}" in refused(small, "GET", path.format(id=key), params=params)


def test_what_is_within_the_bounds_is_answered(small: Api, filled: dict[str, int]) -> None:
    key = filled["s:power"]
    day = {"start": BEGIN, "end": "2026-01-01T20:00:00Z"}
    assert len(small.get(f"/sensors/{key}/chart_data", params=day).json()) == 80
    assert len(small.get(f"/sensors/{key}/data", params={"start": BEGIN, "duration": "PT20H"}).json()["values"]) == 80
