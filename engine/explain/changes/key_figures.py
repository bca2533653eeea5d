"""What one compares plans by: cost, peaks, energy bought and sold, use of own production, cycles, CO₂."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.model.linear import full
from engine.site import Schedule, Site, carbon_emissions


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """Figures of one plan of a site; those of the connection are about one commodity."""

    cost: float
    """[currency]."""
    peak_import: float
    """Highest mean power of a step bought [kW]."""
    peak_export: float
    """Highest mean power of a step sold [kW]."""
    imported: float
    """Energy bought [kWh]."""
    exported: float
    """Energy sold [kWh]."""
    self_consumption: float | None
    """Share of what is produced behind the connection that is not sold [1]; None without production."""
    cycles: Mapping[str, float]
    """How often each store's capacity was drawn from it [1], where it has a capacity."""
    emissions: float | None
    """CO₂ [kg]; None where no carbon intensity is known."""


def key_figures(site: Site, schedule: Schedule, commodity: str = "electricity") -> KeyFigures:
    """Return the figures of a plan."""
    n = schedule.window.n
    hours, net = full(schedule.window.hours, n), schedule.power.get(commodity, np.zeros(n))
    bought, sold = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    produced = np.zeros(n)
    for device in site.devices:
        # What a store gives was produced or bought before.
        if device.energy_bounds:
            continue
        for port in device.ports:
            if port.commodity == commodity and port.name in schedule.power:
                produced += np.maximum(-schedule.power[port.name], 0.0)
    made, exported = float((produced * hours).sum()), float((sold * hours).sum())
    emitted = carbon_emissions(site, schedule.power)
    return KeyFigures(
        cost=schedule.cost,
        peak_import=float(bought.max(initial=0.0)),
        peak_export=float(sold.max(initial=0.0)),
        imported=float((bought * hours).sum()),
        exported=exported,
        self_consumption=None if made <= 1e-9 else 1.0 - min(exported, made) / made,
        cycles=_cycles(site, schedule),
        emissions=sum(emitted.values()) if emitted else None,
    )


def _cycles(site: Site, schedule: Schedule) -> dict[str, float]:
    cycles = {}
    for device in site.devices:
        drawn = device.drawn_energy(schedule.window, schedule.power)
        capacity = float(np.max(device.energy_bounds.get("soc-max", np.inf)))
        if drawn is not None and np.isfinite(capacity) and capacity > 0:
            cycles[device.name] = float(drawn.sum()) / capacity
    return cycles
