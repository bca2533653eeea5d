"""Keeps what is wrong in the table of alerts, and tells people: by mail and by webhook, one message for all of it.

Of one cause nobody is told more often than every few hours, however often it is found.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from app import mail
from app.jobs.watch import watch
from app.jobs.watch.watch import Memory
from app.mail import NotSent
from app.settings.settings import Settings
from db.core.database import Database
from db.jobs import alerts, server_tasks
from db.jobs.alerts import Alert, Finding

LOG = logging.getLogger(__name__)
LEAD, TASK = "watch", "watch"
PATIENCE = 10.0
"""How long a webhook may take to answer [s]."""


class Watcher:
    """Looks again and again, while this process leads."""

    def __init__(self, settings: Settings, database: Database, holder: str) -> None:
        self._settings, self._database, self._holder = settings, database, holder
        self._memory = Memory()

    def tick(self) -> None:
        """Look once, unless another process does."""
        # Longer than two looks, so that the lead stays where it is when one comes late.
        now, lasts = datetime.now(UTC), timedelta(seconds=2.5 * self._settings.FLEXSCOPE_WATCH_SECONDS)
        with self._database.writing() as session:
            if not server_tasks.take_lead(session, LEAD, self._holder, now=now, lasts=lasts):
                return
        with server_tasks.reported(self._database, TASK):
            look(self._settings, self._database, now=now, memory=self._memory)


def look(settings: Settings, database: Database, *, now: datetime, memory: Memory | None = None) -> list[Alert]:
    """Find what is wrong, keep it, and tell of it; return the alerts somebody was told of; see ``watch.findings``."""
    with database.reading() as session:
        found = watch.findings(session, now=now, memory=memory)
    return keep(settings, database, found, kinds=watch.KINDS, now=now)


def keep(
    settings: Settings, database: Database, found: Sequence[Finding], *, kinds: set[str], now: datetime
) -> list[Alert]:
    """Keep findings as alerts and tell of those that were not told for a while; return these.

    Args:
        settings: Who is told, and how often.
        database: Where alerts are kept.
        found: Everything that is wrong of some kinds.
        kinds: Those kinds; an alert of them that is not found any more ends.
        now: The moment.
    """
    with database.writing() as session:
        for finding in found:
            alerts.note(session, finding, now=now)
        # Cut as they are stored, see alerts.note.
        alerts.end_others(session, kinds, {finding.cause[:200] for finding in found}, now=now)
        new = alerts.unnotified(session, now=now, quiet=settings.FLEXSCOPE_ALERT_QUIET)
    # Outside of the transaction: a mail server takes seconds, and nobody may wait to write meanwhile
    if not new or not tell(settings, new):
        return []
    with database.writing() as session:
        for each in new:
            session.merge(each).notified_at = now
    return new


def tell(settings: Settings, new: Sequence[Alert]) -> bool:
    """Tell of alerts by every configured way; return whether one of them worked, or none is configured."""
    ways = [mail_alerts] * bool(recipients(settings)) + [post_alerts] * bool(settings.FLEXSCOPE_ALERT_WEBHOOKS)
    sent = [way(settings, new) for way in ways]
    return not ways or any(sent)


def recipients(settings: Settings) -> list[str]:
    """Mail addresses that are told of alerts."""
    return settings.FLEXMEASURES_DEFAULT_MONITORING_MAIL_RECIPIENTS or settings.FLEXMEASURES_MONITORING_MAIL_RECIPIENTS


def mail_alerts(settings: Settings, new: Sequence[Alert]) -> bool:
    """Tell of alerts in one mail; return whether it was sent."""
    name = settings.platform_name()
    subject = f"{name}: {new[0].message}" if len(new) == 1 else f"{name}: {len(new)} things need attention"
    try:
        parts = [f"{each.message}\nSince {each.first_at:%Y-%m-%d %H:%M} UTC, found {each.count} times." for each in new]
        mail.send(settings, recipients(settings), subject[:200], "\n\n".join(parts))
    except NotSent as error:
        LOG.error("Nobody was told of %s alerts by mail: %s", len(new), error)
        return False
    return True


def post_alerts(settings: Settings, new: Sequence[Alert]) -> bool:
    """Tell of alerts to every webhook; return whether one of them took them."""
    content = {"platform": settings.platform_name(), "alerts": [plain(each) for each in new]}
    took = False
    for address in settings.FLEXSCOPE_ALERT_WEBHOOKS:
        try:
            requests.post(address, json=content, timeout=PATIENCE).raise_for_status()
            took = True
        except requests.RequestException as error:
            # The path of the address may be the secret itself: only the host is logged, and no text of the error
            reason = error.response.status_code if error.response is not None else type(error).__name__
            LOG.error("The webhook at %s did not take %s alerts: %s", urlsplit(address).hostname, len(new), reason)
    return took


def plain(alert: Alert) -> dict[str, Any]:
    """Return an alert as plain data, moments as ISO 8601 texts."""
    moments = {
        "first-at": alert.first_at,
        "last-at": alert.last_at,
        "told-at": alert.notified_at,
        "ended-at": alert.ended_at,
    }
    texts = {name: moment.isoformat() if moment else None for name, moment in moments.items()}
    names = ("id", "kind", "cause", "message", "count")
    return {name: getattr(alert, name) for name in names} | {
        "asset": alert.asset_id,
        "sensor": alert.sensor_id,
        **texts,
    }
