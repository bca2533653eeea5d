"""Costs of today and states of charge of the sites of the dashboard; of a large fleet they are kept for a moment."""

import time
from collections.abc import Hashable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from app.assemble import day_costs
from app.assemble.day_costs import DayCost
from app.auth.access.references import References
from db.assets import Asset
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery

CHARGE_AGE = timedelta(hours=2)
"""Age at which a state of charge is none of the present any more."""
LARGE = 300
"""Assets from which on numbers are kept, as computing them takes longer than a person waits for a filter."""
KEPT, MOST = 30.0, 16
"""How long they are kept [s], and for how many users at most."""

Numbers: TypeAlias = tuple[list[DayCost], dict[int, str]]
"""Costs of the sites, and state of charge of each by its id."""
_known: dict[Hashable, tuple[float, Numbers]] = {}


def day_numbers(
    references: References, assets: Sequence[Asset], span: tuple[datetime, datetime], now: datetime
) -> Numbers:
    """Costs of a day, and states of charge now; of a large fleet as they were up to half a minute ago.

    Args:
        references: Of the one who is shown them.
        assets: Every asset that may be counted.
        span: Start and end of the day.
        now: The present.
    """
    if len(assets) < LARGE:
        return _read(references, assets, span, now)
    # Whoever may see other assets or do other things than before is somebody else here
    key = (references.principal, frozenset(asset.id for asset in assets), span)
    until, numbers = _known.get(key, (0.0, None))
    if numbers is None or time.monotonic() > until:
        numbers = _read(references, assets, span, now)
        while len(_known) >= MOST:
            _known.pop(next(iter(_known)), None)
        _known[key] = time.monotonic() + KEPT, numbers
    return numbers


def _read(references: References, assets: Sequence[Asset], span: tuple[datetime, datetime], now: datetime) -> Numbers:
    days = day_costs.of_sites(references, assets, *span, known_at=now)
    return days, charge_texts(references, days, now)


def charge_texts(references: References, days: Sequence[DayCost], now: datetime) -> dict[int, str]:
    """State of charge now of the stores of sites, by the id of the site."""
    sensors = references.readable(key for day in days for key in day.stores)
    known = store.read_many(
        references.session, list(sensors.values()), BeliefQuery(now - CHARGE_AGE, now, known_at=now)
    )
    texts = {}
    for day in days:
        parts = []
        for key, bounds in day.stores.items():
            if key not in known or not len(known[key]):
                continue
            sensor, value, most = sensors[key], float(known[key].values[-1]), bounds.get("soc-max")
            share = f" ({value / most:.0%})" if most and sensor.unit == "kWh" else ""
            parts.append(f"{value:,.3g} {sensor.unit}{share}")
        texts[day.asset_id] = ", ".join(parts)
    return texts
