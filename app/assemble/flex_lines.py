"""Fields of flex-configs as lines of charts: the values written in them, or the sensors that they name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from app.assemble.showing import FlexField, SensorChart
from app.assemble.site.flex_config import LANGUAGES
from app.auth.access.access import NotAllowed
from app.auth.access.references import References
from components.charts.traces import Trace
from components.theme import quantity
from db.assets import Asset
from engine.errors import EngineError, FieldError, UnknownField
from engine.flex import quantity as quantities
from engine.flex.context import FlexContext
from engine.flex.facts import Fact
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference, unit_for
from engine.flex.values import per_step
from engine.series.iso_time import to_us
from engine.series.window import Window
from engine.units import units

STEP = timedelta(minutes=15)
"""Of events that are written in a field, as they are drawn."""
DAYS_IN_STEPS = timedelta(days=100)
"""Span beyond which they are drawn hour by hour."""


def fact_of(field: FlexField) -> Fact:
    """Return what there is to know of a field.

    Raises:
        UnknownField: There is none of this name.
    """
    kinds = [FlexContext] if field.part == "flex-context" else [kind for kind in LANGUAGES if kind is not FlexContext]
    facts = {fact.name: fact for kind in kinds for fact in kind.facts()}
    if field.name not in facts:
        raise UnknownField(f"{field.part} field", field.name, sorted(facts), field=field.part)
    return facts[field.name]


@dataclass(frozen=True)
class FieldLine:
    """What one field of an asset says."""

    asset: Asset
    field: FlexField

    @property
    def label(self) -> str:
        """Name of the line, for people."""
        return f"{self.asset.name}: {self.field.name}"

    @property
    def _config(self) -> Mapping[str, Any]:
        config = self.asset.flex_context if self.field.part == "flex-context" else self.asset.flex_model
        return {str(name).replace("_", "-"): value for name, value in (config or {}).items()}

    @property
    def _quantities(self) -> list[Quantity]:
        """What is written in the field; one entry for each where it may hold several."""
        raw, fact = self._config.get(self.field.name), fact_of(self.field)
        if raw is None or fact.form not in ("quantity", "quantities", "sensor", "sensors"):
            return []
        entries = raw if isinstance(raw, list) and fact.form in ("quantities", "sensors") else [raw]
        if "sensor" in fact.form:
            entries = [{"sensor": entry} if isinstance(entry, int) else entry for entry in entries]
        return [quantities.read(entry, field=self.field.name) for entry in entries]

    @property
    def sensors(self) -> list[int]:
        """Ids of the sensors that it names."""
        return [written.sensor for written in self._quantities if isinstance(written, SensorReference)]

    def traces(self, start: datetime, end: datetime) -> list[Trace]:
        """Return the values written in it as lines over a span; what cannot be drawn alone, as 80 % of it, is left out.

        Args:
            start: Aware.
            end: After it.
        """
        lines = []
        for written in self._quantities:
            if isinstance(written, SensorReference):
                continue
            try:
                lines.append(self._trace(written, start, end))
            except EngineError:  # a percentage of something that only a schedule knows
                continue
        return lines

    def _trace(self, written: Fixed | Events, start: datetime, end: datetime) -> Trace:
        fact = fact_of(self.field)
        text = next((str(each.value) for each in quantities.written(written)), "")
        unit = unit_for(fact.unit or "", text)
        if isinstance(written, Fixed):
            bare = str(self._config.get("soc-unit", "MWh")) if unit == "kWh" else unit
            step, events = end - start, np.array([to_us(start)])
            values = np.array([written.number(unit, field=self.field.name, bare=bare)])
        else:
            step = STEP if end - start < DAYS_IN_STEPS else 4 * STEP
            window = Window.between(start, end, step)
            values = per_step(
                written, window, unit=unit, field=self.field.name, resolve=_no_sensor, overlap=fact.overlap
            )
            events = window.ticks[:-1]
        if unit.endswith("/kWh") and units.same_kind(unit, f"{unit.removesuffix('/kWh')}/MWh"):
            unit, values = f"{unit.removesuffix('/kWh')}/MWh", values * 1000  # as markets name prices
        return Trace(
            label=self.label, unit=unit, events=events, values=values, step=step, source_type="flex-config",
            quantity=quantity(unit=unit, name=self.field.name, asset_type=self.asset.asset_type.name),
        )  # fmt: skip


def _no_sensor(reference: SensorReference, *, unit: str, window: Window) -> Any:
    raise TypeError(f"events name no sensor, such as {reference.sensor}")


def field_lines(references: References, fields: Iterable[FlexField]) -> dict[FlexField, FieldLine]:
    """Return what some fields say, of the assets that there are and that the principal may read."""
    lines = {}
    for field in fields:
        try:
            lines[field] = FieldLine(references.asset(field.asset, field="asset"), field)
        except (FieldError, NotAllowed):  # deleted since, or shown by somebody who may see more
            continue
    return lines


def with_sensors(chart: SensorChart, lines: Collection[FieldLine]) -> list[int]:
    """Return the ids of all sensors that a chart shows: its own, and those that its fields name."""
    named = [key for line in lines for key in line.sensors]
    return list(dict.fromkeys([*chart.sensors, *named]))
