"""What is different between two plans and between what they were made from, moment by moment, for a table of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.explain.best_cost.replanning import RUNNING
from engine.explain.changes.earlier_inputs import INPUTS, EarlierInputs, Input
from engine.model.linear import Floats, full
from engine.site import Schedule, Site

_UNITS: Final = {
    "consumption_price": "currency/kWh",
    "production_price": "currency/kWh",
    "price": "currency",
    "power": "kW",
    "consumption_limit": "kW",
    "production_limit": "kW",
    "gain": "kW",
    "soc_at_start": "kWh",
    "soc_min": "kWh",
    "soc_max": "kWh",
    "soc_minima": "kWh",
    "soc_maxima": "kWh",
    "soc_targets": "kWh",
}
"""Numbers of a site that are told by name, and their units; of the others only the input is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPower:
    """A time in which a device takes more, or less, than the plan before had it take."""

    device: str
    start: datetime
    """[UTC]."""
    end: datetime
    before: float
    """Mean power then by the plan before [kW], positive when consuming."""
    now: float
    """Mean power then by this plan [kW], likewise."""
    energy: float
    """What is taken more [kWh]; negative: less, or given more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDifference:
    """One number that a plan was made from, as it was before and is now."""

    input: Input
    about: str
    """Device, group or commodity, and which of its numbers."""
    unit: str
    steps: int
    """At how many moments of both plans it differs."""
    before: float
    """Mean over these moments [unit]."""
    now: float
    """Likewise."""


def moved_powers(old: Schedule, new: Schedule, ports: Sequence[str], offset: int) -> list[MovedPower]:
    """Return when devices do otherwise than before, the largest energies first.

    Args:
        old: The plan before.
        new: The plan now.
        ports: Whose power is planned.
        offset: Step of the old window at which the new one begins; negative where it begins before.
    """
    first, last = max(0, -offset), min(new.window.n, old.window.n - offset)
    hours = full(new.window.hours, new.window.n)[first:last]
    moves: list[MovedPower] = []
    for name in ports:
        if name not in old.power or name not in new.power:
            continue
        before, now = old.power[name][first + offset : last + offset], new.power[name][first:last]
        for begin, end in _runs(now - before):
            weights = hours[begin:end]
            mean = [float(np.average(values[begin:end], weights=weights)) for values in (before, now)]
            moves.append(
                MovedPower(
                    device=name,
                    start=new.window.moment(first + begin),
                    end=new.window.moment(first + end),
                    before=mean[0],
                    now=mean[1],
                    energy=float(((now - before)[begin:end] * weights).sum()),
                )
            )
    return sorted(moves, key=lambda move: -abs(move.energy))


def _runs(more: Floats) -> Iterator[tuple[int, int]]:
    """Give first step and the one after the last of each time in which a power is more, or less, all along."""
    for sign in (1.0, -1.0):
        ends = np.diff(np.concatenate([[0], (sign * more > RUNNING).astype(int), [0]]))
        yield from zip(np.flatnonzero(ends > 0).tolist(), np.flatnonzero(ends < 0).tolist(), strict=True)


def input_differences(earlier: EarlierInputs, site: Site) -> list[InputDifference]:
    """Return the numbers that a later site has otherwise than an earlier one at the same moments, input by input.

    Args:
        earlier: What the earlier plan was made from.
        site: The later site.
    """
    return [
        InputDifference(
            input=which, about=about, unit=unit, steps=int(differs.sum()),
            before=float(old[differs].mean()), now=float(new[differs].mean()),
        )
        for which in INPUTS
        if (before := earlier.put_back(site, which)) is not site
        for about, unit, old, new in _numbers(before, site)
        if (differs := _differing(old, new)).any()
    ]  # fmt: skip


def _differing(old: Floats, new: Floats) -> NDArray[np.bool_]:
    # Where either is not limited, or not asked for, there is no mean to tell
    with np.errstate(invalid="ignore"):
        return np.isfinite(old) & np.isfinite(new) & (np.abs(new - old) > 1e-9 + 1e-7 * np.abs(old))


def _numbers(before: Site, now: Site) -> Iterator[tuple[str, str, Floats, Floats]]:
    """Give what each number of parts that are not the same object is about, its unit, and its values, old and new."""
    pairs = [
        *zip(before.connections, now.connections, strict=True),
        *zip(before.groups, now.groups, strict=True),
        *zip(before.devices, now.devices, strict=True),
    ]
    for old, new in pairs:
        name = getattr(new, "name", "") or getattr(new, "commodity", "")
        if old is not new:
            yield from _numbers_of(name, old, new)


def _numbers_of(name: str, old: Any, new: Any) -> Iterator[tuple[str, str, Floats, Floats]]:
    for field in fields(new):
        one, other = getattr(old, field.name), getattr(new, field.name)
        if one is other or one is None or other is None:
            continue
        if field.name in _UNITS:
            size = max(np.size(one), np.size(other))
            words = f"{name} {field.name.replace('soc', 'stored energy').replace('_', ' ')}"
            yield words, _UNITS[field.name], full(one, size), full(other, size)
            continue
        # Ports, tariffs and soft limits have numbers of their own
        for part, own in zip(*(each if isinstance(each, tuple) else (each,) for each in (one, other)), strict=False):
            if part is not own and type(part) is type(own) and is_dataclass(own):
                yield from _numbers_of(name, part, own)
