"""The table of a schedule: price, powers and stored energies by step, to search, sort and save."""

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.schedule_lines import schedule_table
from app.auth.access.identity import SignedIn
from app.fragments.tables import row_table
from app.fragments.visit import Visit, address
from app.pages.plan.chart import read_lines
from app.pages.plan.content import PlanContent, plan_address, read_plan
from components.tables.fact_table import Cell


def section(visit: Visit, content: PlanContent) -> Markup:
    """Heading of the table, which is read once somebody opens it, and a link to its file."""
    if content.row is None:
        return Markup("")
    file = address(f"/api/v3_0/schedules/{content.row.id}/file?format=xlsx")
    return Markup(
        '<details class="section" hx-get="{}" hx-trigger="toggle once" hx-target="find .room-below">'
        "<summary><h3>Table of the schedule</h3></summary>"
        '<p><a class="plain" href="{}" download>Excel</a></p><div class="room-below"></div></details>'
    ).format(plan_address(visit, part="plan-table"), file)


def read_table(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """The table."""
    content = read_plan(visit, session, principal)
    if content.row is None:
        return Markup("")
    lines = read_lines(content, session, principal)
    shown = [*lines.prices, *lines.connection, *lines.devices, *(store.soc for store in lines.stores)]
    table = schedule_table(content.row, shown)
    rows: list[list[Cell | int]] = [
        [
            f"{start.astimezone(content.local):%Y-%m-%d %H:%M}",
            *("" if value != value else f"{value:.4g}" for value in values),
        ]
        for start, values in zip(table.starts, table.values.tolist(), strict=True)
    ]
    return row_table([f"Start ({content.local})", *table.columns], rows, file=f"schedule-{content.row.id}.csv")
