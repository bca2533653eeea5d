"""Tab Audit log of an asset: who changed what, and when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.shell import Shell
from app.pages.tabs import Part
from components.fact_table import Cell, Code, FactTable
from db import audit
from db.assets import Asset
from db.audit import AuditEvent
from db.base import get
from engine.iso_time import zone

NO_CHANGES = "Nothing was changed since the asset was added."


@dataclass(frozen=True)
class Found:
    """What the tab shows."""

    events: Sequence[AuditEvent]
    local: ZoneInfo


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("audit", "Audit log", partial(_read, asset_id), _show)


def _read(asset_id: int, work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    return Found(audit.recent(work, AuditEvent.asset_id == asset_id), zone(who.timezone))


def _show(found: Found) -> Sequence[Any]:
    rows: list[list[Cell]] = [
        [
            f"{event.at.astimezone(found.local):%Y-%m-%d %H:%M}",
            event.active_user_name or "the host",
            event.event,
            Code(_changes(event)),
        ]
        for event in found.events
    ]
    columns = [f"When ({found.local})", "Who", "What", "Before → after"]
    return [FactTable(columns=columns, rows=rows, empty=NO_CHANGES)]


def _changes(event: AuditEvent) -> str:
    """Return the changed fields as they were and as they are."""
    return "; ".join(
        f"{name}: {json.dumps(event.before.get(name))} → {json.dumps(after)}" for name, after in event.after.items()
    )
