"""Sliders of a what-if: numbers of devices and site, prices and loads, each with the value that the schedule had."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, log10
from typing import Any, Final

import numpy as np

from app.fragments.flex.controls import NUMBER
from app.usecases.explanations.flex_edits import DescribedDevice
from app.usecases.explanations.stored_site import StoredSite
from engine.errors import UnitError
from engine.flex.reference import label_of
from engine.units.units import bare_number

OF_DEVICES: Final = (
    "soc-max", "soc-min", "power-capacity", "consumption-capacity", "production-capacity", "roundtrip-efficiency",
    "charging-efficiency", "discharging-efficiency", "wear-price", "thermal-capacity", "heat-loss", "power",
)  # fmt: skip
OF_SITE: Final = (
    "site-power-capacity", "site-consumption-capacity", "site-production-capacity", "consumption-price",
    "production-price", "site-peak-consumption-price", "site-peak-production-price", "carbon-price",
)  # fmt: skip
MOST: Final = 60
"""Most sliders; of more devices the first ones have some."""
Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One number that can be changed."""

    path: Path
    """Where it stands in the edits."""
    group: str
    label: str
    unit: str
    base: float
    """Value of the schedule."""
    low: float
    high: float
    text: str = ""
    """Its value now, as it was written."""

    @property
    def name(self) -> str:
        """Of its control."""
        return "~".join(["knob", *(str(part) for part in self.path)])

    @property
    def step(self) -> float:
        """Step of its slider."""
        return float(10.0 ** floor(log10((self.high - self.low) / 100)))


def knobs_of(stored: StoredSite, devices: Sequence[DescribedDevice], names: Mapping[str, str]) -> list[Knob]:
    """Sliders of a schedule, each at the value that it had.

    Args:
        stored: The schedule.
        devices: Its devices as they were described.
        names: What people call loads that are named by their sensors.
    """
    found = [*_device_knobs(stored, devices), *_site_knobs(stored, names)]
    return found[:MOST]


def _device_knobs(stored: StoredSite, devices: Sequence[DescribedDevice]) -> Iterator[Knob]:
    stores = {device.name: device.energy_bounds for device in stored.site.devices}
    for device in devices:
        if device.asset_id is None or [each.asset_id for each in devices].count(device.asset_id) > 1:
            continue
        for name in OF_DEVICES:
            path: Path = ("flex-model", device.asset_id, name)
            yield from _fixed(path, device.name, label_of(name), device.effective.fields.get(name))
        bounds = stores.get(device.name)
        if bounds and np.isfinite(most := float(np.max(bounds["soc-max"]))) and most > 0:
            start = float(np.atleast_1d(bounds["soc-at-start"])[0])
            yield Knob(
                path=("stored", device.name), group=device.name, label="Stored at the start", unit="kWh", base=start,
                low=0.0, high=most, text=plain(start),
            )  # fmt: skip


def _site_knobs(stored: StoredSite, names: Mapping[str, str]) -> Iterator[Knob]:
    context: Mapping[str, Any] = stored.content["flex-context"]["fields"]
    for name in OF_SITE:
        yield from _fixed(("flex-context", name), "Site", label_of(name), context.get(name))
    prices = "Prices and loads"
    per_kwh = f"{stored.currency}/kWh"
    yield Knob(path=("prices", "factor"), group=prices, label="All energy prices", unit="%", base=100.0, low=0.0,
               high=300.0, text="100")  # fmt: skip
    yield Knob(path=("prices", "more"), group=prices, label="Added to all energy prices", unit=per_kwh, base=0.0,
               low=-0.2, high=0.2, text="0")  # fmt: skip
    for load in (device for device in stored.site.devices if device.load is not None):
        label = names.get(load.name, load.name)
        yield Knob(path=("loads", load.name), group=prices, label=label, unit="%", base=100.0, low=0.0, high=300.0,
                   text="100")  # fmt: skip


def _fixed(path: Path, group: str, label: str, value: Any) -> Iterator[Knob]:
    """Give a slider for a value that is one number."""
    parts = NUMBER.fullmatch(value) if isinstance(value, str) else None
    number = None if parts is None else number_of(parts[1])
    if parts is None or number is None or number <= 0:
        return
    share = parts[2] == "%" and number <= 100
    high = 100.0 if share else 10.0 ** floor(log10(3 * number)) * np.ceil(3 * number / 10.0 ** floor(log10(3 * number)))
    yield Knob(path=path, group=group, label=label, unit=parts[2], base=number, low=0.0, high=float(high),
               text=parts[1])  # fmt: skip


def number_of(text: str) -> float | None:
    """Number in a text; None where it is none."""
    try:
        return bare_number(text, field="value")
    except UnitError:
        return None


def plain(number: float) -> str:
    """A number that is read back as the same."""
    return f"{number:.15g}"


def at_edits(knobs: Sequence[Knob], edits: Mapping[str, Any]) -> list[Knob]:
    """The sliders at the values of some edits; those whose field is no number then are left out."""
    moved = []
    for knob in knobs:
        part, *rest = knob.path
        entries = edits.get(str(part), {})
        if part == "flex-model":
            entries = next((each for each in entries if each.get("asset") == rest[0]), {})
        elif part == "prices":
            entries = next(iter(entries), {})
        value = entries.get(str(rest[-1]))
        if value is None:
            moved.append(knob)
        elif knob.path[0] in ("flex-model", "flex-context"):
            parts = NUMBER.fullmatch(value) if isinstance(value, str) else None
            if parts is not None and parts[2] == knob.unit:
                moved.append(replace(knob, text=parts[1]))
        else:
            percent = knob.unit == "%"
            moved.append(replace(knob, text=plain(float(value) * 100 if percent else float(value))))
    return moved


def turned(knobs: Sequence[Knob], edits: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    """Edits after sliders were moved; one that is back at the value of the schedule is no edit.

    Args:
        knobs: The sliders.
        edits: What differs before.
        sent: Texts of sliders by their names.
    """
    models = {each.get("asset"): dict(each) for each in edits.get("flex-model", []) if "asset" in each}
    others = [each for each in edits.get("flex-model", []) if "asset" not in each]
    parts = {name: dict(edits.get(name, {})) for name in ("flex-context", "loads", "stored")}
    prices = dict(next(iter(edits.get("prices", [])), {}))
    for knob in knobs:
        number = number_of(sent.get(knob.name, ""))
        if number is None:
            continue
        part, *rest = knob.path
        at = (
            models.setdefault(int(rest[0]), {"asset": rest[0]})
            if part == "flex-model"
            else parts.get(str(part), prices)
        )
        field = str(rest[-1])
        if number == knob.base:
            at.pop(field, None)
        elif part in ("flex-model", "flex-context"):
            at[field] = f"{sent[knob.name].strip()}{'' if knob.unit == '%' else ' '}{knob.unit}".strip()
        else:
            at[field] = round(number / 100, 12) if knob.unit == "%" else number
    changed = [each for each in models.values() if len(each) > 1]
    rest_of = {name: part for name, part in edits.items() if name in ("limits", "pins")}
    return {**rest_of, **parts, "flex-model": [*changed, *others], "prices": [prices] if prices else []}
