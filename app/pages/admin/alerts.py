"""The page of alerts: what is wrong, since when, and who was told; and what was wrong in the last days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.jobs.watch.alerting import recipients
from app.pages.asset.context_tab import heading
from app.pages.jobs.job_table import span
from app.web.context import current
from app.widgets.async_content import plain
from app.widgets.layout import Shell, address
from app.widgets.live import Following
from components.tables.fact_table import Cell, FactTable, Light, Lines, Link
from db.assets import Asset
from db.core import listing
from db.jobs import alerts
from db.jobs.alerts import Alert
from engine.iso_time import zone

KEPT = timedelta(days=7)
"""How long alerts that ended are shown."""
EVERY = 5.0
"""Pause between two looks [s]."""
COLUMNS = ["What", "Where", "Since", "Details"]
WORDS = {
    "stale": "data feed stopped",
    "gap": "missing data",
    "flatline": "stuck value",
    "spike": "outliers",
    "unit-jump": "unit may have changed",
    "failed-jobs": "jobs failed",
    "poor-forecast": "poor forecast accuracy",
}
TABS = {"failed-jobs": "status", "poor-forecast": "chart"}
"""Where to look into an alert, on the page of its asset or sensor."""
NONE_OPEN = "No open alerts."
NONE_ENDED = "No alerts were closed in the last 7 days."


@dataclass(frozen=True, kw_only=True)
class AlertsContent:
    """What the page shows."""

    rows: list[Alert]
    assets: dict[int, str]
    sensors: dict[int, str]
    local: ZoneInfo
    recipients: str
    """Who is told of alerts, in a sentence."""


def view() -> Shell:
    """Return the page."""
    page = Shell("Alerts", at="/alerts")
    page.fill(_read, lambda found: Alerts(page, found).shown())
    return page


def _read(session: Session, who: SignedIn) -> AlertsContent:
    rows = alerts.list_alerts(session, access.readable_asset_ids(session, who), since=datetime.now(UTC) - KEPT)
    sensors = listing.sensors(session, [row.sensor_id for row in rows if row.sensor_id])
    named = select(Asset.id, Asset.name).where(Asset.id.in_({row.asset_id for row in rows} - {None}))
    return AlertsContent(
        rows=rows,
        assets=dict(session.execute(named).tuples().all()),
        sensors={key: sensor.name for key, sensor in sensors.items()},
        local=zone(who.timezone),
        recipients=_ways(host=bool(who.roles & {"admin", "admin-reader"})),
    )


def _ways(*, host: bool) -> str:
    """Return who is told of alerts; addresses are for those who run the server."""
    settings = current().settings
    mails, hooks = recipients(settings), settings.FLEXSCOPE_ALERT_WEBHOOKS
    ways = [f"mail to {', '.join(mails) if host else len(mails)}"] * bool(mails)
    ways += [f"{len(hooks)} webhook{'s' * (len(hooks) != 1)}"] * bool(hooks)
    often = span(settings.FLEXSCOPE_ALERT_QUIET)
    if ways:
        return f"Told by {' and '.join(ways)}, of one cause at most once in {often}."
    return (
        "Nobody is told of alerts but here; whoever runs the server can name addresses in "
        "FLEXMEASURES_DEFAULT_MONITORING_MAIL_RECIPIENTS or FLEXSCOPE_ALERT_WEBHOOKS."
    )


class Alerts:
    """The page once its first data are there."""

    def __init__(self, page: Shell, found: AlertsContent) -> None:
        self._count = pn.pane.HTML(margin=(4, 8))
        self._open = FactTable(columns=COLUMNS, empty=NONE_OPEN)
        self._ended = FactTable(columns=COLUMNS, empty=NONE_ENDED)
        for table in (self._open, self._ended):
            page.follow(table)
        self._ways = pmui.Typography(
            plain(found.recipients), variant="body2", margin=(12, 8), sx={"overflowWrap": "anywhere"}
        )
        self._show(found)
        self._following = Following(_read, self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Return what is below the heading."""
        return [self._count, self._open, heading("Closed in the last 7 days"), self._ended, self._ways]

    def _show(self, found: AlertsContent) -> None:
        still = [row for row in found.rows if row.ended_at is None]
        over = [row for row in found.rows if row.ended_at is not None]
        counted = f"{len(still)} thing{'s' * (len(still) != 1)} need{'s' * (len(still) == 1)} attention"
        self._count.object = f'<span role="status">{counted}</span>, times in {found.local}'
        for table, rows in ((self._open, still), (self._ended, over)):
            lines = [_row(row, found) for row in sorted(rows, key=lambda row: row.first_at, reverse=True)]
            if lines != table.rows:
                table.rows = lines


def _row(row: Alert, found: AlertsContent) -> list[Cell]:
    what = Light("none" if row.ended_at else "bad", WORDS.get(row.kind, row.kind))
    return [what, _where(row, found), _since(row, found.local), row.message]


def _where(row: Alert, found: AlertsContent) -> Cell:
    tab = f"?tab={TABS[row.kind]}" if row.kind in TABS else ""
    asset = found.assets.get(row.asset_id or 0)
    place = Link(asset, address(f"/assets/{row.asset_id}?tab=status")) if asset else "-"
    if row.sensor_id in found.sensors:
        return Lines((Link(found.sensors[row.sensor_id], address(f"/sensors/{row.sensor_id}{tab}")), place))
    return place


def _since(row: Alert, local: ZoneInfo) -> Cell:
    until = f"until {_written(row.ended_at, local)}" if row.ended_at else f"found {row.count} times"
    told = [f"told {_written(row.told_at, local)}"] if row.told_at and _is_told() else []
    return Lines((_written(row.first_at, local), until, *told))


def _is_told() -> bool:
    """Return whether this server tells of alerts elsewhere than here."""
    settings = current().settings
    return bool(recipients(settings) or settings.FLEXSCOPE_ALERT_WEBHOOKS)


def _written(moment: datetime, local: ZoneInfo) -> str:
    return f"{moment.astimezone(local):%a %-d %b %H:%M}"
