"""Who may do what, endpoint by endpoint: the expected answers, written down by hand.

Targets belong to the account Mill, whose consultancy is Advice. A new endpoint without a line here fails the tests.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Ids = dict[str, Any]
EVERYONE = {"hand", "boss", "adviser", "stranger", "reader", "root", "rival"}
"""Every kind of user who can sign in: member and account-admin of Mill; consultants of Mill and of another account;
admin-reader and admin of the host; account-admin of another account."""
OUTSIDE = {"anonymous", "inactive"}
READ = {"hand", "boss", "adviser", "reader", "root"}
ADD = {"hand", "boss", "adviser", "root"}
MANAGE = {"boss", "root"}
ADMIN = {"root"}


class Line(NamedTuple):
    """One endpoint."""

    allowed: set[str]
    arguments: Callable[[Ids], dict[str, Any]] = lambda ids: {}
    """Path parameters, ``query`` and ``body`` of a request that everybody would be granted who may."""
    unless: str = ""
    """Words of the refusal that even those get, where the server of the tests cannot do it."""
    refusal: int = 404
    """Status of that refusal."""


SPAN = {"start": "2026-01-05T00:00:00Z", "end": "2026-01-06T00:00:00Z"}
VALUES = {"values": [1.0], "start": "2026-01-05T00:00:00Z", "duration": "PT15M", "unit": "kW"}
HELD = {"device": "battery", "start": "2040-01-05T00:00:00Z", "end": "2040-01-05T01:00:00Z", "power": 0}
CHOICE = {"device": "battery", "at": "2026-01-05T00:00:00Z"}
REMARK = {"content": "x", **SPAN}
FLEX = {"soc-at-start": "5 kWh", "soc-max": "10 kWh", "power-capacity": "5 kW"}
PLAN = {"start": "2026-01-05T00:00:00Z", "duration": "PT1H", "flex-context": {"consumption-price": "0.3 EUR/kWh"}}


def of(name: str, **more: Any) -> Callable[[Ids], dict[str, Any]]:
    """A request about the row with an id."""
    return lambda ids: {"id": ids[name], **more}


def planned(name: str) -> Callable[[Ids], dict[str, Any]]:
    return lambda ids: {"id": ids[name], "body": PLAN | {"flex-model": [{"sensor": ids["s:power"], **FLEX}]}}


def compared(ids: Ids) -> dict[str, Any]:
    battery = {"sensor": ids["s:power"], "soc-max": "10 kWh", "power-capacity": "2 kW"}
    price = {"consumption-price": "0.3 EUR/kWh"}
    return {
        "id": ids["battery"],
        "body": {"scenarios": [{"name": "dear"}], "flex-model": [battery], "flex-context": price},
    }


def fleet(ids: Ids) -> dict[str, Any]:
    return {"body": {"start": PLAN["start"], "duration": "PT1H", "sites": [{"asset": ids["battery"]}]}}


def result(name: str, job: str) -> Callable[[Ids], dict[str, Any]]:
    return lambda ids: {"id": ids[name], "uuid": ids[job], "query": {}}


def report(ids: Ids) -> dict[str, Any]:
    named = [{"name": "x", "sensor": ids["s:power"]}]
    return {
        "id": ids["battery"],
        "body": {"reporter": "PandasReporter", "parameters": {"input": named, "output": named, **SPAN}},
    }


SENSOR, ASSET, ACCOUNT, CHART = of("s:power"), of("battery"), of("a:Mill"), {"query": SPAN}
NIGHTLY = {"name": "new", "kind": "schedule", "every": "P1D"}
NEW_ASSET = {"name": "new", "generic_asset_type_id": 1}
NEW_SENSOR = {"name": "new", "unit": "kW", "event_resolution": "PT15M"}
NEW_USER = {"email": "new@example.org"}
PLAYED = Line(ADMIN, lambda ids: {"body": {"backup": "demo_v0"}}, unless="does not play")

TABLE: dict[str, Line] = {
    "GET /api": Line(EVERYONE | OUTSIDE),
    "GET /api/ops/ping": Line(EVERYONE | OUTSIDE),
    "GET /api/ops/getLatestTaskRun": Line({"reader", "root"}),
    "POST /api/ops/postLatestTaskRun": Line({"root"}, lambda ids: {"body": {"name": "x"}}),
    "PUT /api/restoreData": PLAYED,
    "POST /api/restoreData": PLAYED,
    "POST /api/requestAuthToken": Line(
        EVERYONE | OUTSIDE, lambda ids: {"body": {"email": ids["email"], "password": ids["password"]}}
    ),
    "GET /api/dev/asset/{id}": Line(READ, ASSET),
    "GET /api/dev/sensor/{id}": Line(READ, SENSOR),
    "GET /api/dev/sensor/{id}/chart": Line(READ, of("s:power", **CHART)),
    "GET /api/dev/sensor/{id}/chart_data": Line(READ, of("s:power", **CHART)),
    "GET /api/dev/sensor/{id}/chart_annotations": Line(READ, of("s:power", **CHART)),
    "GET /api/v3_0": Line(EVERYONE | OUTSIDE),
    "GET /api/v3_0/docs": Line(EVERYONE | OUTSIDE),
    "GET /api/v3_0/openapi.json": Line(EVERYONE | OUTSIDE),
    "GET /api/v3_0/openapi-specs.json": Line(EVERYONE | OUTSIDE),
    "GET /api/v3_0/health/ready": Line(EVERYONE | OUTSIDE),
    "GET /api/v3_0/alerts": Line(EVERYONE),
    "GET /api/v3_0/assets": Line(READ, lambda ids: {"query": {"account": ids["a:Mill"]}}),
    "POST /api/v3_0/assets": Line(ADD, lambda ids: {"body": NEW_ASSET | {"account_id": ids["a:Mill"]}}),
    "GET /api/v3_0/assets/public": Line(EVERYONE),
    "GET /api/v3_0/assets/types": Line(EVERYONE),
    "GET /api/v3_0/assets/templates": Line(EVERYONE),
    "POST /api/v3_0/assets/templates/{template}": Line(
        ADD, lambda ids: {"template": "battery", "body": {"name": "from a template", "account_id": ids["a:Mill"]}}
    ),
    "POST /api/v3_0/assets/default_asset_view": Line(EVERYONE, lambda ids: {"body": {"default_asset_view": "Plan"}}),
    "POST /api/v3_0/assets/keep_legends_below_graphs": Line(EVERYONE),
    "GET /api/v3_0/assets/{id}": Line(READ, ASSET),
    "PATCH /api/v3_0/assets/{id}": Line(ADD, of("battery", body={"name": "renamed"})),
    "DELETE /api/v3_0/assets/{id}": Line(MANAGE, ASSET),
    "POST /api/v3_0/assets/{id}/copy": Line(ADD, ASSET),
    "GET /api/v3_0/assets/{id}/kpis": Line(READ, of("battery", query=SPAN)),
    "GET /api/v3_0/sensors": Line(READ, lambda ids: {"query": {"account": ids["a:Mill"]}}),
    "POST /api/v3_0/sensors": Line(ADD, lambda ids: {"body": NEW_SENSOR | {"generic_asset_id": ids["battery"]}}),
    "GET /api/v3_0/sensors/{id}": Line(READ, SENSOR),
    "PATCH /api/v3_0/sensors/{id}": Line(MANAGE, of("s:power", body={"name": "renamed"})),
    "DELETE /api/v3_0/sensors/{id}": Line(MANAGE, SENSOR),
    "GET /api/v3_0/assets/{id}/sensors": Line(READ, ASSET),
    "GET /api/v3_0/accounts": Line(EVERYONE),
    "POST /api/v3_0/accounts": Line(ADMIN, lambda ids: {"body": {"name": "new"}}),
    "GET /api/v3_0/accounts/{id}": Line(READ, ACCOUNT),
    "PATCH /api/v3_0/accounts/{id}": Line(MANAGE, of("a:Mill", body={"name": "renamed"})),
    "GET /api/v3_0/users": Line(READ, lambda ids: {"query": {"account": ids["a:Mill"]}}),
    "POST /api/v3_0/users": Line(
        {"boss", "adviser", "root"}, lambda ids: {"body": NEW_USER | {"account_id": ids["a:Mill"]}}
    ),
    "GET /api/v3_0/users/{id}": Line(READ, of("u:hand")),
    "PATCH /api/v3_0/users/{id}": Line({"hand", "boss", "root"}, of("u:hand", body={"timezone": "UTC"})),
    "PATCH /api/v3_0/users/{id}/password-reset": Line({"hand", "boss", "root"}, of("u:hand")),
    "GET /api/v3_0/users/{id}/keys": Line({"hand", "boss", "root", "reader"}, of("u:hand")),
    "POST /api/v3_0/users/{id}/keys": Line({"hand", "root"}, of("u:hand", body={"name": "x", "scopes": ["read"]})),
    "DELETE /api/v3_0/keys/{id}": Line({"hand", "boss", "root"}, of("key")),
    "GET /api/v3_0/assets/{id}/secrets": Line(ADD, ASSET),
    "POST /api/v3_0/assets/{id}/secrets": Line(ADD, of("battery", body={"name": "inverter.password", "value": "x"})),
    "DELETE /api/v3_0/secrets/{id}": Line(ADD, of("secret")),
    "GET /api/v3_0/accounts/{id}/secrets": Line(MANAGE, ACCOUNT),
    "POST /api/v3_0/accounts/{id}/secrets": Line(MANAGE, of("a:Mill", body={"name": "crm.key", "value": "x"})),
    "GET /api/v3_0/sensors/{id}/data": Line(READ, of("s:power", query={"start": SPAN["start"], "duration": "PT1H"})),
    "POST /api/v3_0/sensors/{id}/data": Line(ADD, of("s:power", body=VALUES)),
    "GET /api/v3_0/sensors/data": Line(
        READ, lambda ids: {"query": {"sensor": ids["s:power"], "start": SPAN["start"], "duration": "PT1H"}}
    ),
    "POST /api/v3_0/sensors/data": Line(ADD, lambda ids: {"body": VALUES | {"sensor": ids["s:power"]}}),
    "GET /api/v3_0/sensors/data/bulk": Line(
        READ, lambda ids: {"query": {"sensors": str(ids["s:power"]), "start": SPAN["start"], "duration": "PT1H"}}
    ),
    "GET /api/v3_0/sensors/data/export": Line(
        READ, lambda ids: {"query": {"sensors": str(ids["s:power"]), "start": SPAN["start"], "duration": "PT1H"}}
    ),
    "POST /api/v3_0/sensors/data/bulk": Line(ADD, lambda ids: {"bulk": [VALUES | {"sensor": ids["s:power"]}]}),
    "POST /api/v3_0/sensors/{id}/data/upload": Line(ADD, of("s:power", file="t,v\n2026-01-05T00:00:00Z,1\n")),
    "POST /api/v3_0/sensors/{id}/data/upload/preview": Line(ADD, of("s:power", file="t,v\n2026-01-05T00:00:00Z,1\n")),
    "DELETE /api/v3_0/sensors/{id}/data": Line(MANAGE, of("s:power", body={})),
    "GET /api/v3_0/sensors/{id}/stats": Line(READ, SENSOR),
    "GET /api/v3_0/sensors/{id}/status": Line(READ, SENSOR),
    "GET /api/v3_0/sources": Line(EVERYONE),
    "GET /api/v3_0/jobs/{uuid}": Line(READ, lambda ids: {"uuid": ids["j:schedule"]}),
    "GET /api/v3_0/assets/{id}/jobs": Line(READ, ASSET),
    "POST /api/v3_0/jobs/{uuid}/cancel": Line(ADD, lambda ids: {"uuid": ids["j:queued"]}),
    "POST /api/v3_0/jobs/{uuid}/requeue": Line(ADD, lambda ids: {"uuid": ids["j:failed"]}),
    "POST /api/v3_0/assets/{id}/schedules/trigger": Line(ADD, planned("battery")),
    "POST /api/v3_0/sensors/{id}/schedules/trigger": Line(ADD, planned("s:power")),
    "POST /api/v3_0/schedules/trigger": Line(ADD, fleet),
    "POST /api/v3_0/assets/{id}/schedules/preview": Line(READ, planned("battery")),
    "GET /api/v3_0/assets/{id}/schedules/{uuid}": Line(READ, result("battery", "j:schedule")),
    "GET /api/v3_0/sensors/{id}/schedules/{uuid}": Line(READ, result("s:power", "j:schedule")),
    "GET /api/v3_0/schedules": Line(READ, lambda ids: {"query": {"asset": ids["battery"], "newest": "true"}}),
    "GET /api/v3_0/schedules/schema": Line(EVERYONE),
    "GET /api/v3_0/schedules/{id}": Line(READ, of("stored", query={"inputs": "true"})),
    "GET /api/v3_0/schedules/{id}/file": Line(READ, of("stored")),
    "GET /api/v3_0/schedules/explain.json": Line(EVERYONE),
    "GET /api/v3_0/schedules/{id}/explain": Line(READ, of("stored")),
    "GET /api/v3_0/schedules/{id}/why": Line(READ, of("stored", query=CHOICE)),
    "POST /api/v3_0/schedules/{id}/what-if": Line(READ, of("stored", body={})),
    "POST /api/v3_0/schedules/{id}/what-would-it-take": Line(
        READ, of("stored", body={"cost": 1.0, "limit": "battery.soc-max"})
    ),
    "POST /api/v3_0/assets/{id}/overrides": Line(ADD, of("battery", body=HELD)),
    "GET /api/v3_0/assets/{id}/overrides": Line(READ, ASSET),
    "DELETE /api/v3_0/assets/{id}/overrides": Line(ADD, ASSET),
    "DELETE /api/v3_0/overrides/{id}": Line(ADD, of("override")),
    "GET /api/v3_0/assets/{id}/flex-config": Line(READ, ASSET),
    "POST /api/v3_0/assets/{id}/what-if/past-year": Line(ADD, compared),
    "POST /api/v3_0/sensors/{id}/forecasts/trigger": Line(ADD, of("s:power", body={"duration": "PT1H"})),
    "GET /api/v3_0/sensors/{id}/forecasts/accuracy": Line(READ, of("s:power")),
    "GET /api/v3_0/sensors/{id}/forecasts/scenarios": Line(READ, of("s:power"), unless="has no quantiles", refusal=422),
    "GET /api/v3_0/sensors/{id}/forecasts/{uuid}": Line(READ, result("s:power", "j:forecast")),
    "POST /api/v3_0/assets/{id}/reports/trigger": Line(ADD, report),
    "GET /api/v3_0/assets/{id}/automations": Line(READ, ASSET),
    "POST /api/v3_0/assets/{id}/automations": Line(ADD, of("battery", body=NIGHTLY)),
    "GET /api/v3_0/automations/{id}": Line(READ, of("automation")),
    "PATCH /api/v3_0/automations/{id}": Line(ADD, of("automation", body={"active": False})),
    "POST /api/v3_0/automations/{id}/run": Line(ADD, of("automation")),
    "DELETE /api/v3_0/automations/{id}": Line(ADD, of("automation")),
    "GET /api/v3_0/assets/{id}/chart": Line(READ, of("battery", **CHART)),
    "GET /api/v3_0/assets/{id}/chart_data": Line(READ, of("battery", **CHART)),
    "GET /api/v3_0/assets/{id}/chart_annotations": Line(READ, of("battery", **CHART)),
    "GET /api/v3_0/sensors/{id}/chart": Line(READ, of("s:power", **CHART)),
    "GET /api/v3_0/sensors/{id}/chart_data": Line(READ, of("s:power", **CHART)),
    "GET /api/v3_0/sensors/{id}/chart_annotations": Line(READ, of("s:power", **CHART)),
    "POST /api/v3_0/accounts/{id}/annotations": Line(ADD, of("a:Mill", body=REMARK)),
    "POST /api/v3_0/assets/{id}/annotations": Line(ADD, of("battery", body=REMARK)),
    "POST /api/v3_0/sensors/{id}/annotations": Line(ADD, of("s:power", body=REMARK)),
    "GET /api/v3_0/accounts/{id}/annotations": Line(READ, ACCOUNT),
    "GET /api/v3_0/assets/{id}/annotations": Line(READ, ASSET),
    "GET /api/v3_0/sensors/{id}/annotations": Line(READ, SENSOR),
    "PATCH /api/v3_0/annotations/{id}": Line(ADD, of("remark", body={"content": "y"})),
    "DELETE /api/v3_0/annotations/{id}": Line(ADD, of("remark")),
    "GET /api/v3_0/accounts/{id}/auditlog": Line({"boss", "adviser", "reader", "root"}, ACCOUNT),
    "GET /api/v3_0/users/{id}/auditlog": Line({"hand", "boss", "reader", "root"}, of("u:hand")),
    "GET /api/v3_0/assets/{id}/auditlog": Line(READ, ASSET),
}


class JobLine(NamedTuple):
    """One kind of job: who may have it done, and what is asked of it."""

    allowed: set[str]
    request: Callable[[Ids], dict[str, Any]]


def stored(name: str) -> Callable[[Ids], dict[str, Any]]:
    """A forecast, or values, of one sensor."""
    at = "2026-01-05T00:00:00+00:00"
    if name == "forecast":
        ahead = {"start": at, "end": "2026-01-05T01:00:00+00:00", "horizon": 3600.0, "frequency": 3600.0}
        return lambda ids: {"sensor": ids["s:load"], **ahead}
    given = {"events": [1767571200000000], "values": [1.0], "step": 900.0, "unit": "kW"}
    given |= dict.fromkeys(("times", "prior", "horizon"))
    return lambda ids: {"sensor": ids["s:load"], "source": ids["source"], **given}


def planned_job(ids: Ids) -> dict[str, Any]:
    flex = {"flex_model": [{"sensor": ids["s:power"], **FLEX}], "flex_context": PLAN["flex-context"]}
    return {"asset": ids["battery"], "start": PLAN["start"], "duration": 3600.0, **flex}


def fleet_job(ids: Ids) -> dict[str, Any]:
    return {"sites": [planned_job(ids)]}


def reported_job(ids: Ids) -> dict[str, Any]:
    named = {"input": [{"name": "x", "sensor": ids["s:load"]}], "output": [{"sensor": ids["s:power"]}]}
    return {"reporter": "AggregatorReporter", **named, "start": "2026-01-04T00:00:00Z", "end": SPAN["start"]}


def compared_job(ids: Ids) -> dict[str, Any]:
    price = {"consumption-price": "0.3 EUR/kWh"}
    battery = {"sensor": ids["s:power"], "soc-max": "10 kWh", "power-capacity": "2 kW"}
    span = {"start": "2025-12-14T00:00:00Z", "end": "2025-12-30T00:00:00Z"}
    return {"asset": ids["battery"], **span, "scenarios": [], "flex_model": [battery], "flex_context": price}


JOBS: dict[str, JobLine] = {
    "schedule": JobLine(ADD, planned_job),
    "fleet": JobLine(ADD, fleet_job),
    "forecast": JobLine(ADD, stored("forecast")),
    "report": JobLine(ADD, reported_job),
    "ingest": JobLine(ADD, stored("ingest")),
    "past-year": JobLine(ADD, compared_job),
}
"""Every kind of job."""
