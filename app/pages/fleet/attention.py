"""The table of the dashboard: what needs attention first, with the day of each site in numbers and a small line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup

from app.assemble.day_costs import DayCost, Floats
from app.fragments.tables import facts
from app.fragments.templates import render
from app.fragments.visit import address
from app.pages.asset.health import SEVERITY
from components.tables.assets import words
from components.tables.fact_table import Light, light
from db.listing import AssetSummary

REST = 0.05
"""Power below which a device rests [kW]."""
WIDTH, HEIGHT = 120, 28
"""Size of a small line [px]."""


@dataclass(frozen=True, kw_only=True)
class Today:
    """The day that is shown, and the present."""

    start: datetime
    end: datetime
    now: datetime
    local: ZoneInfo
    """Zone of the clock times."""

    @property
    def passed(self) -> float:
        """Share of the day that has passed."""
        return (self.now - self.start) / (self.end - self.start)


@dataclass(frozen=True, kw_only=True)
class SiteRow:
    """One row of the table."""

    asset: AssetSummary
    state: Light
    day: DayCost | None
    """None: nothing is known of it."""
    charge: str
    """State of charge now."""


def site_rows(
    assets: Sequence[AssetSummary], states: Mapping[int, Light], days: Sequence[DayCost], charges: Mapping[int, str]
) -> list[SiteRow]:
    """Rows of assets, those that need attention first.

    Args:
        assets: The assets.
        states: Light of each, by id.
        days: Costs of the sites among them.
        charges: State of charge of sites, by id.
    """
    by_asset = {day.asset_id: day for day in days}
    rows = [
        SiteRow(asset=each, state=states[each.id], day=by_asset.get(each.id), charge=charges.get(each.id, ""))
        for each in assets
    ]
    # Of equal states those with a plan first, as they are what people look at
    return sorted(rows, key=lambda row: (-SEVERITY.index(row.state.state), row.day is None, row.asset.name.lower()))


def attention_table(groups: Mapping[str, Sequence[SiteRow]], today: Today, *, empty: str) -> Markup:
    """The table.

    Args:
        groups: Rows by the heading of their group; an empty heading is none.
        today: The day that is shown.
        empty: Text without rows.
    """
    if not any(groups.values()):
        return facts([], [], empty=empty)
    shown = {
        heading: [
            {
                "name": row.asset.name, "href": address(f"/assets/{row.asset.id}"), "kind": words(row.asset.type),
                "part": row.asset.parent or row.asset.account or "public",
                "state": light(row.state, None),
                "line": sparkline(row.day.power, today) if row.day else "",
                "cost": money(row.day.cost, row.day.currency) if row.day else "",
                "saved": money(row.day.even - row.day.cost, row.day.currency)
                if row.day and row.day.even is not None else "",
                "charge": row.charge, "action": next_action(row.day.devices, today) if row.day else "",
            }
            for row in rows
        ]
        for heading, rows in groups.items()
    }  # fmt: skip
    return render("attention", groups=shown)


def money(amount: float, currency: str) -> str:
    """Amount with its currency."""
    return f"{amount:,.2f} {currency}"


def next_action(powers: Floats, today: Today) -> str:
    """What the planned devices of a site do next, in words; empty where nothing is planned or known.

    Args:
        powers: Their power at each step of the day, positive when they consume [kW], shape (n,).
        today: The day.
    """
    at = int(today.passed * len(powers))
    if not 0 <= at < len(powers) or np.isnan(powers).all():
        return ""
    kinds = np.where(np.isnan(powers), 2, np.sign(np.where(np.abs(powers) < REST, 0, powers)))
    later = np.flatnonzero(kinds[at:] != kinds[at])
    if not len(later):
        return "no change today"
    first = at + int(later[0])
    if kinds[first] == 2:
        return ""
    changes = np.flatnonzero(kinds[first:] != kinds[first])
    last = first + int(changes[0]) if len(changes) else len(powers)
    verb = {1.0: "consume", -1.0: "deliver", 0.0: "rest"}[float(kinds[first])]
    power = f" {abs(powers[first:last].mean()):.3g} kW" if kinds[first] else ""
    begin = today.start + first * (today.end - today.start) / len(powers)
    return f"{begin.astimezone(today.local):%H:%M} {verb}{power}"


def sparkline(powers: Floats, today: Today) -> Markup:
    """Power of a day as a small line, with a mark at the present; what is not known leaves a gap."""
    known = ~np.isnan(powers)
    if not known.any():
        return Markup("")
    low, high = min(float(powers[known].min()), 0.0), max(float(powers[known].max()), 0.0)
    height = (high - low) or 1.0
    # No more points than pixels
    thin = max(len(powers) // (WIDTH // 2), 1)
    commands, drawing = [], False
    for at in range(0, len(powers), thin):
        if not known[at]:
            drawing = False
            continue
        x, y = at / len(powers) * WIDTH, (high - powers[at]) / height * (HEIGHT - 2) + 1
        commands.append(f"{'L' if drawing else 'M'}{x:.0f} {y:.1f}")
        drawing = True
    zero = high / height * (HEIGHT - 2) + 1
    label = f"Power today, {low:.3g} to {high:.3g} kW"
    drawn = {"path": "".join(commands), "mark": f"{today.passed * WIDTH:.0f}", "zero": f"{zero:.1f}"}
    return render("sparkline", width=WIDTH, height=HEIGHT, label=label, **drawn)
