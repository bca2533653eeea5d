"""Powers held by hand: with a price tag, until they end or are taken back."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from app.api.http.route import Call, Reply, Save, delete, get, post
from app.usecases.explanations import overrides
from app.usecases.explanations.overrides import NewOverride
from app.usecases.fields import hyphenated
from db.overrides import PowerOverride


class OverrideAnswer(BaseModel):
    """One override; moments are ISO 8601 in UTC."""

    model_config = ConfigDict(alias_generator=hyphenated, populate_by_name=True, extra="forbid")

    id: int
    asset: int
    device: str
    start: str
    end: str
    power: float
    user: int | None
    created_at: str


def add(call: Call, id: int, body: NewOverride) -> Save:
    """Hold the power of a device for a while; the answer tells what that costs by the newest schedule.

    ``extra-cost`` [currency] is null where no schedule tells. The next schedule plans the rest around it.
    """
    price = overrides.price_override(call.session, call.actor, id, body)

    def save(saving: Call) -> Reply:
        row = overrides.create_override(saving.session, saving.actor, id, body)
        told: dict[str, Any] = override_answer(row).model_dump(by_alias=True)
        told["extra-cost"] = None if price is None else price.extra_cost
        told["currency"] = None if price is None else price.currency
        told["schedule"] = None if price is None else price.schedule_id
        return Reply(status=201, content=told)

    return save


def of_asset(call: Call, id: int) -> list[OverrideAnswer]:
    """List the overrides of a site that have not ended, the oldest first."""
    return [override_answer(row) for row in overrides.list_overrides(call.session, call.actor, id, since=call.now)]


def remove(call: Call, id: int) -> None:
    """Take an override back."""
    overrides.delete_override(call.session, call.actor, id)


def remove_all(call: Call, id: int) -> None:
    """Take back all overrides of a site that have not ended."""
    overrides.delete_overrides(call.session, call.actor, id)


def override_answer(row: PowerOverride) -> OverrideAnswer:
    """Return an override as the API tells it."""
    return OverrideAnswer(
        id=row.id,
        asset=row.asset_id,
        device=row.device,
        start=row.start.isoformat(),
        end=row.end.isoformat(),
        power=row.power,
        user=row.user_id,
        created_at=row.created_at.isoformat(),
    )


ROUTES = [
    post("/assets/{id}/overrides", add, status=201, computes=True, scope="schedule", pool="heavy"),
    get("/assets/{id}/overrides", of_asset),
    delete("/assets/{id}/overrides", remove_all, scope="schedule"),
    delete("/overrides/{id}", remove, scope="schedule"),
]
