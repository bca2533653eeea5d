"""Values over the API: units, resolutions, nulls, moments of knowledge, permissions and refusals."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.http.serving import Api

DAY = "2026-03-01T00:00:00+01:00"


def message(values: Any, **more: Any) -> dict[str, Any]:
    return {"start": DAY, "duration": "PT1H", "values": values, "unit": "kW", **more}


def window(start: str = DAY, duration: str = "PT1H", **more: str) -> dict[str, str]:
    return {"start": start, "duration": duration, **more}


@pytest.fixture
def sensor(api: Api, ids: dict[str, int]) -> int:
    """A power sensor of its own for each test: 15 minutes, kW."""
    body = {"name": "p", "unit": "kW", "event_resolution": "PT15M", "generic_asset_id": ids["battery"]}
    return int(api.post("/sensors", json=body).json()["id"])


def test_values_come_back_as_they_were_posted(api: Api, sensor: int) -> None:
    posted = api.post(f"/sensors/{sensor}/data", json=message([1, 2, None, 4.5]))
    assert (posted.status_code, posted.json()["status"]) == (200, "PROCESSED")
    found = api.get(f"/sensors/{sensor}/data", params=window(unit="kW")).json()
    assert found["values"] == [1, 2, None, 4.5]
    assert (found["start"], found["duration"], found["resolution"]) == (DAY, "PT1H", "PT15M")


@pytest.mark.parametrize(
    ("start", "hours"),
    [("2026-03-29T00:00:00+01:00", 23), ("2025-10-26T00:00:00+02:00", 25), ("2025-10-25T22:00:00Z", 25)],
)
def test_a_day_is_as_long_as_on_the_clock_of_the_sensor(api: Api, ids: dict[str, int], start: str, hours: int) -> None:
    fields = {"name": f"of {start}", "unit": "kWh", "event_resolution": "PT1H", "timezone": "Europe/Amsterdam"}
    key = api.post("/sensors", json=fields | {"generic_asset_id": ids["battery"]}).json()["id"]
    day = {"start": start, "duration": "P1D", "unit": "kWh"}
    assert api.post(f"/sensors/{key}/data", json=day | {"values": [1.0] * hours}).status_code == 200
    found = api.get(f"/sensors/{key}/data", params=day).json()
    assert (len(found["values"]), found["duration"]) == (hours, f"PT{hours}H") and sum(found["values"]) == hours
    # Clients that count hours still may: 24 values of a P1D are 24 hours.
    assert api.post(f"/sensors/{key}/data", json=day | {"values": [2.0] * 24}).status_code == 200
    longer = api.get(f"/sensors/{key}/data", params=day | {"duration": "PT25H"}).json()["values"]
    assert longer[:24] == [2.0] * 24 and longer[24] == (1.0 if hours == 25 else None)


def test_one_value_over_longer_steps_is_repeated_and_converted(api: Api, sensor: int) -> None:
    # 3 MWh in one hour is a mean power of 3 MW.
    api.post(f"/sensors/{sensor}/data", json=message([3], unit="MWh"))
    assert api.get(f"/sensors/{sensor}/data", params=window()).json()["values"] == [3000] * 4


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ({"unit": "MW"}, [0.001, 0.002, 0.003, 0.006]),
        ({"resolution": "PT30M"}, [1.5, 4.5]),
        ({"unit": "kWh", "resolution": "PT1H"}, [3]),  # a mean of 3 kW over one hour
        ({"resolution": "PT20M"}, [1.25, 2.5, 5.25]),
        ({"resolution": "PT5M", "duration": "PT20M"}, [1, 1, 1, 2]),
        ({"start": "2026-02-28T23:05:00Z", "duration": "PT30M"}, [1, 2]),
        ({"duration": "PT30M"}, [1, 2]),
        ({"start": "2026-02-28T23:45:00Z", "duration": "PT15M"}, [6]),
    ],
)
def test_reading_in_other_units_and_resolutions(api: Api, sensor: int, asked: dict[str, str], values: Any) -> None:
    api.post(f"/sensors/{sensor}/data", json=message([1, 2, 3, 6]))
    found = api.get(f"/sensors/{sensor}/data", params=window(**asked)).json()
    assert found["values"] == pytest.approx(values)


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ({}, [2, 4]),
        ({"resolution": "PT1H"}, [6]),
        ({"resolution": "PT15M"}, [1, 1, 2, 2]),
        ({"resolution": "PT20M"}, [4 / 3, 2, 8 / 3]),
        ({"unit": "kW"}, [4, 8]),
        ({"unit": "kW", "resolution": "PT1H"}, [6]),
    ],
)
def test_energies_add_up_and_are_shared_out(api: Api, ids: dict[str, int], asked: dict[str, str], values: Any) -> None:
    body = {"name": "energy", "unit": "kWh", "event_resolution": "PT30M", "generic_asset_id": ids["battery"]}
    key = api.post("/sensors", json=body).json()["id"]
    api.post(f"/sensors/{key}/data", json=message([0.5, 1.5, 1, 3], unit="kWh"))
    assert api.get(f"/sensors/{key}/data", params=window(**asked)).json()["values"] == pytest.approx(values)


def test_reading_as_it_was_known_earlier(api: Api, sensor: int) -> None:
    for prior, value in (("2026-02-27T12:00:00+01:00", 1), ("2026-02-28T12:00:00+01:00", 2)):
        api.post(f"/sensors/{sensor}/data", json=message([value] * 4, prior=prior))
    path = f"/sensors/{sensor}/data"
    assert api.get(path, params=window()).json()["values"] == [2] * 4
    assert api.get(path, params=window(prior="2026-02-28T00:00:00+01:00")).json()["values"] == [1] * 4
    assert api.get(path, params=window(prior="2026-02-01T00:00:00+01:00")).json()["values"] == [None] * 4
    assert api.get(path, params=window(horizon="PT24H")).json()["values"] == [1] * 4


def test_instantaneous_values_stand_where_they_were_measured(api: Api, ids: dict[str, int]) -> None:
    body = {"start": DAY, "duration": "PT15M", "values": [1.5, 2.5, 3.5], "unit": "kWh"}
    api.post(f"/sensors/{ids['s:soc']}/data", json=body)
    found = api.get(f"/sensors/{ids['s:soc']}/data", params=window(duration="PT15M", unit="Wh")).json()
    assert (found["values"], found["resolution"]) == ([1500, 2500, 3500], "PT0M")


def test_repeating_is_told_and_replacing_is_refused(api: Api, sensor: int) -> None:
    path, prior = f"/sensors/{sensor}/data", "2026-03-01T02:00:00+01:00"
    api.post(path, json=message([1, 2, 3, 4], prior=prior))
    again = api.post(path, json=message([1, 2, 3, 4], prior=prior))
    assert (again.status_code, again.json()["status"]) == (200, "ALREADY_RECEIVED_AND_SUCCESSFULLY_PROCESSED")
    other = api.post(path, json=message([1, 2, 3, 5], prior=prior))
    assert (other.status_code, other.json()["status"]) == (403, "INVALID_REPLACEMENT")
    assert api.get(path, params=window()).json()["values"] == [1, 2, 3, 4]


def test_eight_clients_posting_the_same_are_all_served(api: Api, sensor: int) -> None:
    body = message([1, 2, 3, 4])
    api.token("boss")
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: api.post(f"/sensors/{sensor}/data", json=body), range(24)))
    assert {answer.status_code for answer in answers} == {200}


def test_old_spellings_are_understood(api: Api, sensor: int) -> None:
    address = f"ea1.2026-12.localhost:fm1.{sensor}"
    body = {"sensor": address, "start": DAY, "duration": "P0DT0H15M0S", "value": 7, "unit": "kW"}
    assert api.post("/sensors/data", json=body | {"type": "PostSensorDataRequest"}).status_code == 200
    found = api.get("/sensors/data", params={"sensor": address, **window(duration="PT15M", unit="kW")})
    assert found.json()["values"] == [7]
    as_body = {"sensor": address, **window(start="2026-03-01T00:00+01", duration="PT15M")}
    assert api.get("/sensors/data", json=as_body).json()["values"] == [7]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": "apples"}, "apples"),
        ({"unit": "EUR"}, "EUR"),
        ({"start": "2026-03-01T00:00:00"}, "time zone"),
        ({"duration": "one hour"}, "duration"),
        ({"duration": "PT0H"}, "duration"),
        ({"values": ["a"]}, "values"),
        ({"values": []}, "values"),
        ({"values": [1] * 5}, "neither divide"),
        ({"prior": "yesterday"}, "prior"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_messages_name_the_field_and_save_nothing(
    api: Api, sensor: int, change: dict[str, Any], field: str
) -> None:
    answer = api.post(f"/sensors/{sensor}/data", json=message([1, 2, 3, 4]) | change)
    assert answer.status_code == 422 and field in str(answer.json()["message"])
    assert api.get(f"/sensors/{sensor}/data", params=window()).json()["values"] == [None] * 4


@pytest.mark.parametrize(
    ("who", "name", "reads", "writes"),
    [
        ("hand", "s:load", 200, 200),
        ("adviser", "s:load", 200, 200),
        ("rival", "s:load", 403, 403),
        ("reader", "s:load", 200, 403),
        ("root", "s:load", 200, 200),
        ("rival", "s:price", 200, 403),
        (None, "s:load", 401, 401),
    ],
)
def test_who_reads_and_writes_which_values(
    api: Api, ids: dict[str, int], who: str | None, name: str, reads: int, writes: int
) -> None:
    path = f"/sensors/{ids[name]}/data"
    unit = "EUR/MWh" if name == "s:price" else "kW"
    assert api.get(path, who=who, params=window()).status_code == reads
    assert api.post(path, who=who, json=message([1], unit=unit)).status_code == writes


def test_an_unknown_sensor_is_told(api: Api) -> None:
    assert api.get("/sensors/99999/data", params=window()).status_code == 404
    assert api.post("/sensors/99999/data", json=message([1])).status_code == 404


def test_a_long_answer_is_compressed_where_that_is_taken(api: Api, sensor: int) -> None:
    ask = {"params": window(duration="P30D")}
    packed = api.get(f"/sensors/{sensor}/data", headers={"Accept-Encoding": "gzip"}, **ask)
    plain = api.get(f"/sensors/{sensor}/data", headers={"Accept-Encoding": "identity"}, **ask)
    assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()
