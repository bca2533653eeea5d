"""What a schedule does, in a few facts: when each device runs, at which price, when a store is full, empty, ready."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.devices.device import Device
from engine.explain.best_cost.replanning import RUNNING
from engine.model.linear import full
from engine.site import Schedule, Site
from engine.tariffs import energy_prices

HeadlineKind: TypeAlias = Literal["runs", "charges", "discharges", "full", "empty", "ready", "late", "level"]
_FULL: Final = 0.005
"""A store is full, or empty, within such a share of what it holds."""
MOST_BLOCKS: Final = 6
"""Most times of one device that are told in words; a schedule that flickers is told by its totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One fact about one device; every number of its sentence is a field of it."""

    kind: HeadlineKind
    device: str
    start: datetime
    """When it begins, or when it is so [UTC]."""
    end: datetime | None = None
    """When it ends [UTC]; None for a moment."""
    energy: float | None = None
    """Energy taken or given meanwhile, or stored then [kWh]."""
    price: float | None = None
    """Mean price of that energy [currency/kWh]: what it costs, or saves, at the connection then.

    Of energy bought in steps in which the site buys, and of energy sold in steps in which it sells.
    """
    share: float | None = None
    """Stored energy as share of the most that fits in [1]."""
    occasion: str = ""
    """Why this moment: ``sunset``, ``sunrise``."""
    notes: Mapping[str, float] = field(default_factory=dict)
    """More numbers: ``target`` [kWh]."""

    def sentence(self, place: tzinfo, currency: str) -> str:
        """The fact in words, in the time of a place."""
        at = _clock(self.start, place)
        until = "" if self.end is None else f"–{_clock(self.end, place, after=self.start)}"
        energy = "" if self.energy is None else f"{self.energy:.3g} kWh"
        match self.kind:
            case "charges" | "discharges" | "runs":
                price = "" if self.price is None else f" at {self.price:.4g} {currency}/kWh"
                return f"{self.device} {self.kind} {at}{until}{price} ({energy})."
            case "full" | "empty":
                return f"{self.device} is {self.kind} at {at} ({energy})."
            case "ready":
                return f"{self.device} is ready at {at} with {energy}."
            case "late":
                return (
                    f"{self.device} has {energy} at {at}, {self.notes['target'] - (self.energy or 0.0):.3g} kWh short."
                )
        share = "" if self.share is None else f"{100 * self.share:.0f} % "
        return f"{self.device} holds {share}({energy}) at {self.occasion} ({at})."


def headlines(site: Site, schedule: Schedule, occasions: Mapping[str, datetime] | None = None) -> list[Headline]:
    """Return the facts of a schedule, in the order of time for each device.

    Args:
        site: What was planned.
        schedule: Its plan.
        occasions: Moments at which what is stored is told, by their name, such as ``sunset``; in UTC.
    """
    facts: list[Headline] = []
    for device in site.devices:
        if device.load is not None:
            continue
        for port in device.ports:
            if port.name in schedule.power:
                facts += _blocks(site, schedule, device, port.name, port.commodity)
        if device.energy_bounds and device.name in schedule.soc:
            facts += _levels(schedule, device)
            facts += _at_occasions(schedule, device, occasions or {})
    return facts


def _blocks(site: Site, schedule: Schedule, device: Device, name: str, commodity: str) -> Iterator[Headline]:
    """Give when a device runs without a break, the largest energies where there are many such times."""
    window, power = schedule.window, schedule.power[name]
    hours = full(window.hours, window.n)
    tariffs = [tariff for each in site.connections if each.commodity == commodity for tariff in each.tariffs]
    both = energy_prices(tariffs, window.n)
    # What runs changes what is bought while the site buys, and else what is sold.
    price = None if both is None else np.where(schedule.power.get(commodity, hours) < 0, both[1], both[0])
    blocks = []
    for sign in (1.0, -1.0):
        runs = np.diff(np.concatenate([[0], (sign * power > RUNNING).astype(int), [0]]))
        for first, last in zip(np.flatnonzero(runs > 0), np.flatnonzero(runs < 0), strict=True):
            energies = sign * power[first:last] * hours[first:last]
            mean = None if price is None else float(np.average(price[first:last], weights=energies))
            manner: HeadlineKind = "charges" if sign > 0 else "discharges"
            blocks.append(
                Headline(
                    kind=manner if device.energy_bounds else "runs",
                    device=name,
                    start=window.moment(int(first)),
                    end=window.moment(int(last)),
                    energy=float(energies.sum()),
                    price=mean,
                )
            )
    largest = sorted(blocks, key=lambda block: -(block.energy or 0.0))[:MOST_BLOCKS]
    yield from sorted(largest, key=lambda block: block.start)


def _levels(schedule: Schedule, device: Device) -> Iterator[Headline]:
    """Give when a store is first full and first empty, and whether it has what it is to have by when."""
    window, soc, bounds = schedule.window, schedule.soc[device.name], device.energy_bounds
    low, high = float(np.min(bounds["soc-min"])), float(np.max(bounds["soc-max"]))
    if np.isfinite(high) and high > low:
        margin = _FULL * (high - low)
        marks: list[tuple[HeadlineKind, NDArray[np.bool_]]] = [
            ("full", soc >= high - margin),
            ("empty", soc <= low + margin),
        ]
        for kind, reached in marks:
            ticks = np.flatnonzero(reached[1:]) + 1
            # A store that is so from the start does not become so.
            if len(ticks) and not reached[0]:
                tick = int(ticks[0])
                yield Headline(
                    kind=kind,
                    device=device.name,
                    start=window.moment(tick),
                    energy=float(soc[tick]),
                    share=float(soc[tick] / high),
                )
    # What is there from the start is not waited for.
    if (wanted := device.wanted_energy()) is None or soc[0] >= wanted[1] - 1e-6:
        return
    tick, target = wanted
    reached_at = np.flatnonzero(soc[: tick + 1] >= target - max(1e-4, 1e-4 * target))
    at = int(reached_at[0]) if len(reached_at) else tick
    yield Headline(
        kind="ready" if len(reached_at) else "late",
        device=device.name,
        start=window.moment(at),
        energy=float(soc[at]),
        share=float(soc[at] / high) if np.isfinite(high) and high > 0 else None,
        notes={"target": target},
    )


def _at_occasions(schedule: Schedule, device: Device, occasions: Mapping[str, datetime]) -> Iterator[Headline]:
    """Give what is stored at some moments of the window."""
    window, soc, high = schedule.window, schedule.soc[device.name], float(np.max(device.energy_bounds["soc-max"]))
    for name, moment in occasions.items():
        position = window.position(moment)
        if 0 <= position <= window.n:
            energy = float(np.interp(position, np.arange(window.n + 1), soc))
            share = energy / high if np.isfinite(high) and high > 0 else None
            yield Headline(kind="level", device=device.name, start=moment, energy=energy, share=share, occasion=name)


def _clock(moment: datetime, place: tzinfo, *, after: datetime | None = None) -> str:
    """Time of day at a place, with the day as schedules last several of them, unless it is that of another moment."""
    local = moment.astimezone(place)
    same_day = after is not None and after.astimezone(place).date() == local.date()
    return f"{local:%H:%M}" if same_day else f"{local:%a %H:%M}"
