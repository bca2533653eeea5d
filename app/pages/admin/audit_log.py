"""Audit log of an asset, a user or an account: who changed what, and when, in words; in pages, with a search."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn
from app.fragments.filters import Filter, filter_bar, page_links
from app.fragments.tables import ButtonRow, button_rows
from app.fragments.templates import note
from app.fragments.time_range import length_text
from app.fragments.visit import Visit
from app.usecases.audit_log import Logged, page_of_changes, readable_changes
from components.tables.fact_table import Lines
from db.core.audit import AuditEvent
from engine.series.iso_time import zone

ROWS = 20
"""Changes of one page of the log."""
NO_CHANGES = "Nothing has been changed yet."
NO_MATCH = "No entries match your search."
WORDS, PAGE = "log", "log-page"
"""Arguments of the address: words to search for, and the page of the log."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")
NOTHING: tuple[Any, ...] = (None, "", [], {})
LENGTHS = ("resolution", "every")
"""Fields whose values are lengths of time [s]."""
DASHED = {"flex_model": "flex-model", "flex_context": "flex-context"}


@dataclass(frozen=True, kw_only=True)
class LogContent:
    """One page of a log."""

    events: Sequence[AuditEvent] = ()
    count: int = 0
    page: int = 1
    words: str = ""
    """Searched for."""
    local: ZoneInfo
    problem: str = ""
    """Why the user may not read it; empty: they may."""


def read_log(visit: Visit, session: Session, principal: SignedIn, kind: Logged, key: int) -> LogContent:
    """Newest changes of an asset, a user or an account, or those of the page that the address asks for."""
    local, words, text = zone(principal.timezone), visit.query.get(WORDS, "").strip(), visit.query.get(PAGE, "")
    page = max(int(text), 1) if text.isdecimal() and len(text) < 10 else 1
    try:
        changes = readable_changes(session, principal, kind, key)
    except NotAllowed as error:
        return LogContent(local=local, problem=str(error))
    events, count = page_of_changes(session, changes, words=words, page=page, rows=ROWS)
    return LogContent(events=events, count=count, page=page, words=words, local=local)


def log_table(visit: Visit, content: LogContent) -> Markup:
    """Search, table and links to other pages of the log."""
    if content.problem:
        return note(content.problem)
    rows = [
        ButtonRow(
            key=str(event.id),
            cells=[
                f"{event.at.astimezone(content.local):%Y-%m-%d %H:%M}",
                event.active_user_name or "the server",
                event_text(event.event, content.local),
                Lines(tuple(change_texts(event)) or ("",)),
            ],
        )
        for event in content.events
    ]
    columns = [f"When ({content.local})", "Who", "What", "Change"]
    bar = filter_bar([Filter(name=WORDS, label="Search the log", value=content.words)])
    counted = Markup('<p role="status">{:,} change{}</p>').format(content.count, "s" * (content.count != 1))
    table = button_rows(columns, rows, empty=NO_MATCH if content.words else NO_CHANGES)
    pages = max(-(-content.count // ROWS), 1)
    links = page_links(visit, min(content.page, pages), pages, name=PAGE)
    return bar + counted + table + links


def event_text(text: str, local: ZoneInfo) -> str:
    """What was done, with moments as clocks show them and fields as people write them."""
    text = MOMENT.sub(lambda found: f"{datetime.fromisoformat(found[0]).astimezone(local):%Y-%m-%d %H:%M}", text)
    for name, words in DASHED.items():
        text = text.replace(name, words)
    return text


def change_texts(event: AuditEvent) -> list[str]:
    """Changed fields of an entry, each in words."""
    return [text for name, value in event.after.items() for text in _field_texts(name, event.before.get(name), value)]


def _field_texts(name: str, before: Any, after: Any) -> Iterator[str]:
    """What became of a field; of one with fields of its own, what became of each."""
    label = DASHED.get(name, name.replace("_", " "))
    if name in LENGTHS:
        before, after = map(length_value, (before, after))
    if before in NOTHING and after in NOTHING:
        return
    if "(secret)" in (before, after):
        yield f"{label.removesuffix(' hash')} {'changed' if before and after else 'set' if after else 'removed'}"
    elif isinstance(after, dict) and isinstance(before or {}, dict):
        earlier = before or {}
        for key in sorted(earlier.keys() | after.keys()):
            if earlier.get(key) != after.get(key):
                yield from (f"{label}: {text}" for text in _field_texts(key, earlier.get(key), after.get(key)))
    elif before in NOTHING:
        yield f"{label} set to {value_text(after)}"
    elif after in NOTHING:
        yield f"{label} removed, was {value_text(before)}"
    else:
        yield f"{label} changed from {value_text(before)} to {value_text(after)}"


def length_value(value: Any) -> Any:
    """Length of time in words [from s]; what is no number stays."""
    return length_text(timedelta(seconds=value)) if isinstance(value, float) and value else value


def value_text(value: Any) -> str:
    """Value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
