"""Row 7: the building that is planned from data in a database: a battery, a load, prices per hour, a target."""

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

START = datetime(2026, 3, 4, tzinfo=UTC)
KNOWN_AT = START - timedelta(hours=1)
RESOLUTION = timedelta(minutes=15)
LENGTHS = timedelta(hours=24), timedelta(hours=48)
CAPACITY = 500.0
"""Power of the battery [kW]."""


def readings() -> dict[str, tuple[str, timedelta, NDArray[np.float64]]]:
    """Return unit, resolution and values of each series over two days."""
    rng, hours = np.random.default_rng(0), np.arange(48)
    price = 0.2 + 0.1 * np.sin(hours / 4) + rng.normal(0, 0.02, 48)
    load = 150 + 50 * np.sin(np.arange(192) / 12) + rng.normal(0, 10, 192)
    sun = np.maximum(0.0, 200 * np.sin((np.arange(192) % 96 - 28) / 40 * np.pi))
    return {
        "buy": ("EUR/kWh", timedelta(hours=1), price),
        "sell": ("EUR/kWh", timedelta(hours=1), price - 0.02),
        "load": ("kW", RESOLUTION, load),
        "sun": ("kW", RESOLUTION, -sun),
    }


def flex_model(length: timedelta) -> dict[str, object]:
    """Return the flex-model of the battery, with a target at the end."""
    return {
        "soc-at-start": "400 kWh", "soc-min": "50 kWh", "soc-max": "1000 kWh", "roundtrip-efficiency": "90%",
        "soc-targets": [{"value": "800 kWh", "datetime": (START + length).isoformat()}],
    }  # fmt: skip


def flex_context(ids: dict[str, int]) -> dict[str, object]:
    """Return the flex-context of the building, from the ids of its sensors."""
    return {
        "consumption-price": {"sensor": ids["buy"]}, "production-price": {"sensor": ids["sell"]},
        "site-power-capacity": "1000 kW", "inflexible-device-sensors": [ids["load"], ids["sun"]],
    }  # fmt: skip
