"""What an asset wants shown (sensors_to_show), in any of its documented forms → charts with title and sensor ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

PARTS = ("flex-context", "flex-model")


@dataclass(frozen=True)
class FlexField:
    """A field of the flex-config of an asset, whose values are to be drawn."""

    asset: int
    """Id of the asset."""
    part: str
    """One of PARTS."""
    name: str
    """As in the language, with hyphens."""


@dataclass(frozen=True)
class SensorChart:
    """One chart as an asset asks for it."""

    title: str
    """Heading; empty: the names of the sensors."""
    sensors: list[int]
    """Ids of the sensors whose lines share the chart."""
    fields: tuple[FlexField, ...] = ()
    """Fields of flex-configs whose values are drawn beside them."""

    @property
    def shows(self) -> bool:
        """Whether it names anything to draw."""
        return bool(self.sensors or self.fields)


def wanted(sensors_to_show: Iterable[Any]) -> list[SensorChart]:
    """Return the charts asked for, without those that name neither a sensor nor a field."""
    return [chart for chart in map(one, sensors_to_show) if chart.shows]


def one(entry: Any) -> SensorChart:
    """Return what an entry asks for; it may name nothing."""
    title = str(entry.get("title") or "") if isinstance(entry, dict) else ""
    return SensorChart(title, list(named(entry)), tuple(named_fields(entry)))


def written(chart: SensorChart) -> Any:
    """Return a chart as an entry of sensors_to_show: with title or fields a dictionary, else an id or ids."""
    if chart.fields:
        plots: list[dict[str, Any]] = [{"sensors": list(chart.sensors)}] * bool(chart.sensors)
        plots += [{"asset": field.asset, field.part: field.name} for field in chart.fields]
        return {"title": chart.title, "plots": plots} if chart.title else {"plots": plots}
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
    elif isinstance(entry, int) and not isinstance(entry, bool):  # true is an int to Python
        yield entry


def named_fields(entry: Any) -> Iterator[FlexField]:
    """Give the fields of flex-configs in an entry: ``{"asset": id, "flex-context": name}``, among plots or alone."""
    if isinstance(entry, list):
        for part in entry:
            yield from named_fields(part)
    if not isinstance(entry, dict):
        return
    yield from named_fields(entry.get("plots"))
    asset = entry.get("asset")
    if not isinstance(asset, int) or isinstance(asset, bool):
        return
    for part in PARTS:
        names = entry.get(part) or entry.get(part.replace("-", "_")) or []
        for name in [names] if isinstance(names, str) else names if isinstance(names, list) else []:
            if isinstance(name, str):
                yield FlexField(asset, part, name.replace("_", "-"))
