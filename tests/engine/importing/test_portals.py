"""Files as many more portals and devices write them, with numbers of our own: each value at its moment, or asked about.

``portals.json`` has the heads, and a template of a row; in it t and e are where a value begins and ends, v and c the
value with a decimal dot and comma, w the same thousandfold and tenth tenfold, h, p, q and n counts of the hour, of the
step, of the quarter and of the row, and x, xd and xi the begin as spreadsheets count days.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from engine.importing.layout import Layout
from engine.importing.reading import read_file
from engine.series.iso_time import from_us
from tests.engine.importing.sample_files import asked, target

Portal: TypeAlias = dict[str, Any]
PORTALS: dict[str, Portal] = {
    entry["name"]: entry for entry in json.loads(Path(__file__).with_name("portals.json").read_text())
}


def moments(portal: Portal) -> list[datetime]:
    """Where the values begin, on the clock of the portal."""
    begin = datetime.fromisoformat(portal.get("day", "2026-05-11"))
    return [begin + timedelta(minutes=portal["minutes"]) * row for row in range(portal["rows"])]


def values(portal: Portal) -> list[float]:
    """What the rows hold, in no order, so that nothing rises all along."""
    more = portal.get("plus", 0.003)
    return [round(0.1 + row * 7 % 10 / 10 + more, 3) for row in range(portal["rows"])]


def fields(portal: Portal, row: int) -> dict[str, Any]:
    """What stands for the names in a template."""
    begin, step, value = moments(portal)[row], timedelta(minutes=portal["minutes"]), values(portal)[row]
    in_day = (begin - begin.replace(hour=0, minute=0)) // step
    days = begin.toordinal() - 693_594 + (begin.hour * 60 + begin.minute) / 1440
    serial = f"{days:.10f}".rstrip("0").rstrip(".")
    text, watts = f"{value:.2f}" if "plus" in portal else f"{value:.3f}", f"{value * 1000:.0f}"
    return {
        "t": begin, "e": begin + step, "l": begin + step - timedelta(minutes=1), "u2": begin + timedelta(hours=2),
        "s": int(begin.replace(tzinfo=UTC).timestamp()), "v": text, "c": text.replace(".", ","),
        "w": watts, "m": 100_000 + int(watts), "n": row + 1, "p": in_day + 1, "h": begin.hour + 1,
        "em4": begin - timedelta(hours=4), "ep10": begin + timedelta(hours=10), "q": begin.minute // 15 + 1,
        "x": serial.replace(".", ","), "xd": serial, "xi": int(days), "tenth": f"{value * 10:.0f}",
        "k": f"{watts} W" if value < 0.5 else f"{value} kW",
    }  # fmt: skip


def lines(portal: Portal) -> Iterator[str]:
    """The lines of a file."""
    across, rows = portal.get("across"), range(portal["rows"])
    if across is None:
        yield from portal["head"]
        yield from (portal["row"].format(**fields(portal, row)) for row in rows)
        yield from portal.get("foot", ())
        return
    count, mark = across["count"], across["mark"]
    heads = [across["head"].format(**fields(portal, row)) for row in range(count)]
    yield portal["head"][0].format(across=mark.join(heads))
    for begin in rows[::count]:
        cells = [across["cell"].format(**fields(portal, row)) for row in range(begin, begin + count)]
        yield portal["row"].format(across=mark.join(cells), **fields(portal, begin))


@pytest.mark.parametrize("name", PORTALS)
def test_a_file_of_a_portal_is_read_or_asked_about(name: str) -> None:
    portal = PORTALS[name]
    zone = "Europe/Brussels" if portal["zone"] == "UTC" else portal["zone"]
    sensor = target(portal["sensor"], zone, minutes=min(portal["minutes"], 60))
    file, answers = "\n".join(lines(portal)).encode(), portal.get("asked", {})
    questions = asked(read_file(file, Layout(), sensor))
    assert set(questions) == {field.replace("_", "-") for field in answers}
    reading = read_file(file, replace(Layout(), **answers), sensor)
    reading.check()
    rows, place = reading.readings, ZoneInfo(portal["zone"])
    found = {from_us(at): value for at, value in zip(rows.starts.tolist(), rows.values.tolist(), strict=True)}
    scale = portal.get("scale", 1000.0 if portal.get("unit", portal["sensor"]) in ("W", "Wh") else 1.0)
    expected = zip(moments(portal), values(portal), strict=True)
    assert found == {at.replace(tzinfo=place).astimezone(UTC): pytest.approx(value * scale) for at, value in expected}
    assert reading.unit == portal.get("unit", portal["sensor"])
    lengths = np.diff(rows.starts).tolist() if rows.ends is None else (rows.ends - rows.starts).tolist()
    assert np.median(np.abs(lengths)) == portal["minutes"] * 60e6
