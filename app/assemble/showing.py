"""What an asset wants shown (sensors_to_show), in any of its documented forms → charts with title and sensor ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ShownChart:
    """One chart as an asset asks for it."""

    title: str
    """Heading; empty: the names of the sensors."""
    sensors: list[int]
    """Ids of the sensors whose lines share the chart."""


def wanted(sensors_to_show: Iterable[Any]) -> list[ShownChart]:
    """Return the charts asked for, without those that name no sensor."""
    return [chart for chart in map(one, sensors_to_show) if chart.sensors]


def one(entry: Any) -> ShownChart:
    """Return what an entry asks for; it may name no sensor."""
    title = str(entry.get("title") or "") if isinstance(entry, dict) else ""
    return ShownChart(title, list(named(entry)))


def written(chart: ShownChart) -> Any:
    """Return a chart as an entry of sensors_to_show: with a title a dictionary, else an id or a list of ids."""
    if chart.title:
        return {"title": chart.title, "sensors": list(chart.sensors)}
    return chart.sensors[0] if len(chart.sensors) == 1 else list(chart.sensors)


def named(entry: Any) -> Iterator[int]:
    """Give the sensor ids in an entry: an id, a list, {"sensor": id}, {"sensors": ids} or {"plots": entries}."""
    if isinstance(entry, dict):
        yield from named([entry.get("sensor"), entry.get("sensors"), entry.get("plots")])
    elif isinstance(entry, list):
        for part in entry:
            yield from named(part)
    elif isinstance(entry, int) and not isinstance(entry, bool):
        yield entry
