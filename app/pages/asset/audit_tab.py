"""Tab Audit log of an asset: who changed what, and when."""

from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.admin.audit_log import AuditLog
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from db.assets import Asset
from db.core.database import get
from engine.iso_time import zone


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("audit", "Audit log", partial(_read, asset_id), lambda local: [AuditLog(f"/assets/{asset_id}", local)])


def _read(asset_id: int, session: Session, who: SignedIn) -> ZoneInfo:
    access.check(who, "read", get(session, Asset, asset_id))
    return zone(who.timezone)
