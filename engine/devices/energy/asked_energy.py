"""What is asked of the energy in a store, what it is worth in the end, and how both are changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from engine.devices.answers import PlanInput
from engine.devices.energy.stored_energy import StoredEnergy
from engine.errors import FieldError
from engine.model.linear import Values, any_of

_FIELDS: Final[Mapping[PlanInput, tuple[str, ...]]] = {
    "limits": ("soc_min", "soc_max", "ports"),
    "targets": ("soc_minima", "soc_maxima", "soc_targets", "soft_minima", "soft_maxima", "soft_targets"),
    "forecasts": ("gain",),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class AskedEnergy(StoredEnergy):
    """Energy of which something is asked: to lie within bounds, to reach levels, to be worth something."""

    @property
    def learns_end_value(self) -> bool:
        """See Device.learns_end_value."""
        return self.end_value == "learned"

    def with_end_value(self, value: float) -> Self:
        """See Device.with_end_value."""
        return replace(self, end_value=value)

    def terminal_value(self, prices: Mapping[str, float]) -> float | None:
        """See Device.terminal_value: what is given back for it or, where it is used up, what it costs to be replaced.

        A car that only charges keeps what it is asked for, and what warmth is left at the end follows the comfort band.
        """
        if self.end_value is not None or self.thermal is not None:
            return None
        back, anew = [], []
        for port in self.ports:
            price, (into, out) = prices.get(port.commodity), port.full_power_efficiencies
            if price is not None and any_of(port.production_limit):
                back.append(price * float(np.mean(out)))
            if price is not None and any_of(port.consumption_limit) and np.mean(into) > 0:
                anew.append(price / float(np.mean(into)))
        if not back and not (np.min(self.gain) < 0 and anew):
            return None
        return max(max(back) if back else min(anew), 0.0)

    @property
    def most_lacking(self) -> float:
        """See Device.most_lacking."""
        soft = (self.soft_minima, (self.soft_targets or (None,))[0])
        return max((each.largest for each in soft if each is not None), default=0.0)

    def sharing(self, width: float) -> Self:
        """See Device.sharing."""
        short, over = self.soft_targets or (None, None)
        minima, short = (each and replace(each, share_width=width) for each in (self.soft_minima, short))
        return replace(self, soft_minima=minima, soft_targets=(short, over) if self.soft_targets else None)

    def with_finer_sharing(self, breaches: Mapping[str, float]) -> Self:
        """See Device.with_finer_sharing."""
        short, over = self.soft_targets or (None, None)
        if all(soft is None or soft.share_width is None for soft in (self.soft_minima, short)):
            return self
        least, target = (breaches.get(f"{self.name}.soc-{bound}", 0.0) for bound in ("minima", "targets"))
        minima = None if self.soft_minima is None else self.soft_minima.shared_finer(least)
        targets = (None if short is None else short.shared_finer(target), over)
        return replace(self, soft_minima=minima, soft_targets=targets if self.soft_targets else None)

    @property
    def energy_bounds(self) -> Mapping[str, Values]:
        """See Device.energy_bounds."""
        return {"soc-min": self.soc_min, "soc-max": self.soc_max, "soc-at-start": self.soc_at_start}

    def start_error(self) -> FieldError | None:
        """See Device.start_error: by soc_min and soc_max alone."""
        low, high = float(np.min(self.soc_min)), float(np.max(self.soc_max))
        if low <= self.soc_at_start <= high:
            return None
        return FieldError(
            f"{self.name}: soc-at-start",
            f"{self.soc_at_start:g} kWh is not within soc-min and soc-max ({low:g} to {high:g} kWh); "
            "give what is stored, or change the bounds.",
        )

    def with_stored_energy(self, energy: float) -> Self:
        """See Device.with_stored_energy."""
        return replace(self, soc_at_start=energy)

    @property
    def is_carried_over(self) -> bool:
        """See Device.is_carried_over: bounds between ticks belong to the steps of one plan."""
        return self.moments is None

    def fields_of(self, kind: PlanInput) -> tuple[str, ...]:
        """See Device.fields_of."""
        return _FIELDS[kind]

    def wanted_energy(self) -> tuple[int, float] | None:
        """See Device.wanted_energy: a target or a minimum, soft or hard."""
        short = (self.soft_targets or (None,))[0]
        levels = [self.soc_targets, self.soc_minima]
        levels += [soft.at for soft in (self.soft_minima, short) if soft is not None]
        asked = [values for values in levels if values is not None]
        highest = np.fmax.reduce(asked)[1:] if asked else np.empty(0)
        if not np.isfinite(highest).any():
            return None
        tick = int(np.nanargmax(highest))
        return tick + 1, float(highest[tick])
