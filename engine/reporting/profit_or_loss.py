"""What an energy flow cost or earned under a tariff."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ProfitOrLossReporter:
    """Prices what is bought and sold step by step; gains are positive unless told otherwise."""

    loss_is_positive: bool = False
    """Whether costs are told as positive numbers, and earnings as negative ones."""

    version = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.loss_is_positive, bool):
            raise FieldError("config.loss_is_positive", "true or false is wanted.")

    def compute(self, power: Floats, *, hours: Floats, buying: Floats, selling: Floats) -> Floats:
        """Return the profit of each step [currency], shape (n,); NaN where a value is missing.

        Args:
            power: Positive when consuming [kW], shape (n,).
            hours: Length of each step, or the one of all [h], shape (n,) or (1,); days may have 23 or 25.
            buying: Price of what is consumed [currency/kWh], shape (n,).
            selling: Price of what is produced [currency/kWh], shape (n,).
        """
        energy = power * hours
        cost = np.where(energy > 0, energy * buying, energy * selling)
        return cost if self.loss_is_positive else -cost + 0.0
