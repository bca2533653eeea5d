"""Saved schedules: list them, newest first; fetch one with its costs, outputs and what it was made from."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, get
from app.assemble import schedule_row
from app.assemble.schedule_facts import nearness
from app.auth.access import access
from app.auth.access.job_access import readable_warnings, reads_inputs
from app.auth.access.references import References
from app.usecases.explanations.stored_site import reads_devices
from app.usecases.fields import HYPHENS, Identifier, Query, hyphenated
from db import schedules
from db.assets import Asset
from db.core import database
from db.schedules import StoredSchedule
from engine.packing import PackingError
from engine.series.iso_time import iso_duration
from engine.site import PLANS

STRICT = ConfigDict(alias_generator=hyphenated, populate_by_name=True, extra="forbid")
EXPIRED = "They were let go of after their time (FLEXSCOPE_KEEP_SCHEDULE_INPUTS)."
HIDDEN = "They name sensors or devices that are not yours to read, or that were deleted."


class ScheduleOutputAnswer(BaseModel):
    """A sensor that received a part of a schedule."""

    model_config = STRICT

    sensor: int
    device: Annotated[str, Field(description="Device, group, commodity or store")]
    role: Literal["power", "group", "connection", "state-of-charge"]
    commodity: Annotated[str, Field(description="What flows; empty for a state of charge")]
    part: Literal["both", "consumption", "production"]
    sign: Annotated[float, Field(description="Stored value per value that is positive when consuming")]
    numbers: Annotated[
        dict[str, float],
        Field(description="consumed and produced [kWh], peak [kW], mean-price and paid-price; bounds of a store [kWh]"),
    ]


class ScheduleAnswer(BaseModel):
    """One schedule; moments are ISO 8601 in UTC."""

    model_config = STRICT

    id: int
    asset: int
    job: Annotated[str | None, Field(description="null: no job, or one that is forgotten")]
    source: int | None
    scheduler: str
    start: str
    end: str
    step: Annotated[str, Field(description="ISO 8601 duration")]
    belief_time: Annotated[str, Field(description="As of when it was planned")]
    created_at: str
    status: str
    gap: Annotated[float | None, Field(description="How far its cost may lie above the best, as share of it")]
    quality: Annotated[str, Field(description="The same in words, such as: within 0.3 % of the best possible")]
    currency: str
    costs: Annotated[dict[str, float], Field(description="By name; earnings are negative")]
    breaches: Annotated[
        list[dict[str, Any]], Field(description="Limits not met: limit, count, first, last, largest, unit")
    ]
    warnings: Annotated[list[str], Field(description="What was assumed where data lack")]
    loads: Annotated[list[str], Field(description="Loads and productions taken as they are")]
    outputs: Annotated[list[ScheduleOutputAnswer], Field(description="Those of sensors that you may read")]
    inputs: Annotated[
        dict[str, Any] | None,
        Field(description="With inputs=true: versions, request, flex-context, flex-model, prices, loads, soc-at-start"),
    ] = None
    inputs_missing: Annotated[str, Field(description="Why inputs that were asked for are null")] = ""


class SchedulesQuery(Paging):
    """Which schedules to list; always in pages."""

    model_config = HYPHENS

    page: Annotated[int, Field(ge=1, le=2**31, description="Page, from 1")] = 1
    per_page: Annotated[int, Field(ge=1, le=1000, description="Rows of a page")] = 10
    sort_dir: Literal["asc", "desc"] = "desc"
    asset: Annotated[Identifier | None, Field(description="Only schedules of this asset")] = None
    newest: Annotated[bool, Field(description="Only the newest one of each asset")] = False


def list_schedules(call: Call, query: SchedulesQuery) -> dict[str, Any]:
    """List the schedules of assets you may read, newest first."""
    rows = select(StoredSchedule)
    if query.asset is not None:
        access.check(call.user, "read", database.get(call.session, Asset, query.asset))
        mine = StoredSchedule.asset_id == query.asset
    else:
        mine = StoredSchedule.asset_id.in_(select(Asset.id).where(access.readable_assets(call.user)))
    rows = rows.where(mine)
    if query.newest:
        rows = rows.where(StoredSchedule.id.in_(schedules.newest_ids(mine, StoredSchedule.belief_time <= call.now)))
    found: dict[str, Any] = list_page(
        call.session,
        rows,
        query,
        documents=lambda every: [_answer(call, row).model_dump(by_alias=True) for row in every],
        searched=[StoredSchedule.scheduler],
        sorts={"id": StoredSchedule.id, "belief-time": StoredSchedule.belief_time, "start": StoredSchedule.start},
    )
    return found


class ScheduleDetailQuery(Query):
    """How much to tell of a schedule."""

    inputs: Annotated[bool, Field(description="Also what it was made from")] = False


def one_schedule(call: Call, id: int, query: ScheduleDetailQuery) -> ScheduleAnswer:
    """Return one schedule with costs, outputs and, if wanted, what it was made from."""
    row = database.get(call.session, StoredSchedule, id)
    access.check(call.user, "read", database.get(call.session, Asset, row.asset_id))
    answer = _answer(call, row)
    if not query.inputs:
        return answer
    references = References(call.session, call.user)
    # Inputs repeat prices and loads value by value: who may not read those sensors is told none of them
    if not reads_inputs(references, row):
        answer.inputs_missing = HIDDEN
        return answer
    packed = schedules.read_inputs(call.session, row.id)
    if packed is None:
        answer.inputs_missing = row.inputs_missing or EXPIRED
        return answer
    try:
        inputs = schedule_row.read_inputs(packed)
    except PackingError as error:
        answer.inputs_missing = str(error)
        return answer
    if reads_devices(references, inputs):
        answer.inputs, answer.inputs_missing = inputs, ""
    else:
        answer.inputs_missing = HIDDEN
    return answer


def schema(call: Call) -> dict[str, Any]:
    """Return the JSON schema of a schedule."""
    return ScheduleAnswer.model_json_schema()


def _answer(call: Call, row: StoredSchedule) -> ScheduleAnswer:
    references = References(call.session, call.user)
    seen = references.readable(output.sensor_id for output in row.outputs)
    with_prices = reads_inputs(references, row)
    outputs = [
        ScheduleOutputAnswer(
            sensor=each.sensor_id,
            numbers={name: told for name, told in each.numbers.items() if with_prices or not name.endswith("-price")},
            **{name: getattr(each, name) for name in ("device", "role", "commodity", "part", "sign")},
        )
        for each in row.outputs
        if each.sensor_id in seen
    ]
    moments: dict[str, Any] = {
        name: getattr(row, name).isoformat() for name in ("start", "end", "belief_time", "created_at")
    }
    same = ("id", "scheduler", "status", "gap", "currency", "costs", "breaches", "loads")
    return ScheduleAnswer(
        asset=row.asset_id,
        job=row.job_id,
        source=row.source_id,
        step=iso_duration(row.step),
        quality=nearness(row.gap) if row.status in PLANS else row.status,
        outputs=outputs,
        warnings=readable_warnings(references, row),
        **moments,
        **{name: getattr(row, name) for name in same},
    )


ROUTES = [
    get("/schedules", list_schedules),
    get("/schedules/schema", schema),
    get("/schedules/{id}", one_schedule),
]
