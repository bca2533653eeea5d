"""Page of alerts: what is wrong, since when, and who was notified; and what was wrong in the last days."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.page import TextPage
from app.fragments.tables import facts, following
from app.fragments.time_range import length_text
from app.fragments.visit import Fragment, Visit, address
from app.jobs.watch.alerting import recipients
from app.running import current
from components.tables.fact_table import Cell, Light, Lines, Link
from db import listing
from db.assets import Asset
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


def read_alerts(_visit: Visit, session: Session, principal: SignedIn) -> AlertsContent:
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


def show_alerts(_visit: Visit, content: AlertsContent) -> Fragment:
    """The page; its tables are kept up to date."""
    ways = Markup('<p class="small">{}</p>').format(content.recipients)
    return Fragment(heading="Alerts", body=following("tables", alert_tables(content), every=EVERY) + ways)


def read_tables(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """The tables alone."""
    return alert_tables(read_alerts(visit, session, principal))


def read_count(_visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """Number of open alerts for the menu; nothing if there are none."""
    count = alerts.count_open(session, access.readable_asset_ids(session, principal))
    return Markup(" ({:,})").format(count) if count else Markup("")


def alert_tables(content: AlertsContent) -> Markup:
    """Open alerts, and those closed lately, newest first."""

    def table(rows: list[Alert], empty: str) -> Markup:
        newest = sorted(rows, key=lambda row: row.first_at, reverse=True)
        return facts(COLUMNS, [alert_cells(row, content) for row in newest], empty=empty)

    still = [row for row in content.rows if row.ended_at is None]
    over = [row for row in content.rows if row.ended_at is not None]
    counted = f"{len(still)} open alert{'s' * (len(still) != 1)}"
    count = Markup('<p><span role="status">{}</span>, times in {}</p>').format(counted, content.local)
    closed = Markup("<h3>Closed in the last 7 days</h3>")
    return count + table(still, NONE_OPEN) + closed + table(over, NONE_ENDED)


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


PAGE = TextPage(
    at="/alerts", heading="Alerts", read=read_alerts, show=show_alerts,
    parts={"tables": read_tables, "count": read_count},
)  # fmt: skip
