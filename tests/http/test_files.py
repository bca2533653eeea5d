"""Files over the API: their layout, what is wrong with them told beforehand, all of it or nothing."""

from typing import Any

import pytest

from tests.http.serving import Api

CLEAN = "Zeit;Wert\n05.01.2026 00:00;1,5\n05.01.2026 00:15;2,5\n05.01.2026 01:00;-\n"
LAYOUT = {
    "delimiter": ";",
    "decimal": ",",
    "date-format": "%d.%m.%Y %H:%M",
    "timezone": "Europe/Berlin",
    "missing": "-",
}
SPAN = {"start": "2026-01-04T23:00:00Z", "duration": "PT2H", "unit": "kW"}


@pytest.fixture
def power(api: Api, ids: dict[str, int]) -> int:
    asset = ids["battery"]
    sensor = {"name": "meter", "unit": "kW", "event_resolution": "PT15M", "generic_asset_id": asset}
    made: int = api.post("/sensors", who="boss", json=sensor).json()["id"]
    return made


def send(api: Api, power: int, text: str, path: str = "upload", **layout: str) -> Any:
    files = {"uploaded-files": ("meter.csv", text.encode(), "text/csv")}
    return api.post(f"/sensors/{power}/data/{path}", who="boss", files=files, params=layout)


def stored(api: Api, power: int) -> list[float | None]:
    values: list[float | None] = api.get(f"/sensors/{power}/data", who="boss", params=SPAN).json()["values"]
    return [value for value in values if value is not None]


def test_a_preview_tells_and_stores_nothing(api: Api, power: int) -> None:
    told = send(api, power, CLEAN, "upload/preview", **LAYOUT).json()["files"][0]
    assert (told["rows"], told["values"], told["stored"], told["problems"]) == (3, 2, 2, [])
    assert told["first"] == "2026-01-04T23:00:00+00:00" and told["gaps"]
    assert stored(api, power) == []
    assert send(api, power, CLEAN, **LAYOUT).status_code == 200
    assert stored(api, power) == [1.5, 2.5]
    again = send(api, power, CLEAN, "upload/preview", **LAYOUT).json()["files"][0]
    assert (again["stored"], again["unchanged"]) == (0, 2)


@pytest.mark.parametrize("factor, told", [(1, ""), (2, ""), (12, "12 times as large"), (0.001, "1,000 times smaller")])
def test_another_level_than_that_of_the_stored_values_is_told(api: Api, power: int, factor: float, told: str) -> None:
    values = [2.0 + n % 5 for n in range(48)]
    body = {"start": "2026-01-04T00:00:00+01:00", "duration": "PT12H", "values": values, "unit": "kW"}
    assert api.post(f"/sensors/{power}/data", json=body).status_code == 200
    rows = (f"2026-01-05T{n // 4:02}:{n % 4 * 15:02}:00+01:00,{value * factor:.4f}\n" for n, value in enumerate(values))
    text = "time,kW\n" + "".join(rows)
    preview = send(api, power, text, "upload/preview").json()["files"][0]
    notices = " ".join(preview["notices"])
    assert told in notices and ("stored so far" in notices) == bool(told)
    assert [question["field"] for question in preview["questions"]] == ["confirm"] * bool(told)
    before, refused = stored(api, power), send(api, power, text)
    assert refused.status_code == (422 if told else 200) and (stored(api, power) == before) == bool(told)
    if told:
        assert "other-level" in refused.text
        answer = send(api, power, text, confirm="other-level")
        assert answer.status_code == 200 and told in answer.text


def test_an_outlier_is_stored_only_if_confirmed(api: Api, power: int) -> None:
    values = [500.0] + [2.0] * 24
    text = "time,kW\n" + "".join(f"2026-01-05T{n // 4:02}:{n % 4 * 15:02}:00+01:00,{v}\n" for n, v in enumerate(values))
    refused = send(api, power, text)
    assert refused.status_code == 422 and "outliers" in refused.text and stored(api, power) == []
    assert send(api, power, text, confirm="outliers").status_code == 200 and max(stored(api, power)) == 500


def test_every_bad_row_is_named_and_nothing_stored(api: Api, power: int) -> None:
    bad = CLEAN.replace("2,5", "viel").replace("05.01.2026 00:00", "später")
    problems = send(api, power, bad, "upload/preview", **LAYOUT).json()["files"][0]["problems"]
    assert [(row["row"], row["text"]) for row in problems] == [(2, "später"), (3, "viel")]
    assert send(api, power, bad, **LAYOUT).status_code == 422
    assert stored(api, power) == []


@pytest.mark.parametrize(
    "wrong", [{"timezone": "Europe/Berln"}, {"decimal": ""}, {"resolution": "soon"}, {"skip-rows": "x"}]
)
def test_a_layout_that_cannot_be_is_named(api: Api, power: int, wrong: dict[str, str]) -> None:
    answer = send(api, power, CLEAN, **{**LAYOUT, **wrong})
    assert answer.status_code == 422 and next(iter(wrong)) in answer.text.replace("_", "-")


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"sensor_id"), ("parquet", b"PAR1"), ("xlsx", b"PK")])
def test_values_are_exported_with_every_source(api: Api, power: int, kind: str, begins: bytes) -> None:
    send(api, power, CLEAN, **LAYOUT)
    asked = {"sensors": str(power), "start": SPAN["start"], "duration": "PT2H", "format": kind}
    answer = api.get("/sensors/data/export", who="boss", params=asked)
    assert answer.content.startswith(begins)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="flexscope-20260104T2300.{kind}"'
    if kind == "csv":
        rows = answer.text.splitlines()[1:]
        assert [(row.split(",")[2], row.split(",")[6]) for row in rows] == [
            ("2026-01-04T23:00:00+00:00", "1.5"),
            ("2026-01-04T23:15:00+00:00", "2.5"),
        ]


AMBIGUOUS = "Zeit;kW\n2026-01-05 00:00;1,500\n2026-01-05 00:15;2,250\n"


def test_what_two_readings_fit_is_asked_and_stored_once_it_is_answered(api: Api, power: int) -> None:
    refused = send(api, power, AMBIGUOUS, timezone="Europe/Berlin")
    assert refused.status_code == 422
    (question,) = refused.json()["questions"]
    assert question["field"] == "decimal" and [choice["value"] for choice in question["choices"]] == [",", "."]
    assert "decimal" in refused.json()["message"]["query"] and stored(api, power) == []
    shown = send(api, power, AMBIGUOUS, "upload/preview", timezone="Europe/Berlin").json()["files"][0]
    assert shown["questions"] == [question] and shown["stored"] == 0
    assert [row["stored"] for row in shown["shown_rows"]] == [1.5, 2.25]
    answer = send(api, power, AMBIGUOUS, timezone="Europe/Berlin", decimal=",")
    assert answer.status_code == 200 and stored(api, power) == [1.5, 2.25]
    evidence = {entry["field"]: entry["value"] for entry in answer.json()["files"][0]["evidence"]}
    assert evidence["resolution"] == "PT15M"
