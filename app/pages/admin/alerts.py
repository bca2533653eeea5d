"""Page of alerts: what is wrong, since when, and who was notified; and what was wrong in the last days."""

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
from app.fragments.visit import address
from app.jobs.watch.alerting import recipients
from app.pages.jobs.job_table import length_text
from app.web.context import current
from app.widgets.async_content import Following, plain
from app.widgets.layout import Shell, section_heading
from components.tables.fact_table import Cell, FactTable, Light, Lines, Link
from db.assets import Asset
from db.core import listing
from db.jobs import alerts
from db.jobs.alerts import Alert
from engine.series.iso_time import zone

KEPT = timedelta(days=7)
"""How long closed alerts are shown."""
EVERY = 5.0
"""Pause between two readings [s]."""
COLUMNS = ["Alert", "Sensor and asset", "Since", "Details"]
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
    """Content of the page."""

    rows: list[Alert]
    assets: dict[int, str]
    sensors: dict[int, str]
    local: ZoneInfo
    recipients: str
    """Who is notified of alerts, in a sentence."""


def view() -> Shell:
    """The page."""
    page = Shell("Alerts", at="/alerts")
    page.fill(read_alerts, lambda content: Alerts(page, content).shown())
    return page


def read_alerts(session: Session, principal: SignedIn) -> AlertsContent:
    """Open alerts and those closed lately, of the assets that the user may read."""
    rows = alerts.list_alerts(session, access.readable_asset_ids(session, principal), since=datetime.now(UTC) - KEPT)
    sensors = listing.sensors(session, [row.sensor_id for row in rows if row.sensor_id])
    named = select(Asset.id, Asset.name).where(Asset.id.in_({row.asset_id for row in rows} - {None}))
    return AlertsContent(
        rows=rows,
        assets=dict(session.execute(named).tuples().all()),
        sensors={key: sensor.name for key, sensor in sensors.items()},
        local=zone(principal.timezone),
        recipients=notification_text(host=bool(principal.roles & {"admin", "admin-reader"})),
    )


def notification_text(*, host: bool) -> str:
    """Who is notified of alerts, in a sentence; mail addresses are shown only to those who run the server."""
    settings = current().settings
    mails, hooks = recipients(settings), settings.FLEXSCOPE_ALERT_WEBHOOKS
    people = ", ".join(mails) if host else f"{len(mails)} recipient{'s' * (len(mails) != 1)}"
    ways = [f"by mail to {people}"] * bool(mails)
    ways += [f"through {len(hooks)} webhook{'s' * (len(hooks) != 1)}"] * bool(hooks)
    if ways:
        pause = length_text(settings.FLEXSCOPE_ALERT_QUIET)
        return f"Alerts are sent {' and '.join(ways)}, at most once every {pause} for the same cause."
    return (
        "Alerts are shown on this page only. To send them by mail or to a webhook, the operator of the server sets "
        "FLEXMEASURES_DEFAULT_MONITORING_MAIL_RECIPIENTS or FLEXSCOPE_ALERT_WEBHOOKS."
    )


class Alerts:
    """The page once its first content is read; it is kept up to date."""

    def __init__(self, page: Shell, content: AlertsContent) -> None:
        self._count = pn.pane.HTML(margin=(4, 8))
        self._open = FactTable(columns=COLUMNS, empty=NONE_OPEN)
        self._ended = FactTable(columns=COLUMNS, empty=NONE_ENDED)
        for table in (self._open, self._ended):
            page.follow(table)
        self._ways = pmui.Typography(
            plain(content.recipients), variant="body2", margin=(12, 8), sx={"overflowWrap": "anywhere"}
        )
        self._show(content)
        self._following = Following(read_alerts, self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Parts of the page below its heading."""
        return [self._count, self._open, section_heading("Closed in the last 7 days"), self._ended, self._ways]

    def _show(self, content: AlertsContent) -> None:
        still = [row for row in content.rows if row.ended_at is None]
        over = [row for row in content.rows if row.ended_at is not None]
        count = f"{len(still)} open alert{'s' * (len(still) != 1)}"
        self._count.object = f'<span role="status">{count}</span>, times in {content.local}'
        for table, alert_rows in ((self._open, still), (self._ended, over)):
            rows = [alert_cells(row, content) for row in sorted(alert_rows, key=lambda row: row.first_at, reverse=True)]
            if rows != table.rows:
                table.rows = rows


def alert_cells(row: Alert, content: AlertsContent) -> list[Cell]:
    """Cells of an alert: kind, sensor and asset, times, message."""

    def clock(moment: datetime) -> str:
        return f"{moment.astimezone(content.local):%a %-d %b %H:%M}"

    tab = f"?tab={TABS[row.kind]}" if row.kind in TABS else ""
    asset = content.assets.get(row.asset_id or 0)
    place: Cell = Link(asset, address(f"/assets/{row.asset_id}?tab=status")) if asset else "-"
    if row.sensor_id in content.sensors:
        place = Lines((Link(content.sensors[row.sensor_id], address(f"/sensors/{row.sensor_id}{tab}")), place))
    times = [clock(row.first_at)]
    times.append(f"until {clock(row.ended_at)}" if row.ended_at else f"seen {row.count} times")
    settings = current().settings
    if row.notified_at and (recipients(settings) or settings.FLEXSCOPE_ALERT_WEBHOOKS):
        times.append(f"sent {clock(row.notified_at)}")
    light = Light("none" if row.ended_at else "bad", WORDS.get(row.kind, row.kind))
    return [light, place, Lines(tuple(times)), row.message]
