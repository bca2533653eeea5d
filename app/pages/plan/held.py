"""Powers that are held by hand, with buttons that take them back; and the button that holds another one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from app.fragments.html_forms import button_html
from app.fragments.page import Done, PageForm
from app.fragments.tables import ButtonRow, RowButton, button_rows
from app.fragments.threads import actor_of, reading, writing
from app.fragments.visit import Visit
from app.pages.plan.content import PlanContent
from app.usecases.explanations.overrides import (
    NewOverride,
    create_override,
    delete_override,
    delete_overrides,
    price_override,
)
from engine.errors import FieldError

COLUMNS = ["Device", "Held at", "From", "Until"]


def held_rows(content: PlanContent) -> Markup:
    """Powers of the site that are held, as a table; nothing where there are none."""
    if not content.held:
        return Markup("")
    back = [RowButton(word="release", label="Take back")] if content.may_plan else []
    rows = [
        ButtonRow(
            key=str(each.id),
            cells=[each.device, f"{each.power:.4g} kW", content.moment(each.start), content.moment(each.end)],
            name=f"{each.device} from {content.moment(each.start)}",
            buttons=back,
        )
        for each in content.held
    ]
    table = button_rows(COLUMNS, rows, empty="")
    every = button_html("release-all", "Take all back") if content.may_plan and len(rows) > 1 else Markup("")
    return Markup("<h3>Manual overrides</h3>") + table + every


def forms(content: PlanContent) -> Mapping[str, PageForm]:
    """What those who may plan can do with held powers."""
    if content.row is None:
        return {}
    site_id = content.row.asset_id

    async def hold(visit: Visit, values: dict[str, Any]) -> Done:
        new = held_power(str(values.get("key", "")))
        price = await reading(
            lambda session, principal: price_override(session, actor_of(principal), site_id, new), visit.principal
        )
        await writing(lambda session, actor: create_override(session, actor, site_id, new), visit.principal)
        cost = "" if price is None else f" It costs {price.extra_cost:,.4f} {price.currency} more."
        return Done(
            text=f"{new.device} is held at {new.power:.4g} kW.{cost} Run a schedule to plan the rest around it."
        )

    async def release(visit: Visit, values: dict[str, Any]) -> Done:
        key = str(values.get("key", ""))
        number = int(key) if key.isdecimal() else 0
        await writing(lambda session, actor: delete_override(session, actor, number), visit.principal)
        return Done(text="Override ended; the next schedule plans this time again.")

    async def release_all(visit: Visit, _values: dict[str, Any]) -> Done:
        count = await writing(lambda session, actor: delete_overrides(session, actor, site_id), visit.principal)
        return Done(text=f"{count} overrides ended; the next schedule plans these times again.")

    return {
        "hold": PageForm(send=hold),
        "release": PageForm(send=release),
        "release-all": PageForm(send=release_all),
    }


def held_power(key: str) -> NewOverride:
    """The power that a button of the answer holds.

    Raises:
        FieldError: It is no such button.
    """
    try:
        device, start, end, power = key.rsplit("|", 3)
        return NewOverride(
            device=device, start=datetime.fromisoformat(start), end=datetime.fromisoformat(end), power=float(power)
        )
    except ValueError:
        raise FieldError("key", "this power cannot be held; ask again.") from None
